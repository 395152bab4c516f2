"""test_secrets.py: GBA_U runs with every APDU, log, output and file in hand: no key is where it should not be."""
import base64
import json
import pathlib

import pytest

from card_by_apdu import CardByApdu, lv
from milenage import UA_HTTP_DIGEST, UA_SEALED, Subscriber, b64
from raw_http import exchange
from sealed import seal_by_card
from secret_search import is_in, search, secrets_of_logs, secrets_of_run, secrets_of_subscriber
from test_zn_naf import UaDevice
from ub_by_hand import Challenge, UbDevice, run_of_b_tid

FQDN = "naf.example.com"
LABEL = b"telemetry"
TEXT = b"the text of a sealed message"


# The search itself


SECRET = bytes.fromhex("00ff465b5ce8b199b49faa5f0a2ee238a6bc")
FORMS = {
    "raw": SECRET,
    "raw, the other way round": SECRET[::-1],
    "hexadecimal": SECRET.hex().encode(),
    "hexadecimal in upper case": SECRET.hex().upper().encode(),
    "hexadecimal with spaces": SECRET.hex(" ").encode(),
    "hexadecimal with colons": SECRET.hex(":").upper().encode(),
    "hexadecimal in C": "".join(f"\\x{octet:02x}" for octet in SECRET).encode(),
    "hexadecimal over lines": SECRET.hex("\n", 8).encode(),
    "base64": base64.b64encode(SECRET),
    "base64 behind one octet": base64.b64encode(b"x" + SECRET),
    "base64 in the middle": base64.b64encode(b"xy" + SECRET + b"z"),
    "base64 for URLs": base64.urlsafe_b64encode(b"x" + SECRET),
    "base64 over lines": base64.encodebytes(b"x" * 50 + SECRET),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_search_finds(form):
    assert is_in(SECRET, b"some text " + FORMS[form] + b" and more")
    assert not is_in(SECRET[:-1] + b"\0", b"some text " + FORMS[form] + b" and more")


# One run of everything, whose traces the tests below search


class Traces:
    """What a network, a card driven by hand and our own tools have left behind."""

    def __init__(self, network, programs, new_card, directory):
        self.network = network
        self.programs = programs
        self.new_card = new_card
        self.directory = directory
        self.apdus = []
        self.outputs = {}
        self.runs = []
        self.cards = []

    def subscribe(self, subscriber, *options):
        self.network.add_subscriber(subscriber)
        self.cards.append(self.new_card(subscriber, *options))
        return self.cards[-1]

    def call(self, *arguments):
        done = self.programs.call(*arguments)
        self.outputs[f"output {len(self.outputs)} of {arguments[0]}"] = (done.stdout + done.stderr).encode()
        return done

    def run_by_hand(self, subscriber):
        """The device's part with bare APDUs, so that each is on record: bootstrap, derive, seal, authenticate."""
        path = self.subscribe(subscriber, "--api-naf", f"{FQDN}/{UA_SEALED.hex()}")
        device = UbDevice(self.network.ub_port, subscriber)
        challenge = device.challenge()
        run = device.run_of(challenge)
        with CardByApdu(self.programs, path, self.apdus) as card:
            card.select_usim()
            answer, sw = card.bootstrap(challenge.rand, challenge.autn)
            assert (answer, sw) == (b"\xdb" + lv(run.res_of_gba_u), "9000")
            assert device.answer(challenge, answer[2:]).status == 200
            card.write_gbabp(run.b_tid, "2030-01-01T00:00:00Z")
            assert card.derive(FQDN, UA_HTTP_DIGEST, subscriber.impi) == run.ks_ext_naf(FQDN)
            assert card.derive(FQDN, UA_SEALED, subscriber.impi) == run.ks_ext_naf(FQDN, UA_SEALED)
            [sealed] = seal_by_card(card, FQDN, LABEL, [TEXT])
            self._read_everything(card)
        assert exchange(self.network.naf.port, "POST", "/sealed", body=sealed).status == 204
        assert UaDevice(self.network.naf.port, run).get().status == 200
        self.runs.append(run)

    def _read_everything(self, card):
        """Every file of the card, and nonsense too: no answer may hold a key."""
        for fid in range(0x6f00, 0x7000):
            if card.send(f"00a4000c02{fid:04x}")[1] == "9000":
                card.send("00b0000000")
                for record in range(1, 20):
                    card.send(f"00b2{record:02x}0400")
        for p2 in range(256):
            card.send(f"008800{p2:02x}00")
            card.send(f"00cb00{p2:02x}00")
            card.send(f"80ca00{p2:02x}00")

    def run_by_tool(self, subscriber):
        path = self.subscribe(subscriber)
        done = self.call("bootstrap", "--card", path, "--pin", "1234", "--bsf", self.network.ub_url, "--json")
        run = run_of_b_tid(subscriber, json.loads(done.stdout)["b_tid"])
        naf = ["--naf", FQDN, "--ua", UA_SEALED.hex()]
        key = self.call("naf-key", "--card", path, "--pin", "1234", *naf)
        assert run.ks_ext_naf(FQDN, UA_SEALED).hex() in key.stdout
        self.outputs.popitem()  # that one shows Ks_ext_NAF, as it should
        with CardByApdu(self.programs, path, self.apdus) as card:
            card.select_usim()
            self._read_everything(card)
        self.runs.append(run)

    def fail(self, subscriber, stranger):
        """Failures write the longest log lines."""
        path = self.subscribe(subscriber, "--sqn", "000000100019")
        device = UbDevice(self.network.ub_port, subscriber)
        first, second = device.challenge(), device.challenge()
        assert device.answer(first, bytes(8)).status == 403
        auts = subscriber.milenage.auts(second.rand, (1 << 20).to_bytes(6, "big"))
        renewed = Challenge.of(device.answer_with_auts(second, auts))
        assert device.answer(renewed, realm="elsewhere").status == 400
        naf = UaDevice(self.network.naf.port, device.run_of(first))
        assert naf.get().status == 401
        assert exchange(self.network.naf.port, "POST", "/sealed", body=b"hello").status == 400
        options = ["--bsf", self.network.ub_url]
        assert self.call("bootstrap", "--card", path, "--pin", "9999", *options).returncode == 1
        assert self.call("bootstrap", "--card", path, *options).returncode == 1
        other_card = self.new_card(stranger)
        assert self.call("bootstrap", "--card", other_card, "--pin", "1234", *options).returncode == 1
        assert self.call("subscriber", "add", "--db", self.network.hss_db, "--imsi", subscriber.imsi, "--k",
                         subscriber.k.hex(), "--opc", subscriber.opc.hex()).returncode == 1
        self.cards.append(other_card)
        self.runs += [device.run_of(challenge) for challenge in (first, second, renewed)]

    def secrets(self, *kinds):
        found = {}
        for number, run in enumerate(self.runs):
            for kind in (lambda run, _: secrets_of_subscriber(run.subscriber), *kinds):
                found.update({f"{name} of run {number}": secret for name, secret in kind(run, FQDN).items()})
        return found

    def logs(self):
        daemons = self.network.daemons
        return {daemon.name: daemon.log_path.read_bytes() + daemon.output_path.read_bytes() for daemon in daemons}

    def files(self):
        return {path.name: path.read_bytes() for path in self.directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def traces(new_network, programs, tmp_path_factory):
    """The daemons log all they can, and have ended, so that their files are whole."""
    network = new_network(log_level="debug")
    network.prepare()
    network.naf = network.add_naf()
    network.start()
    directory = tmp_path_factory.mktemp("cards")

    def new_card(subscriber, *options):
        path = directory / f"{subscriber.imsi}.card"
        done = programs.call("card", "create", path, "--imsi", subscriber.imsi, "--k", subscriber.k.hex(), "--opc",
                             subscriber.opc.hex(), *options)
        assert done.returncode == 0
        made.outputs[f"card create {subscriber.imsi}"] = (done.stdout + done.stderr).encode()
        return path

    made = Traces(network, programs, new_card, network.directory)
    for number in range(2):
        made.run_by_hand(Subscriber(f"00101000000100{number}"))
        made.run_by_tool(Subscriber(f"00101000000200{number}"))
    made.fail(Subscriber("001010000003000"), Subscriber("001010000003001"))
    network.stop()
    return made


def test_no_key_is_in_any_apdu(traces):
    apdus = {f"APDU {number}": octets for number, octets in enumerate(traces.apdus)}
    assert len(apdus) > 3000
    apdus["all responses in a row"] = b"".join(response[:-2] for response in traces.apdus[1::2])
    everything = {"all": b"\n".join(apdus.values()), "in a row": apdus["all responses in a row"]}
    assert search(traces.secrets(secrets_of_run), everything) == []
    by_hand = traces.runs[0]
    leaves = {"Ks_ext_NAF": by_hand.ks_ext_naf(FQDN), "RES": by_hand.res_of_gba_u}
    assert len(search(leaves, {"all": everything["all"]})) == 2, "what leaves the card is on record"


def test_the_3g_context_shows_what_the_search_can_see(programs, new_subscriber, new_card):
    """There CK and IK do leave the card, as TS 31.102 wants it."""
    subscriber = new_subscriber()
    rand = bytes(range(16))
    run = subscriber.run(rand)
    with CardByApdu(programs, new_card(subscriber)) as card:
        card.select_usim()
        data, sw = card.authenticate(lv(rand) + lv(subscriber.milenage.autn(rand, (1 << 10).to_bytes(6, "big"))), 0x81)
        assert sw == "9000"
    assert search({"CK": run.ck, "IK": run.ik}, {"response": data}) == ["CK in response", "IK in response"]


def test_no_key_is_in_any_log(traces):
    logs = traces.logs()
    assert set(logs) == {"hss", "bsf", "naf"} and all(len(log) > 1000 for log in logs.values())
    assert b" debug " in logs["bsf"], "all that can be logged is"
    assert search(traces.secrets(secrets_of_run, secrets_of_logs), logs) == []
    assert search({"text": TEXT}, logs) == []


def test_no_key_is_in_any_output(traces):
    assert len(traces.outputs) >= 10
    assert search(traces.secrets(secrets_of_run, secrets_of_logs), traces.outputs) == []


def test_no_key_is_in_any_file(traces):
    """Databases hold keys wrapped; the message itself is where it belongs."""
    files = traces.files()
    assert {"hss.db", "data.mdb"} <= set(files)
    assert traces.runs[0].b_tid.encode() in files["data.mdb"], "sessions are in there"
    assert traces.runs[0].subscriber.imsi.encode() in files["hss.db"], "and subscribers there"
    assert search(traces.secrets(secrets_of_run, secrets_of_logs), files) == []
    assert TEXT in [octets for name, octets in files.items() if name.endswith(".message")]


def test_the_keys_that_wrap_keys_are_for_their_owner_only(traces):
    paths = [path for path in traces.directory.rglob("*.key")]
    assert len(paths) == 2
    for path in [*paths, traces.network.hss_db, *traces.cards]:
        assert path.stat().st_mode & 0o077 == 0, path
    for path in (traces.directory / "bsf-sessions", traces.network.naf.inbox):
        assert path.stat().st_mode & 0o077 == 0, path


def test_no_daemon_leaves_its_memory_behind(new_network):
    """No core file, and nobody but root may look into the process."""
    network = new_network()
    network.prepare()
    network.add_naf()
    for daemon in network.daemons:
        daemon.start()
        limits = pathlib.Path(f"/proc/{daemon.process.pid}/limits").read_text()
        [line] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert line.split()[4:6] == ["0", "0"]
        assert pathlib.Path(f"/proc/{daemon.process.pid}/mem").stat().st_uid == 0


def test_base64_of_a_key_is_not_mistaken(traces):
    """The password of HTTP Digest is base64 of Ks_ext_NAF: the search would see it in a log."""
    key = traces.runs[0].ks_ext_naf(FQDN)
    assert search({"Ks_ext_NAF": key}, {"log": b"password=" + b64(key).encode()}) == ["Ks_ext_NAF in log"]
