"""ub_by_hand.py: the device's side of Ub (TS 24.109 clause 4) by hand from K, without our client and without a card."""
import base64
import dataclasses
import secrets

from milenage import Run, b64, digest_response, mask_autn
from raw_http import exchange, request

UNQUOTED = {"qop", "nc", "algorithm"}


def authorization(directives):
    """An Authorization header's value of (name, value) pairs or a mapping; a value of None is left out."""
    pairs = directives.items() if isinstance(directives, dict) else directives
    given = [(name, value) for name, value in pairs if value is not None]
    texts = [f"{name}={value}" if name in UNQUOTED else f'{name}="{value}"' for name, value in given]
    return "Digest " + ", ".join(texts)


def first_directives(username, realm):
    return {"username": username, "realm": realm, "nonce": "", "uri": "/", "response": ""}


@dataclasses.dataclass
class Challenge:
    """Message 2, read."""
    nonce: str
    realm: str
    opaque: str
    rand: bytes
    autn: bytes

    @staticmethod
    def of(response):
        assert response.status == 401, f"{response.status} instead of a challenge"
        directives = response.directives("WWW-Authenticate")
        octets = base64.b64decode(directives["nonce"], validate=True)
        assert len(octets) == 32
        return Challenge(directives["nonce"], directives["realm"], directives["opaque"], octets[:16], octets[16:])


class UbDevice:
    """A device without a card: it knows K."""

    def __init__(self, port, subscriber, username=None, gba_u=True):
        self.port = port
        self.subscriber = subscriber
        self.username = username or subscriber.impi
        self.gba_u = gba_u

    def first_request(self):
        header = authorization(first_directives(self.username, self.subscriber.bsf_fqdn))
        return request(headers=[("Authorization", header)])

    def ask(self):
        """Message 1 and its answer, whatever it is."""
        header = authorization(first_directives(self.username, self.subscriber.bsf_fqdn))
        return exchange(self.port, headers=[("Authorization", header)])

    def challenge(self):
        return Challenge.of(self.ask())

    def run_of(self, challenge):
        """Checks AUTN or AUTN* as a card would, without judging SQN."""
        run = self.subscriber.run(challenge.rand)
        autn = mask_autn(challenge.autn, run.ik) if self.gba_u else challenge.autn
        assert self.subscriber.milenage.sqn_of_autn(challenge.rand, autn) is not None, "AUTN is not genuine"
        return run

    def sqn_of(self, challenge):
        run = self.run_of(challenge)
        autn = mask_autn(challenge.autn, run.ik) if self.gba_u else challenge.autn
        return int.from_bytes(self.subscriber.milenage.sqn_of_autn(challenge.rand, autn), "big")

    def directives(self, challenge, password=None, method="GET", body=b"", **changes):
        """Message 3 as a mapping; `changes` go in before the response is computed, or replace it."""
        run = self.subscriber.run(challenge.rand)
        if password is None:
            password = run.res_of_gba_u if self.gba_u else run.res
        directives = {
            "username": self.username, "realm": challenge.realm, "nonce": challenge.nonce, "uri": "/",
            "qop": "auth-int", "nc": "00000001", "cnonce": secrets.token_hex(16), "response": None,
            "opaque": challenge.opaque, "algorithm": "AKAv1-MD5",
        }
        directives.update(changes)
        if directives["response"] is None:
            directives["response"] = digest_response(directives, password, method, body)
        return directives

    def send(self, directives):
        header = directives if isinstance(directives, str) else authorization(directives)
        return exchange(self.port, headers=[("Authorization", header)])

    def answer(self, challenge, password=None, **changes):
        return self.send(self.directives(challenge, password, **changes))

    def answer_with_auts(self, challenge, auts, password=b"", **changes):
        return self.answer(challenge, password, auts=b64(auts), **changes)

    def bootstrap(self):
        """A whole run. Returns what follows from its RAND."""
        challenge = self.challenge()
        run = self.run_of(challenge)
        response = self.answer(challenge)
        assert response.status == 200, f"{response.status} instead of success"
        return run


def run_of_b_tid(subscriber, b_tid):
    """What follows from the RAND in a B-TID."""
    return Run(subscriber, base64.b64decode(b_tid.split("@")[0], validate=True))
