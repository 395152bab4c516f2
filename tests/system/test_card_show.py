"""test_card_show.py: 'gbau card show' over card files and over PC/SC."""
import json
import os
import re
import subprocess

import pytest

import virtual_reader
from card_by_apdu import CardByApdu
from secret_search import search, secrets_of_subscriber

ESCAPE = "\x1b"
API_NAF = ["--api-naf", "naf.example.com/ff67620001"]


@pytest.fixture
def subscriber(new_subscriber):
    return new_subscriber()


@pytest.fixture
def card(new_card, subscriber):
    return new_card(subscriber, *API_NAF)


def show(programs, card, *options, **more):
    return json.loads(programs.run("card", "show", "--card", card, "--json", *options, **more))


def find(node, *names):
    for name in names:
        (node,) = [child for child in node["files"] if child["name"] == name]
    return node


def test_text_is_a_tree_with_contents(programs, card, subscriber):
    said = programs.run("card", "show", "--card", card, "--pin", "1234")
    lines = said.splitlines()
    assert lines[0] == str(card)
    assert any(re.fullmatch(r"PIN +01 +verified, 3 tries left", line) for line in lines)
    assert any(re.fullmatch(r"ADM1 +0A +enabled, 10 tries left", line) for line in lines)
    assert any(re.match(r"├─ EF_ICCID +2FE2 +10 +SFI 02 +read always, update never", line) for line in lines)
    assert any(re.match(r"├─ EF_DIR +2F00 +\d+ × 40 +SFI 1E ", line) for line in lines)
    (position,) = [i for i, line in enumerate(lines) if "EF_IMSI" in line and "6F07" in line]
    assert lines[position + 1].endswith(subscriber.imsi)
    assert "68 generic bootstrapping architecture (GBA)" in said
    assert "applet GBA_U API · NAF naf.example.com (private FF67620001)" in said
    assert "could not be read" not in said
    assert ESCAPE not in said, "no colours but on a terminal"


def test_lines_fit(programs, card):
    for line in programs.run("card", "show", "--card", card).splitlines():
        assert len(line) <= 135, line


def test_without_pin_nothing_is_tried(programs, card):
    said = programs.run("card", "show", "--card", card)
    assert re.search(r"PIN +01 +enabled, 3 tries left", said)
    assert re.search(r"EF_IMSI .*needs PIN", said)
    assert re.search(r"\d+ files could not be read for want of a PIN or key; --pin gives the PIN", said)


def test_json_is_structured(programs, card, subscriber):
    said = show(programs, card, "--pin", "1234")
    assert said["card"] == str(card)
    assert said["pins"][0] == {"name": "PIN", "reference": "01", "enabled": True, "verified": True, "blocked": False,
                               "tries_left": 3}
    tree = said["tree"]
    assert (tree["name"], tree["fid"], tree["kind"]) == ("MF", "3F00", "directory")
    imsi = find(tree, "ADF_USIM", "EF_IMSI")
    assert imsi["content"] == subscriber.imsi
    assert {key: imsi[key] for key in ("fid", "kind", "size", "sfi", "state")} == {
        "fid": "6F07", "kind": "transparent", "size": 9, "sfi": "07", "state": "activated"}
    assert (imsi["access"]["read"], imsi["access"]["update"]) == ("PIN", "ADM1")
    assert find(tree, "EF_DIR")["records"][0]["content"]["AID"].startswith("A0000000871002")
    gbanl = find(tree, "ADF_USIM", "EF_GBANL")
    assert gbanl["records"] == [] and gbanl["free"] == gbanl["record_count"]
    assert find(tree, "ADF_USIM", "EF_AD")["content"]["mode"] == "normal operation"
    assert find(tree, "EF_PL")["hex"].startswith("656E")


def test_json_without_pin_says_what_is_needed(programs, card):
    imsi = find(show(programs, card)["tree"], "ADF_USIM", "EF_IMSI")
    assert (imsi["status_word"], imsi["needs"]) == ("6982", "PIN")
    assert "content" not in imsi and "hex" not in imsi


def test_every_file_of_the_card_is_shown(programs, card):
    """What the card's own table of files names, the walk finds: each file that can be selected by hand is there."""
    shown = {node["fid"] for node in find(show(programs, card)["tree"], "ADF_USIM")["files"]}
    with CardByApdu(programs, card) as by_apdu:
        by_apdu.select_usim(pin=None)
        for fid in range(0x6F00, 0x7000):
            _, sw = by_apdu.send(f"00a4000c02{fid:04x}")
            assert (sw == "9000") == (f"{fid:04X}" in shown), f"{fid:04X}"


def test_bootstrapping_is_seen(programs, card, subscriber):
    with CardByApdu(programs, card) as by_apdu:
        by_apdu.select_usim()
        by_apdu.demand("00a4000c026fd6")
        b_tid, lifetime = b"abc@bsf.example.com", b"2030-01-01T00:00:00Z"
        content = bytes([16]) + bytes(range(16)) + bytes([len(b_tid)]) + b_tid + bytes([len(lifetime)]) + lifetime
        by_apdu.demand(f"00d60000{len(content):02x}{content.hex()}")
    content = find(show(programs, card, "--pin", "1234")["tree"], "ADF_USIM", "EF_GBABP")["content"]
    assert content == {"RAND": bytes(range(16)).hex().upper(), "B-TID": b_tid.decode(), "until": lifetime.decode()}


def test_control_characters_never_reach_the_terminal(programs, card):
    hostile = b"\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\xc2\x9b"
    with CardByApdu(programs, card) as by_apdu:
        by_apdu.select_usim()
        by_apdu.demand("00a4000c026fd6")
        content = bytes([0, len(hostile)]) + hostile + bytes([len(hostile)]) + hostile
        by_apdu.demand(f"00d60000{len(content):02x}{content.hex()}")
        by_apdu.demand("00a4000c026f05")
        by_apdu.demand("00d60000021b63")
    for options in (["--pin", "1234"], ["--pin", "1234", "--json"]):
        said = programs.run("card", "show", "--card", card, *options)
        assert all(character.isprintable() or character == "\n" for character in said)
        assert "owned" in said


def test_keys_are_withheld(programs, card, subscriber):
    keys = bytes(range(0x41, 0x61))
    with CardByApdu(programs, card) as by_apdu:
        by_apdu.select_usim()
        by_apdu.demand("00a4000c026f08")
        by_apdu.demand(f"00d600002103{keys.hex()}")
    text = programs.run("card", "show", "--card", card, "--pin", "1234")
    machine = programs.run("card", "show", "--card", card, "--pin", "1234", "--json")
    assert "key set 3 · CK and IK (32 octets, withheld)" in text
    said = {"text": text.encode(), "json": machine.encode()}
    assert search({**secrets_of_subscriber(subscriber), "CK": keys[:16], "IK": keys[16:]}, said) == []


def test_a_wrong_pin_costs_one_try_and_is_told(programs, card):
    done = programs.call("card", "show", "--card", card, "--pin", "9999")
    assert (done.returncode, done.stdout) == (1, "") and "wrong PIN, 2 tries left" in done.stderr
    for _ in range(2):
        assert show(programs, card)["pins"][0]["tries_left"] == 2


def test_a_blocked_pin_is_shown(programs, card):
    with CardByApdu(programs, card) as by_apdu:
        for _ in range(3):
            by_apdu.send("0020000108" + "39" * 8)
    pin = show(programs, card)["pins"][0]
    assert pin["blocked"] and "tries_left" not in pin
    assert "blocked" in programs.run("card", "show", "--card", card)


def test_a_card_without_pin(programs, new_card, subscriber):
    said = show(programs, new_card(subscriber, "--no-pin"))
    assert not said["pins"][0]["enabled"]
    assert find(said["tree"], "ADF_USIM", "EF_IMSI")["content"] == subscriber.imsi


def test_nothing_is_written(programs, card):
    before = card.read_bytes()
    programs.run("card", "show", "--card", card)
    assert card.read_bytes() == before


@pytest.mark.parametrize("arguments, complaint", [
    ([], "missing: --card"), (["--card", "/no/such/card"], "No such file"), (["--card", "x", "--pin"], "value missing"),
    (["more", "--card", "x"], "too much: more")])
def test_wrong_usage_is_told(programs, arguments, complaint):
    done = programs.call("card", "show", *arguments)
    assert done.returncode != 0 and done.stdout == "" and complaint in done.stderr


def test_a_full_disk_is_told(programs, card):
    with open("/dev/full", "w") as full:
        done = subprocess.run([programs.path("gbau"), "card", "show", "--card", card], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "cannot write" in done.stderr


def test_colours_on_a_terminal_only(programs, card):
    command = f"{programs.path('gbau')} card show --card {card}"
    for variables, coloured in (({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False),
                                ({"TERM": "xterm", "NO_COLOR": "1"}, False)):
        environment = {**{key: value for key, value in os.environ.items() if key != "NO_COLOR"}, **variables}
        said = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True, check=True,
                              stdin=subprocess.DEVNULL, env=environment).stdout
        assert (ESCAPE in said) == coloured, variables


def put_objects(programs, card):
    """Two objects into a BER-TLV file: a short one, and one of two blocks."""
    with CardByApdu(programs, card) as by_apdu:
        by_apdu.select_usim()
        by_apdu.demand("00a4080c067f105f3b4f48")
        by_apdu.demand("80db00800481020102")
        whole = bytes([0x82, 0x82, 0x01, 0x2C]) + bytes(300)
        _, sw = by_apdu.send(f"80db0080ff{whole[:255].hex()}")
        assert sw == "63f1"
        by_apdu.demand(f"80db0000{len(whole) - 255:02x}{whole[255:].hex()}")


def test_objects_of_ber_tlv_files(programs, card):
    put_objects(programs, card)
    objects = find(show(programs, card, "--pin", "1234")["tree"], "DF_TELECOM", "DF_MULTIMEDIA", "EF_MMDF")["objects"]
    assert [(one["tag"], one["length"]) for one in objects] == [("81", 2), ("82", 300)]
    assert objects[0]["hex"] == "0102" and objects[1]["hex"] == "00" * 64
    said = programs.run("card", "show", "--card", card, "--pin", "1234")
    assert "81  2 octets  0102" in said and "82  300 octets  0000" in said


def test_over_pcsc(programs, tmp_path_factory, card):
    """The same card gives the same tree whether it is a file or behind pcscd with T=0."""
    unshare = ["unshare", "--mount", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no namespaces for us here")
    put_objects(programs, card)
    by_file = show(programs, card, "--pin", "1234")
    with virtual_reader.private_pcscd(tmp_path_factory.mktemp("pcsc")) as reader:
        with reader.card([programs.path("gbau"), "card", "serve", card, "--vpcd", reader.vpcd]):
            by_pcsc = show(programs, "pcsc", "--pin", "1234", prefix=reader.prefix)
    assert by_pcsc.pop("card") == "pcsc" and by_file.pop("card") == str(card)
    assert by_pcsc == by_file
