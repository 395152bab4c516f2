"""test_api_vectors.py: the test vectors of the GBA_U API a second time, with hashlib, hmac and python3-cryptography.

GCM, CCM and CMAC on SM4 stand here in plain Python on single blocks of SM4; on AES the same code is compared with
the library.
"""
import hashlib
import hmac
import json
import os
import pathlib
import subprocess

import pytest
from cryptography.hazmat.primitives import cmac, hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
GENERATOR = pathlib.Path(os.environ["GBAU_BUILD"]) / "tests" / "api_vectors"
DATA = REPOSITORY / "tests" / "data" / "gba_u_api.json"
SPECIFICATION = REPOSITORY / "docs" / "gba_u-api.md"

VECTORS = {vector["name"]: {name: value if name == "name" else bytes.fromhex(value) for name, value in vector.items()}
           for vector in json.loads(DATA.read_text())["vectors"]}
COMMON = VECTORS["common"]
ROOT, CALLER, LABEL, CONTEXT = (COMMON[name] for name in ("Ks_int_NAF", "caller", "label", "context"))
AAD, TEXT, B_TID = COMMON["aad"], COMMON["text"], COMMON["B-TID"]

# Identifier, cipher, octets of key: docs/gba_u-api.md clause 12, written a second time.
SUITES = {
    "AES-128-GCM": (0x01, algorithms.AES, 16), "AES-256-GCM": (0x02, algorithms.AES, 32),
    "AES-128-CCM": (0x03, algorithms.AES, 16), "AES-256-CCM": (0x04, algorithms.AES, 32),
    "SM4-GCM": (0x05, algorithms.SM4, 16), "SM4-CCM": (0x06, algorithms.SM4, 16),
    "AES-128-CTR": (0x11, algorithms.AES, 16), "AES-256-CTR": (0x12, algorithms.AES, 32),
    "SM4-CTR": (0x13, algorithms.SM4, 16), "AES-128-CBC": (0x14, algorithms.AES, 16),
    "AES-256-CBC": (0x15, algorithms.AES, 32), "SM4-CBC": (0x16, algorithms.SM4, 16),
    "HMAC-SHA-256": (0x21, None, 32), "HMAC-SM3": (0x22, None, 32), "AES-128-CMAC": (0x23, algorithms.AES, 16),
    "AES-256-CMAC": (0x24, algorithms.AES, 32), "SM4-CMAC": (0x25, algorithms.SM4, 16),
}
NAMES_OF_AEAD = [name for name in SUITES if name.endswith(("GCM", "CCM"))]
NAMES_OF_MODES = [name for name in SUITES if name.endswith(("CTR", "CBC"))]
NAMES_OF_MACS = [name for name in SUITES if "MAC" in name]


def kdf(key, *parameters):
    """TS 33.220 B.2 with FC FE."""
    s = b"\xfe" + b"".join(p + len(p).to_bytes(2, "big") for p in parameters)
    return hmac.new(key, s, hashlib.sha256).digest()


def application_key(usage, direction, algorithm):
    return kdf(ROOT, b"gba-u-api", bytes([usage]), bytes([direction]), bytes([algorithm]), LABEL, CALLER, CONTEXT)


def xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


def block_of(cipher, key):
    """The block cipher as a function of 16 octets."""
    def run(block):
        encryptor = Cipher(cipher(key), modes.ECB()).encryptor()
        return encryptor.update(block) + encryptor.finalize()
    return run


def padded(octets):
    return octets + bytes(-len(octets) % 16)


def blocks(octets):
    return [octets[i:i + 16] for i in range(0, len(octets), 16)]


def counter_mode(encrypt, counter, text, width):
    """Counter blocks whose last `width` octets count."""
    out = b""
    for block in blocks(text):
        out += xor(block, encrypt(counter))
        number = (int.from_bytes(counter[-width:], "big") + 1) % (1 << 8 * width)
        counter = counter[:-width] + number.to_bytes(width, "big")
    return out


def multiply(x, y):
    """In GF(2^128) as SP 800-38D 6.3 has it."""
    z = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            z ^= y
        y = y >> 1 ^ (0xe1 << 120 if y & 1 else 0)
    return z


def gcm(cipher, key, nonce, aad, text):
    """SP 800-38D 7.1 with a nonce of 12 octets: ciphertext, tag."""
    encrypt = block_of(cipher, key)
    h = int.from_bytes(encrypt(bytes(16)), "big")
    ciphertext = counter_mode(encrypt, nonce + b"\0\0\0\2", text, 4)
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(text)).to_bytes(8, "big")
    y = 0
    for block in blocks(padded(aad) + padded(ciphertext) + lengths):
        y = multiply(y ^ int.from_bytes(block, "big"), h)
    return ciphertext, xor(y.to_bytes(16, "big"), encrypt(nonce + b"\0\0\0\1"))


def ccm(cipher, key, nonce, aad, text):
    """RFC 3610 with a nonce of 12 octets, a tag of 16: ciphertext, tag."""
    encrypt = block_of(cipher, key)
    b0 = bytes([0x40 | 7 << 3 | 2]) + nonce + len(text).to_bytes(3, "big")
    mac = bytes(16)
    for block in blocks(b0 + padded(len(aad).to_bytes(2, "big") + aad) + padded(text)):
        mac = encrypt(xor(mac, block))
    ciphertext = counter_mode(encrypt, b"\2" + nonce + b"\0\0\1", text, 3)
    return ciphertext, xor(mac, encrypt(b"\2" + nonce + bytes(3)))


def cipher_mac(cipher, key, text):
    """SP 800-38B."""
    encrypt = block_of(cipher, key)

    def doubled(octets):
        number = int.from_bytes(octets, "big") << 1
        return (number % (1 << 128) ^ (0x87 if number >> 128 else 0)).to_bytes(16, "big")

    k1 = doubled(encrypt(bytes(16)))
    last = text[(len(text) - 1) // 16 * 16:]
    head = text[:len(text) - len(last)]
    last = xor(last, k1) if len(last) == 16 else xor(padded(last + b"\x80"), doubled(k1))
    mac = bytes(16)
    for block in blocks(head) + [last]:
        mac = encrypt(xor(mac, block))
    return mac


def sm3(text):
    digest = hashes.Hash(hashes.SM3())
    digest.update(text)
    return digest.finalize()


def hmac_sm3(key, text):
    """RFC 2104 over SM3."""
    key = key + bytes(64 - len(key))
    return sm3(xor(key, b"\x5c" * 64) + sm3(xor(key, b"\x36" * 64) + text))


def mac(name, key, text):
    if name == "HMAC-SHA-256":
        return hmac.new(key, text, hashlib.sha256).digest()
    return hmac_sm3(key, text) if name == "HMAC-SM3" else cipher_mac(SUITES[name][1], key, text)


def run_generator(*arguments):
    return subprocess.run([GENERATOR, *arguments], check=True, capture_output=True, text=True).stdout


def test_files_are_what_the_generator_prints():
    assert DATA.read_text() == run_generator()
    assert run_generator("--annex").strip("\n") in SPECIFICATION.read_text(), "annex A is out of date"


def test_starts_from_v1():
    [v1] = [v for v in json.loads((DATA.parent / "gba_u.json").read_text())["vectors"] if v["name"] == "V1"]
    assert ROOT.hex() == v1["naf"][0]["ks_int_naf"] and B_TID.decode() == v1["b_tid"]


def test_none_is_missing():
    others = {"common", "SHA-256", "SM3", "child", "authentication", "policy", "revocation", "wrapped key"}
    assert set(VECTORS) == set(SUITES) | others


@pytest.mark.parametrize("name", SUITES)
def test_key(name):
    vector = VECTORS[name]
    usage = 2 if "MAC" in name else 1
    assert (vector["usage"], vector["direction"]) == (bytes([usage]), b"\1")
    assert vector["algorithm"] == bytes([SUITES[name][0]])
    assert vector["key"] == application_key(usage, 1, SUITES[name][0])


@pytest.mark.parametrize("name", NAMES_OF_AEAD)
def test_aead(name):
    vector = VECTORS[name]
    _, cipher, size = SUITES[name]
    key, nonce = vector["key"][:size], vector["nonce"]
    ours = (gcm if name.endswith("GCM") else ccm)(cipher, key, nonce, AAD, TEXT)
    assert (vector["ciphertext"], vector["tag"]) == ours
    if cipher is algorithms.AES:
        library = AESGCM(key) if name.endswith("GCM") else AESCCM(key)
        assert library.encrypt(nonce, TEXT, AAD) == b"".join(ours)


@pytest.mark.parametrize("name", NAMES_OF_MODES)
def test_block_mode(name):
    vector = VECTORS[name]
    _, cipher, size = SUITES[name]
    is_ctr = name.endswith("CTR")
    mode = (modes.CTR if is_ctr else modes.CBC)(vector["nonce"])
    count = 16 - len(TEXT) % 16
    encryptor = Cipher(cipher(vector["key"][:size]), mode).encryptor()
    assert vector["ciphertext"] == encryptor.update(TEXT if is_ctr else TEXT + bytes([count]) * count)


@pytest.mark.parametrize("name", NAMES_OF_MACS)
def test_mac(name):
    _, cipher, size = SUITES[name]
    key = VECTORS[name]["key"][:size]
    assert VECTORS[name]["mac"] == mac(name, key, TEXT)
    if cipher is algorithms.AES:
        library = cmac.CMAC(algorithms.AES(key))
        library.update(TEXT)
        assert library.finalize() == VECTORS[name]["mac"]


def test_hashes():
    assert VECTORS["SHA-256"]["hash"] == hashlib.sha256(TEXT).digest()
    assert VECTORS["SM3"]["hash"] == sm3(TEXT)


def test_child():
    vector = VECTORS["child"]
    assert vector["key"] == application_key(4, 0, 0x41)
    assert vector["child"] == kdf(vector["key"], b"gba-u-api-child", b"\2", b"\2", b"\x25", LABEL, CONTEXT)


def test_authentication():
    vector = VECTORS["authentication"]
    key, ri, rr, version = vector["key"], vector["RI"], vector["RR"], b"\0\0\0\7"
    assert key == application_key(3, 0, 0x21)
    assert vector["TR"] == hmac.new(key, b"R" + rr + ri + version + B_TID, hashlib.sha256).digest()
    assert vector["TI"] == hmac.new(key, b"I" + ri + rr + version + B_TID, hashlib.sha256).digest()
    assert vector["KS"] == kdf(key, b"gba-u-api-session", ri, rr, version, B_TID)


@pytest.mark.parametrize("name, content", [
    ("policy", "800400000007" "81010f" "82020221" "830a09f06762617501415049" "840100" "8504000003e8"),
    ("revocation", "800400000008" "810102" "8406766563746f72"),
])
def test_rulings(name, content):
    content = bytes.fromhex(content)
    expected = bytes([0xa0 if name == "policy" else 0xa1, len(content)]) + content
    key = kdf(ROOT, b"gba-u-api", b"\7", b"\2", b"\x21", b"policy", CALLER, b"")
    assert VECTORS[name]["object"] == expected
    assert VECTORS[name]["mac"] == hmac.new(key, expected, hashlib.sha256).digest()


def test_wrapped_key():
    vector = VECTORS["wrapped key"]
    assert vector["key"] == application_key(5, 1, 2) and vector["moved"] == application_key(2, 1, 0x21)
    text = b"\2\1\x21" + bytes([len(LABEL)]) + LABEL + vector["moved"]
    assert AESGCM(vector["key"]).encrypt(vector["nonce"], text, b"") == vector["ciphertext"] + vector["tag"]
