"""
modem_emulators.py: modems on pseudo terminals that speak QMI or MBIM about the card in them.

QMI: QMUX frames with the control and the UIM service. MBIM: Microsoft's low-level UICC access. Both open channels by
AID; the card behind them is a card file.
"""
import os
import pty
import struct
import threading
import tty

from card_by_apdu import CardByApdu

MBIM_UICC_SERVICE = bytes.fromhex("c2f6588ef0374bc98665f4d44bd09367")
QMI_CONTROL, QMI_UIM = 0x00, 0x0b
QMI_ERROR_INTERNAL, QMI_ERROR_NO_SIM = 3, 102
MBIM_STATUS_FAILURE, MBIM_STATUS_SIM_NOT_INSERTED = 2, 3


class CardInModem:
    """What a modem does with its card: channels by AID, the channel put into the class octet."""

    def __init__(self, programs, path):
        self.card = CardByApdu(programs, path)
        self.open_channels = set()

    def open_channel(self, aid):
        """The channel, or None and the status word."""
        opened, sw = self.card.send("0070000001")
        if sw != "9000":
            return None, sw
        _, sw = self.card.send(f"{opened[0]:02x}a4040c{len(aid):02x}{aid.hex()}")
        if sw != "9000":
            self.card.send(f"007080{opened[0]:02x}")
            return None, sw
        self.open_channels.add(opened[0])
        return opened[0], sw

    def send(self, channel, command):
        data, sw = self.card.send((bytes([command[0] & 0x80 | channel]) + command[1:]).hex())
        return data, bytes.fromhex(sw)

    def close_channel(self, channel):
        self.card.send(f"007080{channel:02x}")
        self.open_channels.discard(channel)


class Modem:
    """
    A pseudo terminal, `device`, and a thread that answers there; `is_empty` takes the card out, `cuts` says by how many
    octets too little an answer about the card is.
    """

    def __init__(self, programs, card_path, is_empty=False, is_deaf=False, cuts=0):
        self.is_empty, self.is_deaf, self.cuts = is_empty, is_deaf, cuts
        self.failure = None
        self.card = CardInModem(programs, card_path)
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.device = os.ttyname(self.slave)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.slave)  # the last one: the thread's read fails
        self.thread.join(timeout=10)
        os.close(self.master)
        self.card.card.process.communicate(timeout=20)
        assert self.failure is None, self.failure
        assert not self.card.open_channels, "a channel stayed open"

    def _run(self):
        buffered = b""
        while True:
            try:
                octets = os.read(self.master, 4096)
            except OSError:
                return
            buffered += octets
            try:
                buffered = self._answer_all(buffered)
            except Exception as failure:  # the test shall see it
                self.failure = failure
                return

    def _answer_all(self, buffered):
        while len(buffered) >= self.frame_length(buffered) > 0:
            length = self.frame_length(buffered)
            if not self.is_deaf:
                os.write(self.master, self.answer(buffered[:length]))
            buffered = buffered[length:]
        return buffered


def tlv(kind, value):
    return struct.pack("<BH", kind, len(value)) + value


def tlvs_of(octets):
    found = {}
    while octets:
        kind, length = struct.unpack_from("<BH", octets)
        found[kind] = octets[3:3 + length]
        octets = octets[3 + length:]
    return found


class QmiModem(Modem):
    @staticmethod
    def frame_length(buffered):
        return struct.unpack_from("<H", buffered, 1)[0] + 1 if len(buffered) >= 3 else 1 << 20

    def answer(self, frame):
        marker, _, _, service, client = struct.unpack_from("<BHBBB", frame)
        assert marker == 1
        is_control = service == QMI_CONTROL
        header = "<BBHH" if is_control else "<BHHH"
        start = 6 + struct.calcsize(header)
        _, transaction, message, _ = struct.unpack_from(header, frame, 6)
        value = (self._control if is_control else self._uim)(message, tlvs_of(frame[start:]))
        body = struct.pack(header, 0x01 if is_control else 0x02, transaction, message, len(value)) + value
        return struct.pack("<BHBBB", 1, len(body) + 5, 0x80, service, client) + body

    @staticmethod
    def _result(error=0):
        return tlv(0x02, struct.pack("<HH", 1 if error else 0, error))

    def _control(self, message, tlvs):
        assert message in (0x0022, 0x0023), f"control message {message:#x}"
        identity = bytes([tlvs[0x01][0], 1])
        return self._result() + tlv(0x01, identity)

    def _uim(self, message, tlvs):
        assert tlvs[0x01] == b"\x01", "slot 1"
        if self.is_empty:
            return self._result(QMI_ERROR_NO_SIM)
        return {0x0042: self._open, 0x003b: self._send, 0x003f: self._close}[message](tlvs)

    def _open(self, tlvs):
        assert tlvs[0x10][0] == len(tlvs[0x10]) - 1
        channel, sw = self.card.open_channel(tlvs[0x10][1:])
        if self.cuts == 1:
            return self._result() + tlv(0x10, b"")
        if channel is None:
            return self._result(QMI_ERROR_INTERNAL) + tlv(0x11, bytes.fromhex(sw))
        return self._result() + tlv(0x10, bytes([channel])) + tlv(0x11, bytes.fromhex(sw)) + tlv(0x12, b"\0")

    def _send(self, tlvs):
        length, = struct.unpack_from("<H", tlvs[0x02])
        assert length == len(tlvs[0x02]) - 2
        data, sw = self.card.send(tlvs.get(0x10, b"\0")[0], tlvs[0x02][2:])
        answer = struct.pack("<H", len(data) + 2) + data + sw
        return self._result() + tlv(0x10, answer[:len(answer) - self.cuts])

    def _close(self, tlvs):
        self.card.close_channel(tlvs[0x11][0])
        return self._result()


class MbimModem(Modem):
    @staticmethod
    def frame_length(buffered):
        return struct.unpack_from("<I", buffered, 4)[0] if len(buffered) >= 8 else 1 << 20

    def answer(self, frame):
        kind, _, transaction = struct.unpack_from("<III", frame)
        if kind in (1, 2):  # open and close
            return struct.pack("<IIII", 0x80000000 | kind, 16, transaction, 0)
        assert kind == 3, f"message {kind}"
        total, _, service, command, command_type, length = struct.unpack_from("<II16sIII", frame, 12)
        assert (total, service, command_type) == (1, MBIM_UICC_SERVICE, 1)
        status, value = MBIM_STATUS_SIM_NOT_INSERTED, b""
        if not self.is_empty:
            status, value = {2: self._open, 3: self._close, 4: self._send}[command](frame[48:48 + length])
        value = value if command == 3 else value[:len(value) - self.cuts]
        body = struct.pack("<II16sIII", 1, 0, service, command, status, len(value)) + value
        return struct.pack("<III", 0x80000003, 12 + len(body), transaction) + body

    def _open(self, value):
        length, offset, _, _ = struct.unpack_from("<IIII", value)
        channel, sw = self.card.open_channel(value[offset:offset + length])
        sw_number = int.from_bytes(bytes.fromhex(sw), "little")
        return 0, struct.pack("<IIII", sw_number, channel or 0, 0, 0)

    def _send(self, value):
        channel, secure, _, length, offset = struct.unpack_from("<IIIII", value)
        assert secure == 0 and channel in self.card.open_channels
        data, sw = self.card.send(channel, value[offset:offset + length])
        padding = bytes(-len(data) % 4)
        return 0, struct.pack("<III", int.from_bytes(sw, "little"), len(data), 12) + data + padding

    def _close(self, value):
        self.card.close_channel(struct.unpack_from("<I", value)[0])
        return 0, struct.pack("<I", 0x0090)
