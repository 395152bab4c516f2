"""network.py: real daemons on loopback, in a directory of their own, configured after examples/*.yaml."""
import contextlib
import ctypes
import pathlib
import random
import re
import signal
import socket
import subprocess
import time

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
PORTS = range(20000, 32000)  # below those that the system gives to clients
START_TIME_S = 20
STOP_TIME_S = 10
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent():
    """In the child: it ends when the test ends, however that ends."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(arguments, **options):
    return subprocess.Popen([str(a) for a in arguments], preexec_fn=end_with_parent, **options)


class Ports:
    """Free ports that no other run of the tests takes: each is held by a name in the abstract socket namespace."""

    def __init__(self):
        self.held = []

    @staticmethod
    def _is_free(port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
        return True

    def take(self):
        for port in random.sample(PORTS, len(PORTS)):
            holder = socket.socket(socket.AF_UNIX)
            try:
                holder.bind(f"\0gbau-system-test-port-{port}")
            except OSError:
                holder.close()
                continue
            if self._is_free(port):
                self.held.append(holder)
                return port
            holder.close()
        raise RuntimeError("no free port")

    def close(self):
        for holder in self.held:
            holder.close()


class Configuration:
    """The text of a YAML file of examples/, changed line by line; a change that finds nothing to change fails."""

    def __init__(self, name):
        self.text = (EXAMPLES / name).read_text()

    def replace(self, old, new):
        assert old in self.text, f"{old} is no longer in the example"
        self.text = self.text.replace(old, new)

    def set(self, path, value):
        """Sets a scalar at "key" or "mapping.key"; adds the key when the mapping lacks it."""
        *mapping, key = path.split(".")
        indent = "  " if mapping else ""
        head, block, tail = self._block(mapping[0]) if mapping else ("", self.text, "")
        changed, count = re.subn(rf"(?m)^{indent}{key}:.*$", f"{indent}{key}: {value}", block)
        self.text = head + (changed if count else f"{indent}{key}: {value}\n" + block) + tail

    def _block(self, mapping):
        match = re.search(rf"(?m)^{mapping}:.*\n", self.text)
        if not match:
            return f"{self.text}{mapping}:\n", "", ""
        end = re.compile(r"(?m)^\S").search(self.text, match.end())
        stop = end.start() if end else len(self.text)
        return self.text[:match.end()], self.text[match.end():stop], self.text[stop:]

    def insert_after(self, line, block):
        self.replace(f"{line}\n", f"{line}\n{block}")


class Daemon:
    """One daemon: it is started and ended, perhaps several times, and its log is kept."""

    def __init__(self, program, configuration, directory, name, prefix=()):
        self.name = name
        self.program = program
        self.prefix = tuple(prefix)
        self.directory = directory
        self.configuration = directory / f"{name}.yaml"
        self.configuration.write_text(configuration.text)
        self.log_path = directory / f"{name}.log"
        self.output_path = directory / f"{name}.out"
        self.log_path.touch()
        self.process = None

    def start(self):
        assert self.process is None
        with self.log_path.open("ab") as log, self.output_path.open("wb") as output:
            self.process = spawn([*self.prefix, self.program, "-c", self.configuration], stdin=subprocess.DEVNULL,
                                 stdout=output, stderr=log, cwd=self.directory)
        self._wait(lambda: "ready:" in self.output_path.read_text(), "is not ready")

    def _wait(self, condition, complaint, timeout=START_TIME_S):
        ends = time.monotonic() + timeout
        while not condition():
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"{self.name} has ended:\n{self.log()}")
            if time.monotonic() > ends:
                raise AssertionError(f"{self.name} {complaint} after {timeout} s:\n{self.log()}")
            time.sleep(0.01)

    def log(self, since=0):
        return self.log_path.read_bytes()[since:].decode()

    def mark(self):
        """The end of the log now, for `since`."""
        return self.log_path.stat().st_size

    def wait_for_log(self, text, since=0, timeout=START_TIME_S):
        self._wait(lambda: text in self.log(since), f"does not log '{text}'", timeout)

    @contextlib.contextmanager
    def frozen(self):
        """Stopped in the middle of whatever it does, and later woken."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def ask_to_end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait_for_end(self):
        """Waits; a daemon that hangs is killed, and that is a failure, as is one that did not end well."""
        if self.process is None:
            return
        process, self.process = self.process, None
        try:
            status = process.wait(STOP_TIME_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{self.name} does not end:\n{self.log()}") from None
        assert status == 0, f"{self.name} ended with {status}:\n{self.log()}"

    def stop(self):
        self.ask_to_end()
        self.wait_for_end()


class Network:
    """An HSS, a BSF, and any number of NAFs."""

    def __init__(self, programs, ports, directory, prefix=(), log_level="info"):
        self.programs = programs
        self.directory = directory
        self.prefix = prefix
        self.log_level = log_level
        self.hss_port, self.zn_port, self.ub_port = ports.take(), ports.take(), ports.take()
        self.ports = ports
        self.hss_db = directory / "hss.db"
        self.daemons = []
        self.hss = None
        self.bsf = None

    @property
    def ub_url(self):
        return f"http://127.0.0.1:{self.ub_port}/"

    def add_subscriber(self, subscriber, *options):
        self.programs.run("subscriber", "add", "--db", self.hss_db, "--imsi", subscriber.imsi, "--k",
                          subscriber.k.hex(), "--opc", subscriber.opc.hex(), "--mnc-digits", subscriber.mnc_digits,
                          *options)

    def _add(self, name, program, configuration):
        configuration.replace("log: {level: info}", f"log: {{level: {self.log_level}}}")
        daemon = Daemon(self.programs.path(program), configuration, self.directory, name, self.prefix)
        self.daemons.append(daemon)
        return daemon

    def prepare(self, hss=None, bsf=None, nafs=()):
        """
        Writes configurations: settings of the HSS and the BSF, and more NAFs that the BSF lets in as Diameter peers:
        mappings with their identity, and for those that it gives keys to their fqdns and rights.
        """
        self.hss = self._add("hss", "gbau-hss", self._hss_configuration(hss or {}))
        self.bsf = self._add("bsf", "gbau-bsf", self._bsf_configuration(bsf or {}, nafs))

    def _hss_configuration(self, settings):
        configuration = Configuration("hss.yaml")
        configuration.replace("127.0.0.1:3868", f"127.0.0.1:{self.hss_port}")
        configuration.set("database", self.hss_db)
        for path, value in settings.items():
            configuration.set(path, value)
        return configuration

    def _bsf_configuration(self, settings, nafs):
        configuration = Configuration("bsf.yaml")
        configuration.replace("127.0.0.1:8080", f"127.0.0.1:{self.ub_port}")
        configuration.replace("127.0.0.1:3868", f"127.0.0.1:{self.hss_port}")
        configuration.replace("127.0.0.1:3869", f"127.0.0.1:{self.zn_port}")
        for naf in nafs:
            identity = f"identity: {naf['identity']}\n"
            configuration.insert_after("  peers:", f"    - {identity}      realm: service.example\n")
            if "fqdns" in naf:
                rights = "".join(f"    {key}: {naf[key]}\n" for key in naf if key.startswith("may_"))
                configuration.insert_after("nafs:", f"  - {identity}    fqdns: [{naf['fqdns']}]\n{rights}")
        configuration.set("sessions.path", self.directory / "bsf-sessions")
        for path, value in settings.items():
            configuration.set(path, value)
        return configuration

    def add_naf(self, name="naf", identity="naf.service.example", settings=None):
        configuration = Configuration("naf.yaml")
        port = self.ports.take()
        configuration.replace("127.0.0.1:8081", f"127.0.0.1:{port}")
        configuration.replace("127.0.0.1:3869", f"127.0.0.1:{self.zn_port}")
        configuration.replace("identity: naf.service.example", f"identity: {identity}")
        configuration.set("sealed.inbox", self.directory / f"{name}-inbox")
        for path, value in (settings or {}).items():
            configuration.set(path, value)
        naf = self._add(name, "gbau-naf", configuration)
        naf.port = port
        naf.inbox = self.directory / f"{name}-inbox"
        return naf

    def start(self):
        """In the order in which they connect; freeDiameter takes up to four seconds for the first try."""
        for daemon in self.daemons:
            daemon.start()
        for daemon in self.daemons[1:]:
            peer = "hss.home.example" if daemon is self.bsf else "bsf.home.example"
            daemon.wait_for_log(f"connected with {peer}")

    def stop(self):
        """From the outside in: all NAFs, the BSF, the HSS."""
        failures = []
        for together in (self.daemons[2:], self.daemons[1:2], self.daemons[:1]):
            for daemon in together:
                daemon.ask_to_end()
            for daemon in together:
                try:
                    daemon.wait_for_end()
                except AssertionError as failure:
                    failures.append(str(failure))
        assert not failures, "\n".join(failures)
