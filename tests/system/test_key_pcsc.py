"""test_key_pcsc.py: keys of a card in a PC/SC reader, where T=0 holds responses back."""
import json
import secrets
import subprocess

import pytest

from milenage import UA_SEALED
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
