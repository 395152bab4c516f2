"""test_firmware.py: the card on a Cortex-M4: what it costs, and that it answers there, in QEMU."""
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("GBAU_BUILD", "build")).resolve()
SCRIPT = ROOT / "scripts" / "firmware_size.py"
V1 = json.loads((ROOT / "tests" / "data" / "gba_u.json").read_text())["vectors"][0]
CARD_MEMORY = 0x100000  # firmware/mps2_an386.ld
SELECT_USIM = "00a4040c10a0000000871002ffffffff8907090000"
VERIFY_PIN = "002000010831323334ffffffff"


def load_script():
    specification = importlib.util.spec_from_file_location("firmware_size", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """One run of the script: (result, figures)."""
    file = tmp_path_factory.mktemp("firmware") / "size.json"
    result = subprocess.run([sys.executable, SCRIPT, "--build", BUILD, "--json", file], capture_output=True, text=True,
                            cwd=ROOT, timeout=200)
    return result, json.loads(file.read_text())


def test_goals_are_met(measured):
    result, figures = measured
    assert result.returncode == 0, result.stdout + result.stderr
    assert figures["met"]
    assert 10_000 < figures["flash_core"] <= figures["goals"]["flash_core"] == 48 * 1024
    assert 1_000 < figures["ram_core"] <= figures["goals"]["ram_core"] == 6 * 1024


def test_figures_add_up(measured):
    _, figures = measured
    parts = figures["flash_core"] + figures["flash_crypto"] + figures["flash_board"]
    assert parts <= figures["flash"] < parts + 512  # what aligns functions belongs to no part
    assert figures["ram"] >= figures["ram_core"] + figures["ram_crypto"]
    assert sum(step["frame"] for step in figures["stack_chain"]) == figures["stack"]


def test_chain_goes_from_a_command_to_the_bottom(measured):
    _, figures = measured
    functions = [step["function"] for step in figures["stack_chain"]]
    assert functions[0] in ("uicc_process", "uicc_power_on")
    assert any(function.startswith("portable_") for function in functions)
    assert figures["stack_unknown_calls"] == []


@pytest.mark.parametrize("goal", ["flash", "ram"])
def test_missed_goal(measured, monkeypatch, capsys, tmp_path, goal):
    _, figures = measured
    script = load_script()
    monkeypatch.setattr(script, "measure", lambda build, output: figures)
    least = figures[f"{goal}_core"]
    for octets, status in ((least, 0), (least - 1, 1)):
        file = tmp_path / "size.json"
        monkeypatch.setattr(sys, "argv", ["firmware_size.py", f"--{goal}-goal", str(octets), "--json", str(file)])
        assert script.main() == status
        assert ("missed" in capsys.readouterr().out) == (status == 1)
        assert json.loads(file.read_text())["met"] == (status == 0)


def test_no_build(tmp_path):
    result = subprocess.run([sys.executable, SCRIPT, "--build", tmp_path / "none"], capture_output=True, text=True)
    assert result.returncode == 2
    assert "meson failed" in result.stderr


class Board:
    """The firmware in QEMU, spoken to through its UART; it is ended when it does not answer in time."""

    def __init__(self, elf, card):
        loader = f"loader,file={card},addr={CARD_MEMORY:#x},force-raw=on"
        self.process = subprocess.Popen(
            ["qemu-system-arm", "-M", "mps2-an386", "-kernel", elf, "-device", loader, "-display", "none", "-monitor",
             "none", "-serial", "stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.watchdog = threading.Timer(100, self.process.kill)

    def __enter__(self):
        self.watchdog.start()
        return self

    def __exit__(self, *_):
        self.watchdog.cancel()
        self.process.kill()
        self.process.communicate()

    def send(self, command):
        self.process.stdin.write(len(command).to_bytes(2, "big") + command)
        self.process.stdin.flush()
        length = int.from_bytes(self.process.stdout.read(2), "big")
        return self.process.stdout.read(length).hex()

    def apdu(self, command):
        return self.send(bytes.fromhex(command))


@pytest.fixture
def board(measured, tmp_path):
    card = tmp_path / "v1.card"
    subprocess.run([BUILD / "src/cli/gbau", "card", "create", card, "--imsi", "001010123456789", "--k", V1["k"],
                    "--opc", V1["topc_or_opc"]], check=True, capture_output=True, timeout=30)
    with Board(measured[1]["elf"], card) as running:
        yield running


def test_bootstraps_on_the_board(board):
    assert board.apdu(SELECT_USIM) == "9000"
    assert board.apdu(VERIFY_PIN) == "9000"
    assert board.apdu(V1["apdu_bootstrap"]) == V1["rapdu_bootstrap"]
    for naf in V1["naf"]:
        assert board.apdu(naf["apdu"]) == naf["rapdu"]


def test_refuses_what_is_no_command(board):
    assert board.send(b"") == "6700"
    assert board.send(bytes(300)) == "6700"
    assert board.apdu(SELECT_USIM) == "9000"
