"""test_modem.py: our tool and a card in a modem that speaks QMI or MBIM."""
import json
import pathlib

import pytest

from card_by_apdu import CardByApdu
from milenage import UA_HTTP_DIGEST
from modem_emulators import MbimModem, QmiModem

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
V1 = json.loads((DATA / "gba_u.json").read_text())["vectors"][0]
NAF = ["--naf", "naf.example.com", "--ua", UA_HTTP_DIGEST.hex()]
WAYS = [("qmi", QmiModem), ("mbim", MbimModem)]
BOTH = pytest.mark.parametrize("way, modem", WAYS, ids=[way for way, _ in WAYS])


@pytest.fixture(autouse=True)
def built_with_it(programs, way):
    """A build without the library says so, and then there is nothing to test."""
    if f"built without lib{way}" in programs.call("card", "apdu", f"{way}:/dev/gbau-no-such-modem").stderr:
        pytest.skip(f"built without lib{way}")


@pytest.fixture
def v1_card(programs, tmp_path):
    path = tmp_path / "v1.card"
    programs.run("card", "create", path, "--imsi", "001010123456789", "--k", V1["k"], "--opc", V1["topc_or_opc"])
    return path


def apdus(programs, name, *commands):
    done = programs.call("card", "apdu", name, stdin="".join(f"{command}\n" for command in commands))
    return done.stdout.split(), done


@BOTH
def test_channels(programs, v1_card, way, modem):
    """MANAGE CHANNEL, SELECT by AID and commands on channel 1, as on any card."""
    with modem(programs, v1_card) as emulated:
        answers, done = apdus(
            programs, f"{way}:{emulated.device}", "0070000001", "01b0000001", "01a4040c07a0000000871009",
            "01a4040c07a0000000871002", "012000010831323334ffffffff", "01" + V1["apdu_bootstrap"][2:],
            "01a4000c026f07", "01b0000009", "0070000001", "00708001", "01b0000001", "00708001")
    assert answers == ["019000", "6985", "6a82", "9000", "9000", V1["rapdu_bootstrap"], "9000",
                       "0809101010325476989000", "029000", "9000", "6881", "6881"], done.stderr
    assert done.returncode == 0


@BOTH
def test_what_stays_open_is_closed(programs, v1_card, way, modem):
    with modem(programs, v1_card) as emulated:
        answers, _ = apdus(programs, f"{way}:{emulated.device}", "0070000001", "01a4040c07a0000000871002")
    assert answers == ["019000", "9000"]


@BOTH
def test_keys(programs, v1_card, way, modem):
    """What was bootstrapped before the card went into the modem, a NAF key is derived from."""
    with CardByApdu(programs, v1_card) as card:
        card.select_usim()
        card.demand(V1["apdu_bootstrap"])
    with modem(programs, v1_card) as emulated:
        said = programs.run("naf-key", "--card", f"{way}:{emulated.device}", "--pin", "1234", "--json", *NAF)
    assert json.loads(said)["ks_ext_naf"] == V1["naf"][0]["ks_ext_naf"]


@pytest.mark.parametrize("way, modem", WAYS[:1])
def test_channel_0_by_qmi(programs, v1_card, way, modem):
    with modem(programs, v1_card) as emulated:
        answers, _ = apdus(programs, f"{way}:{emulated.device}", "00a4000c022fe2", "00b000000a", "00b0000020")
    assert answers[0] == "9000" and len(answers[1]) == 24 and answers[1].endswith("9000")


@pytest.mark.parametrize("way, modem", WAYS[1:])
def test_channel_0_by_mbim(programs, v1_card, way, modem):
    with modem(programs, v1_card) as emulated:
        answers, done = apdus(programs, f"{way}:{emulated.device}", "00a4000c022fe2")
    assert answers == ["6881"] and "channel 0" in done.stderr


@BOTH
def test_no_card_in_the_modem(programs, v1_card, way, modem):
    with modem(programs, v1_card, is_empty=True) as emulated:
        answers, done = apdus(programs, f"{way}:{emulated.device}", "0070000001", "01a4040c07a0000000871002")
    assert answers == ["019000"] and done.returncode == 1 and "not found" in done.stderr


@BOTH
@pytest.mark.parametrize("cuts", [1, 2, 3, 4])
def test_answers_cut_short(programs, v1_card, way, modem, cuts):
    """What the modem says of a channel or an APDU is less than it claims: an error, and the channel is closed."""
    with modem(programs, v1_card, cuts=cuts) as emulated:
        answers, done = apdus(programs, f"{way}:{emulated.device}", "0070000001", "01a4040c07a0000000871002",
                              "01a4000c026f07")
        emulated.card.open_channels.clear()  # a channel whose number never arrived cannot be closed
    assert answers in (["019000"], ["019000", "9000"]) and done.returncode == 1
    assert "line" in done.stderr


@BOTH
def test_no_such_device(programs, way, modem):
    done = programs.call("card", "apdu", f"{way}:/dev/gbau-no-such-modem")
    assert done.returncode == 1 and "cannot be opened" in done.stderr
    assert len(done.stderr.splitlines()) == 1, "the library's own words are not shown"


@BOTH
def test_a_modem_that_keeps_silent(programs, v1_card, way, modem):
    with modem(programs, v1_card, is_deaf=True) as emulated:
        done = programs.call("card", "apdu", f"{way}:{emulated.device}")
    assert done.returncode == 1 and done.stderr.startswith("gbau: the modem ")
