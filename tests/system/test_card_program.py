"""test_card_program.py: gbau-card, the card by itself: GBA_U through a reader's socket, and how small it stays."""
import contextlib
import json
import pathlib
import socket
import struct
import subprocess

import pytest

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
V1 = json.loads((DATA / "gba_u.json").read_text())["vectors"][0]
POWER_OFF, POWER_ON, RESET, GET_ATR = (bytes([octet]) for octet in (0, 1, 2, 4))
RSS_MAX_KB = 2048
SIZE_MAX = 150 * 1024


class Reader:
    """The other end of a card's connection: what vpcd does."""

    def __init__(self, connection):
        self.connection = connection

    def send(self, message):
        self.connection.sendall(struct.pack(">H", len(message)) + message)

    def receive(self):
        length = struct.unpack(">H", self.read(2))[0]
        return self.read(length)

    def read(self, length):
        octets = b""
        while len(octets) < length:
            piece = self.connection.recv(length - len(octets))
            assert piece, "the card hung up"
            octets += piece
        return octets

    def transmit(self, command):
        """A command APDU in hexadecimal; the whole response, also when it comes in two steps as at T=0."""
        self.send(bytes.fromhex(command))
        response = self.receive()
        if response[-2] == 0x61:
            self.send(bytes([0x00, 0xC0, 0x00, 0x00, response[-1]]))
            response = self.receive()
        return response.hex()


@pytest.fixture
def card_file(programs, tmp_path):
    path = tmp_path / "card"
    subprocess.run([programs.path("gbau"), "card", "create", path, "--imsi", "001010123456789", "--k", V1["k"], "--opc",
                    V1["topc_or_opc"]], check=True, capture_output=True)
    return path


@contextlib.contextmanager
def serving(program, *arguments):
    """The program, connected to a reader; gives both."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        port = listener.getsockname()[1]
        process = subprocess.Popen([program, *arguments, "--vpcd", f"127.0.0.1:{port}", "--once"],
                                   stderr=subprocess.PIPE, text=True)
        try:
            connection, _ = listener.accept()
            connection.settimeout(10)
            with connection:
                yield process, Reader(connection)
            assert process.wait(timeout=10) == 0
        finally:
            process.kill()
            process.wait()
            process.stderr.close()


def is_sanitized(program):
    return b"__asan_init" in program.read_bytes()


def resident_kb(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


def test_bootstrapping(programs, card_file):
    with serving(programs.path("gbau-card"), card_file) as (process, reader):
        reader.send(POWER_ON)
        reader.send(GET_ATR)
        assert reader.receive().hex().startswith("3b9f96801f")
        assert reader.transmit("00a4040c07a0000000871002") == "9000"
        assert reader.transmit("0020000108" + "31323334ffffffff") == "9000"
        assert reader.transmit(V1["apdu_bootstrap"]) == V1["rapdu_bootstrap"]
        assert reader.transmit(V1["naf"][0]["apdu"]) == V1["naf"][0]["rapdu"]
        if not is_sanitized(programs.path("gbau-card")):
            assert resident_kb(process) <= RSS_MAX_KB


def test_it_is_small(programs, tmp_path):
    program = programs.path("gbau-card")
    if is_sanitized(program):
        pytest.skip("with a sanitizer in it nothing is small")
    stripped = tmp_path / "stripped"
    subprocess.run(["strip", "-o", stripped, program], check=True)
    assert stripped.stat().st_size <= SIZE_MAX


def test_it_needs_no_library(programs):
    linked = subprocess.run(["ldd", programs.path("gbau-card")], check=True, capture_output=True, text=True).stdout
    assert "libcrypto" not in linked


@pytest.mark.parametrize("arguments, words", [
    ([], "FILE"),
    (["/nonexistent/card"], "cannot open the card file"),
])
def test_errors_say_what_to_do(programs, arguments, words):
    done = subprocess.run([programs.path("gbau-card"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert words in done.stderr
