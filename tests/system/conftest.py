"""conftest.py: fixtures of the system tests: the built programs, networks of daemons, subscribers and their cards."""
import concurrent.futures
import contextlib
import itertools
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import virtual_reader  # noqa: E402 (needs the path)
from milenage import Subscriber  # noqa: E402 (needs the path)
from network import Network, Ports, spawn  # noqa: E402

RUN_TIME_S = 60
networks = []


class Programs:
    """The built programs."""

    def __init__(self, build):
        self.directory = pathlib.Path(build).resolve() / "src" / "cli"

    def path(self, name):
        return self.directory / name

    def call(self, *arguments, program="gbau", stdin="", prefix=(), **options):
        """Runs a program to its end and returns what it said and how it ended."""
        command = [*prefix, self.path(program), *arguments]
        return subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True,
                              timeout=RUN_TIME_S, check=False, **options)

    def run(self, *arguments, **options):
        """Runs a program that must succeed and say nothing to standard error; returns its output."""
        done = self.call(*arguments, **options)
        assert (done.returncode, done.stderr) == (0, ""), f"{arguments}: {done.returncode}: {done.stderr}"
        return done.stdout

    def spawn(self, *arguments, program="gbau", prefix=(), **options):
        """Starts a program that ends with the test at the latest."""
        return spawn([*prefix, self.path(program), *arguments], **options)


@pytest.fixture(scope="session")
def programs():
    root = pathlib.Path(__file__).resolve().parents[2]
    found = Programs(os.environ.get("GBAU_BUILD", root / "build"))
    assert found.path("gbau").exists(), f"{found.path('gbau')} is not built; set GBAU_BUILD"
    return found


@pytest.fixture(scope="session")
def ports():
    taken = Ports()
    yield taken
    taken.close()


@pytest.fixture(scope="session")
def imsis():
    return (f"00101{number:010}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def new_network(programs, ports, tmp_path_factory):
    """Makes networks; all end with the module."""
    made = []

    def make(**options):
        network = Network(programs, ports, tmp_path_factory.mktemp("network"), **options)
        made.append(network)
        networks.append(network)
        return network

    yield make
    with concurrent.futures.ThreadPoolExecutor() as pool:
        ends = [pool.submit(network.stop) for network in made]
    for network in made:
        networks.remove(network)
    failures = [str(end.exception()) for end in ends if end.exception() is not None]
    assert not failures, "\n".join(failures)


@pytest.fixture
def new_subscriber(imsis):
    """Makes subscribers whom no network knows yet; those of `network` are added to its HSS."""

    def make(network=None, *options, imsi=None, **fields):
        subscriber = Subscriber(imsi or next(imsis), **fields)
        if network is not None:
            network.add_subscriber(subscriber, *options)
        return subscriber

    return make


@pytest.fixture
def new_card(programs, tmp_path):
    """Makes card files."""
    numbers = itertools.count(1)

    def make(subscriber, *options):
        path = tmp_path / f"{next(numbers)}.card"
        programs.run("card", "create", path, "--imsi", subscriber.imsi, "--k", subscriber.k.hex(), "--opc",
                     subscriber.opc.hex(), "--mnc-digits", subscriber.mnc_digits, *options)
        return path

    return make


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A virtual reader without a card; its pcscd writes down every APDU."""
    unshare = ["unshare", "--mount", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])
    tried = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no namespaces for us here: {tried.stderr}")
    with virtual_reader.private_pcscd(tmp_path_factory.mktemp("pcsc"), "--debug", "--apdu") as private:
        yield private


@pytest.fixture
def served(programs, reader):
    """A context with a card file in the reader."""

    @contextlib.contextmanager
    def serve(path):
        with reader.card([programs.path("gbau"), "card", "serve", path, "--vpcd", reader.vpcd]) as process:
            yield
        assert process.returncode == 0, "taken out by SIGTERM, the card is in order"

    return serve


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the end of the daemons' logs beside a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for daemon in (daemon for network in networks for daemon in network.daemons):
            report.sections.append((f"log of {daemon.name}", daemon.log()[-800:]))
