"""test_card_trace.py: 'gbau card trace', and --trace of other verbs; Wireshark's tshark reads what they record."""
import json
import os
import pathlib
import subprocess

import pytest

import virtual_reader
from milenage import UA_HTTP_DIGEST
from secret_search import search, secrets_of_run, secrets_of_subscriber
from ub_by_hand import run_of_b_tid

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
V1 = json.loads((DATA / "gba_u.json").read_text())["vectors"][0]
FQDN = "naf.example.com"
NAF = ["--naf", FQDN, "--ua", UA_HTTP_DIGEST.hex()]
SELECT_USIM = "00A4040407A000000087100200"
PIN = "97531"  # digits that stand in no other number here
VERIFY = f"0020000108{PIN.encode().hex()}FFFFFF"
SESSION = ["00A40004023F0000", "00A4000C022FE2", "00B000000A", SELECT_USIM, "00200001", VERIFY, "00A4000C026F07",
           "00B0000009", "00B0880000", V1["apdu_bootstrap"], V1["naf"][0]["apdu"], "00A4000C026FDA", "00B2010400",
           "00FF000000", "00A4000C021234"]
WORDS = [
    ("SELECT MF", "directory"), ("SELECT EF_ICCID", "ok"), ("READ BINARY EF_ICCID", "8900010101234567896"),
    ("SELECT ADF_USIM", "directory"), ("VERIFY PIN, asking for tries left", "63C3 3 tries left"),
    ("VERIFY PIN (value withheld)", "ok"), ("SELECT EF_IMSI", "ok"), ("READ BINARY EF_IMSI", "001010123456789"),
    ("READ BINARY EF_KEYS", "no keys"),
    (f"AUTHENTICATE GBA bootstrapping, RAND {V1['rand'].upper()}, AUTN {V1['autn_star'].upper()}",
     "RES (8 octets, withheld)"),
    (f"AUTHENTICATE GBA NAF derivation for {FQDN} (HTTP Digest), IMPI {V1['impi']}",
     "Ks_ext_NAF (32 octets, withheld)"),
    ("SELECT EF_GBANL", "ok"), ("READ RECORD 1 of EF_GBANL", f"NAF {FQDN} (HTTP Digest)"),
    ("command FF of class 00, P1 00 P2 00, 0 octets", "6D00 instruction not supported"),
    ("SELECT 1234", "6A82 file not found")]
SECRETS = {"PIN": PIN.encode(), "RES": bytes.fromhex(V1["rapdu_bootstrap"])[2:-2],
           "Ks_ext_NAF": bytes.fromhex(V1["naf"][0]["ks_ext_naf"])}


def tshark(path, *options):
    return subprocess.run(["tshark", "-r", str(path), *options], capture_output=True, text=True, check=True,
                          timeout=60).stdout


def comments(path):
    return tshark(path, "-T", "fields", "-e", "frame.comment").splitlines()


def assert_sound(path, count=None):
    """tshark sees only APDUs, and nothing malformed."""
    protocols = tshark(path, "-T", "fields", "-e", "frame.protocols").splitlines()
    assert protocols and all("gsm_sim" in line for line in protocols)
    assert count is None or len(protocols) == count
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity == error") == ""
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def card(programs, tmp_path):
    path = tmp_path / "v1.card"
    programs.run("card", "create", path, "--imsi", "001010123456789", "--k", V1["k"], "--opc", V1["topc_or_opc"],
                 "--api-naf", f"{FQDN}/ff67620001", "--pin", PIN)
    return path


@pytest.fixture
def recorded(programs, card, tmp_path):
    path = tmp_path / "t.pcapng"
    said = programs.run("card", "trace", "--card", card, "--out", path, stdin="\n".join(SESSION) + "\n")
    return path, said


def test_a_session_is_told_in_words(recorded):
    _, said = recorded
    lines = said.splitlines()
    assert lines[::2] == [f"{number:4}  {command} → {outcome}" for number, (command, outcome) in enumerate(WORDS, 1)]
    assert lines[5] == "      00B000000A → 980010101032547698F69000"
    assert lines[11] == "      0020000108FFFFFFFFFFFFFFFF → 9000"


def test_wireshark_shows_the_words(recorded):
    path, _ = recorded
    assert_sound(path, len(SESSION))
    assert comments(path) == [f"{command}: {outcome}" for command, outcome in WORDS]


def test_secrets_are_nowhere(recorded):
    path, said = recorded
    secrets = {**SECRETS, "K": bytes.fromhex(V1["k"]), "CK": bytes.fromhex(V1["ck"]), "IK": bytes.fromhex(V1["ik"])}
    assert search(secrets, {"file": path.read_bytes(), "words": said.encode()}) == []


def test_keys_of_the_3g_context_are_masked(programs, card, tmp_path):
    path = tmp_path / "t.pcapng"
    command = f"008800812210{V1['rand']}10{V1['autn']}00"
    said = programs.run("card", "trace", "--card", card, "--out", path, "--brief",
                        stdin="\n".join([SELECT_USIM, VERIFY, command]) + "\n")
    assert "CK (16 octets, withheld), IK (16 octets, withheld)" in said
    assert_sound(path, 3)
    assert search({"CK": bytes.fromhex(V1["ck"]), "IK": bytes.fromhex(V1["ik"])},
                  {"file": path.read_bytes(), "words": said.encode()}) == []


def test_a_capture_is_told_again(programs, recorded):
    path, said = recorded
    again = programs.run("card", "trace", "--read", path, "--brief").splitlines()
    told = [line for line in said.splitlines() if not line.startswith("      ")]
    masked = {8: "   9  READ BINARY EF_KEYS → (33 octets, withheld)"}
    assert again == [masked.get(i, line) for i, line in enumerate(told)]


def test_json_lines(programs, card, recorded):
    path, _ = recorded
    said = [json.loads(line) for line in programs.run("card", "trace", "--read", path, "--json").splitlines()]
    assert [(one["command"], one["outcome"]) for one in said[:3]] == WORDS[:3]
    assert said[2]["command_octets"] == "00B000000A" and said[2]["response_octets"] == "980010101032547698F69000"
    assert [one["number"] for one in said] == list(range(1, len(SESSION) + 1))
    assert not said[-1]["succeeded"] and said[0]["succeeded"]


def test_words_without_a_file(programs, card):
    assert programs.run("card", "trace", "--card", card, "--brief", stdin="00200001\n\n") == \
        "   1  VERIFY PIN, asking for tries left → 63C3 3 tries left\n"


def test_captures_of_others(programs, recorded, tmp_path):
    """A classic pcap is refused with what to do; made pcapng by editcap it is read."""
    path, _ = recorded
    classic, converted = tmp_path / "t.pcap", tmp_path / "again.pcapng"
    subprocess.run(["editcap", "-F", "pcap", path, classic], check=True)
    done = programs.call("card", "trace", "--read", classic)
    assert done.returncode == 1 and "editcap -F pcapng" in done.stderr
    subprocess.run(["editcap", "-F", "pcapng", classic, converted], check=True)
    assert programs.run("card", "trace", "--read", converted) == programs.run("card", "trace", "--read", path)


def test_a_capture_cut_off(programs, recorded, tmp_path):
    path, _ = recorded
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(path.read_bytes()[:-20])
    done = programs.call("card", "trace", "--read", cut, "--brief")
    assert done.returncode == 1 and "cut off" in done.stderr
    assert len(done.stdout.splitlines()) == len(SESSION) - 1


@pytest.mark.parametrize("arguments, complaint", [
    ([], "either --card or --read"), (["--card", "a", "--read", "b"], "either --card or --read"),
    (["--read", "/no/such/file"], "cannot read /no/such/file"), (["--read", "/dev/null"], "no pcapng file"),
    (["--card", "/no/such/card"], "No such file"),
    (["--card", "x", "--out", "/no/such/directory/t"], "cannot make the capture")])
def test_wrong_usage_is_told(programs, arguments, complaint):
    done = programs.call("card", "trace", *arguments)
    assert done.returncode != 0 and done.stdout == "" and complaint in done.stderr


def test_lines_that_are_no_apdus(programs, card):
    done = programs.call("card", "trace", "--card", card, stdin="00200001\nxyz\n00200001\n")
    assert done.returncode == 1 and "line 2 is no command APDU" in done.stderr
    assert done.stdout.count("VERIFY") == 1


def test_texts_of_extended_commands_are_masked(programs, card, tmp_path):
    """However long: the capture has the whole command, and it is told again from there."""
    capture = tmp_path / "long.pcapng"
    text = b"attack at dawn! " * 200
    process = f"805200c5{0:02x}{len(text) + 4:04x}8782{len(text):04x}{text.hex()}0000"
    lines = "\n".join(["00a4040c09f06762617501415049", "8050000006890108830131", process])
    told = programs.run("card", "trace", "--card", card, "--out", capture, stdin=lines)
    assert f"PROCESS handle 0, hash ({len(text)} octets, withheld) → 34 octets" in told
    assert b"attack" not in capture.read_bytes() and len(text) < capture.stat().st_size
    assert "PROCESS handle 0, hash" in programs.run("card", "trace", "--read", capture)


def test_help_says_what_is_masked(programs):
    said = programs.run("card", "trace", "--help")
    assert "overwritten with FF" in said and "Ks_ext_NAF" in said


# --trace of other verbs


def test_card_show_records_itself(programs, card, tmp_path):
    path = tmp_path / "show.pcapng"
    plain = programs.run("card", "show", "--card", card, "--pin", PIN)
    assert programs.run("card", "show", "--card", card, "--pin", PIN, "--trace", path) == plain
    assert_sound(path)
    told = comments(path)
    assert told[0] == "MANAGE CHANNEL open: channel 1" and told[-1] == "MANAGE CHANNEL close 1: ok"
    assert "[1] READ BINARY EF_IMSI: 001010123456789" in told
    assert search({"PIN": PIN.encode()}, {"file": path.read_bytes()}) == []


def test_bootstrapping_and_derivation_record_themselves(programs, new_network, new_subscriber, new_card, tmp_path):
    network = new_network()
    network.prepare()
    network.start()
    subscriber = new_subscriber(network)
    path = new_card(subscriber, "--pin", PIN)
    first, second = tmp_path / "bootstrap.pcapng", tmp_path / "naf-key.pcapng"
    said = json.loads(programs.run("bootstrap", "--card", path, "--pin", PIN, "--bsf", network.ub_url, "--json",
                                   "--trace", first))
    programs.run("naf-key", "--card", path, "--pin", PIN, *NAF, "--trace", second)
    assert_sound(first)
    assert_sound(second)
    run = run_of_b_tid(subscriber, said["b_tid"])
    assert any(line.endswith("RES (8 octets, withheld)") for line in comments(first))
    assert any("Ks_ext_NAF (32 octets, withheld)" in line for line in comments(second))
    assert "UPDATE BINARY EF_GBABP at 17: " in "".join(comments(first))
    secrets = {**secrets_of_subscriber(subscriber), **secrets_of_run(run, FQDN), "PIN": PIN.encode(),
               "Ks_ext_NAF": run.ks_ext_naf(FQDN), "RES": run.res_of_gba_u}
    assert search(secrets, {"first": first.read_bytes(), "second": second.read_bytes()}) == []


@pytest.mark.parametrize("verb", [["card", "show"], ["naf-key", *NAF]])
def test_a_capture_that_cannot_be_made_is_told(programs, card, verb):
    done = programs.call(*verb, "--card", card, "--pin", PIN, "--trace", "/no/such/directory/t")
    assert done.returncode == 1 and "cannot make the capture" in done.stderr and done.stdout == ""


def test_over_pcsc(programs, tmp_path_factory, card, tmp_path):
    unshare = ["unshare", "--mount", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no namespaces for us here")
    path = tmp_path / "pcsc.pcapng"
    with virtual_reader.private_pcscd(tmp_path_factory.mktemp("pcsc")) as reader:
        with reader.card([programs.path("gbau"), "card", "serve", card, "--vpcd", reader.vpcd]):
            programs.run("card", "trace", "--card", "pcsc", "--out", path, stdin="\n".join(SESSION) + "\n",
                         prefix=reader.prefix)
    assert_sound(path, len(SESSION))
    assert comments(path) == [f"{command}: {outcome}" for command, outcome in WORDS]
    assert search(SECRETS, {"file": path.read_bytes()}) == []
