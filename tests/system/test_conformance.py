"""test_conformance.py: gbau conformance card: our card by file and by PC/SC, reports, exit statuses, wrong use."""
import json
import re
import subprocess
import xml.etree.ElementTree

import pytest

K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"
KEYS = ["--k", K, "--opc", OPC]
PINS = ["--pin", "1234", "--puk", "87654321", "--adm", "4142434445464748"]
ALL = [*PINS, *KEYS, "--destructive"]
RESULTS = ["passed", "failed", "warning", "skipped", "not supported"]
LINE = re.compile(r"(ok  |FAIL|warn|skip|none)  ([a-z0-9_.]+) +TS [0-9.]+ .+")


@pytest.fixture
def card(programs, tmp_path):
    path = tmp_path / "c.card"
    programs.run("card", "create", path, "--imsi", "001010123456789", *KEYS, *PINS)
    return path


def call(programs, card, *options, **others):
    return programs.call("conformance", "card", "--card", card, *options, **others)


def apdu(programs, card, *commands):
    return programs.run("card", "apdu", card, stdin="".join(f"{command}\n" for command in commands)).split()


# The card


def test_our_card_passes(programs, card):
    done = call(programs, card, *ALL)
    assert (done.returncode, done.stderr) == (0, "")
    *lines, summary = done.stdout.splitlines()
    matches = [LINE.fullmatch(line) for line in lines]
    assert all(matches) and len(lines) >= 200
    assert {match[1] for match in matches} == {"ok  "}, "our card has all that there is a check for"
    assert summary == f"{len(lines)} checks: {len(lines)} passed, 0 failed, 0 warning, 0 skipped, 0 not supported"


def test_it_does_so_again(programs, card):
    first, second = (json.loads(call(programs, card, *ALL, "--json").stdout) for _ in range(2))
    assert first == second


def test_without_permission_the_card_stays_as_it_is(programs, card):
    look = ["00A4040407A0000000871002", "002000010831323334FFFFFFFF", "00A4000C026F7B", "00B0000000", "00A4000C026FD6",
            "00B0000000", "00A4000C026FDA", "00B2010400", "00200001", "002C0001", "0020000A"]
    before = apdu(programs, card, *look)
    done = call(programs, card, *PINS, *KEYS)
    assert done.returncode == 0 and "skip" in done.stdout
    assert apdu(programs, card, *look) == before


def test_nothing_secret_is_said(programs, card, tmp_path):
    done = call(programs, card, *PINS, "--k", "00" * 16, "--opc", OPC, "--destructive", "--junit", tmp_path / "report")
    assert done.returncode == 1 and "FAIL" in done.stdout, "K is wrong"
    said = (done.stdout + done.stderr + (tmp_path / "report").read_text()).lower()
    for secret in ("31323334ff", "3837363534333231", "4142434445464748", K, OPC):
        assert secret not in said


# Reports


def test_json(programs, card):
    done = call(programs, card, "--pin", "1234", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert said["card"] == str(card) and list(said["summary"]) == RESULTS
    for result in RESULTS:
        assert sum(check["result"] == result for check in said["checks"]) == said["summary"][result]
    for check in said["checks"]:
        assert list(check) == ["name", "clause", "expectation", "result", "detail"]
        assert (check["detail"] == "") == (check["result"] == "passed")


def test_junit(programs, card, tmp_path):
    report = tmp_path / "report.xml"
    done = call(programs, card, *PINS, *KEYS, "--json", "--junit", report)
    suite = xml.etree.ElementTree.parse(report).getroot()
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert suite.tag == "testsuite" and suite.get("tests") == str(len(checks)) and suite.get("failures") == "0"
    skipped = 0
    for case in suite:
        check = checks.pop(case.get("name"))
        assert case.get("classname") == check["name"].split(".")[0]
        assert (case.find("skipped") is not None) == (check["result"] in ("skipped", "not supported"))
        skipped += case.find("skipped") is not None
    assert not checks and suite.get("skipped") == str(skipped)


def test_list(programs):
    lines = programs.run("conformance", "card", "--list").splitlines()
    listed = json.loads(programs.run("conformance", "card", "--list", "--json"))
    assert len(lines) == len(listed) >= 90
    by_name = {check["name"]: check for check in listed}
    assert len(by_name) == len(listed)
    assert by_name["pin.blocks"]["needs"] == "--destructive, PIN, PUK"
    assert by_name["select.mf"] == {"name": "select.mf", "clause": "TS 102 221 11.1.1", "needs": "",
                                    "expectation": "SELECT 3F00 selects the MF and answers its FCP"}
    only = programs.run("conformance", "card", "--list", "--only", "gba.*").splitlines()
    assert only == [line for line in lines if line.startswith("gba.")]


def test_only(programs, card):
    done = call(programs, card, "--only", "select.*", "--json")
    names = [check["name"] for check in json.loads(done.stdout)["checks"]]
    assert done.returncode == 0 and len(names) > 20 and all(name.startswith("select.") for name in names)


# Trouble


def test_a_card_that_fails(programs, card, tmp_path):
    """Other keys than the card's: checks fail, each with what was seen, and in every report."""
    report = tmp_path / "report.xml"
    options = ["--pin", "1234", "--k", "00" * 16, "--opc", OPC, "--challenges", "--only", "auth.*"]
    done = call(programs, card, *options, "--json", "--junit", report)
    assert done.returncode == 1
    failed = {check["name"]: check for check in json.loads(done.stdout)["checks"] if check["result"] == "failed"}
    assert "gave 9862, expected: 9000" in failed["auth.res"]["detail"]
    suite = xml.etree.ElementTree.parse(report).getroot()
    assert suite.get("failures") == str(len(failed)) == str(len(suite.findall("testcase/failure")))


def test_wrong_pin(programs, card):
    done = call(programs, card, "--pin", "9999")
    assert done.returncode == 1 and "refused the PIN with 63C2" in done.stderr
    assert apdu(programs, card, "00200001") == ["63c2"], "it cost one try and no more"
    assert call(programs, card, "--pin", "9999").returncode == 1
    done = call(programs, card, "--pin", "9999")
    assert done.returncode == 1 and "1 tries left" in done.stderr
    assert apdu(programs, card, "00200001") == ["63c1"], "the last try is not spent"


@pytest.mark.parametrize("options, complaint", [
    ([], "missing: --card"), (["--card", "c", "x"], "too much: x"),
    (["--card", "c", "--only", "no.*"], "names no check"),
    (["--card", "c", "--pin", "12"], "--pin takes 4 to 8 digits"), (["--card", "c", "--puk", "1"], "--puk takes 8"),
    (["--card", "c", "--adm", "00"], "--adm takes 16"), (["--card", "c", "--opc", OPC], "go with --k"),
    (["--card", "c", "--k", K], "either --op or --opc"), (["--card", "c", "--sqn", "1"], "--sqn takes 12"),
    (["--card"], "value missing after --card")])
def test_wrong_usage(programs, tmp_path, options, complaint):
    done = programs.call("conformance", "card", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "") and complaint in done.stderr


def test_no_card(programs, tmp_path):
    done = call(programs, tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "") and "cannot open the card file" in done.stderr


def test_report_that_cannot_be_written(programs, card, tmp_path):
    done = call(programs, card, "--only", "select.*", "--junit", tmp_path / "no" / "report")
    assert done.returncode == 1 and "cannot write" in done.stderr


# Through PC/SC


def test_through_a_reader(programs, reader, card):
    """T=0 in between changes no verdict."""
    by_file = json.loads(call(programs, card, *ALL, "--json").stdout)
    with reader.card([programs.path("gbau"), "card", "serve", card, "--vpcd", reader.vpcd]):
        done = call(programs, "pcsc", *ALL, "--json", prefix=reader.prefix)
    verdicts = [{check["name"]: check["result"] for check in report["checks"]}
                for report in (by_file, json.loads(done.stdout))]
    assert verdicts[0] == verdicts[1] and done.returncode == 0


API_OPTIONS = ["--pin", "1234", "--adm", "4142434445464748", *KEYS, "--destructive"]
ALL_PASSED = r"^(\d+) checks: \1 passed, 0 failed, 0 warning, 0 skipped, 0 not supported$"


@pytest.fixture
def api_card(programs, tmp_path):
    path = tmp_path / "api.card"
    programs.run("card", "create", path, "--imsi", "001010123456789", *KEYS, *PINS, "--api-naf",
                 "test.example.com/0100000002")
    return path


def test_api_of_our_card(programs, api_card):
    """All of the API is there, is checked, and stays usable: a second run finds the same."""
    for _ in range(2):
        assert re.search(ALL_PASSED, programs.run("conformance", "api", "--card", api_card, *API_OPTIONS), re.M)
    without = programs.run("conformance", "api", "--card", api_card)
    assert " 0 failed" in without and " 0 skipped" not in without


def test_api_through_a_reader(programs, reader, api_card):
    """T=0 carries short commands only: the card says so, and the rest is the same."""
    with reader.card([programs.path("gbau"), "card", "serve", api_card, "--vpcd", reader.vpcd]):
        done = subprocess.run([*reader.prefix, programs.path("gbau"), "conformance", "api", "--card", "pcsc",
                               *API_OPTIONS], capture_output=True, text=True, timeout=300, check=False)
    assert re.search(r"^(\d+) checks: \d+ passed, 0 failed, 0 warning, 0 skipped, 2 not supported$", done.stdout,
                     re.M), done.stdout + done.stderr
