"""test_cli.py: the tool's and the daemons' command lines: help, every kind of bad input, and cards by APDU."""
import concurrent.futures
import hashlib
import json
import pathlib
import re
import socket
import stat
import subprocess

import pytest

from card_by_apdu import EF_GBANL, CardByApdu, pin_octets, tlv
from milenage import compute_opc
from network import Configuration

VECTORS = [vector for vector in json.loads(
    (pathlib.Path(__file__).resolve().parents[1] / "data" / "gba_u.json").read_text())["vectors"]
    if vector["algorithm"] == "milenage"]
BY_NAME = {"ids": lambda vector: vector["name"]}
DAEMONS = ["gbau-hss", "gbau-bsf", "gbau-naf"]
IMSI = "001010123456789"
K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"
KEYS = ["--imsi", IMSI, "--k", K, "--opc", OPC]
NO_HOST = "http://127.0.0.1:1/"


def assert_fails(done, *words, status=1):
    """A failure: the status, nothing on standard output, a line that says what is wrong, and perhaps a verdict."""
    assert done.returncode == status, f"{done.returncode}: {done.stderr}"
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 2, done.stderr
    for line in lines:
        assert re.match(r"gbau|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ gbau", line), line
    for word in words:
        assert word in done.stderr, done.stderr
    assert K not in done.stderr.lower() and OPC not in done.stderr.lower()


def assert_usage_error(done, *words):
    assert_fails(done, *words, status=2)
    assert len(done.stderr.splitlines()) == 1


def verbs(programs):
    """The verbs that the tool itself lists."""
    lines = programs.run("--help").splitlines()
    return [line[2:24].split() for line in lines if line.startswith("  ")]


# Help


def test_help_lists_the_verbs(programs):
    names = {" ".join(verb) for verb in verbs(programs)}
    assert names >= {"card create", "card apdu", "card serve", "card readers", "bootstrap", "naf-key", "subscriber add",
                     "demo"}
    assert programs.run("-h") == programs.run("--help")


@pytest.mark.parametrize("verb", ["card create", "card apdu", "card serve", "card readers", "bootstrap", "naf-key",
                                  "subscriber add", "conformance card", "conformance api", "demo"])
def test_help_of_every_verb(programs, tmp_path, verb):
    text = programs.run(*verb.split(), "--help", cwd=tmp_path)
    assert text.startswith(f"usage: gbau {verb}") and "--help" in text
    assert list(tmp_path.iterdir()) == [], "help leaves nothing behind"
    assert max(len(line) for line in text.splitlines()) <= 120


@pytest.mark.parametrize("program", DAEMONS)
def test_help_of_every_daemon(programs, tmp_path, program):
    text = programs.run("--help", program=program, cwd=tmp_path)
    assert text.startswith(f"usage: {program}") and "-c FILE" in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["card apdu", "bootstrap", "naf-key"])
def test_every_verb_names_cards_alike(programs, verb):
    assert "FILE, pcsc[:NAME or number], at:DEVICE, qmi:DEVICE or mbim:DEVICE" in programs.run(*verb.split(), "--help")


@pytest.mark.parametrize("arguments", [["card", "apdu", "usb:1"], ["naf-key", "--card", "usb:1", "--naf", "n.example",
                                                                  "--ua", "0100000002"]])
def test_a_way_that_there_is_not(programs, arguments):
    assert_fails(programs.call(*arguments), "'usb:1' is no card", "at:DEVICE")


# Words and options that are not there


@pytest.mark.parametrize("arguments", [["frobnicate"], ["card"], ["card", "burn"], ["Card", "create"], ["subscriber"],
                                       ["--card"], [""], ["naf-key2"]])
def test_unknown_verbs(programs, arguments):
    assert_usage_error(programs.call(*arguments), "unknown verb", "gbau --help")


def test_no_verb_shows_the_verbs(programs):
    done = programs.call()
    assert done.returncode == 2 and done.stdout == "" and "usage: gbau VERB" in done.stderr


@pytest.mark.parametrize("arguments, words", [
    (["card", "create"], ["missing: FILE"]),
    (["card", "create", "c.card"], ["missing: --imsi"]),
    (["card", "create", "c.card", "--imsi", IMSI], ["missing: --k"]),
    (["card", "create", "c.card", "--imsi"], ["value missing after --imsi"]),
    (["card", "create", "c.card", "d.card", *KEYS], ["too much: d.card"]),
    (["card", "create", "c.card", *KEYS, "--imsi", IMSI], ["given twice: --imsi"]),
    (["card", "create", "c.card", *KEYS, "--ki", "1"], ["unknown option --ki"]),
    (["card", "create", "c.card", *KEYS, "--no-pin=1"], ["takes no value: --no-pin"]),
    (["card", "create", "c.card", *KEYS, *["--api-naf", "n.example/ff67620001"] * 17], ["too often: --api-naf"]),
    (["card", "apdu"], ["missing: CARD"]),
    (["card", "apdu", "a", "b"], ["too much: b"]),
    (["card", "serve"], ["missing: FILE"]),
    (["card", "serve", "c.card", "--port", "1"], ["unknown option --port"]),
    (["bootstrap"], ["missing: --card"]),
    (["bootstrap", "--card", "c.card"], ["missing: --bsf"]),
    (["bootstrap", "--card", "c.card", "--bsf", NO_HOST, "x"], ["too much: x"]),
    (["naf-key", "--card", "c.card", "--ua", "0100000002"], ["missing: --naf"]),
    (["naf-key", "--card", "c.card", "--naf", "n.example"], ["missing: --ua"]),
    (["subscriber", "add"], ["missing: --db"]),
    (["subscriber", "add", "--db", "h.db", "--imsi", IMSI], ["missing: --k"]),
])
def test_wrong_usage(programs, tmp_path, arguments, words):
    assert_usage_error(programs.call(*arguments, cwd=tmp_path), *words, "--help'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("program", DAEMONS)
def test_wrong_usage_of_daemons(programs, program):
    assert_usage_error(programs.call(program=program), "missing: -c")
    assert_usage_error(programs.call("-c", program=program), "value missing after -c")
    assert_usage_error(programs.call("-c", "a", "b", program=program), "too much: b")
    assert_usage_error(programs.call("--config", "a", program=program), "unknown option --config")


# card create

BAD_CARD_VALUES = [
    (["--imsi", "12345"], "--imsi takes 6 to 15 digits"),
    (["--imsi", "0010101234567890"], "--imsi takes 6 to 15 digits"),
    (["--imsi", "00101012345678x"], "--imsi takes 6 to 15 digits"),
    (["--imsi", ""], "--imsi takes 6 to 15 digits"),
    (["--k", K[:-2]], "--k takes 32 hexadecimal digits"),
    (["--k", K + "00"], "--k takes 32 hexadecimal digits"),
    (["--k", "g" * 32], "--k takes 32 hexadecimal digits"),
    (["--opc", ""], "--opc takes 32 hexadecimal digits"),
    (["--op", OPC], "either --op or --opc"),
    (["--sqn", "123"], "--sqn takes 12 hexadecimal digits"),
    (["--sqn", "-00000000001"], "--sqn takes 12 hexadecimal digits"),
    (["--pin", "123"], "--pin takes 4 to 8 digits"),
    (["--pin", "123456789"], "--pin takes 4 to 8 digits"),
    (["--pin", "12a4"], "--pin takes 4 to 8 digits"),
    (["--puk", "1234567"], "--puk takes 8 to 8 digits"),
    (["--adm", "00"], "--adm takes 16 hexadecimal digits"),
    (["--mnc-digits", "4"], "--mnc-digits takes a number from 2 to 3"),
    (["--mnc-digits", "two"], "--mnc-digits takes a number from 2 to 3"),
    (["--mnc-digits", " 2"], "--mnc-digits takes a number from 2 to 3"),
    (["--iccid", "12345678901234567"], "--iccid takes 18 to 20 digits"),
    (["--api-naf", "naf.example.com"], "--api-naf takes FQDN/UA"),
    (["--api-naf", "naf.example.com/ff"], "--api-naf takes FQDN/UA"),
    (["--api-naf", "/ff67620001"], "--api-naf"),
    (["--api-naf", "na f/ff67620001"], "is no host name"),
    (["--api-naf", "n" * 300 + "/ff67620001"], "--api-naf"),
]


@pytest.mark.parametrize("bad, complaint", BAD_CARD_VALUES)
def test_card_create_refuses(programs, tmp_path, bad, complaint):
    good = dict(zip(KEYS[::2], KEYS[1::2]))
    good.pop(bad[0], None)
    arguments = [word for pair in good.items() for word in pair] + bad
    assert_fails(programs.call("card", "create", "c.card", *arguments, cwd=tmp_path), complaint)
    assert list(tmp_path.iterdir()) == [], "no half-made card is left"


def test_card_create_needs_op_or_opc(programs, tmp_path):
    done = programs.call("card", "create", "c.card", "--imsi", IMSI, "--k", K, cwd=tmp_path)
    assert_fails(done, "either --op or --opc")


def test_card_create_reports(programs, tmp_path):
    path = tmp_path / "c.card"
    said = json.loads(programs.run("card", "create", path, *KEYS, "--json"))
    assert set(said) == {"card", "imsi", "pin", "puk", "adm"}
    assert (said["card"], said["imsi"], said["pin"]) == (str(path), IMSI, "1234")
    assert re.fullmatch(r"\d{8}", said["puk"]) and re.fullmatch(r"[0-9a-f]{16}", said["adm"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "a card file holds keys"
    other = programs.run("card", "create", tmp_path / "d.card", *KEYS)
    assert f"imsi: {IMSI}\n" in other and said["puk"] not in other, "each card has its own random PUK"


def test_card_create_leaves_an_existing_file_alone(programs, tmp_path):
    path = tmp_path / "c.card"
    programs.run("card", "create", path, *KEYS)
    before = path.read_bytes()
    assert_fails(programs.call("card", "create", path, *KEYS), "File exists")
    assert path.read_bytes() == before
    path.write_text("a letter to somebody")
    assert_fails(programs.call("card", "create", path, *KEYS), "File exists")
    assert path.read_text() == "a letter to somebody"
    assert list(tmp_path.iterdir()) == [path]


def test_card_create_where_nothing_can_be_made(programs, tmp_path):
    assert_fails(programs.call("card", "create", tmp_path / "none" / "c.card", *KEYS), "No such file or directory")
    assert_fails(programs.call("card", "create", "/proc/c.card", *KEYS), "cannot make /proc/c.card")
    assert_fails(programs.call("card", "create", tmp_path / ("n" * 300), *KEYS), "File name too long")


def test_a_result_that_cannot_be_written_is_an_error(programs, tmp_path):
    """PUK and ADM of a new card are shown once: who did not see them must hear of it."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([programs.path("gbau"), "card", "create", tmp_path / "c.card", *KEYS], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False, timeout=20)
        assert done.returncode == 1 and "cannot write" in done.stderr
        done = subprocess.run([programs.path("gbau"), "card", "apdu", tmp_path / "c.card"], input="00a4000c023f00\n",
                              stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=20)
        assert done.returncode == 1 and "cannot write" in done.stderr


def test_op_gives_the_same_card_as_its_opc(programs, tmp_path):
    op = bytes.fromhex("cdc202d5123e20f62b6d676ac72cb318")
    assert compute_opc(bytes.fromhex(K), op).hex() == OPC
    programs.run("card", "create", tmp_path / "op.card", "--imsi", IMSI, "--k", K, "--op", op.hex())
    programs.run("card", "create", tmp_path / "opc.card", *KEYS)
    answers = []
    for name in ("op.card", "opc.card"):
        with CardByApdu(programs, tmp_path / name) as card:
            card.select_usim()
            answers.append(card.send(VECTORS[0]["apdu_bootstrap"]))
    assert answers[0] == answers[1] and answers[0][1] == "9000"


def test_pin_options(programs, tmp_path):
    programs.run("card", "create", tmp_path / "own.card", *KEYS, "--pin", "87654321", "--puk", "11223344")
    with CardByApdu(programs, tmp_path / "own.card") as card:
        card.select_usim(pin=None)
        assert card.send("002000010831323334ffffffff")[1] == "63c2", "the usual PIN is not the one that was given"
        assert card.send("0020000108" + pin_octets("87654321").hex())[1] == "9000"
        unblock = pin_octets("11223344") + pin_octets("4321")
        assert card.send("002c000110" + unblock.hex())[1] == "9000", "the PUK is the one that was given"
    programs.run("card", "create", tmp_path / "none.card", *KEYS, "--no-pin")
    with CardByApdu(programs, tmp_path / "none.card") as card:
        card.select_usim(pin=None)
        assert card.send(VECTORS[0]["apdu_bootstrap"])[1] == "9000", "no PIN is asked for"


def test_identity_options(programs, tmp_path):
    programs.run("card", "create", tmp_path / "c.card", "--imsi", "310410123456789", "--k", K, "--opc", OPC,
                 "--mnc-digits", "3", "--iccid", "8901410123456789012")
    with CardByApdu(programs, tmp_path / "c.card") as card:
        assert card.read_file("2fe2").hex().startswith("981014103254769810f2"[:18])
        card.select_usim()
        assert card.read_file("6f07").hex() == "083901141032547698"
        assert card.read_file("6fad")[3] == 3
    programs.run("card", "create", tmp_path / "d.card", *KEYS)
    with CardByApdu(programs, tmp_path / "d.card") as card:
        assert len(card.read_file("2fe2")) == 10
        card.select_usim()
        assert card.read_file("6fad")[3] == 2


# card apdu


def card_of_vector(programs, directory, vector, sqn):
    path = directory / "v.card"
    programs.run("card", "create", path, "--imsi", vector["impi"].split("@")[0], "--k", vector["k"], "--opc",
                 vector["topc_or_opc"], "--sqn", f"{sqn:012x}")
    return path


@pytest.mark.parametrize("vector", VECTORS, **BY_NAME)
def test_bootstrapping_and_derivation_byte_for_byte(programs, tmp_path, vector):
    path = card_of_vector(programs, tmp_path, vector, int(vector["sqn"], 16) - 32)
    commands = ["00a4040407a000000087100200", "0020000108" + pin_octets("1234").hex(), vector["apdu_bootstrap"]]
    commands += [naf["apdu"] for naf in vector["naf"]]
    lines = programs.run("card", "apdu", path, stdin="".join(f"{command}\n" for command in commands)).splitlines()
    assert lines[0].endswith("9000") and lines[1] == "9000"
    assert lines[2:] == [vector["rapdu_bootstrap"], *[naf["rapdu"] for naf in vector["naf"]]]


@pytest.mark.parametrize("vector", VECTORS, **BY_NAME)
def test_naf_derivation_after_power_loss(programs, tmp_path, vector):
    """Ks survives; each NAF gets its key in whatever order it is asked for, and again."""
    path = card_of_vector(programs, tmp_path, vector, int(vector["sqn"], 16) - 32)
    with CardByApdu(programs, path) as card:
        card.select_usim()
        card.demand(vector["apdu_bootstrap"])
    for naf in [*reversed(vector["naf"]), *vector["naf"]]:
        with CardByApdu(programs, path) as card:
            card.select_usim()
            data, sw = card.send(naf["apdu"])
            assert data.hex() + sw == naf["rapdu"]
            assert card.read_record(EF_GBANL).startswith(tlv(0x80, bytes.fromhex(naf["naf_id"]))) or \
                card.read_record(EF_GBANL, 2).startswith(tlv(0x80, bytes.fromhex(naf["naf_id"])))


@pytest.mark.parametrize("vector", VECTORS, **BY_NAME)
def test_resynchronisation_byte_for_byte(programs, tmp_path, vector):
    path = card_of_vector(programs, tmp_path, vector, int(vector["resync"]["sqn_ms"], 16))
    with CardByApdu(programs, path) as card:
        card.select_usim()
        data, sw = card.send(vector["apdu_bootstrap"])
        assert data.hex() + sw == vector["resync"]["rapdu"]
        assert card.send(vector["naf"][0]["apdu"])[1] == "6985", "a sync failure leaves no Ks"


@pytest.mark.parametrize("vector", VECTORS, **BY_NAME)
def test_replayed_challenge(programs, tmp_path, vector):
    """The same AUTN a second time is a sync failure whose AUTS names the SQN of the first."""
    path = card_of_vector(programs, tmp_path, vector, int(vector["sqn"], 16) - 32)
    with CardByApdu(programs, path) as card:
        card.select_usim()
        card.demand(vector["apdu_bootstrap"])
        data, sw = card.send(vector["apdu_bootstrap"])
        assert sw == "9000" and data[:2] == b"\xdc\x0e"


def test_naf_derivation_before_bootstrapping(programs, tmp_path):
    path = card_of_vector(programs, tmp_path, VECTORS[0], 0)
    with CardByApdu(programs, path) as card:
        card.select_usim()
        assert card.send(VECTORS[0]["naf"][0]["apdu"])[1] == "6985"


def test_card_apdu_input(programs, tmp_path):
    """Blank lines and carriage returns do no harm; both cases of letters are digits."""
    path = card_of_vector(programs, tmp_path, VECTORS[0], 0)
    assert programs.run("card", "apdu", path, stdin="") == ""
    text = "\n\r\n00a4000c023f00\r\n\n00A4000C023F00\n00a4000c02dead"
    assert programs.run("card", "apdu", path, stdin=text).split() == ["9000", "9000", "6a82"]


def test_card_apdu_takes_extended_commands(programs, tmp_path):
    """A hash of more than a short command holds (docs/gba_u-api.md 8.1); other commands stay short."""
    path = card_of_vector(programs, tmp_path, VECTORS[0], 0)
    text = bytes(range(250)) * 4
    lines = ["00a4040c09f06762617501415049", "8050000006890108830131", f"805200c5{0:02x}03ec878203e8{text.hex()}0000",
             "00a4000c0000023f00"]
    assert programs.run("card", "apdu", path, stdin="\n".join(lines)).split() == [
        "9000", "9001009000", f"8e20{hashlib.sha256(text).hexdigest()}9000", "6700"]


@pytest.mark.parametrize("line", [
    "zz", "00a", "00a4", "00a400", "00 a4 00 0c 02 3f 00", "00a4000c023f00 ", "0x00a40000", "00" * 16906, "00" * 100000,
    "-", "\x01"], ids=lambda line: repr(line[:20]))
def test_card_apdu_stops_at_a_bad_line(programs, tmp_path, line):
    path = card_of_vector(programs, tmp_path, VECTORS[0], 0)
    done = programs.call("card", "apdu", path, stdin=f"00a4000c023f00\n{line}\n00a4000c02dead\n")
    assert done.returncode == 1 and done.stdout == "9000\n", "what came before counts, what comes after does not"
    assert done.stderr.startswith("gbau: line 2 is no command APDU") and done.stderr.count("\n") == 1


def test_files_that_are_no_cards(programs, tmp_path):
    whole = card_of_vector(programs, tmp_path, VECTORS[0], 0).read_bytes()
    none, damaged = "is not a card file", "is damaged"
    contents = {b"hello\n": none, b"": none, b"\0" + whole[:-1]: none, bytes(len(whole)): none, whole[:100]: none,
                whole[:-1]: damaged, whole[:500] + bytes([whole[500] ^ 1]) + whole[501:]: damaged}
    path = tmp_path / "other.card"
    for content, complaint in contents.items():
        path.write_bytes(content)
        assert_fails(programs.call("card", "apdu", path), complaint)
        assert_fails(programs.call("bootstrap", "--card", path, "--bsf", NO_HOST), complaint)
        assert path.read_bytes() == content
    assert_fails(programs.call("card", "apdu", tmp_path), "Is a directory")
    assert_fails(programs.call("card", "apdu", tmp_path / "none.card"), "No such file or directory")
    assert_fails(programs.call("card", "serve", tmp_path / "none.card"), "No such file or directory")
    assert_fails(programs.call("naf-key", "--card", tmp_path / "none.card", "--naf", "n.example", "--ua", "0100000002"),
                 "No such file or directory")


def test_a_card_is_in_one_hand_at_a_time(programs, tmp_path):
    path = card_of_vector(programs, tmp_path, VECTORS[0], 0)
    with CardByApdu(programs, path) as card:
        assert card.send("00a4000c023f00")[1] == "9000"
        assert_fails(programs.call("card", "apdu", path), "in use")
        assert_fails(programs.call("bootstrap", "--card", path, "--bsf", NO_HOST), "in use")
        assert card.send("00a4000c023f00")[1] == "9000"


# card serve, bootstrap, naf-key: what fails before any network is needed


def test_card_serve_without_a_reader(programs, tmp_path, ports):
    path = card_of_vector(programs, tmp_path, VECTORS[0], 0)
    assert_fails(programs.call("card", "serve", path, "--vpcd", f"127.0.0.1:{ports.take()}"), "no virtual reader")
    for address in ("", ":", ":1", "[::1", "x" * 300 + ":1"):
        assert_fails(programs.call("card", "serve", path, "--vpcd", address), "--vpcd takes HOST:PORT", status=2)


@pytest.mark.parametrize("url", ["nonsense", "127.0.0.1:8080", "ftp://127.0.0.1/", "", "file:///etc/passwd"])
def test_bootstrap_with_a_bad_url(programs, tmp_path, url):
    path = card_of_vector(programs, tmp_path, VECTORS[0], 0)
    assert_fails(programs.call("bootstrap", "--card", path, "--pin", "1234", "--bsf", url), "--bsf takes http://")


def test_naf_key_with_bad_values(programs, tmp_path):
    path = card_of_vector(programs, tmp_path, VECTORS[0], int(VECTORS[0]["sqn"], 16) - 32)
    call = ["naf-key", "--card", path, "--pin", "1234"]
    assert_fails(programs.call(*call, "--naf", "n.example", "--ua", "01"), "--ua takes 10 hexadecimal digits")
    assert_fails(programs.call(*call, "--naf", "n example", "--ua", "0100000002"), "--naf: 'n example' is no host name")
    assert_fails(programs.call(*call, "--naf", "", "--ua", "0100000002"), "--naf: '' is no host name")
    assert_fails(programs.call(*call, "--naf", "n.example", "--ua", "0100000002"), "run 'gbau bootstrap' first")
    with CardByApdu(programs, path) as card:
        card.select_usim()
        card.demand(VECTORS[0]["apdu_bootstrap"])
    assert_fails(programs.call(*call, "--naf", "n" * 240, "--ua", "0100000002"), "too long")
    said = json.loads(programs.run(*call, "--naf", "NAF.Example.com", "--ua", "0100000002", "--json"))
    assert said == {"ks_ext_naf": VECTORS[0]["naf"][0]["ks_ext_naf"]}, "the case of the name does not matter"


@pytest.mark.parametrize("vector", VECTORS, **BY_NAME)
def test_naf_key_gives_the_vectors(programs, tmp_path, vector):
    path = card_of_vector(programs, tmp_path, vector, int(vector["sqn"], 16) - 32)
    with CardByApdu(programs, path) as card:
        card.select_usim()
        card.demand(vector["apdu_bootstrap"])
    for naf in vector["naf"]:
        text = programs.run("naf-key", "--card", path, "--pin", "1234", "--naf", naf["fqdn"], "--ua", naf["ua"])
        assert text == f"ks_ext_naf: {naf['ks_ext_naf']}\n"


# subscriber add


def test_subscriber_add(programs, tmp_path):
    text = programs.run("subscriber", "add", "--db", tmp_path / "h.db", *KEYS)
    assert text == f"added {IMSI}@ims.mnc001.mcc001.3gppnetwork.org\n"
    text = programs.run("subscriber", "add", "--db", tmp_path / "h.db", "--imsi", "310410123456789", "--k", K, "--op",
                        OPC, "--mnc-digits", "3", "--amf", "8000", "--sqn", "000000000020", "--uicc-type", "GBA",
                        "--lifetime", "60", "--impi", "somebody@example.org")
    assert text == "added somebody@example.org\n"
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, f"{path} holds keys"


@pytest.mark.parametrize("bad, complaint", [
    (["--imsi", "1"], "--imsi takes 6 to 15 digits"),
    (["--k", "00"], "--k takes 32 hexadecimal digits"),
    (["--opc", "zz"], "--opc takes 32 hexadecimal digits"),
    (["--op", OPC], "either --op or --opc"),
    (["--amf", "80"], "--amf takes 4 hexadecimal digits"),
    (["--sqn", "0000000000000"], "--sqn takes 12 hexadecimal digits"),
    (["--uicc-type", "gba_u"], "--uicc-type takes GBA or GBA_U"),
    (["--lifetime", "0"], "--lifetime takes a number from 1"),
    (["--lifetime", "4294967296"], "--lifetime takes a number from 1"),
    (["--lifetime", "99999999999999999999999"], "--lifetime takes a number from 1"),
    (["--mnc-digits", "1"], "--mnc-digits takes a number from 2 to 3"),
    (["--impi", "nobody"], "--impi takes USER@DOMAIN"),
    (["--impi", "n" * 250 + "@example"], "--impi takes USER@DOMAIN"),
])
def test_subscriber_add_refuses(programs, tmp_path, bad, complaint):
    good = dict(zip(KEYS[::2], KEYS[1::2]))
    good.pop(bad[0], None)
    arguments = [word for pair in good.items() for word in pair] + bad
    assert_fails(programs.call("subscriber", "add", "--db", tmp_path / "h.db", *arguments), complaint)
    assert list(tmp_path.iterdir()) == []


def test_subscriber_add_twice(programs, tmp_path):
    database = tmp_path / "h.db"
    programs.run("subscriber", "add", "--db", database, *KEYS)
    before = database.read_bytes()
    assert_fails(programs.call("subscriber", "add", "--db", database, *KEYS), "already exists")
    other = ["--imsi", "001010000000009", "--k", K, "--opc", OPC, "--impi", f"{IMSI}@ims.mnc001.mcc001.3gppnetwork.org"]
    assert_fails(programs.call("subscriber", "add", "--db", database, *other), "already exists")
    assert database.read_bytes() == before


def test_subscriber_add_to_something_else(programs, tmp_path):
    letter = tmp_path / "letter"
    letter.write_text("a letter to somebody\n" * 100)
    before = letter.read_bytes()
    assert_fails(programs.call("subscriber", "add", "--db", letter, *KEYS), "not a database")
    assert letter.read_bytes() == before
    assert_fails(programs.call("subscriber", "add", "--db", tmp_path / "none" / "h.db", *KEYS), "No such file")
    assert_fails(programs.call("subscriber", "add", "--db", tmp_path / "h.db", "--key-file", letter, *KEYS), "key")


# Configurations


def start_with(programs, directory, program, text):
    path = directory / "c.yaml"
    path.write_text(text)
    return programs.call("-c", path, program=program, cwd=directory)


@pytest.fixture
def example(ports):
    """The text of a daemon's example, with free ports in it."""

    def make(program):
        configuration = Configuration(f"{program[5:]}.yaml")
        for port in sorted(set(re.findall(r"127\.0\.0\.1:(\d+)", configuration.text))):
            configuration.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ports.take()}")
        return configuration

    return make


@pytest.mark.parametrize("program", DAEMONS)
def test_a_configuration_that_cannot_be_read(programs, tmp_path, program):
    assert_fails(programs.call("-c", tmp_path / "none.yaml", program=program), "No such file or directory")
    assert_fails(programs.call("-c", tmp_path, program=program), "Is a directory")
    for text, complaint in [("a: [b\n", "c.yaml:"), ("\x00\x01", "c.yaml"), ("a: 1\na: 2\n", "given twice"),
                            ("x" * (1 << 20) + "x", "longer than 1 MiB"), ("\t- a", "c.yaml:1")]:
        assert_fails(start_with(programs, tmp_path, program, text), complaint)


@pytest.mark.parametrize("program", DAEMONS)
def test_every_misspelt_key_is_found(programs, tmp_path, example, program):
    """Whatever key of the example is misspelt: the daemon does not start, and names what is wrong."""
    keys = r"(?m)^ *(?:- )?([a-z_]+):"
    count = len(re.findall(keys, example(program).text))

    def misspell(number):
        directory = tmp_path / str(number)
        directory.mkdir()
        whole = example(program).text  # with ports of its own
        key = list(re.finditer(keys, whole))[number]
        return key[1], start_with(programs, directory, program, whole[:key.end(1)] + "x" + whole[key.end(1):])

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for key, done in pool.map(misspell, range(count)):
            assert_fails(done)
            assert key in done.stderr, f"{key} misspelt: {done.stderr}"


@pytest.mark.parametrize("program", DAEMONS)
def test_an_unknown_key_is_found(programs, tmp_path, example, program):
    assert_fails(start_with(programs, tmp_path, program, example(program).text + "colour: green\n"),
                 "colour: unknown setting")


@pytest.mark.parametrize("program, old, new, complaint", [
    ("gbau-hss", "seq_block: 32", "seq_block: many", "seq_block must be a whole number"),
    ("gbau-hss", "seq_block: 32", "seq_block: 0", "seq_block must be a whole number"),
    ("gbau-hss", "seq_block: 32", "seq_block: 1.5", "seq_block must be a whole number"),
    ("gbau-hss", "seq_block: 32", "seq_block: 99999999999999999999", "seq_block must be a whole number"),
    ("gbau-hss", "first: 24", "first: 32", "ind.first must be a whole number from 0 to 31"),
    ("gbau-hss", "count: 8", "count: 9", "not started"),
    ("gbau-hss", "level: info", "level: loud", "log.level: 'loud'"),
    ("gbau-bsf", "key_lifetime: 86400", "key_lifetime: -1", "key_lifetime must be a whole number"),
    ("gbau-bsf", "may_see_impi: true", "may_see_impi: perhaps", "may_see_impi must be true or false"),
    ("gbau-bsf", "fqdns: [naf.example.com]", "fqdns: []", "fqdns: 1 to 8 names"),
    ("gbau-bsf", "fqdn: bsf", f"fqdn: {'b' * 300}", "fqdn: 1 to 253 characters"),
    ("gbau-bsf", "path: bsf-sessions ", "path: /proc/none ", "not started"),
    ("gbau-naf", "ua: ff67620001", "ua: ff6762", "sealed.ua: 10 hexadecimal digits"),
    ("gbau-naf", "path: /sealed", "path: sealed", "not started"),
    ("gbau-naf", "inbox: naf-inbox", "inbox: /proc/none", "cannot open the inbox /proc/none"),
    ("gbau-naf", "listen: 127", "listen: 1277", "not an address to listen on"),
])
def test_wrong_values(programs, tmp_path, example, program, old, new, complaint):
    configuration = example(program)
    configuration.replace(old, new)
    assert_fails(start_with(programs, tmp_path, program, configuration.text), complaint)


@pytest.mark.parametrize("program", DAEMONS)
def test_a_port_in_use(programs, tmp_path, example, program):
    text = example(program).text
    port = int(re.search(r"listen: 127\.0\.0\.1:(\d+)", text)[1])
    with socket.create_server(("127.0.0.1", port)):
        done = start_with(programs, tmp_path, program, text)
    assert_fails(done, "ddress already in use")


@pytest.mark.parametrize("program", DAEMONS)
@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1", "127.0.0.1:", ":1", "127.0.0.1:70000", "127.0.0.1:1x",
                                     "[::1]"])
def test_addresses_that_are_none(programs, tmp_path, example, program, address):
    text = re.sub(r"listen: \S+", f"listen: '{address}'", example(program).text, count=1)
    assert_fails(start_with(programs, tmp_path, program, text), f"'{address}' is no ADDRESS:PORT")
