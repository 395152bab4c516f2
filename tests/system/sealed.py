"""sealed.py: sealed messages, COSE_Encrypt0 of RFC 9052, coded by hand, and sealed by card or by the test itself."""
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from milenage import UA_SEALED

COSE_ALGORITHMS = {1: 1, 2: 3}  # the API's number: A128GCM, A256GCM


def head(major, value):
    """The head of a CBOR item (RFC 8949 3)."""
    if value < 24:
        return bytes([major << 5 | value])
    if value < 0x100:
        return bytes([major << 5 | 24, value])
    return bytes([major << 5 | 25]) + value.to_bytes(2, "big")


def byte_string(octets):
    return head(2, len(octets)) + octets


def protected_header(b_tid, label, algorithm=2):
    return b"\xa2\x01" + head(0, COSE_ALGORITHMS[algorithm]) + b"\x04" + byte_string(b_tid.encode() + b"#" + label)


def enc_structure(protected):
    return b"\x83" + head(3, 8) + b"Encrypt0" + byte_string(protected) + byte_string(b"")


def message(protected, nonce, ciphertext):
    return b"\xd0\x83" + byte_string(protected) + b"\xa1\x05" + byte_string(nonce) + byte_string(ciphertext)


def seal_by_hand(run, fqdn, label, counter, plaintext, algorithm=2):
    """As the card of `run` would do it, but with its key computed from K."""
    protected = protected_header(run.b_tid, label, algorithm)
    nonce = bytes(4) + counter.to_bytes(8, "big")
    key = run.application_key(fqdn, label, algorithm)
    return message(protected, nonce, AESGCM(key).encrypt(nonce, plaintext, enc_structure(protected)))


def seal_by_card(card, fqdn, label, plaintexts, algorithm=2):
    """Seals under one key of a card whose USIM is open and which has derived for the NAF; a message for each text."""
    card.open_api_channel()
    handle, b_tid = card.open_key(fqdn, UA_SEALED, label, algorithm)
    protected = protected_header(b_tid, label, algorithm)
    return [message(protected, *card.encrypt(handle, enc_structure(protected), text)) for text in plaintexts]
