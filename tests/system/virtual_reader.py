"""virtual_reader.py: a pcscd of one's own with vsmartcard's virtual reader, away from the machine's.

pcscd has fixed paths and vpcd listens on all addresses, so both live in a mount and a network namespace: a /run and a
loopback of their own. Programs that talk to them run in there too.
"""
import contextlib
import os
import pathlib
import re
import subprocess
import time

from network import spawn

VPCD_PORT = 35963
DRIVER = pathlib.Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
START = "mount -t tmpfs tmpfs /run && mkdir /run/pcscd && ip link set lo up && exec pcscd --foreground --config \"$@\""


class VirtualReader:
    """
    A running pcscd; `vpcd` is where the card connects to, `prefix` what makes a command run beside pcscd, and `log`
    where pcscd writes.
    """

    vpcd = f"127.0.0.1:{VPCD_PORT}"

    def __init__(self, process, log):
        self.log = log
        self.prefix = ["nsenter", "--target", str(process.pid), "--mount", "--net"]
        if os.getuid() != 0:
            self.prefix += ["--user", "--preserve-credentials"]
        self.prefix.append("--")

    def run(self, command, **options):
        """Runs a program beside pcscd; its output is kept as text."""
        options = {"capture_output": True, "text": True, "timeout": 60, "check": True, **options}
        return subprocess.run([*self.prefix, *map(str, command)], **options)

    def start(self, command, **options):
        return spawn([*self.prefix, *command], **options)

    def has_card(self):
        listed = self.run(["opensc-tool", "--list-readers"], check=False).stdout
        return any("Yes" in line.split() for line in listed.splitlines())

    def send(self, *commands):
        """Data and status word of commands sent in one session through opensc-tool, in hexadecimal digits."""
        options = [word for command in commands for word in ("-s", command)]
        output = self.run(["opensc-tool", "--card-driver", "default", "--reader", "0", *options]).stdout
        answers = []
        for block in re.split(r"Sending: .*\n", output)[1:]:
            sw1, sw2 = re.search(r"SW1=0x(..), SW2=0x(..)", block).groups()
            data = "".join(re.findall(r"(?m)^(?:[0-9A-F]{2} )+", block))
            answers.append((data.replace(" ", "").lower(), (sw1 + sw2).lower()))
        return answers

    def _wait(self, present):
        for _ in range(150):
            if self.has_card() == present:
                return
            time.sleep(0.1)
        raise RuntimeError(f"the card is {'not ' if present else ''}in the virtual reader after 15 s")

    @contextlib.contextmanager
    def card(self, command):
        """A program that serves a card, for as long as the context lasts."""
        process = self.start(command)
        try:
            self._wait(present=True)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)
            self._wait(present=False)


@contextlib.contextmanager
def private_pcscd(directory, *options):
    """Starts pcscd in namespaces of its own, with its configuration and log in `directory`; gives a VirtualReader."""
    configuration = pathlib.Path(directory, "reader.conf.d")
    configuration.mkdir()
    (configuration / "vpcd").write_text(
        f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{VPCD_PORT:#06X}\nLIBPATH {DRIVER}\n'
        f'CHANNELID {VPCD_PORT:#06X}\n'.replace("0X", "0x"))
    unshare = ["unshare", "--mount", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])
    log_path = pathlib.Path(directory, "pcscd.log")
    with open(log_path, "w") as log:
        process = spawn([*unshare, "sh", "-c", START, "sh", configuration, *options], stdout=log, stderr=log,
                        stdin=subprocess.DEVNULL)
        try:
            reader = VirtualReader(process, log_path)
            wait_for_pcscd(process, reader)
            yield reader
        finally:
            process.terminate()
            process.wait(timeout=20)


def wait_for_pcscd(process, reader):
    for _ in range(100):
        if process.poll() is not None:
            raise RuntimeError("pcscd ended: see pcscd.log")
        listed = reader.run(["opensc-tool", "--list-readers"], check=False)
        if "Virtual PCD" in listed.stdout:
            return
        time.sleep(0.1)
    raise RuntimeError("pcscd does not show the virtual reader")
