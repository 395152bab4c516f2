"""test_key_pcsc.py: keys of a card in a PC/SC reader, where T=0 holds responses back."""
import json
import os
import pathlib
import secrets
import subprocess
import time

import pytest

from milenage import UA_SEALED
from secret_search import search, secrets_of_run, secrets_of_subscriber
from ub_by_hand import run_of_b_tid

FQDN = "naf.example.com"
UA = UA_SEALED.hex()


@pytest.fixture(scope="module")
def network(new_network):
    made = new_network()
    made.prepare()
    made.start()
    return made


def run(command, data=b"", prefix=()):
    done = subprocess.run([*map(str, prefix), *map(str, command)], input=data, capture_output=True, timeout=60,
                          check=False)
    assert (done.returncode, done.stderr) == (0, b""), f"{command}: {done.stderr.decode()}"
    return done.stdout


def test_keys_through_a_reader(programs, network, reader, served, new_subscriber, new_card):
    """A card that was bootstrapped as a file, then put into the reader."""
    subscriber = new_subscriber(network)
    path = new_card(subscriber, "--no-pin", "--api-naf", f"{FQDN}/{UA}")
    tool = programs.path("gbau")
    b_tid = json.loads(run([tool, "bootstrap", "--card", path, "--bsf", network.ub_url, "--json"]))["b_tid"]
    key = run_of_b_tid(subscriber, b_tid).ks_int_naf(FQDN).hex()
    data = secrets.token_bytes(3000)

    def at_card(verb, *options, data=b""):
        command = [tool, "key", verb, "--card", "pcsc", "--naf", FQDN, "--ua", UA, "--label", "x", *options]
        return run(command, data, reader.prefix)

    def at_naf(verb, *options, data=b""):
        return run([tool, "naf", "key", verb, "--offline-key", key, "--fqdn", FQDN, "--ua", UA, "--b-tid", b_tid,
                    "--label", "x", *options], data)

    with served(path):
        for algorithm in ("AES-256-GCM", "AES-128-CCM"):
            options = ["--algorithm", algorithm]
            assert at_naf("decrypt", *options, data=at_card("encrypt", *options, data=data)) == data
            assert at_card("decrypt", *options, data=at_naf("encrypt", *options, data=data)) == data
        mac = json.loads(at_card("mac", "--json", data=data))["mac"]
        at_naf("verify", "--mac", mac, data=data)
        at_card("persist")
        sealed = at_card("encrypt", "--persisted", data=data)
        assert at_card("decrypt", "--persisted", data=sealed) == data


def memory_of(process):
    """All that a process has in memory, region by region."""
    regions = {}
    with open(f"/proc/{process.pid}/mem", "rb", buffering=0) as memory:
        for line in pathlib.Path(f"/proc/{process.pid}/maps").read_text().splitlines():
            start, end = (int(address, 16) for address in line.split()[0].split("-"))
            if line.split()[1].startswith("r"):
                try:
                    memory.seek(start)
                    regions[line] = memory.read(end - start)
                except OSError:  # pages of the kernel
                    continue
    return regions


def test_no_key_in_the_memory_of_the_device(programs, network, reader, served, new_subscriber, new_card):
    """While a key of the card is in use, the process that uses it has neither Ks_int_NAF nor what it comes from."""
    subscriber = new_subscriber(network)
    path = new_card(subscriber, "--no-pin", "--api-naf", f"{FQDN}/{UA}")
    tool = programs.path("gbau")
    if b"__asan_init" in pathlib.Path(tool).read_bytes():
        pytest.skip("sanitizers map terabytes")
    if os.getuid() != 0:
        pytest.skip("only root may look into the tool's memory")
    b_tid = json.loads(run([tool, "bootstrap", "--card", path, "--bsf", network.ub_url, "--json"]))["b_tid"]
    found = secrets_of_run(run_of_b_tid(subscriber, b_tid), FQDN) | secrets_of_subscriber(subscriber)
    command = [*reader.prefix, tool, "key", "encrypt", "--card", "pcsc", "--naf", FQDN, "--ua", UA, "--label", "x"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with served(path), subprocess.Popen([str(word) for word in command], **pipes) as process:
        deadline = time.monotonic() + 20
        while not any(b_tid.encode() in octets for octets in memory_of(process).values()):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        assert search(found, memory_of(process)) == []
        sealed, _ = process.communicate(b"text", timeout=30)
        assert process.returncode == 0 and b_tid.encode() in sealed
