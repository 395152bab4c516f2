"""secret_search.py: looks for secrets in whatever a program left behind, in every form in which they might be there."""
import base64

from milenage import UA_HTTP_DIGEST, UA_SEALED

BETWEEN_HEX_DIGITS = b" \t\r\n:,-\\x"


def base64_cores(secret):
    """What base64 of anything with the secret in it holds: three ways in which octets may fall to digits."""
    for before in range(3):
        digits = base64.b64encode(bytes(before) + secret + bytes(2))
        yield digits[-(-before * 8 // 6):(before + len(secret)) * 8 // 6]


def is_in(secret, haystack):
    lowered = haystack.lower()
    url_safe = haystack.replace(b"-", b"+").replace(b"_", b"/")
    joined = haystack.replace(b"\n", b"").replace(b"\r", b"")
    return (secret in haystack or secret[::-1] in haystack or secret.hex().encode() in lowered
            or secret.hex().encode() in lowered.translate(None, BETWEEN_HEX_DIGITS)
            or any(core in text for core in base64_cores(secret) for text in (haystack, url_safe, joined)))


def search(secrets, haystacks):
    """The names of secrets and of the places where they were found. Both arguments map names to octets."""
    return [f"{name} in {place}" for name, secret in secrets.items() for place, octets in haystacks.items()
            if is_in(secret, octets)]


def secrets_of_subscriber(subscriber):
    return {"K": subscriber.k, "OPc": subscriber.opc}


def secrets_of_run(run, fqdn):
    """What must stay in the card, in BSF and HSS, and in the NAF."""
    return {
        "CK": run.ck, "IK": run.ik, "Ks": run.ks,
        "Ks_int_NAF of sealed messages": run.ks_int_naf(fqdn, UA_SEALED),
        "Ks_int_NAF of HTTP Digest": run.ks_int_naf(fqdn, UA_HTTP_DIGEST),
        "Ks_int_NAF of the BSF": run.ks_int_naf(run.subscriber.bsf_fqdn, bytes.fromhex("0100000100")),
    }


def secrets_of_logs(run, fqdn):
    """What the device may have, but no log."""
    return {"Ks_ext_NAF of sealed messages": run.ks_ext_naf(fqdn, UA_SEALED),
            "Ks_ext_NAF of HTTP Digest": run.ks_ext_naf(fqdn, UA_HTTP_DIGEST), "RES": run.res,
            "RES of GBA_U": run.res_of_gba_u}
