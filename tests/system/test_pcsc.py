"""test_pcsc.py: the card as other people's PC/SC programs see it: pcscd, vpcd, opensc-tool, pcsc_scan, scriptor."""
import json
import os
import pathlib
import subprocess

import pytest

import virtual_reader

BUILD = pathlib.Path(os.environ.get("GBAU_BUILD", "build")).resolve()
GBAU = BUILD / "src/cli/gbau"
DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
V1 = json.loads((DATA / "gba_u.json").read_text())["vectors"][0]
ATR = "3b:9f:96:80:1f:87:80:31:e0:73:fe:21:1f:67:47:42:41:55:53:49:4d:d2"
SELECT_USIM = "00A4040C07A0000000871002"
VERIFY_PIN = "002000010831323334FFFFFFFF"


def make_card(path):
    subprocess.run([GBAU, "card", "create", path, "--imsi", "001010123456789", "--k", V1["k"], "--opc",
                    V1["topc_or_opc"], "--pin", "1234"], check=True, capture_output=True)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A virtual reader with our card in it."""
    directory = tmp_path_factory.mktemp("pcsc")
    card = directory / "card"
    make_card(card)
    with virtual_reader.private_pcscd(directory) as private:
        with private.card([GBAU, "card", "serve", card, "--vpcd", private.vpcd]):
            private.card_file = card
            yield private


def opensc_send(reader, *apdus):
    """Sends APDUs in one session; gives the status word of each and all that was printed."""
    arguments = [word for apdu in apdus for word in ("-s", apdu)]
    output = reader.run(["opensc-tool", "--card-driver", "default", *arguments]).stdout
    words = [line.split("SW1=0x")[1][:2] + line.split("SW2=0x")[1][:2] for line in output.splitlines()
             if "SW1=" in line]
    return words, output


def test_opensc_sees_reader_and_atr(reader):
    assert "Virtual PCD" in reader.run(["opensc-tool", "--list-readers"]).stdout
    assert reader.run(["opensc-tool", "--atr"]).stdout.strip().lower() == ATR


def test_pcsc_scan_knows_the_atr(reader):
    output = reader.run(["pcsc_scan", "-r"]).stdout
    assert "Virtual PCD" in output


def test_opensc_selects_reads_and_authenticates(reader):
    words, output = opensc_send(reader, "00A40004023F0000", "00A40004022FE200", "00B000000A", SELECT_USIM, VERIFY_PIN,
                                "00A40004026F0700", "00B0000009", V1["apdu_bootstrap"])
    assert words == ["9000"] * 8
    assert "08 09 10 10 10 32 54 76 98" in output
    assert " ".join(V1["res_flipped"][i:i + 2].upper() for i in range(0, 16, 2)) in output


def test_errors_come_through(reader):
    words, _ = opensc_send(reader, "00A4000C021234", "00FF0000", "A0A40000023F00")
    assert words == ["6A82", "6D00", "6E00"]


def test_t0_get_response_by_scriptor(reader):
    """scriptor sends what it is told: at T=0 a case 4 command without Le gives 61XX, and GET RESPONSE the rest."""
    script = "reset\n00 A4 00 04 02 3F 00\n00 C0 00 00 02\n00 C0 00 00 00\n"
    output = reader.run(["scriptor", "-p", "T=0"], input=script).stdout
    assert "61 " in output
    assert "62 " in output


def test_our_reader_finds_it_by_number_and_name(reader):
    for name in ("pcsc", "pcsc:0", "pcsc:Virtual"):
        failed = reader.run([GBAU, "naf-key", "--card", name, "--pin", "1234", "--naf", "naf.example.com", "--ua",
                             "0100000002"], check=False)
        assert failed.returncode in (0, 1)
        assert "no such PC/SC reader" not in failed.stderr
    wrong = reader.run([GBAU, "naf-key", "--card", "pcsc:Nothing", "--naf", "n", "--ua", "0100000002"], check=False)
    assert wrong.returncode == 1
    assert "no such PC/SC reader" in wrong.stderr


def test_served_card_is_locked(reader):
    refused = subprocess.run([GBAU, "card", "apdu", reader.card_file], input="", capture_output=True, text=True)
    assert refused.returncode == 1
    assert "in use" in refused.stderr


def test_naf_key_through_the_reader(reader):
    """V1 was bootstrapped above or is now: the card derives, at T=0, what the vector says."""
    opensc_send(reader, SELECT_USIM, VERIFY_PIN, V1["apdu_bootstrap"])
    naf = V1["naf"][0]
    done = reader.run([GBAU, "naf-key", "--card", "pcsc", "--pin", "1234", "--naf", naf["fqdn"], "--ua", naf["ua"],
                       "--json"])
    assert json.loads(done.stdout)["ks_ext_naf"] == naf["ks_ext_naf"]


def test_without_a_reader(tmp_path):
    refused = subprocess.run([GBAU, "card", "serve", tmp_path / "none"], capture_output=True, text=True)
    assert refused.returncode == 1
    make_card(tmp_path / "card")
    refused = subprocess.run([GBAU, "card", "serve", tmp_path / "card", "--vpcd", "127.0.0.1:1"],
                             capture_output=True, text=True)
    assert refused.returncode == 1
    assert "vsmartcard-vpcd" in refused.stderr
