"""test_bsf_ub.py: the BSF's Ub, driven by hand, with answers that the second implementation computes from K."""
import base64
import calendar
import email.utils
import re
import secrets
import time
import xml.etree.ElementTree

import pytest

from milenage import b64, digest_response
from raw_http import exchange
from ub_by_hand import UbDevice, authorization, first_directives

MAX_FOR_ONE = 16  # challenges of one user that wait for their answer, unless the configuration says otherwise
RETURN_TIME_S = 15


@pytest.fixture(scope="module")
def network(new_network):
    made = new_network()
    made.prepare(bsf={"key_lifetime": 5000})
    made.start()
    return made


@pytest.fixture
def device(network, new_subscriber):
    return UbDevice(network.ub_port, new_subscriber(network))


def info_is_right(response, directives, password):
    """rspauth covers the whole body (RFC 7616 3.5)."""
    info = response.directives("Authentication-Info")
    assert set(info) == {"qop", "rspauth", "cnonce", "nc", "opaque"}
    assert all(info[name] == directives[name] for name in ("qop", "cnonce", "nc", "opaque"))
    return info["rspauth"] == digest_response(directives, password, "", response.body)


def ask(port, username, realm="bsf.mnc001.mcc001.pub.3gppnetwork.org"):
    return exchange(port, headers=[("Authorization", authorization(first_directives(username, realm)))])


# The four messages


def test_message_2(device):
    response = device.ask()
    assert response.status == 401
    assert "3gpp-gba-tmpi" in response.header("Server") and response.header("Date")
    assert response.header("WWW-Authenticate").startswith("Digest ")
    directives = response.directives("WWW-Authenticate")
    assert set(directives) == {"realm", "nonce", "qop", "opaque", "algorithm"}
    assert directives["realm"] == device.subscriber.bsf_fqdn
    assert (directives["qop"], directives["algorithm"]) == ("auth-int", "AKAv1-MD5")
    assert len(directives["opaque"]) >= 16
    assert len(base64.b64decode(directives["nonce"], validate=True)) == 32
    assert response.header("Authentication-Info") is None


def test_message_4(device):
    challenge = device.challenge()
    run = device.run_of(challenge)
    directives = device.directives(challenge)
    before = time.time()
    response = device.send(directives)
    assert response.status == 200
    assert "3gpp-gba-tmpi" in response.header("Server")
    assert response.header("Content-Type") == "application/vnd.3gpp.bsf+xml"
    assert response.header("WWW-Authenticate") is None
    assert info_is_right(response, directives, run.res_of_gba_u)
    document = xml.etree.ElementTree.fromstring(response.body)
    assert document.tag == "{uri:3gpp-gba}BootstrappingInfo"
    assert document.findtext("{uri:3gpp-gba}btid") == run.b_tid
    lifetime = document.findtext("{uri:3gpp-gba}lifetime")
    expires = calendar.timegm(time.strptime(lifetime, "%Y-%m-%dT%H:%M:%SZ"))
    assert before + 4990 < expires < before + 5010
    assert email.utils.parsedate_to_datetime(response.header("Expires")).timestamp() == expires


def test_each_challenge_is_new(device):
    challenges = [device.challenge() for _ in range(5)]
    assert len({challenge.rand for challenge in challenges}) == 5
    assert len({challenge.opaque for challenge in challenges}) == 5
    numbers = [device.sqn_of(challenge) for challenge in challenges]
    assert numbers == sorted(set(numbers)), "SQN grows"
    for challenge in reversed(challenges):
        assert device.answer(challenge).status == 200, "several may wait at once"


def test_the_response_with_res_as_it_is(network, device):
    """33.220 5.3.2 is known by hearsay: a card that does not flip the last bit of RES is let in, and that is logged."""
    challenge, mark = device.challenge(), network.bsf.mark()
    run = device.run_of(challenge)
    directives = device.directives(challenge, run.res)
    response = device.send(directives)
    assert response.status == 200 and info_is_right(response, directives, run.res)
    assert f"the UICC of {device.subscriber.impi} answers with unflipped RES" in network.bsf.log(mark)


def test_gba_me(network, new_subscriber):
    """For a subscriber without GBA_U nothing is masked and nothing flipped."""
    device = UbDevice(network.ub_port, new_subscriber(network, "--uicc-type", "GBA"), gba_u=False)
    challenge = device.challenge()
    run = device.run_of(challenge)
    assert device.answer(challenge).status == 200
    challenge = device.challenge()
    run = device.run_of(challenge)
    assert device.answer(challenge, run.res_of_gba_u).status == 403


def test_amf_of_the_subscriber(network, new_subscriber):
    device = UbDevice(network.ub_port, new_subscriber(network, "--amf", "4321"))
    challenge = device.challenge()
    assert challenge.autn[6:8] == b"\x43\x21"
    assert device.bootstrap()


# A challenge is used once


def test_wrong_response_ends_the_challenge(device):
    challenge = device.challenge()
    assert device.answer(challenge, bytes(8)).status == 403
    again = device.answer(challenge)
    assert again.status == 401, "the right response comes too late"
    assert again.directives("WWW-Authenticate")["nonce"] != challenge.nonce


@pytest.mark.parametrize("password", [b"", b"\0", bytes(16), b"a42"], ids=repr)
def test_wrong_passwords(device, password):
    assert device.answer(device.challenge(), password).status == 403


@pytest.mark.parametrize("response", ["", "0" * 32, "f" * 32, "0" * 64], ids=len)
def test_made_up_responses(device, response):
    assert device.answer(device.challenge(), response=response).status in (400, 403)


def test_replayed_response(device):
    challenge = device.challenge()
    directives = device.directives(challenge)
    assert device.send(directives).status == 200
    replayed = device.send(directives)
    assert replayed.status == 401 and replayed.directives("WWW-Authenticate")["nonce"] != challenge.nonce
    assert device.send(device.directives(challenge, nc="00000002")).status == 401


@pytest.mark.parametrize("nonce", [b64(bytes(32)), b64(b"x" * 32), b64(bytes(31)), b64(bytes(100)), "x", "====",
                                   "A" * 500],
                         ids=lambda nonce: f"{nonce[:4]} {len(nonce)}")
def test_nonces_that_are_not_ours(device, nonce):
    """Message 1 over again: a nonce may have been forgotten, over a restart or with time."""
    challenge = device.challenge()
    answered = device.answer(challenge, nonce=nonce)
    assert answered.status == 401 and answered.directives("WWW-Authenticate")["nonce"] not in (nonce, challenge.nonce)
    assert device.answer(challenge).status == 200, "the real challenge still waits"


def test_a_challenge_belongs_to_its_user(network, device, new_subscriber):
    other = UbDevice(network.ub_port, new_subscriber(network))
    challenge = device.challenge()
    assert other.answer(challenge).status in (400, 403)
    assert other.send(device.directives(challenge, username=other.username)).status in (400, 401, 403)


def test_a_nonce_with_another_autn(device):
    """The RAND in front of the nonce finds the challenge, but the whole nonce is hashed, and must be ours."""
    challenge = device.challenge()
    nonce = b64(challenge.rand + bytes(16))
    assert device.answer(challenge, nonce=nonce).status in (400, 401, 403)


# TMPI


def test_tmpi(network, device):
    run = device.bootstrap()
    hidden = UbDevice(device.port, device.subscriber, username=run.tmpi)
    second = hidden.bootstrap()
    assert second.b_tid != run.b_tid and second.tmpi != run.tmpi
    third = UbDevice(device.port, device.subscriber, username=second.tmpi).bootstrap()
    assert f"{device.subscriber.impi} bootstrapped in mode GBA_U: B-TID {third.b_tid}" in network.bsf.log()


def test_tmpi_of_gba_me(network, new_subscriber):
    subscriber = new_subscriber(network, "--uicc-type", "GBA")
    run = UbDevice(network.ub_port, subscriber, gba_u=False).bootstrap()
    assert UbDevice(network.ub_port, subscriber, username=run.tmpi, gba_u=False).bootstrap()


def test_unknown_tmpi(device):
    """Refused, so that the device tries again with its IMPI; the same answer as for an unknown IMPI."""
    made_up = f"{b64(secrets.token_bytes(24))}@tmpi.bsf.3gppnetwork.org"
    assert ask(device.port, made_up).status == 403
    assert ask(device.port, "x@tmpi.bsf.3gppnetwork.org").status in (400, 403)


# Resynchronisation


def auts_of(device, challenge, sqn_ms):
    return device.subscriber.milenage.auts(challenge.rand, sqn_ms.to_bytes(6, "big"))


def test_auts(device):
    challenge = device.challenge()
    sqn_ms = device.sqn_of(challenge) + (1000 << 5)
    answered = device.answer_with_auts(challenge, auts_of(device, challenge, sqn_ms))
    renewed = type(challenge).of(answered)
    assert renewed.rand != challenge.rand and device.sqn_of(renewed) > sqn_ms
    assert device.answer(renewed).status == 200
    assert device.sqn_of(device.challenge()) > sqn_ms, "the HSS remembers"


def test_auts_with_a_wrong_mac(device):
    challenge = device.challenge()
    before = device.sqn_of(challenge)
    auts = auts_of(device, challenge, before + (1 << 30))
    for wrong in (auts[:-1] + bytes([auts[-1] ^ 1]), bytes([auts[0] ^ 1]) + auts[1:], bytes(14)):
        assert device.answer_with_auts(device.challenge(), wrong).status == 403
    assert device.sqn_of(device.challenge()) < before + (1 << 20), "a forged AUTS moves nothing"


def test_auts_of_another_challenge(device):
    old, new = device.challenge(), device.challenge()
    assert device.answer_with_auts(new, auts_of(device, old, 1 << 20)).status == 403


def test_auts_that_would_lower_sqn(device):
    first = device.sqn_of(device.challenge())
    challenge = device.challenge()
    renewed = type(challenge).of(device.answer_with_auts(challenge, auts_of(device, challenge, 0)))
    assert device.sqn_of(renewed) > first


@pytest.mark.parametrize("auts", ["AAAA", b64(bytes(13)), b64(bytes(15)), "!" * 20, "A" * 64, "A" * 5000,
                                  b64(bytes(14))[:-1]],
                         ids=lambda auts: f"{auts[:4]} {len(auts)}")
def test_auts_that_is_none(device, auts):
    assert device.answer(device.challenge(), b"", auts=auts).status == 400


def test_auts_needs_the_empty_password(device):
    """RFC 3310 3.4. Otherwise anyone on the way could set off a resynchronisation."""
    challenge = device.challenge()
    auts = auts_of(device, challenge, 1 << 20)
    assert device.answer_with_auts(challenge, auts, password=device.run_of(challenge).res_of_gba_u).status == 403
    challenge = device.challenge()
    assert device.answer_with_auts(challenge, auts_of(device, challenge, 1 << 20), response="0" * 32).status == 403


def test_an_empty_auts_is_none(device):
    challenge = device.challenge()
    assert device.answer(challenge, auts="").status == 200


def test_auts_again_and_again(device):
    """Two rounds in a row are enough; a new run may try again."""
    challenge = device.challenge()
    for _ in range(2):
        challenge = type(challenge).of(device.answer_with_auts(challenge, auts_of(device, challenge, 1 << 20)))
    assert device.answer_with_auts(challenge, auts_of(device, challenge, 1 << 20)).status == 403
    assert device.bootstrap()


# What a header may look like


MESSAGE_3 = ["username", "realm", "nonce", "uri", "qop", "nc", "cnonce", "response", "opaque", "algorithm"]


@pytest.mark.parametrize("name", ["username", "realm", "nonce", "uri", "response"])
def test_message_1_needs(device, name):
    directives = first_directives(device.username, device.subscriber.bsf_fqdn)
    assert device.send({**directives, name: None}).status == 400


@pytest.mark.parametrize("name", MESSAGE_3)
def test_message_3_needs(device, name):
    directives = device.directives(device.challenge())
    assert device.send({**directives, name: None}).status == 400


@pytest.mark.parametrize("name", MESSAGE_3)
def test_message_3_has_each_directive_once(device, name):
    challenge = device.challenge()
    directives = device.directives(challenge)
    assert device.send(authorization([*directives.items(), (name, directives[name])])).status == 400
    assert device.send(authorization([*directives.items(), (name.upper(), "x")])).status == 400
    assert device.answer(challenge).status == 200, "what cannot be read ends no challenge"


@pytest.mark.parametrize("name, length", [
    ("username", 320), ("realm", 512), ("nonce", 512), ("uri", 1024), ("cnonce", 128), ("response", 65),
    ("opaque", 256), ("nc", 9), ("qop", 100), ("algorithm", 100)])
def test_directives_have_a_bound(device, name, length):
    directives = device.directives(device.challenge())
    for much in (length, 3000, 20000):
        assert device.send({**directives, name: "a" * much}).status in (400, 431)


def test_the_longest_cnonce(device):
    challenge = device.challenge()
    assert device.answer(challenge, cnonce="c" * 127).status == 200


@pytest.mark.parametrize("name, value", [
    ("realm", "bsf.mnc002.mcc001.pub.3gppnetwork.org"), ("realm", ""), ("uri", "/other"), ("uri", ""),
    ("uri", "http://evil.example/"), ("uri", "*"), ("opaque", "0" * 32), ("opaque", ""), ("qop", "auth"),
    ("qop", "auth-conf"), ("algorithm", "MD5"), ("algorithm", "AKAv2-MD5"), ("algorithm", "SHA-256"),
    ("nc", "00000002"), ("nc", "00000000"), ("nc", "1"), ("nc", "0000000g"), ("nc", "-0000001"),
    ("username", "somebody@else.example")])
def test_directives_that_do_not_fit_the_challenge(device, name, value):
    """Though the response is computed over them, as an attacker with the RES of this user would do."""
    assert device.answer(device.challenge(), **{name: value}).status in (400, 401, 403)


def test_the_absolute_uri(device):
    assert device.answer(device.challenge(), uri=f"http://{device.subscriber.bsf_fqdn}/").status == 200


def test_changed_on_the_way(device):
    """Every directive that is hashed: changed after the response was computed, it is refused."""
    for name, value in (("cnonce", "0" * 32), ("uri", f"http://{device.subscriber.bsf_fqdn}/")):
        directives = device.directives(device.challenge())
        assert device.send({**directives, name: value}).status == 403


VARIATIONS = {
    "scheme in lower case": lambda header: header.replace("Digest", "digest"),
    "scheme in upper case": lambda header: header.replace("Digest", "DIGEST"),
    "names in upper case": lambda header: re.sub(r"(?<= )\w+(?==)", lambda match: match[0].upper(), header),
    "algorithm in upper case": lambda header: header.replace("AKAv1-MD5", "AKAV1-MD5"),
    "algorithm in lower case": lambda header: header.replace("AKAv1-MD5", "akav1-md5"),
    "algorithm quoted": lambda header: header.replace("algorithm=AKAv1-MD5", 'algorithm="AKAv1-MD5"'),
    "qop quoted": lambda header: header.replace("qop=auth-int", 'qop="auth-int"'),
    "nc quoted": lambda header: header.replace("nc=00000001", 'nc="00000001"'),
    "response in upper case": lambda header: re.sub(r'(?<=response=")\w+', lambda match: match[0].upper(), header),
    "no space behind commas": lambda header: header.replace(", ", ","),
    "spaces around commas": lambda header: header.replace(", ", " \t,\t "),
    "spaces around equals signs": lambda header: re.sub(r"(\w)=", r"\1 = ", header, count=3),
    "empty list elements": lambda header: header.replace(", ", ", ,, "),
    "comma at the end": lambda header: header + ",",
    "escapes": lambda header: header.replace('uri="/"', r'uri="\/"'),
    "unknown directives": lambda header: header + ', userhash=false, charset="UTF-8", x=y',
    "another order": lambda header: "Digest " + ", ".join(reversed(header.removeprefix("Digest ").split(", "))),
}


@pytest.mark.parametrize("variation", VARIATIONS)
def test_header_variations_that_mean_the_same(device, variation):
    header = authorization(device.directives(device.challenge()))
    varied = VARIATIONS[variation](header)
    assert varied != header
    assert device.send(varied).status == 200


@pytest.mark.parametrize("name", ["AUTHORIZATION", "authorization", "aUTHORIZATION"])
def test_header_names_have_no_case(device, name):
    header = authorization(device.directives(device.challenge()))
    assert exchange(device.port, headers=[(name, header)]).status == 200


@pytest.mark.parametrize("header", [
    "", " ", "Digest", "Digest ", "Digest,", "Basic dXNlcjpwYXNz", "Bearer x", "Digestusername=a", 'Digest username="a',
    "Digest username", 'Digest ="a"', "Digest \x80\xff", "=", '"', "Digest " * 50, 'Digest username="a" realm="b"',
    "Digest " + ",".join(["x=y"] * 900)], ids=lambda header: repr(header[:20]))
def test_headers_that_are_none(device, header):
    assert device.send(header).status == 400


@pytest.mark.parametrize("username", ["nobody", "", "@", "a" * 300 + "@example", "a@b\\\"c",
                                      "a@tmpi.bsf.3gppnetwork.org"],
                         ids=lambda username: repr(username[:20]))
def test_usernames_that_are_none(network, username):
    assert ask(network.ub_port, username).status in (400, 403)


def test_no_authorization_at_all(network):
    assert exchange(network.ub_port).status == 400


def test_two_authorization_headers(device):
    header = authorization(device.directives(device.challenge()))
    first = authorization(first_directives(device.username, device.subscriber.bsf_fqdn))
    for pair in ((header, header), (first, header), (header, "Basic x"), ("", header)):
        assert exchange(device.port, headers=[("Authorization", value) for value in pair]).status == 400


# Users


def test_an_unknown_user_looks_like_one_who_fails(network, device, new_subscriber):
    stranger = UbDevice(network.ub_port, new_subscriber())
    unknown, failed = stranger.ask(), device.answer(device.challenge(), bytes(8))
    assert (unknown.status, unknown.body) == (failed.status, failed.body) == (403, b"")

    def shape(response):
        return [(name, value) for name, value in response.headers if name != "Date"]

    assert shape(unknown) == shape(failed)


def test_a_flood_of_message_1(network, device, new_subscriber):
    """One user's challenges are bounded; others are served, and so is this one when an answer has made room."""
    other = UbDevice(network.ub_port, new_subscriber(network))
    challenges = [device.challenge() for _ in range(MAX_FOR_ONE)]
    for _ in range(5):
        refused = device.ask()
        assert refused.status == 503 and int(refused.header("Retry-After")) > 0
    assert other.bootstrap()
    assert device.answer(challenges[0]).status == 200
    assert device.challenge()


# Other configurations, and daemons that come and go


def test_challenges_and_keys_end(new_network, new_subscriber):
    network = new_network()
    network.prepare(bsf={"challenge.lifetime": 1, "challenge.max_for_one": 2})
    network.start()
    device = UbDevice(network.ub_port, new_subscriber(network))
    waiting = [device.challenge() for _ in range(2)]
    assert device.ask().status == 503
    time.sleep(2.1)
    assert device.answer(waiting[0]).status == 401, "too late"
    assert device.ask().status == 401, "room again"


def test_hss_down_and_back(new_network, new_subscriber):
    network = new_network()
    network.prepare()
    network.start()
    device = UbDevice(network.ub_port, new_subscriber(network))
    waiting = device.challenge()
    network.hss.stop()
    refused = device.ask()
    assert refused.status == 503 and int(refused.header("Retry-After")) > 0
    assert device.answer(waiting).status == 200, "a challenge that is there needs no HSS"
    network.hss.start()
    ends = time.monotonic() + RETURN_TIME_S
    while device.ask().status == 503:
        assert time.monotonic() < ends, f"no service {RETURN_TIME_S} s after the HSS is back"
        time.sleep(0.1)
    assert device.sqn_of(device.challenge()) > device.sqn_of(waiting), "no SQN comes twice over a restart"


def test_a_frozen_hss(new_network, new_subscriber):
    """An HSS that is connected and silent: 503 after the timeout, and service once it wakes."""
    network = new_network()
    network.prepare(bsf={"hss.timeout_ms": 500})
    network.start()
    device = UbDevice(network.ub_port, new_subscriber(network))
    with network.hss.frozen():
        started = time.monotonic()
        refused = device.ask()
        assert refused.status == 503 and refused.header("Retry-After") and time.monotonic() - started < 5
    assert device.bootstrap()
