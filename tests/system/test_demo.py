"""test_demo.py: `gbau demo` as a user runs it: what it says, what it leaves behind, and above all what it does not."""
import json
import os
import pathlib
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GBAU = pathlib.Path(os.environ.get("GBAU_BUILD", ROOT / "build")).resolve() / "src" / "cli" / "gbau"
LIMIT_S = 20
KEPT = {"demo.pcapng", "demo.svg", "gbau-hss.log", "gbau-bsf.log", "gbau-naf.log"}
MESSAGE = "Unlock the front door for Alice until six o'clock."
ACTORS = ["Application", "ME", "UICC", "BSF", "HSS", "NAF"]
SVG = "{http://www.w3.org/2000/svg}"


class Demo:
    """A demo that ran to its end."""

    def __init__(self, out, *options):
        self.out = out
        start = time.monotonic()
        self.done = subprocess.run([GBAU, "demo", "--out", out, *options], capture_output=True, text=True,
                                   timeout=3 * LIMIT_S, check=False)
        self.seconds = time.monotonic() - start
        self.capture = out / "demo.pcapng"
        self.diagram = out / "demo.svg"

    def texts(self):
        """All that people get to read, by name."""
        logs = {path.name: path.read_text() for path in self.out.glob("*.log")}
        return {"stdout": self.done.stdout, "stderr": self.done.stderr, "diagram": self.diagram.read_text(), **logs}

    def packets(self, display_filter, *fields):
        """One list of field values for each packet that a display filter lets through."""
        options = [part for field in fields or ("frame.number",) for part in ("-e", field)]
        lines = tshark("-r", self.capture, "-Y", display_filter, "-T", "fields", *options).splitlines()
        return [line.split("\t") for line in lines]

    def one(self, display_filter, field):
        """The octets of a field that all packets agree on, of which there must be some."""
        values = {value for packet in self.packets(display_filter, field) for value in packet}
        assert len(values) == 1, f"{field}: {values}"
        return bytes.fromhex(values.pop().replace(":", ""))


def tshark(*arguments):
    return subprocess.run(["tshark", *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          check=True).stdout


def processes_in(out):
    """Processes that work below a directory, which may be removed by now, with their command lines."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if str(process.joinpath("cwd").readlink()).startswith(f"{out}/"):
                found.append(process.joinpath("cmdline").read_bytes())
        except OSError:  # it has just ended, or is somebody else's
            continue
    return [command for command in found if command]


def wait_until(condition, what):
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def start_and_wait_for(out, log):
    """A demo that is just going to need the daemon of that log."""
    process = subprocess.Popen([GBAU, "demo", "--out", out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until((out / log).exists, f"{log} is not there")
    return process


def forms_of(key):
    return [key.hex(), key.hex().upper(), key.hex(":")]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return Demo(tmp_path_factory.mktemp("demo") / "new" / "out")


@pytest.fixture(scope="module")
def secrets(demo):
    """The keys of the demo, as they crossed Zh and Zn: they cannot be had anywhere else."""
    maa = "diameter.cmd.code == 303 && diameter.flags.request == 0"
    bia = "diameter.cmd.code == 310 && diameter.flags.request == 0"
    keys = {"CK": demo.one(maa, "diameter.Confidentiality-Key"), "IK": demo.one(maa, "diameter.Integrity-Key")}
    for name, field in (("Ks_ext_NAF", "diameter.ME-Key-Material"), ("Ks_int_NAF", "diameter.UICC-Key-Material")):
        for i, values in enumerate(demo.packets(bia, field)):
            keys[f"{name} {i}"] = bytes.fromhex(values[0].replace(":", ""))
    assert len(keys) == 6 and all(len(key) in (16, 32) for key in keys.values())
    assert len(set(keys.values())) == 6
    return keys


def test_succeeds_in_time(demo):
    assert (demo.done.returncode, demo.done.stderr) == (0, "")
    assert demo.seconds < LIMIT_S


def test_tells_the_story_in_order(demo):
    positions = [demo.done.stdout.index(words) for words in
                 ("gbau-naf is ready", " 1. ", " 2. ", "B-TID:", "lifetime: until 20", " 3. ", " 4. ", " 5. ",
                  f"In its inbox: \"{MESSAGE}\"", "demo.svg")]
    assert positions == sorted(positions)


def test_leaves_no_keys_behind(demo):
    assert {path.name for path in demo.out.iterdir()} == KEPT
    assert demo.capture.stat().st_mode & 0o777 == 0o600


def test_leaves_no_processes_behind(demo):
    assert processes_in(demo.out) == []


def test_capture_is_well_formed(demo):
    assert demo.packets("_ws.malformed") == []
    # from warnings upwards
    assert demo.packets("_ws.expert.severity >= 0x600000") == []
    assert demo.packets("tcp.analysis.flags") == []


@pytest.mark.parametrize("link, count", [
    ("gsm_sim && gsm_sim.apdu.ins == 0x88", 3),
    ("http.request.method == GET && ip.dst == 192.0.2.2", 2),
    ("http.response.code == 200 && ip.src == 192.0.2.2 && xml", 1),
    ("http.request.method == POST && ip.dst == 192.0.2.4 && cose", 1),
    ("http.response.code == 204", 1),
    ("diameter.cmd.code == 303 && diameter.applicationId == 16777221", 2),
    ("diameter.cmd.code == 310 && diameter.applicationId == 16777220", 4),
])
def test_capture_holds_the_protocols(demo, link, count):
    assert len(demo.packets(link)) == count


def test_capture_names_its_ends(demo):
    names = tshark("-r", demo.capture, "-N", "n", "-T", "fields", "-e", "ip.dst_host").split()
    assert {"device.example", "bsf.home.example", "hss.home.example", "naf.service.example"} <= set(names)


def test_no_text_shows_a_key(demo, secrets):
    for place, text in demo.texts().items():
        for name, key in secrets.items():
            assert not any(form in text for form in forms_of(key)), f"{name} in {place}"


def test_only_ks_ext_naf_crosses_the_card_interface(demo, secrets):
    apdus = [bytes.fromhex(payload) for packet in demo.packets("gsm_sim", "udp.payload") for payload in packet]
    assert len(apdus) > 15
    for name, key in secrets.items():
        crossed = any(key in apdu for apdu in apdus)
        assert crossed == name.startswith("Ks_ext_NAF"), name


def test_ks_is_nowhere_in_the_capture(demo, secrets):
    octets = demo.capture.read_bytes()
    assert secrets["CK"] in octets  # as Zh has no TLS here
    assert secrets["CK"] + secrets["IK"] not in octets
    assert MESSAGE.encode() in octets  # it goes into the card in clear
    over_network = demo.packets(f'!gsm_sim && frame contains "{MESSAGE[:20]}"')
    assert over_network == []


def test_diagram_is_whole(demo):
    root = ElementTree.parse(demo.diagram).getroot()
    assert root.tag == f"{SVG}svg"
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert all(texts.count(actor) == 2 for actor in ACTORS)
    headings = [text for text in texts if text[1:3] == ". "]
    assert [heading[0] for heading in headings] == ["1", "2", "3", "4", "5"]
    for label in ("Multimedia-Auth-Answer", "Bootstrapping-Info-Request", "401 Unauthorized", "POST /sealed",
                  "204 No Content", "ENCRYPT: the message"):
        assert label in texts
    assert texts.count("Bootstrapping-Info-Answer") == 2
    assert not any("…" in text for text in texts)


def test_runs_again_and_reports_json(demo):
    again = Demo(demo.out, "--json")
    assert again.done.returncode == 0
    report = json.loads(again.done.stdout)
    assert report["message"] == report["opened"] == MESSAGE
    assert report["b_tid"].endswith("@bsf.mnc001.mcc001.pub.3gppnetwork.org")
    assert report["b_tid"] not in demo.done.stdout
    assert (report["capture"], report["diagram"]) == (str(again.capture), str(again.diagram))
    assert " 5. " in again.done.stderr
    assert {path.name for path in demo.out.iterdir()} == KEPT


def test_runs_in_parallel_with_itself(tmp_path):
    outs = [tmp_path / str(i) for i in range(3)]
    running = [subprocess.Popen([GBAU, "demo", "--out", out], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
               for out in outs]
    said = [process.communicate(timeout=3 * LIMIT_S)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    assert all({path.name for path in out.iterdir()} == KEPT for out in outs)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("log", ["gbau-hss.log", "gbau-naf.log"])
def test_signal_ends_everything(tmp_path, number, log):
    process = start_and_wait_for(tmp_path, log)
    process.send_signal(number)
    error = process.communicate(timeout=LIMIT_S)[1]
    assert process.returncode == 128 + number
    assert "interrupted" in error
    assert processes_in(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} <= KEPT


def test_daemons_die_with_a_killed_demo(tmp_path):
    process = start_and_wait_for(tmp_path, "gbau-bsf.log")
    assert processes_in(tmp_path) != []
    process.kill()
    process.communicate()
    wait_until(lambda: processes_in(tmp_path) == [], "daemons live on")
    assert Demo(tmp_path).done.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == KEPT


def test_directory_in_use_is_left_alone(tmp_path):
    process = start_and_wait_for(tmp_path, "gbau-hss.log")
    second = Demo(tmp_path)
    assert second.done.returncode == 1
    assert "name another place with --out" in second.done.stderr
    process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0


def install(directory, **replacements):
    """The programs once more, some of them replaced by shell scripts or, with None, missing."""
    directory.mkdir()
    for name in ("gbau", "gbau-hss", "gbau-bsf", "gbau-naf"):
        script = replacements.get(name.replace("-", "_"), "")
        if script == "":
            (directory / name).write_bytes(GBAU.with_name(name).read_bytes())
        elif script is not None:
            (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        if script is not None:
            (directory / name).chmod(0o755)
    return directory / "gbau"


DAMAGED = f"rm hss.db-*; echo nonsense > hss.db; exec {GBAU.with_name('gbau-hss')} \"$@\""


@pytest.mark.parametrize("replacements, words", [
    ({"gbau_naf": None}, ["gbau-naf cannot be run", "build or install"]),
    ({"gbau_bsf": "echo no disk >&2; exit 3"}, ["gbau-bsf ended before it was ready", "gbau-bsf.log", "    no disk"]),
    ({"gbau_hss": DAMAGED}, ["gbau-hss ended before it was ready", "gbau-hss.log"]),
], ids=["missing", "ends", "damaged"])
def test_failure_names_reason_and_log(tmp_path, replacements, words):
    out = tmp_path / "out"
    gbau = install(tmp_path / "bin", **replacements)
    done = subprocess.run([gbau, "demo", "--out", out], capture_output=True, text=True, timeout=3 * LIMIT_S,
                          check=False)
    assert done.returncode == 1
    assert all(word in done.stderr for word in [*words, "gbau demo: failed while starting"]), done.stderr
    assert processes_in(out) == []
    assert {path.name for path in out.iterdir()} <= KEPT


def test_failure_in_the_story_names_step_and_log(tmp_path):
    """A NAF of another name: its realm is not the one that the device expects."""
    out = tmp_path / "out"
    naf = f"sed -i 's/^fqdn: .*/fqdn: other.example.com/' naf.yaml; exec {GBAU.with_name('gbau-naf')} \"$@\""
    gbau = install(tmp_path / "bin", gbau_naf=naf)
    done = subprocess.run([gbau, "demo", "--out", out], capture_output=True, text=True, timeout=3 * LIMIT_S,
                          check=False)
    assert done.returncode == 1
    assert "gbau demo: failed in step 3" in done.stderr
    assert f"The log of gbau-naf is {out}/gbau-naf.log; it ends with:\n    " in done.stderr
    assert {path.name for path in out.iterdir()} == KEPT


def test_out_that_is_no_directory(tmp_path):
    (tmp_path / "file").touch()
    failed = Demo(tmp_path / "file")
    assert failed.done.returncode == 1
    assert "Not a directory" in failed.done.stderr
