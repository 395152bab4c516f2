"""test_zn_naf.py: NAFs: HTTP Digest with NAF keys, keys over Zn, the key cache, and sealed messages."""
import json
import secrets
import subprocess
import time

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from card_by_apdu import CardByApdu
from milenage import UA_SEALED, b64, digest_response
from raw_http import exchange
from sealed import enc_structure, message, protected_header, seal_by_card, seal_by_hand
from ub_by_hand import UbDevice, authorization, run_of_b_tid

FQDN = "naf.example.com"
SUFFIX_FQDN = "deep.in.other.example"
REALM = f"3GPP-bootstrapping@{FQDN}"
REALM_OF_SEALED = f"3GPP-bootstrapping-uicc@{FQDN}"
RETURN_TIME_S = 15
LABEL = b"telemetry"


@pytest.fixture(scope="module")
def network(new_network):
    """`naf` as in the examples, and others that may do less."""
    made = new_network()
    made.prepare(nafs=[
        {"identity": "blind.service.example", "fqdns": FQDN, "may_see_impi": "false", "may_have_int_key": "false"},
        {"identity": "other.service.example", "fqdns": "other.example"},
        {"identity": "suffix.service.example", "fqdns": '"*.other.example"'},
        {"identity": "stranger.service.example"},
    ])
    made.naf = made.add_naf(settings={"digest.nonce_lifetime": 2})
    made.blind = made.add_naf("blind", "blind.service.example")
    made.other = made.add_naf("other", "other.service.example")
    made.suffix = made.add_naf("suffix", "suffix.service.example", {"fqdn": SUFFIX_FQDN})
    made.stranger = made.add_naf("stranger", "stranger.service.example")
    made.start()
    return made


class UaDevice:
    """A device with a key for a NAF, by hand (TS 24.109 5.2)."""

    def __init__(self, port, run, fqdn=FQDN, realm=REALM):
        self.port = port
        self.run = run
        self.realm = realm
        self.password = b64(run.ks_ext_naf(fqdn)).encode()

    def nonce(self):
        response = exchange(self.port, target="/service")
        assert response.status == 401
        return response.directives("WWW-Authenticate")["nonce"]

    def directives(self, nonce, method="GET", body=b"", password=None, **changes):
        directives = {"username": self.run.b_tid, "realm": self.realm, "nonce": nonce, "uri": "/service", "qop": "auth",
                      "nc": "00000001", "cnonce": secrets.token_hex(8), "response": None, "algorithm": "MD5"}
        directives.update(changes)
        if directives["response"] is None:
            directives["response"] = digest_response(directives, password or self.password, method, body)
        return directives

    def send(self, directives, method="GET", body=b"", target="/service"):
        return exchange(self.port, method, target, [("Authorization", authorization(directives))], body)

    def get(self, nonce=None, **changes):
        return self.send(self.directives(nonce or self.nonce(), **changes))


@pytest.fixture
def run(network, new_subscriber):
    """A bootstrapped subscriber."""
    return UbDevice(network.ub_port, new_subscriber(network)).bootstrap()


@pytest.fixture
def device(network, run):
    return UaDevice(network.naf.port, run)


def post(naf, octets):
    headers = [("Content-Type", 'application/cose; cose-type="cose-encrypt0"')]
    return exchange(naf.port, "POST", "/sealed", headers, octets)


def messages_in(naf):
    return [path.read_bytes() for path in sorted(naf.inbox.glob("*.message"))]


# HTTP Digest


def test_the_challenge(network):
    response = exchange(network.naf.port, target="/service")
    assert response.status == 401 and response.header("Cache-Control") == "no-store"
    directives = response.directives("WWW-Authenticate")
    assert directives["realm"] == REALM and directives["algorithm"] == "MD5"
    assert directives["qop"] == "auth,auth-int" and "stale" not in directives
    nonces = {exchange(network.naf.port).directives("WWW-Authenticate")["nonce"] for _ in range(10)}
    assert len(nonces) == 10 and all(len(nonce) >= 16 for nonce in nonces)


@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_a_right_answer(device, qop):
    directives = device.directives(device.nonce(), qop=qop)
    response = device.send(directives)
    assert response.status == 200 and response.header("Cache-Control") == "no-store"
    assert json.loads(response.body) == {"naf": FQDN, "b_tid": device.run.b_tid, "impi": device.run.subscriber.impi}
    info = response.directives("Authentication-Info")
    assert (info["qop"], info["nc"], info["cnonce"]) == (qop, "00000001", directives["cnonce"])
    assert info["rspauth"] == digest_response(directives, device.password, "", response.body)


def test_a_foreign_client(network, run):
    """curl knows nothing of GBA: B-TID and base64 of the key are a user's name and password to it."""
    password = b64(run.ks_ext_naf(FQDN))
    url = f"http://127.0.0.1:{network.naf.port}/service?query=1"
    command = ["curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*", "--digest", "--write-out",
               "%{http_code}", "-u"]
    done = subprocess.run([*command, f"{run.b_tid}:{password}", url, url], capture_output=True, text=True, check=True)
    assert done.stdout.count("200") >= 2 and done.stdout.count(run.subscriber.impi) == 2
    done = subprocess.run([*command, f"{run.b_tid}:{password[::-1]}", url], capture_output=True, text=True, check=True)
    assert done.stdout == "401"
    done = subprocess.run([*command, f"{run.b_tid}:{password}", "--data", "x=1", url], capture_output=True, text=True,
                          check=True)
    assert done.stdout.endswith("200")


def test_the_key_of_the_tool(programs, network, new_subscriber, new_card):
    """From end to end with our own client: what 'gbau naf-key' prints opens the NAF."""
    subscriber = new_subscriber(network)
    path = new_card(subscriber)
    said = json.loads(programs.run("bootstrap", "--card", path, "--pin", "1234", "--bsf", network.ub_url, "--json"))
    key = json.loads(programs.run("naf-key", "--card", path, "--pin", "1234", "--naf", FQDN, "--ua", "0100000002",
                                  "--json"))
    device = UaDevice(network.naf.port, run_of_b_tid(subscriber, said["b_tid"]))
    assert device.get(password=b64(bytes.fromhex(key["ks_ext_naf"])).encode()).status == 200


def test_auth_int_covers_the_body(device):
    body = b"something to store"
    directives = device.directives(device.nonce(), "POST", body, qop="auth-int")
    assert device.send(directives, "POST", b"something else").status == 401
    assert device.send(directives, "POST", body).status == 200


def test_nonce_counts(device):
    nonce = device.nonce()
    first = device.directives(nonce)
    assert device.send(first).status == 200
    replayed = device.send(first)
    assert replayed.status == 401 and replayed.directives("WWW-Authenticate").get("stale") == "true"
    assert device.get(nonce, nc="00000001").status == 401, "a count is used once, whatever else is new"
    assert device.get(nonce, nc="00000003").status == 200
    assert device.get(nonce, nc="00000002").status == 401
    assert device.get(nonce, nc="0000000a").status == 200
    assert device.get(device.nonce()).status == 200, "each nonce has counts of its own"


def test_a_wrong_response_uses_up_no_count(device):
    nonce = device.nonce()
    refused = device.get(nonce, response="0" * 32)
    assert refused.status == 401 and "stale" not in refused.directives("WWW-Authenticate")
    assert device.get(nonce).status == 200


@pytest.mark.parametrize("nonce", ["0" * 32, "x", "", "0" * 400], ids=["zeros", "x", "empty", "long"])
def test_nonces_that_are_not_ours(device, nonce):
    refused = device.send(device.directives(nonce))
    assert refused.status == 401 and refused.directives("WWW-Authenticate")["stale"] == "true"


def test_a_nonce_grows_old(device):
    nonce = device.nonce()
    assert device.get(nonce).status == 200
    time.sleep(2.2)
    refused = device.get(nonce, nc="00000002")
    assert refused.status == 401 and refused.directives("WWW-Authenticate")["stale"] == "true"
    assert device.get(refused.directives("WWW-Authenticate")["nonce"]).status == 200


@pytest.mark.parametrize("name, value", [
    ("realm", "3GPP-bootstrapping@evil.example"), ("realm", REALM_OF_SEALED), ("realm", FQDN), ("realm", ""),
    ("uri", "/other"), ("uri", ""), ("algorithm", "SHA-256"), ("algorithm", "AKAv1-MD5"), ("algorithm", "MD5-sess"),
    ("qop", "auth-conf"), ("nc", "1"), ("username", "a" * 400), ("cnonce", "a" * 200)],
    ids=lambda text: text[:30])
def test_directives_that_do_not_fit(device, name, value):
    """400, as RFC 7616 3.4.6 wants it, though the response is right over them."""
    assert device.get(**{name: value}).status in (400, 401)


@pytest.mark.parametrize("name", ["username", "realm", "nonce", "uri", "response", "nc", "cnonce", "qop"])
def test_directives_that_are_missing_or_doubled(device, name):
    directives = device.directives(device.nonce())
    assert device.send({**directives, name: None}).status == 400
    doubled = authorization([*directives.items(), (name, directives[name])])
    assert exchange(device.port, target="/service", headers=[("Authorization", doubled)]).status == 400


def test_two_authorization_headers(device):
    header = ("Authorization", authorization(device.directives(device.nonce())))
    assert exchange(device.port, target="/service", headers=[header, header]).status == 400


def test_a_response_for_another_method_or_target(device):
    directives = device.directives(device.nonce())
    assert device.send(directives, "DELETE").status == 401
    assert device.send(directives, target="/service?admin=1").status == 400
    assert device.send(directives).status == 200


def test_unknown_b_tid(network, device):
    mark = network.naf.mark()
    for username in (b64(bytes(16)) + "@" + device.run.subscriber.bsf_fqdn, "nobody", "a" * 250, "x@y"):
        refused = device.get(username=username)
        assert refused.status == 401 and "stale" not in refused.directives("WWW-Authenticate")
    assert "refused the keys" in network.naf.log(mark)


@pytest.mark.parametrize("username", ["a\"b", "a\\b", "a<b>&c", "a\tb", "ä@b"])
def test_usernames_that_would_break_out(device, username):
    """Nothing that a username holds gets into JSON or a log line unescaped: it never gets so far."""
    escaped = username.replace("\\", "\\\\").replace('"', '\\"')
    assert device.get(username=escaped).status in (400, 401)


def test_the_key_of_another(network, new_subscriber, device):
    stranger = UbDevice(network.ub_port, new_subscriber(network)).bootstrap()
    assert device.get(password=b64(stranger.ks_ext_naf(FQDN)).encode()).status == 401
    assert device.get(password=b64(device.run.ks_ext_naf("other.example")).encode()).status == 401
    assert device.get(password=b64(device.run.ks_int_naf(FQDN, bytes.fromhex("0100000002"))).encode()).status == 401
    assert device.get(password=device.run.ks_ext_naf(FQDN)).status == 401, "the password is base64 text"


def test_an_older_key_lives_on(network, new_subscriber):
    """A new bootstrapping does not take keys away from services that already use the old one."""
    subscriber = new_subscriber(network)
    runs = [UbDevice(network.ub_port, subscriber).bootstrap() for _ in range(2)]
    for one in runs:
        assert UaDevice(network.naf.port, one).get().status == 200


# What the BSF lets a NAF have


def test_a_naf_that_may_not_see_the_impi(network, run):
    response = UaDevice(network.blind.port, run).get()
    assert response.status == 200 and json.loads(response.body)["impi"] == ""
    assert run.subscriber.impi not in network.blind.log()


def test_a_naf_that_may_not_have_the_int_key(network, run):
    assert post(network.blind, seal_by_hand(run, FQDN, LABEL, 1, b"text")).status == 403
    assert post(network.naf, seal_by_hand(run, FQDN, LABEL, 1, b"text")).status == 204


def test_a_naf_with_a_name_that_is_not_its_own(network, run):
    """5402: the BSF knows the NAF, but not under that FQDN."""
    mark = network.bsf.mark()
    assert UaDevice(network.other.port, run).get().status == 403
    assert post(network.other, seal_by_hand(run, FQDN, LABEL, 1, b"text")).status == 403
    assert network.bsf.log(mark).count("request of NAF other.service.example refused with 5402") == 2
    assert messages_in(network.other) == []


def test_a_naf_with_one_of_many_names(network, run):
    assert UaDevice(network.suffix.port, run, SUFFIX_FQDN, f"3GPP-bootstrapping@{SUFFIX_FQDN}").get().status == 200
    assert post(network.suffix, seal_by_hand(run, SUFFIX_FQDN, LABEL, 1, b"text")).status == 204


def test_a_naf_that_the_bsf_does_not_know(network, run):
    """A Diameter peer that is no NAF of the BSF's list."""
    assert UaDevice(network.stranger.port, run).get().status == 403
    assert "request of NAF stranger.service.example refused with 5402" in network.bsf.log()


# Sealed messages


@pytest.fixture
def sealing_card(programs, network, new_subscriber, new_card):
    """A card that has bootstrapped and derived for the NAF, and what its keys follow from."""
    subscriber = new_subscriber(network)
    path = new_card(subscriber, "--api-naf", f"{FQDN}/{UA_SEALED.hex()}")
    said = programs.run("bootstrap", "--card", path, "--pin", "1234", "--bsf", network.ub_url, "--json")
    programs.run("naf-key", "--card", path, "--pin", "1234", "--naf", FQDN, "--ua", UA_SEALED.hex())
    return path, run_of_b_tid(subscriber, json.loads(said)["b_tid"])


def seal(programs, path, texts, label=LABEL, algorithm=2):
    with CardByApdu(programs, path) as card:
        card.select_usim()
        return seal_by_card(card, FQDN, label, texts, algorithm)


@pytest.mark.parametrize("algorithm", [1, 2], ids=["A128GCM", "A256GCM"])
def test_a_message_from_card_to_application(programs, network, sealing_card, algorithm):
    path, run = sealing_card
    text = b"temperature " + secrets.token_hex(8).encode()
    [sealed] = seal(programs, path, [text], algorithm=algorithm)
    assert text not in sealed
    response = post(network.naf, sealed)
    assert response.status == 204 and response.body == b"", "what was opened goes to the application, not back"
    assert text in messages_in(network.naf)
    assert f"sealed message of B-TID {run.b_tid}, label {LABEL.decode()}, opened" in network.naf.log()


def test_the_card_seals_as_the_second_implementation_opens(programs, sealing_card):
    path, run = sealing_card
    with CardByApdu(programs, path) as card:
        card.select_usim()
        card.open_api_channel()
        handle, b_tid = card.open_key(FQDN, UA_SEALED, LABEL)
        assert b_tid == run.b_tid
        nonce, ciphertext = card.encrypt(handle, b"additional", b"text")
    key = AESGCM(run.application_key(FQDN, LABEL, 2))
    assert key.decrypt(nonce, ciphertext, b"additional") == b"text"


def test_no_nonce_comes_twice_over_power_cycles(programs, sealing_card):
    path, _ = sealing_card
    nonces = set()
    for _ in range(3):
        with CardByApdu(programs, path) as card:
            card.select_usim()
            card.open_api_channel()
            for _ in range(2):
                handle, _ = card.open_key(FQDN, UA_SEALED, LABEL)
                nonces.update(card.encrypt(handle, b"", b"x")[0] for _ in range(3))
    assert len(nonces) == 18


def test_what_the_api_refuses(programs, sealing_card):
    path, _ = sealing_card
    with CardByApdu(programs, path) as card:
        card.select_usim(pin=None)
        card.open_api_channel()
        assert card.send_open_key(FQDN, UA_SEALED, LABEL)[1] == "6982", "no PIN, no key"
    with CardByApdu(programs, path) as card:
        card.select_usim()
        card.open_api_channel()
        assert card.send_open_key("other.example", UA_SEALED, LABEL)[1] == "6982", "no line in EF_AC_GBAUAPI"
        assert card.send_open_key(FQDN, bytes.fromhex("0100000002"), LABEL)[1] == "6982"
        assert card.send_open_key(FQDN, UA_SEALED, LABEL, algorithm=9)[1] == "6a81"
        handle = card.send_open_key(FQDN, UA_SEALED, LABEL, direction=2)[0][2]
        assert card.send(f"8152{handle:02x}c1038701aa00")[1] == "6985", "what the NAF seals the card does not"
        assert card.send("815207c103870142")[1] == "6a88", "a handle that was not given out"


def test_without_derivation_there_is_no_key(programs, network, new_subscriber, new_card):
    path = new_card(new_subscriber(network), "--api-naf", f"{FQDN}/{UA_SEALED.hex()}")
    programs.run("bootstrap", "--card", path, "--pin", "1234", "--bsf", network.ub_url)
    with CardByApdu(programs, path) as card:
        card.select_usim()
        card.open_api_channel()
        assert card.send_open_key(FQDN, UA_SEALED, LABEL)[1] == "6a88"


def test_replay(programs, network, sealing_card):
    path, _ = sealing_card
    first, second = seal(programs, path, [b"first", b"second"])
    assert post(network.naf, first).status == 204
    before = messages_in(network.naf)
    for _ in range(3):
        assert post(network.naf, first).status == 409
    assert messages_in(network.naf) == before
    assert post(network.naf, second).status == 204
    assert post(network.naf, first).status == 409


def test_messages_may_overtake_one_another(network, run):
    """Within 64 counters; what is older is taken for a replay."""
    sealed = [seal_by_hand(run, FQDN, LABEL, counter, b"%d" % counter) for counter in range(1000, 1070)]
    assert post(network.naf, sealed[-1]).status == 204
    assert post(network.naf, sealed[-2]).status == 204
    assert post(network.naf, sealed[-64]).status == 204, "63 counters back"
    assert post(network.naf, sealed[-65]).status == 409, "64 counters back"
    assert post(network.naf, sealed[-64]).status == 409
    assert post(network.naf, seal_by_hand(run, FQDN, LABEL, 1 << 63, b"far")).status == 204
    assert post(network.naf, sealed[-3]).status == 409


def test_each_label_has_its_own_counters(network, run):
    for label in (b"a", b"b", b"a b", b"x" * 64, b"../../etc/passwd"):
        assert post(network.naf, seal_by_hand(run, FQDN, label, 5, b"text")).status == 204
        assert post(network.naf, seal_by_hand(run, FQDN, label, 5, b"text")).status == 409
    assert all(path.parent == network.naf.inbox for path in network.naf.inbox.iterdir())


def test_messages_of_all_sizes(network, run):
    for counter, length in enumerate((0, 1, 23, 24, 255, 256, 1000, 16384), 1):
        text = secrets.token_bytes(length)
        assert post(network.naf, seal_by_hand(run, FQDN, LABEL, counter, text)).status == 204
        assert text in messages_in(network.naf)
    assert post(network.naf, seal_by_hand(run, FQDN, LABEL, 100, bytes(16385))).status == 413


def test_tampered_messages(network, run):
    """Whatever octet is changed, nothing is delivered; then the message itself still is."""
    sealed = seal_by_hand(run, FQDN, LABEL, 1, b"the text")
    before = messages_in(network.naf)
    for index in range(len(sealed)):
        tampered = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1:]
        assert post(network.naf, tampered).status in (400, 401, 403), f"octet {index}"
    assert messages_in(network.naf) == before
    assert post(network.naf, sealed).status == 204


def test_a_message_moved_to_another_label_or_key(network, new_subscriber, run):
    nonce = bytes(11) + b"\1"
    protected = protected_header(run.b_tid, b"a")
    sealed = AESGCM(run.application_key(FQDN, b"a", 2)).encrypt(nonce, b"text", enc_structure(protected))
    other = UbDevice(network.ub_port, new_subscriber(network)).bootstrap()
    for elsewhere in ((run.b_tid, b"b"), (run.b_tid, b"a", 1), (other.b_tid, b"a")):
        assert post(network.naf, message(protected_header(*elsewhere), nonce, sealed)).status == 403
    for key in (run.application_key(FQDN, b"a", 2, direction=2), run.ks_int_naf(FQDN), run.ks_ext_naf(FQDN, UA_SEALED)):
        wrong = AESGCM(key).encrypt(nonce, b"text", enc_structure(protected))
        assert post(network.naf, message(protected, nonce, wrong)).status == 403
    assert post(network.naf, message(protected, nonce, sealed)).status == 204


def test_malformed_messages(network, run):
    whole = seal_by_hand(run, FQDN, LABEL, 1, b"text")
    protected = protected_header(run.b_tid, LABEL)
    malformed = [b"", b"hello", b"\xf6", b"\xd0", whole + b"\0", b"\xd1" + whole[1:], b"\xd0\x84" + whole[2:],
                 b"\xd0\x9f" + whole[2:] + b"\xff", b"\x9f" * 10000, b"\xd8\x10" * 5000, b"\x5b" + b"\xff" * 8,
                 message(protected, bytes(11), bytes(20)), message(protected, bytes(13), bytes(20)),
                 message(protected, bytes(12), bytes(15)), message(b"", bytes(12), bytes(20)),
                 message(b"\xa0", bytes(12), bytes(20)), message(protected + b"\0", bytes(12), bytes(20)),
                 message(protected.replace(b"#", b"%"), bytes(12), bytes(20)),
                 message(protected_header(run.b_tid, b""), bytes(12), bytes(20)),
                 message(protected_header("", LABEL), bytes(12), bytes(20)),
                 message(protected_header(run.b_tid, b"x" * 65), bytes(12), bytes(20)),
                 message(protected_header("x" * 300, LABEL), bytes(12), bytes(20)),
                 message(protected_header("a\nb", LABEL), bytes(12), bytes(20)),
                 message(protected_header('a"b', LABEL), bytes(12), bytes(20)),
                 message(b"\xa2\x01\x05" + protected[3:], bytes(12), bytes(20))]
    malformed += [whole[:length] for length in range(0, len(whole), 7)]
    for octets in malformed:
        assert post(network.naf, octets).status == 400, octets[:60]
    assert post(network.naf, bytes(1 << 20)).status == 413
    assert post(network.naf, whole[1:]).status == 204, "the tag may be left out"


def test_a_sealed_message_of_an_unknown_b_tid(network, run, new_subscriber):
    stranger = new_subscriber().run(secrets.token_bytes(16))
    response = post(network.naf, seal_by_hand(stranger, FQDN, LABEL, 1, b"text"))
    assert response.status == 401
    assert response.directives("WWW-Authenticate")["realm"] == REALM_OF_SEALED


def test_a_gba_me_run_has_no_key_for_sealing(network, new_subscriber):
    me = UbDevice(network.ub_port, new_subscriber(network, "--uicc-type", "GBA"), gba_u=False).bootstrap()
    assert UaDevice(network.naf.port, me).get().status == 200
    assert post(network.naf, seal_by_hand(me, FQDN, LABEL, 1, b"text")).status == 403


def test_the_path_is_for_post_only(network):
    assert exchange(network.naf.port, target="/sealed").status == 401
    assert exchange(network.naf.port, "PUT", "/sealed", body=b"x").status == 401
    assert exchange(network.naf.port, "POST", "/sealed/", body=b"x").status == 401
    assert exchange(network.naf.port, "POST", "/sealed?x=1", body=b"x").status == 400


# Time, and daemons that come and go


def test_keys_end(network, new_subscriber):
    """A key that has ended opens nothing, whether the NAF had it in its cache or asks the BSF anew."""
    subscriber = new_subscriber(network, "--lifetime", "3")
    cached, unseen = (UbDevice(network.ub_port, subscriber).bootstrap() for _ in range(2))
    assert UaDevice(network.naf.port, cached).get().status == 200
    assert post(network.naf, seal_by_hand(cached, FQDN, LABEL, 1, b"text")).status == 204
    time.sleep(4.1)
    for one in (cached, unseen):
        refused = UaDevice(network.naf.port, one).get()
        assert refused.status == 401 and "stale" not in refused.directives("WWW-Authenticate")
        assert post(network.naf, seal_by_hand(one, FQDN, LABEL, 2, b"text")).status == 401


def wait_until_served(device):
    ends = time.monotonic() + RETURN_TIME_S
    while device.get().status == 503:
        assert time.monotonic() < ends, f"no service {RETURN_TIME_S} s after the BSF is back"
        time.sleep(0.1)


def test_daemons_that_come_and_go(new_network, new_subscriber):
    """The NAF's cache without the BSF; over restarts, the BSF's sessions and the NAF's memory of counters."""
    network = new_network()
    network.prepare()
    naf = network.add_naf()
    network.start()
    known, unknown = (UbDevice(network.ub_port, new_subscriber(network)).bootstrap() for _ in range(2))
    sealed = seal_by_hand(known, FQDN, LABEL, 7, b"seven")
    assert UaDevice(naf.port, known).get().status == 200
    assert post(naf, sealed).status == 204

    network.bsf.stop()
    assert UaDevice(naf.port, known).get().status == 200, "from the cache"
    assert UaDevice(naf.port, unknown).get().status == 503
    assert post(naf, sealed).status == 409
    network.bsf.start()
    wait_until_served(UaDevice(naf.port, unknown))
    assert UaDevice(naf.port, unknown).get().status == 200, "the BSF still knows the session"

    naf.stop()
    naf.start()
    naf.wait_for_log("connected with bsf.home.example", since=naf.log_path.read_bytes().rfind(b"ending: signal"))
    assert post(naf, sealed).status == 409, "a restart does not open the window for replays"
    assert post(naf, seal_by_hand(known, FQDN, LABEL, 8, b"eight")).status == 204
    assert messages_in(naf) == [b"seven", b"eight"]
    assert UaDevice(naf.port, known).get().status == 200
