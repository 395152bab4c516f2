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
HOLD = "mount -t tmpfs tmpfs /run && mkdir /run/pcscd && ip link set lo up && echo ready && exec sleep infinity"


class VirtualReader:
    """
    A pcscd in the namespaces that `holder` keeps; `vpcd` is where the card connects to, `prefix` what makes a command
    run beside pcscd, and `log` where pcscd writes.
    """

    vpcd = f"127.0.0.1:{VPCD_PORT}"

    def __init__(self, holder, log, service):
        self.log = log
        self.service = service
        self.process = None
        self.prefix = ["nsenter", "--target", str(holder.pid), "--mount", "--net"]
        if os.getuid() != 0:
            self.prefix += ["--user", "--preserve-credentials"]
        self.prefix.append("--")

    def run(self, command, **options):
        """Runs a program beside pcscd; its output is kept as text."""
        options = {"capture_output": True, "text": True, "timeout": 60, "check": True, **options}
        return subprocess.run([*self.prefix, *map(str, command)], **options)

    def start(self, command, **options):
        return spawn([*self.prefix, *command], **options)

    def start_service(self):
        with open(self.log, "a") as log:
            self.process = self.start(self.service, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        for _ in range(100):
            if self.process.poll() is not None:
                raise RuntimeError("pcscd ended: see pcscd.log")
            if "Virtual PCD" in self.run(["opensc-tool", "--list-readers"], check=False).stdout:
                return
            time.sleep(0.1)
        raise RuntimeError("pcscd does not show the virtual reader")

    def stop_service(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)

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

    def wait(self, present):
        for _ in range(150):
            if self.has_card() == present:
                return
            time.sleep(0.1)
        raise RuntimeError(f"the card is {'not ' if present else ''}in the virtual reader after 15 s")

    @contextlib.contextmanager
    def card(self, command, **options):
        """A program that serves a card, for as long as the context lasts."""
        process = self.start(command, **options)
        try:
            self.wait(present=True)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)
            self.wait(present=False)


@contextlib.contextmanager
def private_pcscd(directory, *options):
    """Starts pcscd in namespaces of its own, with its configuration and log in `directory`; gives a VirtualReader."""
    configuration = pathlib.Path(directory, "reader.conf.d")
    configuration.mkdir()
    (configuration / "vpcd").write_text(
        f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{VPCD_PORT:#06X}\nLIBPATH {DRIVER}\n'
        f'CHANNELID {VPCD_PORT:#06X}\n'.replace("0X", "0x"))
    unshare = ["unshare", "--mount", "--net"] + ([] if os.getuid() == 0 else ["--map-root-user"])
    service = ["pcscd", "--foreground", "--config", configuration, *options]
    holder = spawn([*unshare, "sh", "-c", HOLD], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    try:
        if holder.stdout.readline() != "ready\n":
            raise RuntimeError("no namespaces of our own")
        reader = VirtualReader(holder, pathlib.Path(directory, "pcscd.log"), service)
        try:
            reader.start_service()
            yield reader
        finally:
            reader.stop_service()
    finally:
        holder.terminate()
        holder.wait(timeout=20)
