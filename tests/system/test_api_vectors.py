"""test_api_vectors.py: annex A of docs/gba_u-api.md, computed anew by hand, and what the tool makes of it."""
import hashlib
import hmac
import json
import pathlib
import re
import subprocess

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from milenage import API_AID, UA_SEALED, kdf
from sealed import byte_string, enc_structure, head

FQDN = "naf.example.com"
DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "gba_u-api.md"
TEXTS = ("B-TID", "label")


def annex():
    (block,) = re.findall(r"## Annex A.*?```\n(.*?)```", DOCUMENT.read_text(), re.S)
    found = {name: value.replace("\n", "").replace(" ", "")
             for name, value in re.findall(r"^(\S.*):\n((?: {4}\S+\n)+)", block, re.M)}
    return {name: value if name in TEXTS else bytes.fromhex(value) for name, value in found.items()}


A = annex()
B_TID = A["B-TID"].encode()
KID = B_TID + b"#" + A["label"].encode()


def derived(usage, direction, algorithm, label=A["label"].encode(), context=b""):
    return kdf(A["Ks_int_NAF"], 0xfe, b"gba-u-api", bytes([usage]), bytes([direction]), bytes([algorithm]), label,
               A["caller"], context)


def mac(key, *parts):
    return hmac.new(A[key], b"".join(parts), hashlib.sha256).digest()


def policy():
    value = b"\x80\4\0\0\0\7" + b"\x81\1\x2f" + b"\x84\1\1"
    policy_object = b"\xa0" + bytes([len(value)]) + value
    return policy_object + b"\x8e\x20" + mac("K policy", policy_object)


def wrapped():
    content = bytes([1, 2, 2, 5]) + b"label" + derived(1, 2, 2)
    return A["nonce"] + AESGCM(A["K wrap, 02, AES-256-GCM"]).encrypt(A["nonce"], content, None)


def sealed():
    protected = b"\xa2\1\3\4" + byte_string(KID)
    ciphertext = AESGCM(A["K encrypt, 01, AES-256-GCM"]).encrypt(A["nonce"], b"text", enc_structure(protected))
    return b"\xd0\x83" + byte_string(protected) + b"\xa1\5" + byte_string(A["nonce"]) + byte_string(ciphertext)


def authenticated():
    protected = b"\xa2\1\5\4" + byte_string(KID)
    structure = b"\x84" + head(3, 4) + b"MAC0" + byte_string(protected) + byte_string(b"") + byte_string(b"text")
    return (b"\xd1\x84" + byte_string(protected) + b"\xa0" + byte_string(b"text")
            + byte_string(mac("K mac, 01, HMAC-SHA-256", structure)))


COMPUTED = {
    "caller": lambda: API_AID,
    "K encrypt, 01, AES-256-GCM": lambda: derived(1, 1, 2),
    "K encrypt, 02, SM4-CCM, context 0102": lambda: derived(1, 2, 6, context=b"\1\2"),
    "K mac, 01, HMAC-SHA-256": lambda: derived(2, 1, 0x21),
    "K export": lambda: derived(6, 0, 0x41),
    "KP derive": lambda: derived(4, 0, 0x41),
    "child of KP, export, label child": lambda: kdf(A["KP derive"], 0xfe, b"gba-u-api-child", b"\6", b"\0", b"\x41",
                                                    b"child", b""),
    "KA authenticate": lambda: derived(3, 0, 0x21),
    "TR": lambda: mac("KA authenticate", b"R", A["RR"], A["RI"], A["V"], B_TID),
    "TI": lambda: mac("KA authenticate", b"I", A["RI"], A["RR"], A["V"], B_TID),
    "KS": lambda: kdf(A["KA authenticate"], 0xfe, b"gba-u-api-session", A["RI"], A["RR"], A["V"], B_TID),
    "K policy": lambda: derived(7, 2, 0x21, b"policy"),
    "policy and MAC": policy,
    "K wrap, 02, AES-256-GCM": lambda: derived(5, 2, 2),
    "K encrypt, 02, AES-256-GCM, wrapped": wrapped,
    "sealed message of `text`": sealed,
    "authenticated message of `text`": authenticated,
}
GIVEN = {"Ks_int_NAF", "B-TID", "label", "RI", "RR", "V", "nonce"}


def test_annex_is_complete():
    assert set(A) == set(COMPUTED) | GIVEN


@pytest.mark.parametrize("name", COMPUTED)
def test_by_hand(name):
    assert A[name] == COMPUTED[name]()


@pytest.fixture
def naf_key(programs):
    def run(verb, *options, data=b""):
        command = [programs.path("gbau"), "naf", "key", verb, "--offline-key", A["Ks_int_NAF"].hex(), "--fqdn", FQDN,
                   "--ua", UA_SEALED.hex(), *options]
        return subprocess.run(command, input=data, capture_output=True, timeout=60, check=True).stdout
    return run


def test_by_the_tool(naf_key):
    key = ["--b-tid", A["B-TID"], "--label", A["label"]]
    assert json.loads(naf_key("export", *key, "--json"))["key"] == A["K export"].hex()
    child = naf_key("derive", *key, "--child", "child", "--export", "--json")
    assert json.loads(child)["key"] == A["child of KP, export, label child"].hex()
    assert naf_key("decrypt", data=A["sealed message of `text`"]) == b"text"
    made = naf_key("policy", "--b-tid", A["B-TID"], "--policy-version", "7", "--usages",
                   "encrypt,mac,authenticate,derive,export")
    assert bytes.fromhex(made.decode()) == A["policy and MAC"]
