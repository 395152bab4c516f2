"""test_modem_startup.py: what a modem does from power-on to power-off, through PC/SC and T=0, on a new card."""
import secrets

import pytest

from card_by_apdu import lv, pin_octets, tlv
from milenage import Subscriber

USIM_AID = bytes.fromhex("a0000000871002ffffffff8907090000")
ISIM_AID = bytes.fromhex("a0000000871004ffffffff8907090000")
NO_PLMN = "ffffff0000"

# Transparent files that a modem reads after VERIFY PIN: path from MF, and the content on a new card.
USIM_FILES = {
    "EF_LI": ("7fff6f05", "656effffffff"),
    "EF_UST": ("7fff6f38", None),
    "EF_EST": ("7fff6f56", "00"),
    "EF_AD": ("7fff6fad", "00000002"),
    "EF_IMSI": ("7fff6f07", None),
    "EF_ACC": ("7fff6f78", None),
    "EF_HPPLMN": ("7fff6f31", "0a"),
    "EF_SPN": ("7fff6f46", "0067626175" + 12 * "ff"),
    "EF_LOCI": ("7fff6f7e", 7 * "ff" + "0000ff01"),
    "EF_PSLOCI": ("7fff6f73", 10 * "ff" + "0000ff01"),
    "EF_EPSLOCI": ("7fff6fe3", 15 * "ff" + "000001"),
    "EF_KEYS": ("7fff6f08", "07" + 32 * "ff"),
    "EF_KEYSPS": ("7fff6f09", "07" + 32 * "ff"),
    "EF_START-HFN": ("7fff6f5b", "f00000f00000"),
    "EF_THRESHOLD": ("7fff6f5c", "ffffff"),
    "EF_PLMNwAcT": ("7fff6f60", 8 * NO_PLMN),
    "EF_OPLMNwAcT": ("7fff6f61", 8 * NO_PLMN),
    "EF_HPLMNwAcT": ("7fff6f62", 2 * NO_PLMN),
    "EF_FPLMN": ("7fff6f7b", 12 * "ff"),
    "EF_EHPLMN": ("7fff6fd9", 12 * "ff"),
    "EF_NETPAR": ("7fff6fc4", 128 * "ff"),
    "EF_SMSS": ("7fff6f43", "ffff"),
    "EF_GID1": ("7fff6f3e", 8 * "ff"),
    "EF_5GS3GPPLOCI": ("7fff5fc04f01", 19 * "ff" + "01"),
    "EF_5GSN3GPPLOCI": ("7fff5fc04f02", 19 * "ff" + "01"),
    "EF_5GAUTHKEYS": ("7fff5fc04f05", 68 * "ff"),
    "EF_UAC_AIC": ("7fff5fc04f06", "00000000"),
    "EF_Kc": ("7fff5f3b4f20", 8 * "ff" + "07"),
    "EF_KcGPRS": ("7fff5f3b4f52", 8 * "ff" + "07"),
}
RECORD_FILES = {
    "EF_ECC": ("7fff6fb7", 2),
    "EF_SMS": ("7fff6f3c", 10),
    "EF_SMSP": ("7fff6f42", 2),
    "EF_MSISDN": ("7fff6f40", 2),
    "EF_EPSNSC": ("7fff6fe4", 1),
    "EF_PNN": ("7fff6fc5", 2),
    "EF_OPL": ("7fff6fc6", 2),
    "EF_5GS3GPPNSC": ("7fff5fc04f03", 1),
}


def objects_of(octets):
    """BER-TLV objects with one octet of tag and length, as a dictionary of tags."""
    found = {}
    while octets:
        found[octets[0]] = octets[2:2 + octets[1]]
        octets = octets[2 + octets[1]:]
    return found


def fcp_of(data):
    template = objects_of(bytes.fromhex(data))
    assert list(template) == [0x62]
    return objects_of(template[0x62])


def command(header, data=b"", le=""):
    return f"{header}{len(data):02x}{data.hex()}{le}" if data else header + le


def select_path(path):
    return command("00a40804", bytes.fromhex(path), "00")


class Modem:
    """Collects commands, sends all of them in one session, and has the answers by name."""

    def __init__(self, reader):
        self.reader = reader
        self.steps = []

    def add(self, name, text, sw="9000"):
        self.steps.append((name, text, sw))

    def read_transparent(self, name, path):
        self.add(f"{name} FCP", select_path(path))
        self.add(name, "00b0000000")

    def read_records(self, name, path, count):
        self.add(f"{name} FCP", select_path(path))
        for number in range(1, count + 1):
            self.add(f"{name} {number}", f"00b2{number:02x}0400")

    def enter(self):
        self.add("ADF_USIM", command("00a40404", USIM_AID, "00"))
        self.add("PIN tries", "00200001", "63c3")
        self.add("VERIFY", command("00200001", pin_octets("1234")))

    def run(self):
        answers = self.reader.send(*(text for _, text, _ in self.steps))
        assert len(answers) == len(self.steps)
        wrong = [(name, text, sw) for (name, text, expected), (_, sw) in zip(self.steps, answers) if sw != expected]
        assert wrong == []
        found = {name: data for (name, _, _), (data, _) in zip(self.steps, answers)}
        self.steps = []
        return found


@pytest.fixture
def subscriber():
    return Subscriber("001010123456789")


@pytest.fixture
def modem(reader, served, new_card, subscriber):
    with served(new_card(subscriber)):
        yield Modem(reader)


def test_card_level_files(modem):
    """MF with what it can do, EF_DIR with the applications, EF_ICCID, EF_PL, EF_UMPC; no PIN yet."""
    modem.add("MF", "00a40004023f0000")
    modem.add("EF_DIR FCP", "00a40004022f0000")
    for number in range(1, 5):
        modem.add(f"EF_DIR {number}", f"00b2{number:02x}0400")
    modem.add("no more", "00b2050400", "6a83")
    for name, fid in {"EF_ICCID": "2fe2", "EF_PL": "2f05", "EF_UMPC": "2f08"}.items():
        modem.read_transparent(name, fid)
    modem.add("not without PIN", command("00a4040c", USIM_AID))
    modem.add("EF_IMSI by SFI", "00b0870009", "6982")
    found = modem.run()

    mf = fcp_of(found["MF"])
    assert mf[0x83].hex() == "3f00" and mf[0x8a] == b"\x05"
    assert objects_of(mf[0xc6])[0x90] == b"\xc0", "PIN and PIN2 are enabled"
    assert objects_of(mf[0xa5])[0x87] == b"\x01", "TERMINAL CAPABILITY is understood"
    directory = fcp_of(found["EF_DIR FCP"])
    assert directory[0x82][4] == 4 and directory[0x82][3] == len(found["EF_DIR 1"]) // 2
    applications = [objects_of(bytes.fromhex(found[f"EF_DIR {number}"]).rstrip(b"\xff")) for number in (1, 2, 3)]
    assert [objects_of(entry[0x61])[0x4f] for entry in applications][:2] == [USIM_AID, ISIM_AID]
    assert found["EF_DIR 4"] == len(found["EF_DIR 1"]) * "f"
    assert len(found["EF_ICCID"]) == 20 and found["EF_ICCID"].startswith("98")
    assert found["EF_PL"].startswith("656e") and found["EF_UMPC"] == "3c05020000"


def test_start_up(modem):
    """Everything that a modem reads before it goes on air, each file with an FCP that tells its size."""
    modem.add("MF", "00a40004023f0000")
    modem.enter()
    modem.add("TERMINAL CAPABILITY", command("80aa0000", tlv(0xa9, tlv(0x81, b"\x01"))))
    modem.add("STATUS", "80f2010c")
    for name, (path, _) in USIM_FILES.items():
        modem.read_transparent(name, path)
    for name, (path, count) in RECORD_FILES.items():
        modem.read_records(name, path, count)
    modem.add("TERMINAL PROFILE", command("80100000", bytes.fromhex("ffffffff7f1f00dfff")))
    modem.add("nothing to fetch", "8012000010", "6985")
    modem.add("ADF", "00a4000c027fff")
    for _ in range(3):
        modem.add("STATUS poll", "80f2000000")
    found = modem.run()

    adf = fcp_of(found["ADF_USIM"])
    assert adf[0x84] == USIM_AID and objects_of(adf[0xc6])[0x90] == b"\xc0"
    for name, (_, content) in USIM_FILES.items():
        size = int.from_bytes(fcp_of(found[f"{name} FCP"])[0x80], "big")
        assert len(found[name]) == 2 * size, name
        assert content is None or found[name] == content, name
    for name, (_, count) in RECORD_FILES.items():
        descriptor = fcp_of(found[f"{name} FCP"])[0x82]
        assert descriptor[4] == count and len(found[f"{name} 1"]) == 2 * int.from_bytes(descriptor[2:4], "big"), name
    assert found["EF_IMSI"] == "080910101032547698"
    assert int(found["EF_ACC"], 16) == 1 << 9, "the class is the last digit of the IMSI"
    services = int.from_bytes(bytes.fromhex(found["EF_UST"]), "little")
    assert all(services >> number - 1 & 1 for number in (27, 33, 38, 68, 85)), "GSM access, GBA, EPS"
    assert fcp_of(found["STATUS poll"])[0x84] == USIM_AID


def test_isim_on_a_channel_of_its_own(modem, subscriber):
    modem.enter()
    modem.add("channel", "0070000001")
    # opensc-tool gets all responses on channel 0, so SELECT gives none here, and STATUS gives the FCP
    modem.add("SELECT", command("01a4040c", ISIM_AID))
    modem.add("ADF_ISIM", "81f2000000")
    for name, sfi in {"EF_IMPI": 2, "EF_DOMAIN": 5, "EF_IST": 7, "EF_AD": 3}.items():
        modem.add(name, f"01b0{0x80 | sfi:02x}0000")
    modem.add("EF_IMPU", "01b2012400")
    modem.add("USIM on channel 0", "00b0870009")
    modem.add("close", "00708001")
    modem.add("closed", "01b0870001", "6881")
    found = modem.run()
    assert found["channel"] == "01" and fcp_of(found["ADF_ISIM"])[0x84] == ISIM_AID
    texts = {name: objects_of(bytes.fromhex(found[name]).rstrip(b"\xff"))[0x80].decode()
             for name in ("EF_IMPI", "EF_DOMAIN", "EF_IMPU")}
    assert texts == {"EF_IMPI": subscriber.impi, "EF_DOMAIN": subscriber.impi.split("@")[1],
                     "EF_IMPU": "sip:" + subscriber.impi}
    assert found["EF_IST"] == "020000", "GBA"


def test_responses_of_a_channel(modem):
    """At T=0 what a channel has answered is got on that channel; on another one it is lost (102 221 12.1.1)."""
    select = command("01a40404", ISIM_AID)
    script = ["reset", "0070000001", select, "01c000002b", select, "00c000002b", "01c000002b"]
    lines = [" ".join(line[i:i + 2] for i in range(0, len(line), 2)) if line != "reset" else line for line in script]
    output = modem.reader.run(["scriptor", "-p", "T=0"], input="\n".join(lines) + "\n").stdout
    said = "".join(output.split())
    assert said.count("<612B:") == 2 and said.count("<6F00:") == 2
    assert f"8410{ISIM_AID.hex().upper()}" in said


def test_attach_and_detach(modem, subscriber):
    """AUTHENTICATE, what is written when a network has been found, and what is there after the power was off."""
    rand, sqn = secrets.token_bytes(16), (33).to_bytes(6, "big")
    run = subscriber.run(rand)
    written = {
        "EF_LOCI": "aabbccdd00f1100001ff00",
        "EF_PSLOCI": "aabbccdd11223300f11000010100",
        "EF_EPSLOCI": "0bf600f110800101aabbccdd00f110000100",
        "EF_KEYS": "01" + run.ck.hex() + run.ik.hex(),
        "EF_START-HFN": "000010000010",
        "EF_FPLMN": "00f210" + 9 * "ff",
        "EF_5GS3GPPLOCI": "f200f110020040aabbccdd000000f11000000100",
    }
    modem.enter()
    challenge = lv(rand) + lv(subscriber.milenage.autn(rand, sqn))
    modem.add("AUTHENTICATE", command("00880081", challenge, "00"))
    modem.add("AUTHENTICATE again", command("00880081", challenge, "00"))
    for name, content in written.items():
        path, new = USIM_FILES[name]
        content = bytes.fromhex(content).ljust(len(new) // 2, b"\xff")[:len(new) // 2]
        written[name] = content.hex()
        modem.add(f"{name} FCP", select_path(path))
        modem.add(f"UPDATE {name}", command("00d60000", content))
    modem.add("EF_SMS", select_path(RECORD_FILES["EF_SMS"][0]))
    message = (b"\x01" + secrets.token_bytes(60)).ljust(176, b"\xff")
    modem.add("UPDATE EF_SMS", command("00dc0304", message))
    modem.add("STATUS", "80f2020c")  # the application will be terminated
    modem.add("terminate", command("00a4044c", USIM_AID))
    found = modem.run()
    answer = bytes.fromhex(found["AUTHENTICATE"])
    kc = bytes(a ^ b ^ c ^ d for a, b, c, d in zip(run.ck[:8], run.ck[8:], run.ik[:8], run.ik[8:]))
    assert answer == b"\xdb" + lv(run.res) + lv(run.ck) + lv(run.ik) + lv(kc)
    auts = subscriber.milenage.auts(rand, sqn)
    assert bytes.fromhex(found["AUTHENTICATE again"]) == b"\xdc" + lv(auts)

    modem.reader.run(["opensc-tool", "--reader", "0", "--reset"])
    modem.enter()
    for name in written:
        modem.read_transparent(name, USIM_FILES[name][0])
    modem.read_records("EF_SMS", *RECORD_FILES["EF_SMS"])
    found = modem.run()
    assert {name: found[name] for name in written} == written
    assert found["EF_SMS 3"] == message.hex()
    assert found["EF_SMS 2"].startswith("00") and found["EF_SMS 4"].startswith("00"), "free as before"


def test_blocked_pin(modem):
    """Three wrong PINs, and the unblock PIN that a user types in."""
    for tries in "210":
        modem.add("VERIFY", command("00200001", pin_octets("9999")), f"63c{tries}")
    modem.add("blocked", command("00200001", pin_octets("1234")), "6983")
    modem.add("UNBLOCK tries", "002c0001", "63ca")
    found = modem.run()
    assert found["blocked"] == ""
