"""test_pkcs11.py: the PKCS#11 module on a card of a real network: by ctypes, pkcs11-tool, p11tool, Java, many processes
at once; and every command of docs/recipes/pkcs11.md."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import textwrap
import threading

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import pkcs11_client as p11
from milenage import API_AID, kdf
from ub_by_hand import run_of_b_tid

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("GBAU_BUILD", ROOT / "build")).resolve()
MODULE = BUILD / "src" / "pkcs11" / "libgbau-pkcs11.so"
RECIPE = (ROOT / "docs" / "recipes" / "pkcs11.md").read_text()
FQDN, UA = "naf.example.com", bytes.fromhex("0100000002")
ENCRYPT, MAC = b"\1", b"\2"
TO_NAF, TO_CARD = b"\1", b"\2"
AES_256_GCM, HMAC_SHA256 = b"\2", b"\x21"
PIN = "1234"


@pytest.fixture(scope="module")
def network(new_network):
    made = new_network()
    made.prepare()
    made.start()
    return made


class Service:
    """What the NAF knows of a card: keys by hand."""

    def __init__(self, subscriber, b_tid):
        self.ks_int_naf = run_of_b_tid(subscriber, b_tid).ks_int_naf(FQDN, UA)

    def key(self, usage, direction, algorithm, label):
        return kdf(self.ks_int_naf, 0xfe, b"gba-u-api", usage, direction, algorithm, label.encode(), API_AID, b"")

    def mac(self, direction, label, data):
        return hmac.new(self.key(MAC, direction, HMAC_SHA256, label), data, hashlib.sha256).digest()

    def aead(self, direction, label):
        return AESGCM(self.key(ENCRYPT, direction, AES_256_GCM, label))


@pytest.fixture
def subscriber(new_subscriber, network):
    return new_subscriber(network)


@pytest.fixture
def card(new_card, subscriber):
    """A card that was never bootstrapped."""
    return new_card(subscriber, "--api-naf", f"{FQDN}/{UA.hex()}")


@pytest.fixture
def slots(tmp_path, network, card):
    """The recipe's configuration, for this card and network; the module bootstraps by itself."""
    (text,) = re.findall(r"```yaml\n(.*?)```", RECIPE, re.S)
    text = text.replace("my.card", str(card)).replace("http://bsf.example:8080/", network.ub_url)
    path = tmp_path / "pkcs11.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def environment(slots):
    return os.environ | {"GBAU_PKCS11_CONFIG": str(slots), "MODULE": str(MODULE)}


@pytest.fixture
def client(slots, monkeypatch):
    monkeypatch.setenv("GBAU_PKCS11_CONFIG", str(slots))
    opened = p11.Client(MODULE, PIN)
    yield opened
    opened.close()


@pytest.fixture
def service(client, subscriber):
    (naf_key,) = client.find(label=FQDN)
    return Service(subscriber, client.attribute(naf_key, p11.CKA_GBAU_B_TID).decode())


def call(command, environment, **options):
    return subprocess.run([str(part) for part in command], env=environment, capture_output=True, timeout=60,
                          check=False, **options)


def run(command, environment, **options):
    done = call(command, environment, **options)
    assert done.returncode == 0, f"{command}: {done.stdout.decode()} {done.stderr.decode()}"
    return done.stdout.decode()


def refused(value, function, *arguments, **attributes):
    with pytest.raises(p11.Error) as error:
        function(*arguments, **attributes)
    assert error.value.value == value


# By ctypes


def test_login_bootstraps_and_keys_are_those_of_the_service(client, service):
    (readings,) = client.find(label="readings")
    assert client.sign(readings, b"kWh 4711") == service.mac(TO_NAF, "readings", b"kWh 4711")
    (orders,) = client.find(label="orders")
    mac = service.mac(TO_CARD, "orders", b"switch off")
    client.verify(orders, b"switch off", mac)
    refused(p11.CKR_SIGNATURE_INVALID, client.verify, orders, b"switch on", mac)


@pytest.mark.parametrize("length", [0, 1, 200, 201, 5000])
def test_derived_key_encrypts_for_the_service(client, service, length):
    key = client.derive(client.find(label=FQDN)[0], label=b"greeting", encrypt=True)
    text = secrets.token_bytes(length)
    iv, sealed = client.encrypt_gcm(key, text, b"aad")
    assert service.aead(TO_NAF, "greeting").decrypt(iv, sealed, b"aad") == text
    again, _ = client.encrypt_gcm(key, text, b"aad")
    assert again != iv != bytes(12)


def test_card_reads_what_the_service_encrypts(client, service):
    (news,) = client.find(label="news")
    iv = secrets.token_bytes(12)
    sealed = service.aead(TO_CARD, "news").encrypt(iv, b"the price is up", b"")
    assert client.decrypt_gcm(news, iv, sealed) == b"the price is up"
    broken = bytes([sealed[0] ^ 1]) + sealed[1:]
    refused(p11.CKR_ENCRYPTED_DATA_INVALID, client.decrypt_gcm, news, iv, broken)


def test_own_iv_is_refused(client):
    key = client.derive(client.find(label=FQDN)[0], label=b"greeting", encrypt=True)
    refused(p11.CKR_MECHANISM_PARAM_INVALID, client.encrypt_gcm, key, b"text", iv=secrets.token_bytes(12))


def test_nothing_comes_out(client):
    for key in client.find():
        refused(p11.CKR_ATTRIBUTE_SENSITIVE, client.attribute, key, p11.CKA_VALUE)


def test_kept_key_is_seen_by_the_tool(client, programs, card):
    client.derive(client.find(label=FQDN)[0], label=b"vault", encrypt=True, decrypt=True, token=True)
    (vault,) = client.find(label="vault")
    iv, sealed = client.encrypt_gcm(vault, b"at rest")
    assert client.decrypt_gcm(vault, iv, sealed) == b"at rest"
    client.call("C_Logout", client.session)
    listed = [json.loads(line) for line in
              programs.run("key", "list", "--card", card, "--pin", PIN, "--json").splitlines()]
    assert "vault" in [key.get("label") for key in listed]


def test_wrong_pin(slots, monkeypatch):
    monkeypatch.setenv("GBAU_PKCS11_CONFIG", str(slots))
    client = p11.Client(MODULE)
    try:
        refused(p11.CKR_PIN_INCORRECT, client.login, "9999")
        assert client.find() == []
        assert len(client.random(40)) == 40  # needs no login
        assert client.digest(b"abc") == hashlib.sha256(b"abc").digest()
        client.login(PIN)
        assert client.find(label=FQDN) != []
    finally:
        client.close()


# Many processes

WORKER = """
import sys
import pkcs11_client as p11
client = p11.Client(sys.argv[1], "1234")
(readings,) = client.find(label="readings")
macs = {client.sign(readings, b"text") for _ in range(3000)}
client.close()
print(*(mac.hex() for mac in macs))
"""


def test_processes_take_turns(client, service, environment):
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, MODULE], cwd=ROOT / "tests" / "system", env=environment,
                                stdout=subprocess.PIPE, text=True) for _ in range(3)]
    (readings,) = client.find(label="readings")
    expected = service.mac(TO_NAF, "readings", b"text")
    assert all(client.sign(readings, b"text") == expected for _ in range(3000))
    for worker in workers:
        assert worker.communicate(timeout=60)[0].split() == [expected.hex()]
        assert worker.returncode == 0


# Tools


def test_pkcs11_tool_objects(environment):
    text = run(["pkcs11-tool", "--module", MODULE, "--login", "--pin", PIN, "--list-objects"], environment)
    assert text.count("Secret Key Object") == 4
    assert text.count("sensitive, always sensitive, never extractable") == 4
    wrong = call(["pkcs11-tool", "--module", MODULE, "--login", "--pin", "9999", "--list-objects"], environment)
    assert b"CKR_PIN_INCORRECT" in wrong.stderr
    assert b"gbau" not in wrong.stderr  # the module says nothing by itself


def test_two_slots(programs, new_card, new_subscriber):
    cards = [new_card(new_subscriber()), new_card(new_subscriber(), "--no-pin"), "/nowhere/absent.card"]
    environment = os.environ | {"GBAU_PKCS11_CARD": ";".join(str(card) for card in cards)}
    text = run(["pkcs11-tool", "--module", MODULE, "--list-slots"], environment)
    assert text.count("token label") == 2
    assert text.count("login required") == 1
    assert "(empty)" in text


def test_card_in_a_reader(network, reader, served, subscriber, card, slots, environment, tmp_path):
    """The same card, bootstrapped, in a PC/SC reader; without one, the slot is empty."""
    slots.write_text(slots.read_text().replace(str(card), "pcsc").replace(network.ub_url, "http://127.0.0.1:1/"))
    data = tmp_path / "data"
    data.write_bytes(b"kWh 4711")
    tool = [*reader.prefix, "pkcs11-tool", "--module", MODULE]
    assert "(empty)" in run([*tool, "--list-slots"], environment)
    b_tid = json.loads(run([BUILD / "src/cli/gbau", "bootstrap", "--card", card, "--pin", PIN, "--bsf", network.ub_url,
                            "--json"], environment))["b_tid"]
    with served(card):
        sign = [*tool, "--login", "--pin", PIN, "--sign", "--mechanism", "SHA256-HMAC", "--id", "0201", "--input-file",
                data, "--output-file", tmp_path / "mac"]
        run(sign, environment)
        assert "token label        : meter" in run([*tool, "--list-slots"], environment)
    assert (tmp_path / "mac").read_bytes() == Service(subscriber, b_tid).mac(TO_NAF, "readings", b"kWh 4711")


def test_library_shows_only_pkcs11():
    symbols = run(["nm", "-D", "--defined-only", MODULE], os.environ).splitlines()
    names = [line.split()[-1].split("@")[0] for line in symbols if " T " in line]
    assert len(names) == 68
    assert all(name.startswith("C_") for name in names)


# The recipe


class Receiver(http.server.BaseHTTPRequestHandler):
    """A service that checks a MAC."""

    def do_POST(self):  # noqa: N802 (the library's name)
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((data, base64.b64decode(self.headers["X-MAC"]), self.headers["X-B-TID"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    server.got = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def recipe_blocks():
    return re.findall(r"```(sh|java)\n(.*?)```", RECIPE, re.S)


def test_recipe(client, service, environment, receiver, tmp_path):
    (naf_key,) = client.find(label=FQDN)
    (tmp_path / "order").write_bytes(b"switch off")
    (tmp_path / "order.mac").write_bytes(service.mac(TO_CARD, "orders", b"switch off"))
    environment = environment | {"SERVICE": f"http://127.0.0.1:{receiver.server_address[1]}/",
                                 "B_TID": client.attribute(naf_key, p11.CKA_GBAU_B_TID).decode()}
    outputs = {}
    for language, text in recipe_blocks():
        if language == "java":
            (tmp_path / "Readings.java").write_text(text)
        elif not text.startswith("java ") or shutil.which("java"):
            outputs[text] = run(["sh", "-e", "-c", text], environment, cwd=tmp_path)
    printed = "\n".join(outputs.values())
    mac = service.mac(TO_NAF, "readings", b"kWh 4711")
    assert (tmp_path / "reading.mac").read_bytes() == mac
    assert (tmp_path / "reading.sha256").read_bytes() == hashlib.sha256(b"kWh 4711").digest()
    assert len((tmp_path / "random").read_bytes()) == 32
    assert receiver.got == [(b"kWh 4711", mac, environment["B_TID"])]
    assert "Signature is valid" in printed
    assert "CKM_SHA256_HMAC keysize range (32, 32) hw sign verify" in printed
    assert "Label: readings" in printed
    assert "[RSA" in printed  # all that the engine is for
    if shutil.which("java"):
        assert (tmp_path / "java.mac").read_bytes() == mac


def test_recipe_tells_all_mechanisms(environment):
    text = run(["p11tool", "--provider", MODULE, "--list-mechanisms", "pkcs11:token=meter"], environment)
    named = set(re.findall(r"CKM_\w+", text))
    assert named and all(name in RECIPE for name in named)


def test_recipe_compiles(tmp_path):
    """The C of the recipe, in a function of its own."""
    (code,) = re.findall(r"```c\n(.*?)```", RECIPE, re.S)
    source = tmp_path / "recipe.c"
    source.write_text(textwrap.dedent("""\
        #include <p11-kit/pkcs11.h>
        #include <gbau/key.h>
        #include <gbau/pkcs11.h>
        CK_RV recipe(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE naf_key);
        CK_RV recipe(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE naf_key) {
        CK_OBJECT_HANDLE key;
        """) + code + "return CKR_OK; }\n")
    flags = run(["pkg-config", "--cflags", "p11-kit-1"], os.environ).split()
    run(["cc", "-Wall", "-Wextra", "-Werror", "-c", source, "-o", tmp_path / "recipe.o", "-I", ROOT / "include",
         *flags], os.environ)
