"""test_examples.py: the programs of examples/, built with public headers and shared libraries alone."""
import hashlib
import hmac
import os
import pathlib
import re
import secrets
import subprocess

import pytest

from card_by_apdu import CardByApdu
from milenage import API_AID, UA_SEALED, kdf
from ub_by_hand import run_of_b_tid

FQDN = "naf.example.com"
UA = UA_SEALED.hex()
PIN = "1234"
ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GBAU_BUILD", "build")).resolve()
IS_SANITIZED = b"__asan_init" in (BUILD / "examples" / "seal").read_bytes()
VALGRIND = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect",
            "--error-exitcode=99"]


@pytest.fixture(scope="module")
def network(new_network):
    made = new_network()
    made.prepare()
    made.start()
    return made


class Device:
    """A card in the hands of the examples; and its service, which knows Ks_int_NAF."""

    def __init__(self, programs, network, subscriber, path):
        self.programs = programs
        self.network = network
        self.subscriber = subscriber
        self.path = path

    def command(self, example, *arguments):
        return [BUILD / "examples" / example, self.path, PIN, self.network.ub_url, *arguments]

    def run_of_gba(self):
        """What follows from the bootstrapping that the card says it had."""
        with CardByApdu(self.programs, self.path) as card:
            card.select_usim()
            return run_of_b_tid(self.subscriber, card.read_gbabp()[1])

    def naf_command(self, verb, *options):
        gba = self.run_of_gba()
        return [self.programs.path("gbau"), "naf", "key", verb, "--offline-key", gba.ks_int_naf(FQDN).hex(), "--fqdn",
                FQDN, "--ua", UA, "--b-tid", gba.b_tid, *options]

    def policy(self):
        """One that lets keys of usage export out."""
        policy = self.naf_command("policy", "--policy-version", "1", "--usages", "derive,export")
        return bytes.fromhex(run(policy).decode())


def call(command, data=b""):
    return subprocess.run([str(part) for part in command], input=data, capture_output=True, timeout=120, check=False)


def run(command, data=b""):
    done = call(command, data)
    assert (done.returncode, done.stderr) == (0, b""), f"{command}: {done.stderr.decode()}"
    return done.stdout


@pytest.fixture
def device(programs, network, new_subscriber, new_card):
    subscriber = new_subscriber(network)
    return Device(programs, network, subscriber, new_card(subscriber, "--api-naf", f"{FQDN}/{UA}"))


def test_seal(device):
    """The first run bootstraps; the second finds that this is not needed."""
    sealed = run(device.command("seal", "let me in"))
    assert run(device.naf_command("decrypt"), sealed) == b"let me in"
    first = device.run_of_gba().b_tid
    assert run(device.naf_command("decrypt"), run(device.command("seal", "again"))) == b"again"
    assert device.run_of_gba().b_tid == first


def answer_challenge(command, initiator):
    """Runs both with each one's output as the other's input; gives their exit statuses and what the example says."""
    there, here = os.pipe(), os.pipe()
    asking = subprocess.Popen([*map(str, initiator)], stdin=here[0], stdout=there[1], stderr=subprocess.DEVNULL)
    answering = subprocess.Popen([*map(str, command)], stdin=there[0], stdout=here[1], stderr=subprocess.PIPE)
    for descriptor in (*there, *here):
        os.close(descriptor)
    said = answering.communicate(timeout=120)[1].decode()
    return asking.wait(30), answering.returncode, said


def test_challenge(device):
    run(device.command("seal", "x"))
    challenge = device.naf_command("authenticate", "--role", "initiator", "--label", "challenge")
    assert answer_challenge(device.command("challenge"), challenge) == (0, 0, "the service is genuine\n")
    other = device.naf_command("authenticate", "--role", "initiator", "--label", "another key")
    statuses = answer_challenge(device.command("challenge"), other)
    assert statuses[:2] == (1, 1) and "no service that knows the key" in statuses[2]


def check_reading(gba, message):
    """COSE_Mac0 with the bytes of RFC 9052 6.3, read and checked by hand; gives the payload."""
    match = re.fullmatch(rb"\xd1\x84\x58(.)(.*)\xa0(?:([\x40-\x57])|\x58(.))(\d+ .*)\x58\x20(.{32})", message, re.S)
    protected, payload, mac = match.group(2), match.group(5), match.group(6)
    assert len(protected) == match.group(1)[0]
    assert protected[:4] == b"\xa2\x01\x05\x04" and protected.endswith(gba.b_tid.encode() + b"#meter")
    head = bytes([0x40 + len(payload)]) if len(payload) < 24 else bytes([0x58, len(payload)])
    structure = b"\x84\x64MAC0\x58" + bytes([len(protected)]) + protected + b"\x40" + head + payload
    key = kdf(gba.ks_int_naf(FQDN), 0xfe, b"gba-u-api", b"\2", b"\1", b"\x21", b"meter", API_AID, b"")
    assert hmac.compare_digest(hmac.new(key, structure, hashlib.sha256).digest(), mac)
    return payload.decode()


def test_meter(device):
    messages = [run(device.command("meter", reading)) for reading in ("41 kWh", "42 kWh")]
    readings = [check_reading(device.run_of_gba(), message).split(" ", 1) for message in messages]
    assert [text for _, text in readings] == ["41 kWh", "42 kWh"]
    assert int(readings[0][0]) < int(readings[1][0])


@pytest.mark.parametrize("length", [0, 300_000])
def test_vault(device, length):
    data = secrets.token_bytes(length)
    sealed = run(device.command("vault", "put"), data)
    assert run(device.command("vault", "get"), sealed) == data
    run([device.programs.path("gbau"), "bootstrap", "--card", device.path, "--pin", PIN, "--bsf",
         device.network.ub_url])
    assert run(device.command("vault", "get"), sealed) == data
    done = call(device.command("vault", "get"), sealed[:-1])
    assert done.returncode == 1


def test_psk(device):
    assert call(device.command("psk", "session 7")).returncode == 1, "no policy, no key"
    policy = device.policy()
    exported = run(device.command("psk", "session 7"), policy)
    assert exported == run(device.command("psk", "session 7")), "the policy stays"
    root = device.run_of_gba().ks_int_naf(FQDN)
    parent = kdf(root, 0xfe, b"gba-u-api", b"\4", b"\0", b"\x41", b"sessions", API_AID, b"")
    child = kdf(parent, 0xfe, b"gba-u-api-child", b"\6", b"\0", b"\x41", b"psk", b"session 7")
    assert exported.decode() == child.hex() + "\n"


@pytest.mark.parametrize("example", ["seal", "challenge", "meter", "vault", "psk"])
def test_how_they_fail(device, example):
    assert call([BUILD / "examples" / example]).returncode == 1
    wrong_pin = device.command(example, "put")
    wrong_pin[2] = "0000"
    assert call(wrong_pin).returncode == 1


@pytest.mark.skipif(IS_SANITIZED, reason="valgrind does not run sanitized programs")
@pytest.mark.parametrize("example, arguments", [("seal", ["x"]), ("challenge", []), ("meter", ["1"]),
                                                ("vault", ["put"]), ("psk", ["s"])])
def test_memory(device, example, arguments):
    """Nothing is read that was not written, and nothing is left behind."""
    run(device.command("seal", "x"))
    data = device.policy() if example == "psk" else secrets.token_bytes(100)
    done = call([*VALGRIND, *device.command(example, *arguments)], data)
    assert done.returncode == (1 if example == "challenge" else 0), done.stderr.decode()
    assert b"==" not in done.stderr, done.stderr.decode()


def test_each_is_short():
    for path in (ROOT / "examples").glob("*.c"):
        assert len(path.read_text().splitlines()) <= 90, path


def test_the_library_has_what_the_headers_promise():
    declared = {name for header in ("gbau", "key", "status")
                for name in re.findall(r"\b(gbau_[a-z0-9_]+)\(", (ROOT / f"include/gbau/{header}.h").read_text())}
    symbols = run(["nm", "-D", "--defined-only", BUILD / "src/me/libgbau.so"]).decode()
    exported = dict(re.findall(r" T (\w+)@@(\w+\.\d+)", symbols))
    assert set(exported) == declared and len(declared) > 30
    assert set(exported.values()) == {"GBAU_0.1"}


@pytest.mark.skipif(IS_SANITIZED, reason="the sanitizers' library is not installed")
@pytest.mark.parametrize("example, package", [("vault", "gbau"), ("open", "gbau-naf")])
def test_what_is_installed_builds_an_example(tmp_path, example, package):
    """Headers, libraries and pkg-config files of 'make install', and nothing of the source tree."""
    run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", tmp_path / "root"])
    (directory,) = (tmp_path / "root").rglob("pkgconfig")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(directory), "PKG_CONFIG_SYSROOT_DIR": str(tmp_path / "root")}
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", package], env=environment, capture_output=True,
                           text=True, check=True).stdout.split()
    run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", "-D_DEFAULT_SOURCE", ROOT / f"examples/{example}.c", "-o",
         tmp_path / example, *flags])
    linked = subprocess.run([tmp_path / example], env={"LD_LIBRARY_PATH": str(directory.parent)}, check=False)
    assert linked.returncode == 1, "it starts, and asks for its arguments"
