"""test_profile.py: cards made of profiles, exported as profiles, and other cards' files imported."""
import os
import pathlib
import re
import stat
import subprocess

import pytest

import virtual_reader

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
IMSI = "001010123456789"
K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"
KEYS = ["--imsi", IMSI, "--k", K, "--opc", OPC]
ADM = "4142434445464748"
SHORT = f'imsi: "{IMSI}"\nk: {K}\nopc: {OPC}\npuk: "87654321"\nadm: {ADM}\n'
USIM_AID = "a0000000871002ffffffff8907090000"
TUAK_TOPC = "bd04d9530e87513c5d837ac2ad954623a8e2330c115305a73eb45d1f40cccbff"
# Changes of a life of a card: tries, PINs, contents, a cyclic file, files deleted and created.
LIFE = [f"00a4040c10{USIM_AID}", "002000010831323334ffffffff", "0020000a08" + ADM, "00a4080c047fff6f39",
        "803200000300000500", "803200000300000200", "00a4080c047fff6f46", "00e40000026f46", "00a4080c027f10",
        "00e000001a621882044221000a83026f448a01058b032f0604800200148800", "00dc01040a0102030405060708090a",
        "002400011031323334ffffffff34373131ffffffff", "002000810830303030ffffffff"]
QUESTIONS = [f"00a4040410{USIM_AID}00", "0020000100", "0020008100", "0020000a00", "002000010834373131ffffffff",
             "0020000a08" + ADM, "00a40804047fff6f3900", "00b2010400", "00b2020400", "00b2030400", "00b2040400",
             "00a40804047fff6f4600", "00a40804047f106f4400", "00b2010400", "00b2020400", "00a40804047fff6f0700",
             "00b0000000", "00a40804022f0600", "00b2010400"]


@pytest.fixture
def profile(tmp_path):
    """Writes a profile; returns its path."""

    def write(text, name="card.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def export(programs, card, *options):
    """A card's profile, as text; what it says to standard error is for people."""
    done = programs.call("card", "export", card, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(programs, card, commands):
    return programs.run("card", "apdu", card, stdin="\n".join(commands) + "\n").split()


def fields(output):
    return dict(line.split(": ", 1) for line in output.splitlines())


@pytest.mark.parametrize("verb, words", [
    ("create", ["--profile", "--topc"]), ("export", ["--without-secrets", "--out"]), ("import", ["--card", "--adm"])])
def test_help(programs, verb, words):
    text = programs.run("card", verb, "--help")
    assert text.startswith(f"usage: gbau card {verb}")
    assert all(word in text for word in words)
    assert max(map(len, text.splitlines())) <= 120


def test_create_of_a_profile_is_create_of_options(programs, tmp_path, profile):
    """The two ways say the same, so they make the same card."""
    path = profile(SHORT + "api:\n  - {naf: naf.example.com/ff67620001}\n")
    said = fields(programs.run("card", "create", tmp_path / "a", "--profile", path))
    assert said == {"card": str(tmp_path / "a"), "imsi": IMSI, "pin": "1234", "puk": "87654321", "adm": ADM}
    programs.run("card", "create", tmp_path / "b", *KEYS, "--puk", "87654321", "--adm", ADM, "--api-naf",
                 "naf.example.com/ff67620001")
    assert export(programs, tmp_path / "a") == export(programs, tmp_path / "b")


def test_options_go_over_a_profile(programs, tmp_path, profile):
    path = profile(SHORT + 'pin: "9999"\napi: [{naf: a.example/0100000002}]\nsqn: "000000000020"\n')
    options = ["--imsi", "001010000000001", "--pin", "4711", "--k", "00" * 16, "--op", "11" * 16, "--puk", "12345678",
               "--sqn", "000000000041", "--iccid", "8988211000000000001", "--adm", "00" * 8, "--api-naf",
               "b.example/0100000002"]
    said = fields(programs.run("card", "create", tmp_path / "a", "--profile", path, *options))
    assert (said["imsi"], said["pin"], said["puk"], said["adm"]) == ("001010000000001", "4711", "12345678", "00" * 8)
    text = export(programs, tmp_path / "a")
    assert 'value: "000000000041"' in text and f'k: "{"00" * 16}"' in text and OPC not in text
    assert "b.example".encode().hex() in text and "a.example".encode().hex() not in text
    assert "# 8988211000000000001" in text
    said = fields(programs.run("card", "create", tmp_path / "b", "--profile", path, "--no-pin"))
    assert said["pin"] == "disabled" and said["imsi"] == IMSI


def test_tuak_by_options(programs, tmp_path):
    programs.run("card", "create", tmp_path / "a", "--imsi", IMSI, "--algorithm", "tuak", "--k", "ab" * 16, "--topc",
                 TUAK_TOPC, "--tuak-iterations", "2")
    programs.run("card", "create", tmp_path / "b", "--imsi", IMSI, "--algorithm", "tuak", "--k", "ab" * 16, "--top",
                 "55" * 32)
    assert "tuak: {res: 64, iterations: 2}" in export(programs, tmp_path / "a")
    assert all(f'topc: "{TUAK_TOPC}"' in export(programs, tmp_path / name) for name in "ab")


@pytest.mark.parametrize("options, words", [
    (["--algorithm", "tuak", "--k", "ab" * 16], "give either --top or --topc"),
    (["--algorithm", "tuak", "--k", "ab" * 15, "--topc", TUAK_TOPC], "--k takes"),
    (["--algorithm", "des", "--k", K, "--opc", OPC], "--algorithm takes milenage, tuak or xor"),
    (["--algorithm", "tuak", "--k", K, "--topc", TUAK_TOPC, "--tuak-iterations", "0"], "--tuak-iterations takes"),
    (["--k", K, "--opc", OPC, "--op", OPC], "give either --op or --opc"),
])
def test_wrong_keys_by_options(programs, tmp_path, options, words):
    done = programs.call("card", "create", tmp_path / "a", "--imsi", IMSI, *options)
    assert done.returncode == 1 and words in done.stderr and not (tmp_path / "a").exists()


@pytest.mark.parametrize("example", ["card.yaml", "card-small.yaml"])
def test_examples(programs, tmp_path, example):
    programs.run("card", "create", tmp_path / "a", "--profile", EXAMPLES / example)
    assert ask(programs, tmp_path / "a", [f"00a4040c10{USIM_AID}", "002000010831323334ffffffff", "00a4080c047fff6f07",
                                          "00b0000000"])[3] == "0809101010325476989000"


@pytest.mark.parametrize("text, words", [
    ("imsi: 12\n", "card.yaml:1: imsi: must be 6 to 15 digits"),
    (SHORT + "\n# a comment\nfiels: []\n", "card.yaml:8: fiels: unknown key; allowed are: base, imsi,"),
    (SHORT + "files:\n  - path: MF/EF_PLX\n", "card.yaml:7: files.0.path: has a part that is neither a known name"),
    (f'imsi: "{IMSI}"\nk: {K}12\n', "card.yaml:2: k: must be 32 hexadecimal digits"),
    ("imsi: [\n", "card.yaml:2:"),
    (f'imsi: "{IMSI}"\n', "k is missing"),
])
def test_wrong_profiles(programs, tmp_path, profile, text, words):
    done = programs.call("card", "create", tmp_path / "a", "--profile", profile(text), *(["--opc", OPC]))
    assert done.returncode == 1 and done.stdout == "" and words in done.stderr and len(done.stderr.splitlines()) == 1
    assert K not in done.stderr and OPC not in done.stderr
    assert not (tmp_path / "a").exists()


def test_a_profile_that_is_not_there(programs, tmp_path):
    done = programs.call("card", "create", tmp_path / "a", "--profile", tmp_path / "none.yaml")
    assert done.returncode == 1 and "none.yaml: No such file" in done.stderr


def test_a_whole_card_takes_no_options(programs, tmp_path):
    done = programs.call("card", "create", tmp_path / "a", "--profile", EXAMPLES / "card-small.yaml", "--pin", "0000")
    assert done.returncode == 1 and "describes a whole card" in done.stderr and not (tmp_path / "a").exists()


def test_export_and_create_give_the_card_again(programs, tmp_path, profile):
    """After a life of changes the copy answers alike, and has the same profile."""
    card, copy = tmp_path / "card", tmp_path / "copy"
    programs.run("card", "create", card, "--profile", profile(SHORT))
    assert {answer[-4:] for answer in ask(programs, card, LIFE)[:-1]} == {"9000"}
    out = tmp_path / "out.yaml"
    done = programs.call("card", "export", card, "--out", out)
    assert done.returncode == 0 and done.stdout == "" and "holds the card's keys and PINs" in done.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert programs.run("card", "create", copy, "--profile", out) == f"card: {copy}\n"
    assert export(programs, copy) == out.read_text()
    answers = ask(programs, card, QUESTIONS)
    assert answers == ask(programs, copy, QUESTIONS)
    assert sum(answer.endswith("9000") for answer in answers) >= 12


def test_export_makes_no_file_twice(programs, tmp_path, profile):
    programs.run("card", "create", tmp_path / "card", "--profile", profile(SHORT))
    out = profile("mine\n", "mine.yaml")
    done = programs.call("card", "export", tmp_path / "card", "--out", out)
    assert done.returncode == 1 and "File exists" in done.stderr and out.read_text() == "mine\n"
    done = programs.call("card", "export", tmp_path / "card", "--out", tmp_path / "no" / "where")
    assert done.returncode == 1 and "No such file" in done.stderr


def test_export_to_a_full_disk(programs, tmp_path, profile):
    programs.run("card", "create", tmp_path / "card", "--profile", profile(SHORT))
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([programs.path("gbau"), "card", "export", tmp_path / "card"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "cannot write the profile" in done.stderr


def test_export_without_secrets(programs, tmp_path, profile):
    programs.run("card", "create", tmp_path / "card", "--profile", profile(SHORT))
    text = programs.run("card", "export", tmp_path / "card", "--without-secrets")
    for secret in (K, OPC, ADM, "87654321", b"87654321".hex(), '"1234"'):
        assert secret not in text
    assert text.count('"" # to be filled in') == 7  # K, OPc, three PINs, two PUKs
    done = programs.call("card", "create", tmp_path / "copy", "--profile", profile(text))
    assert done.returncode == 1 and "pins.0.value: is missing: it has to be filled in" in done.stderr


def filled_in(text):
    """An imported profile with keys and PINs, as a person adds them."""
    values = iter(["1234", "87654321", "1234", "87654321", ADM])
    text = re.sub(r'\b(k|opc): ""', lambda found: f'{found[1]}: "{K if found[1] == "k" else OPC}"', text)
    return re.sub(r'(value|unblock): "" # .*', lambda found: f'{found[1]}: "{next(values)}"', text)


def files_of(text):
    """Path of each file and the lines about it."""
    entries = re.split(r"^  - path: ", text[text.index("\nfiles:"):], flags=re.MULTILINE)[1:]
    return {entry.split()[0]: entry.splitlines()[1:] for entry in entries}


def test_import_and_create_give_the_files_again(programs, tmp_path, profile):
    card, copy = tmp_path / "card", tmp_path / "copy"
    programs.run("card", "create", card, "--profile", profile(SHORT + "api: [{naf: naf.example.com/ff67620001}]\n"))
    out = tmp_path / "out.yaml"
    done = programs.call("card", "import", "--card", card, "--pin", "1234", "--adm", ADM, "--out", out)
    assert done.returncode == 0 and "fill in k, opc and the values of PINs" in done.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    done = programs.call("card", "create", copy, "--profile", out)
    assert done.returncode == 1 and "is missing: it has to be filled in" in done.stderr
    programs.run("card", "create", copy, "--profile", profile(filled_in(out.read_text())))
    left_out = {path for path, lines in files_of(out.read_text()).items() if "    # content left out: keys" in lines}
    assert left_out == {"MF/ADF_USIM/EF_KEYS", "MF/ADF_USIM/EF_KEYSPS", "MF/ADF_USIM/DF_GSM-ACCESS/EF_Kc",
                        "MF/ADF_USIM/DF_GSM-ACCESS/EF_KcGPRS"}
    copied, original = files_of(export(programs, copy)), files_of(export(programs, card))
    assert copied.keys() == original.keys()
    assert all(copied[path] == original[path] for path in original.keys() - left_out)
    both = [f"00a4040410{USIM_AID}00", "002000010831323334ffffffff", "00a40804047fff6f0700", "00b0000000"]
    assert ask(programs, card, both) == ask(programs, copy, both)


def test_import_without_pin_says_what_it_could_not_read(programs, tmp_path, profile):
    programs.run("card", "create", tmp_path / "card", "--profile", profile(SHORT))
    done = programs.call("card", "import", "--card", tmp_path / "card")
    files = files_of(done.stdout)
    assert done.returncode == 0
    assert any("could not be read: 6982" in line for line in files["MF/ADF_USIM/EF_IMSI"])
    assert not any("content" in line for line in files["MF/ADF_USIM/EF_IMSI"])
    assert any("# 8900010101234567896" in line for line in files["MF/EF_ICCID"])


def test_import_with_a_wrong_key(programs, tmp_path, profile):
    programs.run("card", "create", tmp_path / "card", "--profile", profile(SHORT))
    done = programs.call("card", "import", "--card", tmp_path / "card", "--adm", "00" * 8)
    assert done.returncode == 1 and "refuses this ADM1 with 63C9; it was tried once" in done.stderr
    done = programs.call("card", "import", "--card", tmp_path / "card", "--adm", "00" * 7)
    assert done.returncode == 1 and "--adm takes 16 hexadecimal digits" in done.stderr
    assert ask(programs, tmp_path / "card", ["0020000a00"]) == ["63c9"]


def test_import_over_pcsc(programs, tmp_path, profile):
    """Through pcscd the same profile comes out as of the file."""
    unshare = ["unshare", "--mount", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no namespaces for us here")
    programs.run("card", "create", tmp_path / "card", "--profile", profile(SHORT))
    options = ["--pin", "1234", "--adm", ADM]
    by_file = programs.call("card", "import", "--card", tmp_path / "card", *options).stdout
    (tmp_path / "pcsc").mkdir()
    with virtual_reader.private_pcscd(tmp_path / "pcsc") as reader, \
            reader.card([programs.path("gbau"), "card", "serve", tmp_path / "card", "--vpcd", reader.vpcd]):
        by_reader = reader.run([programs.path("gbau"), "card", "import", "--card", "pcsc", *options]).stdout
    assert by_reader == by_file != ""
