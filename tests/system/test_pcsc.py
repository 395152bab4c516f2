"""test_pcsc.py: the card as other people's PC/SC programs see it, and our own tool over PC/SC, on a private pcscd."""
import contextlib
import json
import pathlib
import subprocess
import sys
import time

import pytest

import virtual_reader
from milenage import UA_HTTP_DIGEST
from secret_search import search, secrets_of_run, secrets_of_subscriber
from ub_by_hand import run_of_b_tid

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
V1 = json.loads((DATA / "gba_u.json").read_text())["vectors"][0]
ATR = "3b9f96801f878031e073fe211f674742415553494dd2"
ATR_OF_T1 = "3b800181"
READER = "Virtual PCD 00 00"
SCRIPTED_CARD = pathlib.Path(__file__).with_name("scripted_card.py")
FQDN = "naf.example.com"
NAF = ["--naf", FQDN, "--ua", UA_HTTP_DIGEST.hex()]
SELECT_USIM = "00A4040C07A0000000871002"
VERIFY_PIN = "002000010831323334FFFFFFFF"
READ_IMSI = ["00a4000c026f07", "00b0000001"]


@pytest.fixture(scope="module")
def network(reader, new_network):
    """Beside pcscd, where the tool must be to reach both."""
    made = new_network(prefix=reader.prefix)
    made.prepare()
    made.start()
    return made


@pytest.fixture
def subscriber(network, new_subscriber):
    return new_subscriber(network)


@pytest.fixture
def v1_card(programs, tmp_path):
    path = tmp_path / "v1.card"
    programs.run("card", "create", path, "--imsi", "001010123456789", "--k", V1["k"], "--opc", V1["topc_or_opc"])
    return path


# Other people's programs


def test_the_card_is_seen(reader, served, v1_card):
    with served(v1_card):
        assert READER in reader.run(["opensc-tool", "--list-readers"]).stdout
        assert reader.run(["opensc-tool", "--reader", "0", "--atr"]).stdout.strip().replace(":", "") == ATR
        assert READER in reader.run(["pcsc_scan", "-r"]).stdout
        scanned = reader.run(["pcsc_scan", "-n", "-t", "1"], check=False).stdout
        assert "Card inserted" in scanned and ATR.upper() in scanned.replace(" ", "")


def test_opensc_selects_reads_and_authenticates(reader, served, v1_card):
    """Also where T=0 holds answers back: opensc-tool gets all of them."""
    with served(v1_card):
        answers = reader.send("00A40004023F0000", "00A40004022FE200", "00B000000A", SELECT_USIM, VERIFY_PIN,
                       "00A40004026F0700", "00B0000009", "00B0000001", V1["apdu_bootstrap"], V1["naf"][0]["apdu"])
    assert [sw for _, sw in answers] == ["9000"] * 10
    assert answers[0][0].startswith("62") and answers[6][0] == "080910101032547698" and answers[7][0] == "08"
    assert answers[8][0] + "9000" == V1["rapdu_bootstrap"] and answers[9][0] + "9000" == V1["naf"][0]["rapdu"]


def test_errors_come_through(reader, served, v1_card):
    with served(v1_card):
        answers = reader.send("00A4000C021234", "00FF0000", "A0A40000023F00")
    assert answers == [("", "6a82"), ("", "6d00"), ("", "6e00")]


def test_t0_get_response_by_scriptor(reader, served, v1_card):
    """scriptor sends what it is told: at T=0 a case 4 command without Le gives 61XX, and GET RESPONSE the rest."""
    script = "reset\n00 A4 00 04 02 3F 00\n00 C0 00 00 02\n00 C0 00 00 00\n"
    with served(v1_card):
        output = reader.run(["scriptor", "-p", "T=0"], input=script).stdout
    assert "61 " in output and "62 " in output


def test_scriptor_with_a_script(reader, served, v1_card, tmp_path):
    script = tmp_path / "script"
    script.write_text("00 A4 04 04 07 A0 00 00 00 87 10 02 00\n00 20 00 01 08 31 32 33 34 FF FF FF FF\n")
    with served(v1_card):
        text = reader.run(["scriptor", "-r", READER, script]).stdout
    assert text.count("90 00 : Normal processing.") == 2


# Our own tool


def bootstrap(programs, reader, network, *options, name="pcsc"):
    return programs.call("bootstrap", "--card", name, "--bsf", network.ub_url, "--json", *options, prefix=reader.prefix)


def test_naf_key_through_the_reader(programs, reader, served, v1_card):
    """What one program has bootstrapped the next one derives from."""
    with served(v1_card):
        assert reader.send(SELECT_USIM, VERIFY_PIN, V1["apdu_bootstrap"])[2][1] == "9000"
        said = programs.run("naf-key", "--card", "pcsc", "--pin", "1234", "--json", *NAF, prefix=reader.prefix)
    assert json.loads(said)["ks_ext_naf"] == V1["naf"][0]["ks_ext_naf"]


@pytest.mark.parametrize("name", ["pcsc", "pcsc:0", "pcsc:Virtual", f"pcsc:{READER}"])
def test_bootstrapping(programs, network, reader, served, new_card, subscriber, name):
    """From end to end; the card file afterwards holds what was bootstrapped, and pcscd's log of APDUs holds no key."""
    mark = reader.log.stat().st_size
    path = new_card(subscriber)
    with served(path):
        done = bootstrap(programs, reader, network, "--pin", "1234", name=name)
        assert (done.returncode, done.stderr) == (0, "")
        said = json.loads(done.stdout)
        key = programs.run("naf-key", "--card", name, "--pin", "1234", "--json", *NAF, prefix=reader.prefix)
    run = run_of_b_tid(subscriber, said["b_tid"])
    assert said["mode"] == "GBA_U" and said["impi"] == subscriber.impi
    assert json.loads(key) == {"ks_ext_naf": run.ks_ext_naf(FQDN).hex()}
    assert programs.run("naf-key", "--card", path, "--pin", "1234", "--json", *NAF) == key

    log = {"pcscd": reader.log.read_bytes()[mark:]}
    leaves = {"RAND": run.rand, "Ks_ext_NAF": run.ks_ext_naf(FQDN), "RES": run.res_of_gba_u}
    assert len(search(leaves, log)) == 3, "the log does hold the APDUs"
    assert search({**secrets_of_subscriber(subscriber), **secrets_of_run(run, FQDN)}, log) == []


def test_resynchronisation(programs, network, reader, served, new_card, subscriber):
    with served(new_card(subscriber, "--sqn", "000000100019")):
        done = bootstrap(programs, reader, network, "--pin", "1234")
    assert done.returncode == 0 and "resynchronising" in done.stderr


def test_pins(programs, network, reader, served, new_card, subscriber):
    with served(new_card(subscriber)):
        done = bootstrap(programs, reader, network)
        assert done.returncode == 1 and "give it with --pin" in done.stderr
        done = bootstrap(programs, reader, network, "--pin", "9999")
        assert done.returncode == 1 and "wrong PIN, 2 tries left" in done.stderr
        assert bootstrap(programs, reader, network, "--pin", "1234").returncode == 0


def test_a_card_that_comes_and_goes(programs, network, reader, served, new_card, subscriber):
    path = new_card(subscriber)
    b_tids = set()
    for _ in range(3):
        with served(path):
            b_tids.add(json.loads(bootstrap(programs, reader, network, "--pin", "1234").stdout)["b_tid"])
    assert len(b_tids) == 3


@pytest.mark.parametrize("name, complaint", [
    ("pcsc", "no card in the PC/SC reader"), ("pcsc:7", "no such PC/SC reader"),
    ("pcsc:Elsewhere", "no such PC/SC reader"), ("pcsc:-1", "no such PC/SC reader"), ("pcsc:", "no ")])
def test_no_card_and_no_reader(programs, network, reader, name, complaint):
    done = bootstrap(programs, reader, network, "--pin", "1234", name=name)
    assert done.returncode == 1 and complaint in done.stderr


def test_a_served_card_is_in_use(programs, served, v1_card):
    with served(v1_card):
        done = programs.call("card", "apdu", v1_card)
    assert done.returncode == 1 and "in use" in done.stderr


def test_serving_needs_a_card_and_a_reader(programs, reader, v1_card, tmp_path):
    done = programs.call("card", "serve", tmp_path / "none", "--vpcd", reader.vpcd, prefix=reader.prefix)
    assert done.returncode == 1 and "No such file" in done.stderr
    done = programs.call("card", "serve", v1_card, "--vpcd", "127.0.0.1:1", prefix=reader.prefix)
    assert done.returncode == 1 and "vsmartcard-vpcd" in done.stderr


# Readers


def test_readers_are_listed(programs, reader, served, v1_card):
    listed = json.loads(programs.run("card", "readers", "--json", prefix=reader.prefix))["readers"]
    assert listed[0] == {"name": f"pcsc:{READER}", "card": "absent"}
    with served(v1_card):
        listed = json.loads(programs.run("card", "readers", "--json", prefix=reader.prefix))["readers"]
        assert listed[0] == {"name": f"pcsc:{READER}", "card": "present", "atr": ATR}
        assert programs.run("card", "readers", prefix=reader.prefix).startswith(f"pcsc:{READER}  present  {ATR}\n")
        answers, _ = apdus(programs, reader, SELECT_USIM, name=listed[0]["name"])
    assert answers == ["9000"], "what is listed can be opened"


def test_readers_without_a_service(programs):
    done = programs.call("card", "readers", "--json", env={"PCSCLITE_CSOCK_NAME": "/nowhere", "PATH": "/usr/bin"})
    assert done.returncode == 0 and "start pcscd" in done.stderr
    assert not [entry for entry in json.loads(done.stdout)["readers"] if entry["name"].startswith("pcsc:")]


# Cards that answer otherwise


def apdus(programs, reader, *commands, name="pcsc"):
    """Answers to commands sent by our own tool."""
    done = programs.call("card", "apdu", name, stdin="".join(f"{command}\n" for command in commands),
                         prefix=reader.prefix)
    return done.stdout.split(), done


@pytest.fixture
def scripted(reader):
    """A context with a card that answers after a script; gives its process."""

    @contextlib.contextmanager
    def start(*rules, atr=ATR):
        with reader.card([sys.executable, SCRIPTED_CARD, virtual_reader.VPCD_PORT, atr, *rules],
                         stdout=subprocess.PIPE, text=True) as process:
            yield process

    return start


def commands_of(process):
    """What a scripted card was sent, once it has ended."""
    return process.stdout.read().split()


def test_t0_warnings_and_lengths(programs, reader, scripted):
    with scripted("00a40004=6283", "00c0000000=6c03", "00c0000003=0102039000", "00b0000010=6c02", "00b0000002=aabb9000",
                  "0088=9862", "00c0000010=6c03") as process:
        answers, _ = apdus(programs, reader, "00a40004023f0000", "00b0000010")
    assert answers == ["0102036283", "aabb9000"]
    assert commands_of(process) == ["00a40004023f00", "00c0000000", "00c0000003", "00b0000010", "00b0000002"]


def test_t0_warning_without_data(programs, reader, scripted):
    with scripted("0088=9862", "00c0=6f00") as process:
        answers, _ = apdus(programs, reader, "0088008102aabb00")
    assert answers == ["9862"]
    assert commands_of(process) == ["0088008102aabb", "00c0000000"]


def test_t1(programs, reader, scripted):
    """At T=1 a command goes as it is, and nothing is asked for afterwards."""
    with scripted("00a40004=0102036283", "0088=6105", atr=ATR_OF_T1) as process:
        answers, _ = apdus(programs, reader, "00a40004023f0000", "0088008102aabb00")
    assert answers == ["0102036283", "6105"]
    assert commands_of(process) == ["00a40004023f0000", "0088008102aabb00"]


def wait_for_stall(process, command):
    """Until the card has got the command that it never answers."""
    for line in process.stdout:
        if line.strip().startswith(command):
            return
    raise RuntimeError("the card ended")


def wait_until_seen_absent(reader):
    """Until pcscd, which looks every 0.4 s, has seen that the card is gone: a sooner one it takes for the old one."""
    reader.wait(present=False)
    time.sleep(1.5)


def test_card_is_taken_out_within_a_command(programs, reader, scripted):
    """The card's process is killed while a command is under way: an error in words, soon, and the reader lives."""
    with scripted("0088=stall") as process:
        tool = programs.spawn("card", "apdu", "pcsc", prefix=reader.prefix, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        tool.stdin.write("00a4000c023f00\n0088008102aabb00\n")
        tool.stdin.flush()
        wait_for_stall(process, "0088")
        process.kill()
        started = time.monotonic()
        output, errors = tool.communicate(timeout=20)
        assert time.monotonic() - started < 10
    assert tool.returncode == 1 and output == "9000\n"
    assert "card was taken out" in errors and "line 2" in errors
    wait_until_seen_absent(reader)
    with scripted():
        assert apdus(programs, reader, "00a4000c023f00")[0] == ["9000"]


def test_card_is_taken_out_between_commands(programs, reader, scripted):
    with scripted() as process:
        tool = programs.spawn("card", "apdu", "pcsc", prefix=reader.prefix, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        tool.stdin.write("00a4000c023f00\n")
        tool.stdin.flush()
        assert tool.stdout.readline() == "9000\n"
        process.kill()
        wait_until_seen_absent(reader)
        _, errors = tool.communicate("00a4000c023f00\n", timeout=20)
    assert tool.returncode == 1 and "card was taken out" in errors


def test_another_program_resets_the_card(programs, reader, scripted):
    with scripted():
        tool = programs.spawn("card", "apdu", "pcsc", prefix=reader.prefix, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        tool.stdin.write("00a4000c023f00\n")
        tool.stdin.flush()
        assert tool.stdout.readline() == "9000\n"
        assert apdus(programs, reader, "00a4000c023f00")[0] == ["9000"], "which resets it when it is done"
        _, errors = tool.communicate("00a4000c023f00\n", timeout=20)
    assert tool.returncode == 1
    assert "another program reset the card" in errors and "try again" in errors


def test_the_service_ends_within_a_command(programs, tmp_path):
    """pcscd goes away: no hang, and it is said."""
    with virtual_reader.private_pcscd(tmp_path) as private:
        card = private.start([sys.executable, SCRIPTED_CARD, virtual_reader.VPCD_PORT, ATR, "0088=stall"],
                             stdout=subprocess.PIPE, text=True)
        private.wait(present=True)
        tool = programs.spawn("card", "apdu", "pcsc", prefix=private.prefix, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        tool.stdin.write("0088008102aabb00\n")
        tool.stdin.flush()
        wait_for_stall(card, "0088")
        private.stop_service()
        _, errors = tool.communicate(timeout=20)
        card.kill()
        card.communicate(timeout=20)
    assert tool.returncode == 1 and "PC/SC service ended" in errors


def test_a_served_card_outlives_the_service(programs, tmp_path, v1_card):
    """pcscd is restarted: the card comes back by itself, switched off and on; with --once it ends."""
    serve = [programs.path("gbau"), "card", "serve", v1_card, "--vpcd", virtual_reader.VirtualReader.vpcd]
    with virtual_reader.private_pcscd(tmp_path) as private:
        with private.card(serve, stderr=subprocess.PIPE, text=True) as process:
            assert apdus(programs, private, SELECT_USIM, VERIFY_PIN, *READ_IMSI)[0][3] == "089000"
            private.stop_service()
            private.start_service()
            private.wait(present=True)
            assert apdus(programs, private, SELECT_USIM, *READ_IMSI)[0][2] == "6982"
        assert process.returncode == 0 and "went away" in process.stderr.read()
        once = private.start([*serve, "--once"], stderr=subprocess.PIPE, text=True)
        private.wait(present=True)
        private.stop_service()
        assert (once.wait(timeout=20), once.stderr.read()) == (0, "")
