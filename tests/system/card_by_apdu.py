"""card_by_apdu.py: a card file driven by hand-made APDUs through 'gbau card apdu', with every octet written down."""
import subprocess

from milenage import API_AID

USIM_AID = "a0000000871002"
EF_GBABP = "6fd6"
EF_GBANL = "6fda"
PIN = "1234"


def lv(octets):
    return bytes([len(octets)]) + octets


def tlv(tag, octets):
    length = bytes([len(octets)]) if len(octets) < 0x80 else bytes([0x81, len(octets)])
    return bytes([tag]) + length + octets


def pin_octets(pin):
    return pin.encode().ljust(8, b"\xff")


class CardByApdu:
    """One power cycle of a card. `record` gets the commands and responses."""

    def __init__(self, programs, path, record=None):
        self.record = [] if record is None else record
        self.process = programs.spawn("card", "apdu", path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _, errors = self.process.communicate(timeout=20)
        assert (self.process.returncode, errors) == (0, "")

    def send(self, command):
        """Response data and status word of a command in hexadecimal digits."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        response = self.process.stdout.readline().strip()
        assert len(response) >= 4, f"{command}: no response"
        self.record += [bytes.fromhex(command), bytes.fromhex(response)]
        return bytes.fromhex(response[:-4]), response[-4:].lower()

    def demand(self, command):
        data, sw = self.send(command)
        assert sw == "9000", f"{command}: {sw}"
        return data

    def select_usim(self, pin=PIN):
        self.demand(f"00a4040407{USIM_AID}00")
        if pin is not None:
            self.demand(f"0020000108{pin_octets(pin).hex()}")

    def read_file(self, fid):
        self.demand(f"00a4000c02{fid}")
        return self.demand("00b0000000")

    def read_record(self, fid, number=1):
        self.demand(f"00a4000c02{fid}")
        return self.demand(f"00b2{number:02x}0400")

    def read_gbabp(self):
        """RAND, B-TID and lifetime of EF_GBABP."""
        content, fields = self.read_file(EF_GBABP), []
        for _ in range(3):
            length, content = content[0], content[1:]
            fields.append(content[:length])
            content = content[length:]
        assert set(content) <= {0xff}, "something stands behind the lifetime"
        return fields[0], fields[1].decode(), fields[2].decode()

    def write_gbabp(self, b_tid, lifetime):
        data = lv(b_tid.encode()) + lv(lifetime.encode())
        self.demand(f"00a4000c02{EF_GBABP}")
        self.demand(f"00d60011{len(data):02x}{data.hex()}")

    def authenticate(self, data, context=0x84):
        return self.send(f"008800{context:02x}{len(data):02x}{data.hex()}00")

    def bootstrap(self, rand, autn):
        """AUTHENTICATE, GBA bootstrapping mode."""
        return self.authenticate(b"\xdd" + lv(rand) + lv(autn))

    def derive(self, fqdn, ua, impi):
        """AUTHENTICATE, GBA NAF derivation mode: Ks_ext_NAF."""
        data, sw = self.authenticate(b"\xde" + lv(fqdn.encode() + ua) + lv(impi.encode()))
        assert sw == "9000" and data[:2] == b"\xdb\x20" and len(data) == 34
        return data[2:]

    def open_api_channel(self):
        """Selects the GBA_U API's applet on a logical channel, 1 on a card that has just been switched on."""
        assert self.demand("0070000001") == b"\x01"
        self.demand(f"01a4040c{len(API_AID):02x}{API_AID.hex()}")

    def send_open_key(self, fqdn, ua, label, algorithm=2, direction=1):
        data = tlv(0x80, fqdn.encode() + ua) + tlv(0x82, bytes([direction])) + tlv(0x83, bytes([algorithm]))
        data += tlv(0x84, label)
        return self.send(f"81500000{len(data):02x}{data.hex()}00")

    def open_key(self, fqdn, ua, label, algorithm=2):
        """A handle and the B-TID of the key."""
        data, sw = self.send_open_key(fqdn, ua, label, algorithm)
        assert sw == "9000" and data[:2] == b"\x90\x01" and data[3] == 0x81 and data[4] == len(data) - 5
        return data[2], data[5:].decode()

    def encrypt(self, handle, additional_data, plaintext):
        """Nonce, and ciphertext with its tag."""
        data = tlv(0x86, additional_data) + tlv(0x87, plaintext)
        response = self.demand(f"8152{handle:02x}c1{len(data):02x}{data.hex()}00")
        assert response[:2] == b"\x88\x0c" and response[14] == 0x87 and response[-18:-16] == b"\x8e\x10"
        ciphertext = response[-18 - len(plaintext):-18]
        return response[2:14], ciphertext + response[-16:]
