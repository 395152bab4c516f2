"""test_naf_key.py: the service's end of the key calls: 'gbau naf key' and libgbau-naf, against cards and a real BSF,
and their COSE messages against codings made by hand."""
import hashlib
import hmac
import json
import os
import pathlib
import re
import secrets
import subprocess

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from milenage import API_AID, UA_SEALED, kdf
from network import Configuration
from sealed import byte_string, enc_structure, head
from ub_by_hand import run_of_b_tid

FQDN = "naf.example.com"
UA = UA_SEALED.hex()
B_TID = "I1U8vpY3qJ0hiuZNrke/NQ==@bsf.mnc001.mcc001.pub.3gppnetwork.org"
SEGMENT = 65536
BUILD = pathlib.Path(os.environ.get("GBAU_BUILD", "build")).resolve()
TO_NAF, TO_CARD = 1, 2


@pytest.fixture(scope="module")
def network(new_network):
    """The tool and the library are NAFs of their own beside it: a process is one Diameter node."""
    made = new_network()
    made.prepare(nafs=[{"identity": "tool.service.example", "fqdns": FQDN}])
    made.start()
    configuration = Configuration("naf.yaml")
    configuration.replace("127.0.0.1:3869", f"127.0.0.1:{made.zn_port}")
    configuration.replace("identity: naf.service.example", "identity: tool.service.example")
    made.tool_configuration = made.directory / "tool.yaml"
    made.tool_configuration.write_text(configuration.text)
    return made


class Card:
    """A card that has bootstrapped, by the tool; and its service without a BSF, from the same K."""

    def __init__(self, programs, network, subscriber, path):
        self.tool = programs.path("gbau")
        self.path = path
        self.b_tid = json.loads(programs.run("bootstrap", "--card", path, "--bsf", network.ub_url, "--json"))["b_tid"]
        self.ks_int_naf = run_of_b_tid(subscriber, self.b_tid).ks_int_naf(FQDN)

    def card_command(self, verb, *options):
        return [self.tool, "key", verb, "--card", self.path, "--naf", FQDN, "--ua", UA, *options]

    def naf_command(self, verb, *options):
        return naf_command(self.tool, verb, self.ks_int_naf, "--b-tid", self.b_tid, *options)

    def at_card(self, verb, *options, data=b""):
        return run(self.card_command(verb, *options), data)

    def at_naf(self, verb, *options, data=b""):
        return run(self.naf_command(verb, *options), data)


def naf_command(tool, verb, key, *options):
    return [tool, "naf", "key", verb, "--offline-key", key.hex(), "--fqdn", FQDN, "--ua", UA, *options]


def call(command, data=b""):
    return subprocess.run([str(part) for part in command], input=data, capture_output=True, timeout=60, check=False)


def run(command, data=b""):
    done = call(command, data)
    assert (done.returncode, done.stderr) == (0, b""), f"{command}: {done.stderr.decode()}"
    return done.stdout


def refused(command, data=b""):
    """What a command that must fail says, and that nothing comes out of it."""
    done = call(command, data)
    assert done.returncode == 1 and done.stdout == b"", command
    return done.stderr.decode()


@pytest.fixture
def card(programs, network, new_subscriber, new_card):
    subscriber = new_subscriber(network)
    return Card(programs, network, subscriber, new_card(subscriber, "--no-pin", "--api-naf", f"{FQDN}/{UA}"))


@pytest.fixture
def tool(programs):
    return programs.path("gbau")


# Against a BSF

@pytest.mark.parametrize("length", [0, 11, 200_000])
def test_card_to_naf_over_zn(network, card, tool, length):
    data = secrets.token_bytes(length)
    sealed = card.at_card("encrypt", "--label", "files", data=data)
    assert data not in sealed or length == 0
    decrypt = [tool, "naf", "key", "decrypt", "--config", network.tool_configuration, "--ua", UA]
    assert run(decrypt, sealed) == data


def test_naf_to_card_over_zn(network, card, tool):
    data = secrets.token_bytes(100_000)
    sealed = run([tool, "naf", "key", "encrypt", "--config", network.tool_configuration, "--ua", UA, "--b-tid",
                  card.b_tid, "--label", "files"], data)
    assert card.at_card("decrypt", "--label", "files", data=sealed) == data


def test_what_the_bsf_does_not_know(network, tool):
    command = [tool, "naf", "key", "mac", "--config", network.tool_configuration, "--ua", UA, "--label", "x", "--b-tid"]
    assert "the BSF does not know B-TID" in refused([*command, B_TID])


def test_example_programs(network, card):
    """README's two ends: examples/seal.c on the device, examples/open.c at the service, by the shared libraries."""
    card.at_card("mac", "--label", "greeting")  # derives Ks_int_NAF
    sealed = run([BUILD / "examples/seal", card.path, "0000", network.ub_url, "let me in"])
    assert run([BUILD / "examples/open", network.tool_configuration], sealed) == b"let me in"
    assert call([BUILD / "examples/open", network.tool_configuration], sealed[:-1]).returncode == 1


def test_no_bsf(network, tool, tmp_path, ports):
    path = tmp_path / "away.yaml"
    path.write_text(network.tool_configuration.read_text().replace(str(network.zn_port), str(ports.take())))
    assert call([BUILD / "examples/open", path], seal_by_hand(secrets.token_bytes(32), b"x")).returncode == 1


# A card and its service, which has the key already

def test_mac(card):
    mac = json.loads(card.at_card("mac", "--label", "m", "--json", data=b"data"))["mac"]
    verified = card.at_naf("verify", "--label", "m", "--mac", mac, "--json", data=b"data")
    assert json.loads(verified) == {"verified": "yes"}
    assert "naf key verify" in refused(card.naf_command("verify", "--label", "m", "--mac", mac), b"datA")
    mac = json.loads(card.at_naf("mac", "--label", "m", "--json", data=b"data"))["mac"]
    card.at_card("verify", "--label", "m", "--mac", mac, data=b"data")
    refused(card.card_command("verify", "--label", "n", "--mac", mac), b"data")


def test_policy_lets_keys_out_and_revocation_ends_them(card):
    assert refused(card.card_command("export", "--label", "out"))
    policy = card.at_naf("policy", "--policy-version", "1", "--usages", "encrypt,authenticate,derive,export")
    assert re.fullmatch(rb"a0[0-9a-f]+8e20[0-9a-f]{64}\n", policy)
    card.at_card("apply", data=policy)
    exported = json.loads(card.at_card("export", "--label", "out", "--json"))["key"]
    assert json.loads(card.at_naf("export", "--label", "out", "--json"))["key"] == exported
    assert exported == kdf(card.ks_int_naf, 0xfe, b"gba-u-api", b"\6", b"\0", b"\x41", b"out", API_AID, b"").hex()
    children = [json.loads(end("derive", "--label", "d", "--child", "c", "--export", "--json"))["key"]
                for end in (card.at_card, card.at_naf)]
    assert children[0] == children[1] != exported
    refused(card.card_command("mac", "--label", "m"))  # which this policy does not allow
    refused(card.card_command("apply"), policy)  # not newer
    card.at_card("apply", data=card.at_naf("revoke", "--policy-version", "2", "--naf-key"))
    after = call(card.card_command("encrypt", "--label", "x"), b"x")
    assert after.returncode == 1 or card.at_naf("decrypt", data=after.stdout) == b"x"  # a key that was derived anew


def authenticate(card, initiator, responder):
    """Runs both ends over a socket; `initiator` and `responder` are commands. Gives both exit statuses."""
    waiting = subprocess.Popen([*map(str, responder), "--role", "responder", "--listen", "127.0.0.1:0", "--json"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        place = re.search(r"waiting at (\S+)", waiting.stderr.readline()).group(1)
        begun = call([*initiator, "--role", "initiator", "--connect", place, "--json"])
        output, _ = waiting.communicate(timeout=30)
    finally:
        waiting.kill()
        waiting.wait()
    if begun.returncode == 0:
        assert json.loads(begun.stdout)["b_tid"] == card.b_tid
    if waiting.returncode == 0:
        assert json.loads(output)["authenticated"] == "yes"
    return begun.returncode, waiting.returncode


def test_authentication_over_a_socket(card):
    at_card = card.card_command("authenticate", "--label", "a")
    at_naf = card.naf_command("authenticate", "--label", "a")
    assert authenticate(card, at_card, at_naf) == (0, 0)
    assert authenticate(card, at_naf, at_card) == (0, 0)
    assert authenticate(card, at_naf, card.card_command("authenticate", "--label", "b")) == (1, 1)
    expecting = [*at_naf, "--policy-version", "7"]
    assert authenticate(card, expecting, at_card) == (1, 1)  # the card is under no policy
    assert authenticate(card, at_card, expecting) == (1, 1)
    card.at_card("apply", data=card.at_naf("policy", "--policy-version", "7"))
    assert authenticate(card, expecting, at_card) == (0, 0)
    assert authenticate(card, at_card, expecting) == (0, 0)
    assert authenticate(card, at_naf, at_card) == (1, 1)


# Messages, against codings made by hand

ALGORITHMS = {  # name: the API's number, COSE's, octets of key, cipher
    "AES-128-GCM": (1, 1, 16, AESGCM), "AES-256-GCM": (2, 3, 32, AESGCM),
    "AES-128-CCM": (3, -65603, 16, AESCCM), "AES-256-CCM": (4, -65604, 32, AESCCM),
}


def decode(octets):
    """The first CBOR item (RFC 8949), and what stands behind it; definite lengths only."""
    major, low, rest = octets[0] >> 5, octets[0] & 31, octets[1:]
    if low >= 24:
        assert low < 28
        size = 1 << low - 24
        low, rest = int.from_bytes(rest[:size], "big"), rest[size:]
    if major in (0, 1):
        return (low if major == 0 else -1 - low), rest
    if major in (2, 3):
        assert len(rest) >= low
        return rest[:low], rest[low:]
    if major in (4, 5):
        items = []
        for _ in range(low * (major - 3)):
            item, rest = decode(rest)
            items.append(item)
        return (items if major == 4 else dict(zip(items[::2], items[1::2]))), rest
    if major == 6:
        item, rest = decode(rest)
        return (low, item), rest
    return {20: False, 21: True}[low], rest


def integer(value):
    value, major = (value, 0) if value >= 0 else (-1 - value, 1)
    return bytes([major << 5 | 26]) + value.to_bytes(4, "big") if value > 0xffff else head(major, value)


def cipher_of(ks_int_naf, label, direction, name):
    number, _, size, cipher = ALGORITHMS[name]
    parameters = (b"gba-u-api", b"\1", bytes([direction]), bytes([number]), label, API_AID, b"")
    return cipher(kdf(ks_int_naf, 0xfe, *parameters)[:size])


def seal_by_hand(ks_int_naf, text, label=b"label", name="AES-256-GCM", segment=None, nonce=None):
    protected = (b"\xa2" if segment is None else b"\xa3") + b"\1" + integer(ALGORITHMS[name][1]) + b"\4"
    protected += byte_string(B_TID.encode() + b"#" + label)
    if segment is not None:
        index, last, stream = segment
        protected += integer(-65537) + b"\x83" + integer(index) + (b"\xf5" if last else b"\xf4") + byte_string(stream)
    nonce = nonce or secrets.token_bytes(12)
    ciphertext = cipher_of(ks_int_naf, label, TO_NAF, name).encrypt(nonce, text, enc_structure(protected))
    length = bytes([0x5a]) + len(ciphertext).to_bytes(4, "big")
    return b"\xd0\x83" + byte_string(protected) + b"\xa1\5" + byte_string(nonce) + length + ciphertext


def open_by_hand(ks_int_naf, octets, label=b"label", name="AES-256-GCM"):
    """Segments of a stream, each its text and its third header."""
    opened = []
    while octets:
        (tag, (protected, unprotected, ciphertext)), octets = decode(octets)
        headers, left = decode(protected)
        assert (tag, left, list(unprotected)) == (16, b"", [5])
        assert headers[1] == ALGORITHMS[name][1] and headers[4] == B_TID.encode() + b"#" + label
        text = cipher_of(ks_int_naf, label, TO_CARD, name).decrypt(unprotected[5], ciphertext, enc_structure(protected))
        opened.append((text, headers.get(-65537), unprotected[5]))
    return opened


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("length", [0, 1, 23, 24, 300, SEGMENT])
def test_messages_open_by_hand(tool, name, length):
    key, text = secrets.token_bytes(32), secrets.token_bytes(length)
    sealed = run(naf_command(tool, "encrypt", key, "--b-tid", B_TID, "--label", "label", "--algorithm", name), text)
    assert [(opened, segment) for opened, segment, _ in open_by_hand(key, sealed, name=name)] == [(text, None)]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_messages_made_by_hand_open(tool, name):
    key = secrets.token_bytes(32)
    assert run(naf_command(tool, "decrypt", key), seal_by_hand(key, b"text", name=name)) == b"text"


def test_streams_open_by_hand(tool):
    key, text = secrets.token_bytes(32), secrets.token_bytes(2 * SEGMENT + 7)
    sealed = run(naf_command(tool, "encrypt", key, "--b-tid", B_TID, "--label", "label"), text)
    opened = open_by_hand(key, sealed)
    assert b"".join(part for part, _, _ in opened) == text
    stream = opened[0][2]
    assert [segment for _, segment, _ in opened] == [[0, False, b""], [1, False, stream], [2, True, stream]]


def test_streams_made_by_hand_open(tool):
    """In segments of any size; and not when one is missing, twice, or of another stream."""
    key, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
    first = seal_by_hand(key, b"one", segment=(0, False, b""), nonce=nonce)
    second = seal_by_hand(key, b"", segment=(1, False, nonce))
    last = seal_by_hand(key, b"three", segment=(2, True, nonce))
    foreign = seal_by_hand(key, b"three", segment=(2, True, secrets.token_bytes(12)))
    decrypt = naf_command(tool, "decrypt", key)
    assert run(decrypt, first + second + last) == b"onethree"
    for wrong in (first + second, first + last, first + second + second + last, first + second + foreign,
                  first + second + last + last, first + second + last + b"\0", first):
        done = call(decrypt, wrong)
        assert done.returncode == 1 and done.stdout in (b"", b"one"), wrong
    assert refused(decrypt, second + last)
    assert refused(decrypt, first[:-1])


def test_names_in_messages(tool):
    key = secrets.token_bytes(32)
    sealed = seal_by_hand(key, b"text")
    assert run(naf_command(tool, "decrypt", key, "--label", "label", "--b-tid", B_TID), sealed) == b"text"
    for other in (["--label", "labels"], ["--b-tid", "other@bsf.example"], ["--algorithm", "AES-128-GCM"],
                  ["--context", "00"], ["--caller", "a000000001"]):
        assert "not made with this key" in refused(naf_command(tool, "decrypt", key, *other), sealed)
    assert "no sealed message" in refused(naf_command(tool, "decrypt", key), b"text")
    assert "no sealed message" in refused(naf_command(tool, "decrypt", key), b"")


def test_policy_is_made_as_specified(tool):
    key = secrets.token_bytes(32)
    made = run(naf_command(tool, "policy", key, "--b-tid", B_TID, "--policy-version", "258", "--usages",
                           "encrypt,export", "--algorithms", "AES-256-GCM,KDF", "--caller", "a000000001,a00000000203",
                           "--operations", "1000"))
    value = bytes.fromhex("800400000102" "810121" "82020241" "830d05a00000000106a00000000203" "840101" "8504000003e8")
    policy = b"\xa0" + bytes([len(value)]) + value
    policy_key = kdf(key, 0xfe, b"gba-u-api", b"\7", b"\2", b"\x21", b"policy", API_AID, b"")
    mac = hmac.new(policy_key, policy, hashlib.sha256).digest()
    assert bytes.fromhex(made.decode()) == policy + b"\x8e\x20" + mac
    revoked = json.loads(run(naf_command(tool, "revoke", key, "--b-tid", B_TID, "--policy-version", "3", "--kept-keys",
                                         "--label", "door", "--json")))["revocation"]
    assert revoked.startswith("a10f800400000003" "810102" "8404646f6f72" "8e20")


OFFLINE = ["--ua", UA, "--offline-key", "00" * 32, "--fqdn", FQDN, "--b-tid", B_TID]


@pytest.mark.parametrize("arguments,complaint", [
    (["encrypt"], "missing: --ua"),
    (["encrypt", "--ua", UA], "missing: --b-tid"),
    (["encrypt", "--ua", UA, "--b-tid", B_TID], "missing: --label"),
    (["encrypt", "--ua", UA, "--b-tid", B_TID, "--label", "x"], "give --config FILE, or --offline-key HEX and --fqdn"),
    (["decrypt", "--ua", UA, "--offline-key", "00"], "give --config FILE, or --offline-key HEX and --fqdn"),
    (["decrypt", "--ua", "ff", "--offline-key", "00" * 32, "--fqdn", FQDN], "--ua"),
    (["mac", "--ua", UA, "--offline-key", "00" * 31, "--fqdn", FQDN, "--b-tid", B_TID, "--label", "x"],
     "--offline-key"),
    (["mac", "--ua", UA, "--config", "no.yaml", "--b-tid", B_TID, "--label", "x"], "no.yaml: No such file"),
    (["mac", *OFFLINE, "--label", "x", "--caller", "a0"], "--caller takes an AID"),
    (["revoke", *OFFLINE, "--policy-version", "1"], "say what is revoked"),
    (["policy", *OFFLINE, "--policy-version", "1", "--usages", "encrypt,dance"], "--usage takes"),
    (["policy", *OFFLINE, "--policy-version", "x"], "--policy-version"),
    (["authenticate", *OFFLINE, "--label", "x", "--role", "both"], "--role takes initiator or responder"),
    (["dance"], "unknown verb dance"), ([], "a verb is missing"),
])
def test_wrong_usage(tool, arguments, complaint):
    done = call([tool, "naf", "key", *arguments])
    assert done.returncode in (1, 2) and done.stdout == b""
    assert complaint in done.stderr.decode()


def test_help(tool):
    listing = run([tool, "naf", "key", "--help"]).decode()
    for verb in re.findall(r"^  (\w+) ", listing, re.M):
        assert run([tool, "naf", "key", verb, "--help"]).decode().startswith(f"usage: gbau naf key {verb} ")
