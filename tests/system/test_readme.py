"""test_readme.py: the commands of README.md do what it says, and its C is that of examples/seal.c."""
import os
import pathlib
import re
import subprocess

import pytest

from network import Ports

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("GBAU_BUILD", "build")).resolve()
README = (ROOT / "README.md").read_text()
EXAMPLE_PORTS = (3868, 3869, 8080, 8081)
TEXT = "let me in"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def with_free_ports(text, ports):
    for example, port in ports.items():
        text = re.sub(rf"(?<=127\.0\.0\.1:){example}\b", str(port), text)
    return text


def by_hand_script(directory, ports):
    """The blocks of "By hand" with their examples on free ports."""
    script = "".join(block for block in blocks("sh") if "gbau card create" in block or "gbau card show" in block)
    for name in ("hss", "bsf", "naf", "card"):
        text = with_free_ports((ROOT / "examples" / f"{name}.yaml").read_text(), ports)
        (directory / f"{name}.yaml").write_text(text)
    script = script.replace("examples/", f"{directory}/").replace("$PWD/build/src/cli", str(BUILD / "src/cli"))
    return with_free_ports(script, ports)


@pytest.fixture
def ports():
    """A free port in the place of each of the examples' ones."""
    taken = Ports()
    yield {example: taken.take() for example in EXAMPLE_PORTS}
    taken.close()


def test_by_hand(tmp_path, ports):
    script = f"""set -e
trap 'kill $(jobs -p); wait' EXIT
{by_hand_script(tmp_path, ports)}
{BUILD}/examples/seal my.card 1234 http://127.0.0.1:{ports[8080]}/ "{TEXT}" > message.cose
curl -sf -o answer --data-binary @message.cose http://127.0.0.1:{ports[8081]}/sealed
"""
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "b_tid: " in done.stdout
    assert "ks_ext_naf: " in done.stdout
    assert "EF_IMSI" in done.stdout
    assert "AUTHENTICATE GBA NAF derivation for naf.example.com" in done.stdout
    (message,) = (tmp_path / "naf-inbox").glob("*.message")
    assert message.read_text() == TEXT


def test_two_commands_are_words_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    words = re.findall(r"\bmake ([\w-]+)", README)
    assert {"demo", "test", "bench", "fuzz", "install"} <= set(words)
    for word in words:
        assert re.search(rf"^{word}:", makefile, re.M), word


def test_c_is_that_of_the_example():
    example = re.sub(r"\s+", " ", (ROOT / "examples/seal.c").read_text())
    for block in blocks("c"):
        assert re.sub(r"\s+", " ", block).strip() in example


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
