"""test_bootstrap.py: 'gbau bootstrap' and 'gbau naf-key' from end to end, and how they fail."""
import base64
import calendar
import dataclasses
import json
import subprocess
import time

import pytest

from card_by_apdu import EF_GBANL, CardByApdu, tlv
from fake_bsf import FakeBsf
from milenage import UA_HTTP_DIGEST, UA_SEALED
from ub_by_hand import run_of_b_tid

NAF = "naf.example.com"


@pytest.fixture(scope="module")
def network(new_network):
    made = new_network()
    made.prepare(bsf={"key_lifetime": 5000})
    made.start()
    return made


def bootstrap(programs, card, url, *options, pin="1234"):
    """What a bootstrapping that must succeed reports."""
    arguments = ["bootstrap", "--card", card, "--bsf", url, "--json", *options]
    return json.loads(programs.run(*arguments, *(["--pin", pin] if pin else [])))


def fail_to_bootstrap(programs, card, url, *options, pin="1234"):
    """The error lines of a bootstrapping that must fail."""
    arguments = ["bootstrap", "--card", card, "--bsf", url, "--json", *options]
    done = programs.call(*arguments, *(["--pin", pin] if pin else []))
    assert done.returncode == 1 and done.stdout == ""
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 5 and all(line.startswith("gbau") for line in lines), done.stderr
    assert lines[-1].startswith("gbau: ")
    return done.stderr


def naf_key(programs, card, fqdn=NAF, ua=UA_HTTP_DIGEST):
    said = programs.run("naf-key", "--card", card, "--pin", "1234", "--naf", fqdn, "--ua", ua.hex(), "--json")
    return bytes.fromhex(json.loads(said)["ks_ext_naf"])


def gbabp_of(programs, path):
    with CardByApdu(programs, path) as card:
        card.select_usim()
        return card.read_gbabp()


def seconds_from_now(date_time):
    return calendar.timegm(time.strptime(date_time, "%Y-%m-%dT%H:%M:%SZ")) - time.time()


# Success


def test_a_whole_bootstrapping(programs, network, new_subscriber, new_card):
    subscriber = new_subscriber(network)
    path = new_card(subscriber)
    said = bootstrap(programs, path, network.ub_url)
    assert set(said) == {"b_tid", "lifetime", "impi", "mode"}
    assert said["mode"] == "GBA_U" and said["impi"] == subscriber.impi
    assert said["b_tid"].split("@")[1] == subscriber.bsf_fqdn
    assert 4950 < seconds_from_now(said["lifetime"]) <= 5000
    rand, b_tid, lifetime = gbabp_of(programs, path)
    assert (b_tid, lifetime) == (said["b_tid"], said["lifetime"])
    assert base64.b64encode(rand).decode() == b_tid.split("@")[0]
    assert f"bootstrapped in mode GBA_U: B-TID {b_tid}" in network.bsf.log()


def test_naf_keys_are_those_of_the_second_implementation(programs, network, new_subscriber, new_card):
    subscriber = new_subscriber(network)
    path = new_card(subscriber)
    run = run_of_b_tid(subscriber, bootstrap(programs, path, network.ub_url)["b_tid"])
    nafs = [(NAF, UA_HTTP_DIGEST), (NAF, UA_SEALED), ("xcap.ims.mnc001.mcc001.pub.3gppnetwork.org", UA_HTTP_DIGEST)]
    keys = [naf_key(programs, path, *naf) for naf in nafs]
    assert keys == [run.ks_ext_naf(*naf) for naf in nafs] and len(set(keys)) == len(keys)
    with CardByApdu(programs, path) as card:
        card.select_usim()
        for number, (fqdn, ua) in enumerate(nafs, 1):
            record = card.read_record(EF_GBANL, number)
            entry = tlv(0x80, fqdn.encode() + ua) + tlv(0x81, run.b_tid.encode())
            assert record[:len(entry)] == entry and set(record[len(entry):]) <= {0xff}


def test_text_for_people(programs, network, new_subscriber, new_card):
    subscriber = new_subscriber(network)
    text = programs.run("bootstrap", "--card", new_card(subscriber), "--pin", "1234", "--bsf", network.ub_url)
    assert [line.split(": ")[0] for line in text.splitlines()] == ["b_tid", "lifetime", "impi", "mode"]


def test_another_bootstrapping_gives_another_key(programs, network, new_subscriber, new_card):
    subscriber = new_subscriber(network)
    path = new_card(subscriber)
    b_tids, keys = set(), set()
    for _ in range(4):
        b_tid = bootstrap(programs, path, network.ub_url)["b_tid"]
        key = naf_key(programs, path)
        assert key == run_of_b_tid(subscriber, b_tid).ks_ext_naf(NAF)
        assert gbabp_of(programs, path)[1] == b_tid
        b_tids.add(b_tid)
        keys.add(key)
    assert len(b_tids) == 4 and len(keys) == 4


def test_three_digits_of_mnc(programs, new_network, new_subscriber, new_card):
    """The names that follow from the IMSI fit a network code of three digits too."""
    network = new_network()
    network.prepare(bsf={"fqdn": "bsf.mnc101.mcc001.pub.3gppnetwork.org"})
    network.start()
    subscriber = new_subscriber(network, imsi="001101000000001", mnc_digits=3)
    said = bootstrap(programs, new_card(subscriber), network.ub_url)
    assert said["impi"] == "001101000000001@ims.mnc101.mcc001.3gppnetwork.org"
    assert said["b_tid"].endswith("@bsf.mnc101.mcc001.pub.3gppnetwork.org")


def test_lifetime_of_the_subscriber(programs, network, new_subscriber, new_card):
    """The GUSS may shorten the BSF's lifetime, not prolong it."""
    for option, expected in (("60", 60), ("4000", 4000), ("99999", 5000)):
        subscriber = new_subscriber(network, "--lifetime", option)
        said = bootstrap(programs, new_card(subscriber), network.ub_url)
        assert expected - 30 < seconds_from_now(said["lifetime"]) <= expected


def test_a_card_without_pin(programs, network, new_subscriber, new_card):
    path = new_card(new_subscriber(network), "--no-pin")
    assert bootstrap(programs, path, network.ub_url, pin=None)["mode"] == "GBA_U"
    assert bootstrap(programs, path, network.ub_url, pin="9999")["mode"] == "GBA_U", "nobody asks for the PIN"


def test_many_cards_at_once(programs, network, new_subscriber, new_card):
    subscribers = [new_subscriber(network) for _ in range(8)]
    running = [programs.spawn("bootstrap", "--card", new_card(subscriber), "--pin", "1234", "--bsf", network.ub_url,
                              "--json", stdout=subprocess.PIPE, text=True) for subscriber in subscribers]
    for subscriber, process in zip(subscribers, running):
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0 and json.loads(output)["impi"] == subscriber.impi


# Sequence numbers


# The HSS of the examples gives SEQ n the IND 24 + n % 8; a card looks at the SQN of the same IND (33.102 C.2.2).


def test_resynchronisation(programs, network, new_subscriber, new_card):
    """The card is ahead of the HSS: one round of AUTS, and the next bootstrapping needs none."""
    subscriber = new_subscriber(network)
    path = new_card(subscriber, "--sqn", "000000100019")
    mark = network.hss.mark()
    done = programs.call("bootstrap", "--card", path, "--pin", "1234", "--bsf", network.ub_url, "--json")
    assert done.returncode == 0 and "resynchronising" in done.stderr
    run = run_of_b_tid(subscriber, json.loads(done.stdout)["b_tid"])
    assert naf_key(programs, path) == run.ks_ext_naf(NAF)
    assert network.hss.log(mark).count(f"resynchronisation of {subscriber.impi}") == 1
    assert bootstrap(programs, path, network.ub_url)["mode"] == "GBA_U"
    assert network.hss.log(mark).count(f"resynchronisation of {subscriber.impi}") == 1


def test_resynchronisation_after_the_hss_was_restored(programs, network, new_subscriber, new_card):
    """An HSS whose database has an older SQN than the card, as after restoring a backup."""
    subscriber = new_subscriber(network, "--sqn", "000000010000")
    path = new_card(subscriber, "--sqn", "0000fffffff9")
    done = programs.call("bootstrap", "--card", path, "--pin", "1234", "--bsf", network.ub_url, "--json")
    assert done.returncode == 0 and done.stderr.count("resynchronising") == 1


def test_the_highest_sequence_number(programs, network, new_subscriber, new_card):
    """A card that has used up its sequence numbers can never be served: a clear end, no endless rounds."""
    path = new_card(new_subscriber(network, "--sqn", "0000000000c0"), "--sqn", "ffffffffffff")
    started = time.monotonic()
    assert "the BSF refused (403)" in fail_to_bootstrap(programs, path, network.ub_url)
    assert time.monotonic() - started < 10


def test_an_hss_that_is_ahead(programs, network, new_subscriber, new_card):
    """Gaps in SEQ up to 2^28 are taken (33.102 C.2.1); over a wider one the card asks for another SQN, twice."""
    path = new_card(new_subscriber(network, "--sqn", "0001ffffffe0"), "--sqn", "000000000020")
    assert bootstrap(programs, path, network.ub_url)["mode"] == "GBA_U"
    subscriber = new_subscriber(network, "--sqn", "000200000020")
    mark = network.hss.mark()
    errors = fail_to_bootstrap(programs, new_card(subscriber, "--sqn", "000000000020"), network.ub_url)
    assert "the BSF refused (403)" in errors
    assert network.hss.log(mark).count(f"resynchronisation of {subscriber.impi}") == 2


# Keys that differ


def assert_nothing_was_bootstrapped(programs, network, subscriber, path, mark):
    assert f"{subscriber.impi} bootstrapped" not in network.bsf.log(mark)
    done = programs.call("naf-key", "--card", path, "--pin", "1234", "--naf", NAF, "--ua", UA_HTTP_DIGEST.hex())
    assert done.returncode == 1 and "run 'gbau bootstrap' first" in done.stderr
    with CardByApdu(programs, path) as card:
        card.select_usim()
        assert set(card.read_file("6fd6")) <= {0, 0xff}, "EF_GBABP is as it was"


def test_a_gba_subscriber_with_a_gba_u_card(programs, network, new_subscriber, new_card):
    """The HSS believes that the card cannot do GBA_U: AUTN comes unmasked, and the card takes it for forged."""
    subscriber = new_subscriber(network, "--uicc-type", "GBA")
    path, mark = new_card(subscriber), network.bsf.mark()
    errors = fail_to_bootstrap(programs, path, network.ub_url)
    assert "not genuine" in errors and "agree on GBA_U" in errors
    assert_nothing_was_bootstrapped(programs, network, subscriber, path, mark)


@pytest.mark.parametrize("field", ["k", "opc"])
def test_a_card_with_another_key(programs, network, new_subscriber, new_card, field):
    subscriber = new_subscriber(network)
    other = dataclasses.replace(subscriber, **{field: bytes(16)})
    path, mark = new_card(other), network.bsf.mark()
    assert "not genuine" in fail_to_bootstrap(programs, path, network.ub_url)
    assert_nothing_was_bootstrapped(programs, network, subscriber, path, mark)


def test_a_failure_keeps_the_old_key(programs, network, new_subscriber, new_card):
    subscriber = new_subscriber(network)
    path = new_card(subscriber)
    b_tid = bootstrap(programs, path, network.ub_url)["b_tid"]
    fail_to_bootstrap(programs, path, "http://127.0.0.1:1/")
    assert gbabp_of(programs, path)[1] == b_tid
    assert naf_key(programs, path) == run_of_b_tid(subscriber, b_tid).ks_ext_naf(NAF)


def test_a_card_that_the_hss_does_not_know(programs, network, new_subscriber, new_card):
    subscriber = new_subscriber()
    errors = fail_to_bootstrap(programs, new_card(subscriber), network.ub_url)
    assert "the BSF refused (403)" in errors and subscriber.impi in errors


# The PIN


def test_pin_required(programs, network, new_subscriber, new_card):
    errors = fail_to_bootstrap(programs, new_card(new_subscriber(network)), network.ub_url, pin=None)
    assert "the card asks for its PIN: give it with --pin" in errors


def test_a_wrong_pin_until_it_is_blocked(programs, network, new_subscriber, new_card):
    path = new_card(new_subscriber(network))
    for left in (2, 1):
        assert f"wrong PIN, {left} tries left" in fail_to_bootstrap(programs, path, network.ub_url, pin="9999")
    assert bootstrap(programs, path, network.ub_url)["mode"] == "GBA_U", "the right one gives all tries back"
    for left in (2, 1):
        assert f"wrong PIN, {left} tries left" in fail_to_bootstrap(programs, path, network.ub_url, pin="00001234")
    assert "blocked" in fail_to_bootstrap(programs, path, network.ub_url, pin="9999").lower()
    assert "blocked" in fail_to_bootstrap(programs, path, network.ub_url).lower(), "now the right one does not help"


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "1234 "])
def test_what_is_no_pin_costs_no_try(programs, network, new_subscriber, new_card, pin):
    path = new_card(new_subscriber(network))
    for _ in range(3):
        errors = programs.call("bootstrap", "--card", path, "--bsf", network.ub_url, f"--pin={pin}").stderr
        assert "a PIN has 4 to 8 digits" in errors
    assert bootstrap(programs, path, network.ub_url)["mode"] == "GBA_U"


# A network that is not there


def test_no_bsf(programs, new_subscriber, new_card, ports):
    started = time.monotonic()
    errors = fail_to_bootstrap(programs, new_card(new_subscriber()), f"http://127.0.0.1:{ports.take()}/")
    assert "check the address, and that the peer runs" in errors and time.monotonic() - started < 10


def test_hss_down_and_back(programs, new_network, new_subscriber, new_card):
    network = new_network()
    network.prepare()
    network.start()
    path = new_card(new_subscriber(network))
    network.hss.stop()
    errors = fail_to_bootstrap(programs, path, network.ub_url)
    assert "the BSF is not ready (503)" in errors and "HSS" in errors
    mark = network.bsf.mark()
    network.hss.start()
    network.bsf.wait_for_log("connected with hss.home.example", since=mark, timeout=15)
    assert bootstrap(programs, path, network.ub_url)["mode"] == "GBA_U"
    network.bsf.stop()
    assert "check the address, and that the peer runs" in fail_to_bootstrap(programs, path, network.ub_url)
    mark = network.bsf.mark()
    network.bsf.start()
    network.bsf.wait_for_log("connected with hss.home.example", since=mark, timeout=15)
    assert bootstrap(programs, path, network.ub_url)["mode"] == "GBA_U"


# A BSF that is none, or not ours: made by hand, with vectors that the card accepts


@pytest.fixture
def bsf_by_hand(new_subscriber):
    """Makes BSFs that know one subscriber; they end with the test."""
    made = []

    def make(**faults):
        made.append(FakeBsf(new_subscriber(), **faults))
        return made[-1]

    yield make
    for bsf in made:
        bsf.close()


def test_the_bsf_by_hand_is_good(programs, bsf_by_hand, new_card):
    """Otherwise the tests below would prove nothing."""
    bsf = bsf_by_hand()
    path = new_card(bsf.subscriber)
    said = bootstrap(programs, path, bsf.url)
    assert said["b_tid"] == bsf.b_tid == gbabp_of(programs, path)[1]
    assert said["lifetime"] == bsf.lifetime and bsf.response_was_right
    assert "3gpp-gba-tmpi" in bsf.user_agent


@pytest.mark.parametrize("fault", ["no_info", "wrong_rspauth", "body_changed", "no_rspauth", "empty_info"])
def test_a_bsf_must_prove_itself(programs, bsf_by_hand, new_card, fault):
    bsf = bsf_by_hand(fault=fault)
    path = new_card(bsf.subscriber)
    assert "did not prove that it knows the key" in fail_to_bootstrap(programs, path, bsf.url)
    rand, b_tid, lifetime = gbabp_of(programs, path)
    assert (b_tid, lifetime) == ("", ""), "no B-TID of an unproven BSF is written to the card"


def test_a_missing_proof_may_be_allowed_but_not_a_wrong_one(programs, bsf_by_hand, new_card):
    bsf = bsf_by_hand(fault="no_info")
    assert bootstrap(programs, new_card(bsf.subscriber), bsf.url, "--no-rspauth")["b_tid"] == bsf.b_tid
    bsf = bsf_by_hand(fault="wrong_rspauth")
    fail_to_bootstrap(programs, new_card(bsf.subscriber), bsf.url, "--no-rspauth")


@pytest.mark.parametrize("body", [b"", b"hello", b"<a/>", b"<BootstrappingInfo xmlns='uri:3gpp-gba'/>", b"\xff" * 100,
                                  b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a>" * 1000, b"x" * 1000000],
                         ids=lambda body: body[:20].decode("ascii", "replace"))
def test_a_document_that_is_none(programs, bsf_by_hand, new_card, body):
    bsf = bsf_by_hand(body=body)
    path = new_card(bsf.subscriber)
    fail_to_bootstrap(programs, path, bsf.url)
    assert gbabp_of(programs, path)[1] == ""


@pytest.mark.parametrize("header", ["", "Basic realm=\"a\"", "Digest realm=\"a\"", "Digest realm=\"a\", nonce=\"AAAA\"",
                                    "Digest realm=\"a\", nonce=\"AAAA\", qop=\"auth-int\", algorithm=AKAv1-MD5",
                                    "Digest " + "x" * 9000, "garbage"], ids=lambda header: header[:40])
def test_a_challenge_that_is_none(programs, bsf_by_hand, new_card, header):
    bsf = bsf_by_hand(challenge=header)
    assert "is it a BSF?" in fail_to_bootstrap(programs, new_card(bsf.subscriber), bsf.url)


@pytest.mark.parametrize("change", [{"algorithm": "MD5"}, {"qop": '"auth"'}, {"qop": None}])
def test_a_challenge_that_bids_down(programs, bsf_by_hand, new_card, change):
    bsf = bsf_by_hand(changes=change)
    assert "is it a BSF?" in fail_to_bootstrap(programs, new_card(bsf.subscriber), bsf.url)
    assert not bsf.response_was_right, "the card has not answered it"


def test_a_bsf_that_challenges_for_ever(programs, bsf_by_hand, new_card):
    bsf = bsf_by_hand(fault="for_ever")
    assert "the BSF refused (401)" in fail_to_bootstrap(programs, new_card(bsf.subscriber), bsf.url)
    assert bsf.requests <= 5


@pytest.mark.parametrize("status", [200, 204, 302, 400, 403, 404, 500, 503])
def test_answers_that_are_no_challenge(programs, bsf_by_hand, new_card, status):
    bsf = bsf_by_hand(first_status=status)
    errors = fail_to_bootstrap(programs, new_card(bsf.subscriber), bsf.url)
    assert str(status) in errors and bsf.requests == 1, "a redirection is not followed"


def test_a_bsf_that_hangs_up(programs, bsf_by_hand, new_card):
    bsf = bsf_by_hand(fault="hangs_up")
    fail_to_bootstrap(programs, new_card(bsf.subscriber), bsf.url)
