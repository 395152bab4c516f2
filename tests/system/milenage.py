"""milenage.py: the arithmetic of GBA_U a second time, written from the standards on python3-cryptography and hashlib.

Nothing here is shared with the C code: where both agree, both are right, or both misread the same sentence.
"""
import base64
import dataclasses
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

UA_HTTP_DIGEST = bytes.fromhex("0100000002")  # TS 33.220 H.3
UA_SEALED = bytes.fromhex("ff67620001")
UA_BSF = bytes.fromhex("0100000100")  # TS 33.220 B.4
API_AID = bytes.fromhex("f06762617501415049")

ZERO_AMF = bytes(2)
RES_FLIP = bytes(7) + b"\x01"


def xor(left, right):
    assert len(left) == len(right)
    return bytes(a ^ b for a, b in zip(left, right))


def rotate(block, bits):
    assert bits % 8 == 0
    return block[bits // 8:] + block[:bits // 8]


def aes(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def compute_opc(k, op):
    return xor(aes(k, op), op)


class Milenage:
    """TS 35.206 with its default constants."""

    def __init__(self, k, opc):
        self.k = k
        self.opc = opc

    def _out(self, rand, rotation, constant):
        temp = aes(self.k, xor(rand, self.opc))
        turned = rotate(xor(temp, self.opc), rotation)
        return xor(aes(self.k, xor(turned, bytes(15) + bytes([constant]))), self.opc)

    def f1(self, rand, sqn, amf):
        """MAC-A and MAC-S."""
        temp = aes(self.k, xor(rand, self.opc))
        in1 = (sqn + amf) * 2
        out = xor(aes(self.k, xor(temp, rotate(xor(in1, self.opc), 64))), self.opc)
        return out[:8], out[8:]

    def f2(self, rand):
        return self._out(rand, 0, 1)[8:]

    def f3(self, rand):
        return self._out(rand, 32, 2)

    def f4(self, rand):
        return self._out(rand, 64, 4)

    def f5(self, rand):
        return self._out(rand, 0, 1)[:6]

    def f5star(self, rand):
        return self._out(rand, 96, 8)[:6]

    def autn(self, rand, sqn, amf=ZERO_AMF):
        return xor(sqn, self.f5(rand)) + amf + self.f1(rand, sqn, amf)[0]

    def auts(self, rand, sqn_ms):
        """TS 33.102 6.3.3: AMF* is zero."""
        return xor(sqn_ms, self.f5star(rand)) + self.f1(rand, sqn_ms, ZERO_AMF)[1]

    def sqn_of_autn(self, rand, autn):
        """The SQN inside a genuine AUTN; None when its MAC is wrong."""
        sqn = xor(autn[:6], self.f5(rand))
        genuine = hmac.compare_digest(self.f1(rand, sqn, autn[6:8])[0], autn[8:])
        return sqn if genuine else None


def mask_autn(autn, ik):
    """AUTN* of TS 33.220 5.3.2, and back again."""
    return autn[:8] + xor(autn[8:], hashlib.sha1(ik).digest()[:8])


def kdf(key, fc, *parameters):
    """TS 33.220 B.2."""
    text = bytes([fc]) + b"".join(p + len(p).to_bytes(2, "big") for p in parameters)
    return hmac.new(key, text, hashlib.sha256).digest()


def b64(octets):
    return base64.b64encode(octets).decode()


@dataclasses.dataclass(frozen=True)
class Subscriber:
    """What card and HSS share."""
    imsi: str
    k: bytes = dataclasses.field(default_factory=lambda: secrets.token_bytes(16))
    opc: bytes = dataclasses.field(default_factory=lambda: secrets.token_bytes(16))
    mnc_digits: int = 2

    @property
    def network(self):
        return f"mnc{self.imsi[3:3 + self.mnc_digits]:0>3}.mcc{self.imsi[:3]}"

    @property
    def impi(self):
        return f"{self.imsi}@ims.{self.network}.3gppnetwork.org"

    @property
    def bsf_fqdn(self):
        return f"bsf.{self.network}.pub.3gppnetwork.org"

    @property
    def milenage(self):
        return Milenage(self.k, self.opc)

    def run(self, rand):
        return Run(self, rand)


@dataclasses.dataclass(frozen=True)
class Run:
    """Everything that follows from a subscriber and a RAND."""
    subscriber: Subscriber
    rand: bytes

    @property
    def ck(self):
        return self.subscriber.milenage.f3(self.rand)

    @property
    def ik(self):
        return self.subscriber.milenage.f4(self.rand)

    @property
    def ks(self):
        return self.ck + self.ik

    @property
    def res(self):
        return self.subscriber.milenage.f2(self.rand)

    @property
    def res_of_gba_u(self):
        return xor(self.res, RES_FLIP)

    @property
    def b_tid(self):
        return f"{b64(self.rand)}@{self.subscriber.bsf_fqdn}"

    def _naf_key(self, which, naf_id):
        return kdf(self.ks, 0x01, which, self.rand, self.subscriber.impi.encode(), naf_id)

    def ks_ext_naf(self, fqdn, ua=UA_HTTP_DIGEST):
        return self._naf_key(b"gba-me", fqdn.encode() + ua)

    def ks_int_naf(self, fqdn, ua=UA_SEALED):
        return self._naf_key(b"gba-u", fqdn.encode() + ua)

    @property
    def tmpi(self):
        key = self.ks_ext_naf(self.subscriber.bsf_fqdn, UA_BSF)
        return b64(key[:24]) + "@tmpi.bsf.3gppnetwork.org"

    def application_key(self, fqdn, label, algorithm, direction=1):
        """A key of the GBA_U API for sealing, distributed from Ks_int_NAF (src/key/application_key.h)."""
        parameters = (b"gba-u-api", b"\x01", bytes([direction]), bytes([algorithm]), label, API_AID, b"")
        key = kdf(self.ks_int_naf(fqdn), 0xfe, *parameters)
        return key if algorithm == 2 else key[:16]


def md5(*parts):
    joined = b":".join(p if isinstance(p, bytes) else p.encode() for p in parts)
    return hashlib.md5(joined).hexdigest()


def digest_response(directives, password, method, body=b""):
    """RFC 7616 3.4.1 with MD5; `password` in octets: RES on Ub (RFC 3310), empty with AUTS. Method "" gives rspauth."""
    ha1 = md5(directives["username"], directives["realm"], password)
    a2 = [method, directives["uri"]]
    if directives["qop"] == "auth-int":
        a2.append(hashlib.md5(body).hexdigest())
    return md5(ha1, directives["nonce"], directives["nc"], directives["cnonce"], directives["qop"], md5(*a2))
