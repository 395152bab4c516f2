"""test_key.py: 'gbau key': keys in a card on the command line, against 'gbau naf key' and codings made by hand."""
import hashlib
import hmac
import json
import os
import pty
import re
import secrets
import shlex
import subprocess
import time

import pytest

from milenage import API_AID, UA_SEALED, kdf
from ub_by_hand import run_of_b_tid

FQDN = "naf.example.com"
UA = UA_SEALED.hex()
MIB = 1 << 20
NO_HOST = "http://127.0.0.1:1/"
PIPE_TIME_S = 30
VERBS = ["list", "encrypt", "decrypt", "mac", "verify", "authenticate", "derive", "export", "persist", "delete",
         "apply", "hash", "random", "counter"]


@pytest.fixture(scope="module")
def network(new_network):
    made = new_network()
    made.prepare()
    made.start()
    return made


class Card:
    """A card, the commands that use it, and those of its service once it has bootstrapped."""

    def __init__(self, programs, network, subscriber, path):
        self.tool = programs.path("gbau")
        self.network = network
        self.subscriber = subscriber
        self.path = path
        self.run_of_gba = None

    def bootstrap(self):
        done = call([self.tool, "bootstrap", "--card", self.path, "--bsf", self.network.ub_url, "--json"])
        self.run_of_gba = run_of_b_tid(self.subscriber, json.loads(done.stdout)["b_tid"])

    def command(self, verb, *options):
        return [self.tool, "key", verb, "--card", self.path, "--naf", FQDN, "--ua", UA, *options]

    def naf_command(self, verb, *options):
        return [self.tool, "naf", "key", verb, "--offline-key", self.run_of_gba.ks_int_naf(FQDN).hex(), "--fqdn", FQDN,
                "--ua", UA, "--b-tid", self.run_of_gba.b_tid, *options]

    def says(self, verb, *options, data=b""):
        return json.loads(run(self.command(verb, *options, "--json"), data))

    def key(self, usage, direction, algorithm, label, context=b""):
        """A key of the API by a second implementation (docs/gba_u-api.md 4.1)."""
        parameters = (b"gba-u-api", bytes([usage]), bytes([direction]), bytes([algorithm]), label, API_AID, context)
        return kdf(self.run_of_gba.ks_int_naf(FQDN), 0xfe, *parameters)


def call(command, data=b"", **options):
    return subprocess.run([str(part) for part in command], input=data, capture_output=True, timeout=60, check=False,
                          **options)


def run(command, data=b""):
    done = call(command, data)
    assert (done.returncode, done.stderr) == (0, b""), f"{command}: {done.stderr.decode()}"
    return done.stdout


def refused(command, data=b""):
    """What a command that must fail says, and that nothing comes out of it."""
    done = call(command, data)
    assert done.returncode == 1 and done.stdout == b"", command
    lines = done.stderr.decode().splitlines()
    assert 1 <= len(lines) <= 4 and all(line.startswith("gbau") for line in lines)
    return done.stderr.decode()


@pytest.fixture
def fresh_card(programs, network, new_subscriber, new_card):
    """A card that has never bootstrapped."""
    subscriber = new_subscriber(network)
    return Card(programs, network, subscriber, new_card(subscriber, "--no-pin", "--api-naf", f"{FQDN}/{UA}"))


@pytest.fixture
def card(fresh_card):
    fresh_card.bootstrap()
    return fresh_card


# Pipes


def through_a_pipe(card, there, back, path):
    """`there < path | back > path.out` in a shell; gives whether the copy is the same."""
    words = [shlex.join(str(word) for word in command) for command in (there, back)]
    script = f"set -o pipefail; {words[0]} < {path} | {words[1]} > {path}.out && cmp {path} {path}.out"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=PIPE_TIME_S, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.fixture(params=[0, 1, MIB, 100 * MIB], ids=["nothing", "an octet", "1 MiB", "100 MiB"])
def data_file(request, tmp_path):
    """Octets that do not repeat within a segment."""
    path = tmp_path / "data"
    block = secrets.token_bytes(MIB - 1)
    with path.open("wb") as file:
        for start in range(0, request.param, len(block)):
            file.write(block[:request.param - start])
    yield path
    path.unlink()


def test_card_to_naf_and_back_is_the_identity(card, data_file):
    through_a_pipe(card, card.command("encrypt", "--label", "files"), card.naf_command("decrypt", "--label", "files"),
                   data_file)
    through_a_pipe(card, card.naf_command("encrypt", "--label", "files"), card.command("decrypt", "--label", "files"),
                   data_file)


@pytest.mark.parametrize("algorithm", ["AES-128-GCM", "AES-128-CCM", "AES-256-CCM", "SM4-GCM", "SM4-CCM"])
def test_algorithms_and_context(card, tmp_path, algorithm):
    path = tmp_path / "data"
    path.write_bytes(secrets.token_bytes(100_000))
    which = ["--label", "files", "--algorithm", algorithm, "--context", "00ff"]
    through_a_pipe(card, card.command("encrypt", *which), card.naf_command("decrypt", *which), path)


def test_progress_on_a_terminal(card):
    """And nothing of it elsewhere, as all other tests see."""
    controller, terminal = pty.openpty()
    with subprocess.Popen([str(word) for word in card.command("encrypt", "--label", "files")], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=terminal) as done:
        done.stdin.write(bytes(MIB))
        done.stdin.flush()
        time.sleep(1.5)  # long enough that somebody may wonder
        done.stdin.write(bytes(MIB))
        done.stdin.close()
        done.wait(timeout=PIPE_TIME_S)
    os.close(terminal)
    shown = os.read(controller, 65536)
    os.close(controller)
    assert done.returncode == 0
    assert re.search(rb"\r\d+\.\d MiB, \d+\.\d MiB/s", shown) and shown.endswith(b"\n")


def test_a_reader_that_goes_away(card, tmp_path):
    path = tmp_path / "data"
    path.write_bytes(bytes(4 * MIB))
    words = shlex.join(str(word) for word in card.command("encrypt", "--label", "files"))
    done = subprocess.run(["bash", "-c", f"{words} < {path} | head -c 1 > /dev/null; exit ${{PIPESTATUS[0]}}"],
                          capture_output=True, text=True, timeout=PIPE_TIME_S, check=False)
    assert done.returncode == 1 and "cannot write to standard output" in done.stderr


def test_what_was_changed_does_not_open(card):
    sealed = bytearray(run(card.naf_command("encrypt", "--label", "files"), bytes(100_000)))
    sealed[90_000] ^= 1
    done = call(card.command("decrypt", "--label", "files"), bytes(sealed))
    assert done.returncode == 1 and len(done.stdout) in (0, 65536) and b"not made with this key" in done.stderr
    assert "not made with this key" in refused(card.command("decrypt", "--label", "other"), bytes(sealed))
    assert refused(card.command("decrypt", "--label", "files"), b"no message")


# MACs, hashes, numbers


def test_mac_is_that_of_the_specification(card):
    said = card.says("mac", "--label", "meter", "--context", "0102", data=b"42 kWh")
    expected = hmac.new(card.key(2, 1, 0x21, b"meter", b"\1\2"), b"42 kWh", hashlib.sha256).hexdigest()
    assert said == {"mac": expected, "b_tid": card.run_of_gba.b_tid}
    mac = hmac.new(card.key(2, 2, 0x21, b"meter"), b"stop", hashlib.sha256).hexdigest()
    assert card.says("verify", "--label", "meter", "--mac", mac, data=b"stop") == {"verified": "yes"}
    assert "authentication failed" in refused(card.command("verify", "--label", "meter", "--mac", mac), b"Stop")
    assert "--mac takes" in refused(card.command("verify", "--label", "meter", "--mac", "xx"), b"stop")


def test_hash(card):
    data = secrets.token_bytes(100_000)
    said = json.loads(run([card.tool, "key", "hash", "--card", card.path, "--json"], data))
    assert said == {"hash": hashlib.sha256(data).hexdigest()}
    said = json.loads(run([card.tool, "key", "hash", "--card", card.path, "--algorithm", "sm3", "--json"], b"abc"))
    assert said["hash"] == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_random_and_counter(card):
    randoms = {run([card.tool, "key", "random", "--card", card.path, "--length", "9"]) for _ in range(3)}
    assert len(randoms) == 3 and all(re.fullmatch(rb"random: [0-9a-f]{18}\n", random) for random in randoms)
    counters = [int(json.loads(run([card.tool, "key", "counter", "--card", card.path, "--json"]))["counter"])
                for _ in range(3)]
    assert counters == sorted(set(counters))
    assert "from 1 to 1024" in refused([card.tool, "key", "random", "--card", card.path, "--length", "0"])


# Keys that are kept


def list_keys(card):
    return [json.loads(line) for line in run([card.tool, "key", "list", "--card", card.path, "--json"]).splitlines()]


def test_a_kept_key_outlives_bootstrapping(card):
    said = card.says("persist", "--label", "vault")
    assert said == {"b_tid": card.run_of_gba.b_tid, "label": "vault", "usage": "encrypt", "direction": "card-to-card",
                    "algorithm": "AES-256-GCM"}
    sealed = run(card.command("encrypt", "--label", "vault", "--persisted"), b"at rest")
    first = card.run_of_gba.b_tid
    card.bootstrap()
    assert card.run_of_gba.b_tid != first
    assert run(card.command("decrypt", "--label", "vault", "--persisted"), sealed) == b"at rest"
    assert [(key["kind"], key["b_tid"]) for key in list_keys(card)] == [("NAF key", first), ("persisted key", first)]
    run(card.command("delete", "--label", "vault"))
    assert "the card keeps no key 'vault'" in refused(card.command("delete", "--label", "vault"))
    assert "'gbau key list' shows" in refused(card.command("decrypt", "--label", "vault", "--persisted"), sealed)


def test_operations_of_a_kept_key(card):
    card.says("persist", "--label", "once", "--usage", "mac", "--direction", "card-to-naf", "--operations", "1")
    assert [key.get("operations_left") for key in list_keys(card)] == [None, 1]
    card.says("mac", "--label", "once", "--persisted", data=b"x")
    assert refused(card.command("mac", "--label", "once", "--persisted"), b"x")
    assert "--operations" in refused(card.command("persist", "--label", "x", "--operations", "0"))


def test_list_for_people(card):
    card.says("persist", "--label", "vault")
    text = run([card.tool, "key", "list", "--card", card.path]).decode()
    entries = [dict(line.split(": ", 1) for line in entry.splitlines()) for entry in text.split("\n\n")]
    assert [entry["kind"] for entry in entries] == ["NAF key", "persisted key"]
    assert entries[1]["label"] == "vault" and entries[0]["policy_version"] == "0"


def test_a_card_without_keys_says_what_to_do(fresh_card):
    done = call([fresh_card.tool, "key", "list", "--card", fresh_card.path])
    assert done.returncode == 0 and done.stdout == b"" and b"EF_AC_GBAUAPI" in done.stderr


# Children, export, policies


def test_derive(card):
    assert card.says("derive", "--label", "root", "--child", "leaf") == {
        "b_tid": card.run_of_gba.b_tid, "label": "leaf", "usage": "mac", "direction": "card-to-naf",
        "algorithm": "HMAC-SHA-256"}
    said = card.says("derive", "--label", "root", "--child", "leaf", "--usage", "encrypt", "--direction", "naf-to-card",
                     "--algorithm", "SM4-CCM")
    assert (said["usage"], said["direction"], said["algorithm"]) == ("encrypt", "naf-to-card", "SM4-CCM")


def test_export_needs_a_policy(card):
    assert "the policy of naf.example.com/ff67620001 forbids" in refused(card.command("export", "--label", "out"))
    assert "the policy of the service forbids" in refused(
        card.command("derive", "--label", "root", "--child", "leaf", "--export"))
    policy = run(card.naf_command("policy", "--policy-version", "5", "--usages", "derive,export"))
    damaged = policy[:-2] + (b"0" if policy[-2:-1] != b"0" else b"1") + b"\n"
    assert "authentication failed" in refused(card.command("apply"), damaged)
    assert "no policy or revocation" in refused(card.command("apply"), b"policy")
    run(card.command("apply"), bytes.fromhex(policy.decode()))  # in octets
    assert "give it a greater version" in refused(card.command("apply"), policy)  # and in hexadecimal
    assert card.says("export", "--label", "out")["key"] == card.key(6, 0, 0x41, b"out").hex()
    parent = card.key(4, 0, 0x41, b"root")
    child = kdf(parent, 0xfe, b"gba-u-api-child", b"\6", b"\0", b"\x41", b"leaf", b"")
    assert card.says("derive", "--label", "root", "--child", "leaf", "--export")["key"] == child.hex()
    assert refused(card.command("encrypt", "--label", "x"), b"x")
    assert list_keys(card)[0]["policy_version"] == 5


def test_revocation(card):
    run(card.command("mac", "--label", "m"))
    run(card.command("apply"), run(card.naf_command("revoke", "--policy-version", "1", "--naf-key")))
    assert "bootstrap anew" in refused(card.command("mac", "--label", "m"))
    card.bootstrap()
    run(card.command("mac", "--label", "m"))


# Authentication over standard input and output


def authenticate_over_pipes(initiator, responder):
    """Each program's output is the other's input; gives both exit statuses and what they said."""
    there, here = os.pipe(), os.pipe()
    programs = []
    both = ((initiator, "initiator", (here[0], there[1])), (responder, "responder", (there[0], here[1])))
    for command, role, ends in both:
        programs.append(subprocess.Popen([*map(str, command), "--role", role], stdin=ends[0], stdout=ends[1],
                                         stderr=subprocess.PIPE))
    for descriptor in (*there, *here):
        os.close(descriptor)
    errors = [program.communicate(timeout=30)[1].decode() for program in programs]
    return [program.returncode for program in programs], errors


def test_authentication_over_pipes(card):
    at_card = card.command("authenticate", "--label", "a")
    at_naf = card.naf_command("authenticate", "--label", "a")
    for ends in ((at_card, at_naf), (at_naf, at_card)):
        statuses, errors = authenticate_over_pipes(*ends)
        assert statuses == [0, 0] and all("authenticated" in error for error in errors)
    statuses, errors = authenticate_over_pipes(at_card, card.naf_command("authenticate", "--label", "b"))
    assert statuses == [1, 1] and "the other end does not know this key" in errors[0]


@pytest.mark.parametrize("said, complaint", [(b"", "the other end has gone"), (b"hello\n", "no message in hexadecimal"),
                                             (b"00" * 60 + b"\n", "no message in hexadecimal"), (b"00\n", "")])
def test_authentication_with_nonsense(card, said, complaint):
    error = call([*card.command("authenticate", "--label", "a"), "--role", "responder"], said)
    assert error.returncode == 1 and complaint in error.stderr.decode()


# Bootstrapping on the way, and what to do next


def test_bootstraps_when_needed_and_only_then(fresh_card):
    encrypt = fresh_card.command("encrypt", "--label", "x")
    complaint = refused(encrypt, b"x")
    assert "was not bootstrapped" in complaint and "--bsf URL" in complaint
    assert refused([*encrypt, "--bsf", NO_HOST], b"x")
    run([*encrypt, "--bsf", fresh_card.network.ub_url], b"x")
    run([*encrypt, "--bsf", NO_HOST], b"x")  # nobody is asked


def test_no_line_for_the_service(card):
    command = [card.tool, "key", "mac", "--card", card.path, "--naf", "other.example", "--ua", UA, "--label", "m"]
    assert "gbau card create --api-naf other.example/ff67620001" in refused(command, b"x")


def test_the_pin(programs, network, new_subscriber, new_card):
    path = new_card(new_subscriber(network), "--api-naf", f"{FQDN}/{UA}")
    command = [programs.path("gbau"), "key", "list", "--card", path]
    assert "--pin" in refused(command)
    assert "2 tries left" in refused([*command, "--pin", "0000"])
    assert call([*command, "--pin", "1234"]).returncode == 0


@pytest.mark.parametrize("options, complaint", [
    (["encrypt", "--label", "x" * 65], "--label takes 1 to 64 characters"),
    (["encrypt", "--label", ""], "--label takes 1 to 64 characters"),
    (["encrypt", "--label", "x", "--context", "0"], "--context takes"),
    (["encrypt", "--label", "x", "--context", "00" * 65], "--context takes"),
    (["encrypt", "--label", "x", "--algorithm", "ROT13"], "'ROT13' is none"),
    (["encrypt", "--label", "x", "--algorithm", "AES-256-CTR"], "GCM and CCM"),
    (["encrypt", "--label", "x", "--algorithm", "SHA-256"], "does not know this algorithm"),
    (["persist", "--label", "x", "--usage", "dance"], "--usage takes"),
    (["persist", "--label", "x", "--direction", "up"], "--direction takes"),
    (["authenticate", "--label", "x", "--role", "judge"], "initiator or responder"),
    (["authenticate", "--label", "x", "--role", "initiator", "--connect", "nowhere"], "no HOST:PORT"),
    (["authenticate", "--label", "x", "--role", "initiator", "--connect", "127.0.0.1:1"], "cannot connect"),
    (["authenticate", "--label", "x", "--role", "initiator", "--connect", "a:1", "--listen", "b:1"], "not both"),
])
def test_values_that_mean_nothing(card, options, complaint):
    assert complaint in refused(card.command(*options), b"x")


@pytest.mark.parametrize("arguments, complaint", [
    ([], "a verb is missing"), (["dance"], "unknown verb dance"), (["list"], "missing: --card"),
    (["encrypt", "--card", "c"], "missing: --naf"),
    (["verify", "--card", "c", "--naf", "n", "--ua", UA, "--label", "x"], "missing: --mac"),
    (["encrypt", "--card", "c", "--json"], "unknown option --json"),
    (["list", "--card", "c", "--label", "x"], "unknown option --label"),
    (["derive", "--card", "c", "--naf", "n", "--ua", UA, "--label", "x"], "missing: --child"),
])
def test_wrong_usage(programs, arguments, complaint):
    done = call([programs.path("gbau"), "key", *arguments])
    assert done.returncode == 2 and done.stdout == b"" and complaint in done.stderr.decode()


def test_help(programs):
    listing = programs.run("key", "--help")
    assert re.findall(r"^  (\w+) ", listing, re.M) == VERBS
    for verb in VERBS:
        text = programs.run("key", verb, "--help")
        assert text.startswith(f"usage: gbau key {verb} ") and max(map(len, text.splitlines())) <= 120
