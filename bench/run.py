"""run.py: runs the benchmarks of a build and writes bench.json; usage: run.py BUILD OUTPUT.

Each line has a subject and a reference that were measured in this run, their ratio, and the goal for it.
"""
import contextlib
import json
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "system"))

import virtual_reader  # noqa: E402  (the private pcscd that the system tests use too)

ROUNDS = 9
CLIENTS = 64
# What one round of each kind does, so that each takes about half a second.
BOOTSTRAPS_PER_CLIENT = 60
REQUESTS_PER_CLIENT = 400
DIAMETER_TRIPS = 10000
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
K = "465b5ce8b199b49faa5f0a2ee238a6bc"
OPC = "cd63cb71954a9f4e48a5994e37a02baf"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rate_of(*command):
    """Runs a program that prints a rate."""
    return float(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)


def result(name, unit, rate, reference, reference_rate, goal, bound):
    return {"name": name, "unit": f"{unit}/s", "rate": round(rate, 1), "reference": reference,
            "reference_rate": round(reference_rate, 1), "ratio": round(rate / reference_rate, 3), "goal": goal,
            "bound": bound}


@contextlib.contextmanager
def running(command, ready, **options):
    """A program that is ended, and waited for, at the end; `ready` is what it prints once it serves."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
    try:
        line = process.stdout.readline()
        if ready not in line:
            raise RuntimeError(f"{command[0]} did not start: {line!r}")
        yield process
    finally:
        process.stdin.close()
        process.terminate()
        process.wait(timeout=20)


def json_lines(*command):
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    return [json.loads(line) for line in output.splitlines()]


def configure(name, directory, ports):
    """The example's configuration with free ports."""
    text = (ROOT / "examples" / f"{name}.yaml").read_text()
    for example, port in ports.items():
        text = re.sub(rf"127\.0\.0\.1:{example}\b", f"127.0.0.1:{port}", text)
    path = directory / f"{name}.yaml"
    path.write_text(text.replace("{level: info}", "{level: error}"))
    return path


def wait_for_bsf(client, url, card):
    for _ in range(100):
        if subprocess.run([client, "bootstrap", url, "1", card], capture_output=True).returncode == 0:
            return
        time.sleep(0.2)
    raise RuntimeError("the BSF does not reach its HSS")


@contextlib.contextmanager
def stack(programs, directory):
    """HSS and BSF of the examples; gives the BSF's URL."""
    ports = {3868: free_port(), 3869: free_port(), 8080: free_port()}
    with running([programs / "gbau-hss", "-c", configure("hss", directory, ports)], "ready", cwd=directory):
        with running([programs / "gbau-bsf", "-c", configure("bsf", directory, ports)], "ready", cwd=directory):
            yield f"http://127.0.0.1:{ports[8080]}/"


def make_cards(programs, directory, fast):
    """A card in memory and a subscriber for each client."""
    cards = []
    for number in range(CLIENTS):
        imsi = f"0010100000{number:05d}"
        card = fast / f"{number}.card"
        subprocess.run([programs / "gbau", "card", "create", card, "--imsi", imsi, "--k", K, "--opc", OPC,
                        "--no-pin"], check=True, capture_output=True)
        subprocess.run([programs / "gbau", "subscriber", "add", "--db", directory / "hss.db", "--imsi", imsi, "--k",
                        K, "--opc", OPC], check=True, capture_output=True)
        cards.append(card)
    return cards


def bench_bootstrap(build):
    programs, client, echo = build / "src/cli", build / "bench/bench_bootstrap", build / "bench/bench_echo"
    with contextlib.ExitStack() as context:
        directory = pathlib.Path(context.enter_context(tempfile.TemporaryDirectory(dir=build)))
        fast = pathlib.Path(context.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        cards = make_cards(programs, directory, fast)
        url = context.enter_context(stack(programs, directory))
        wait_for_bsf(client, url, cards[0])
        http, diameter = free_port(), free_port()
        context.enter_context(running([echo, "serve", str(http), str(diameter)], "ready"))
        subject, reference = [], []
        for _ in range(ROUNDS):
            subject.append(rate_of(client, "bootstrap", url, str(BOOTSTRAPS_PER_CLIENT), *cards))
            requests = rate_of(client, "http", f"http://127.0.0.1:{http}/", str(REQUESTS_PER_CLIENT), str(CLIENTS))
            trips = rate_of(echo, "diameter", str(diameter), str(CLIENTS), str(DIAMETER_TRIPS))
            reference.append(1 / (2 / requests + 1 / trips))
        return result("bootstrapping end to end", "bootstraps", statistics.median(subject),
                      "two empty HTTP requests and one empty Diameter round trip", statistics.median(reference), 0.3,
                      f"{CLIENTS} clients, BSF and HSS share two cores; durable SQN blocks and sessions")


def bench_pkcs11(build):
    with tempfile.TemporaryDirectory(dir=build) as directory:
        return json_lines(build / "bench/bench_pkcs11", build / "src/pkcs11/libgbau-pkcs11.so", SOFTHSM, directory)


def bench_pcsc(build):
    programs, asker = build / "src/cli", build / "bench/bench_pcsc"
    with contextlib.ExitStack() as context:
        fast = pathlib.Path(context.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        card = fast / "card"
        subprocess.run([programs / "gbau", "card", "create", card, "--imsi", "001010000000001", "--k", K, "--opc",
                        OPC], check=True, capture_output=True)
        reader = context.enter_context(virtual_reader.private_pcscd(fast))
        rates = {}
        for name, command in (("card", [programs / "gbau", "card", "serve", card, "--vpcd", reader.vpcd]),
                              ("empty", [asker, "empty", *reader.vpcd.split(":")])):
            with reader.card(command):
                rates[name] = statistics.median(
                    float(reader.run([asker, "ask", "3000", "pcsc"]).stdout) for _ in range(ROUNDS))
        return result("APDUs through pcscd and vpcd", "APDUs", rates["card"], "a card that only answers 9000",
                      rates["empty"], 0.8, "four switches between processes an APDU: asker, pcscd, card and back")


def show(results):
    for line in results:
        goal = f"goal {line['goal']:g}" if line["goal"] else ""
        verdict = "" if not line["goal"] else "met" if line["ratio"] >= line["goal"] else "MISSED"
        print(f"{line['name']:<40} {line['rate']:>12,.0f} {line['unit']:<14} {line['ratio']:>7.2f} x "
              f"{line['reference']} ({line['reference_rate']:,.0f}/s) {goal} {verdict}")
        print(f"{'':<40} bound by: {line['bound']}")


def main(build, output):
    build = pathlib.Path(build).resolve()
    results = json_lines(build / "bench/bench_crypto") + json_lines(build / "bench/bench_card", build)
    results += json_lines(build / "bench/bench_naf")
    results += bench_pkcs11(build)
    results.append(bench_pcsc(build))
    results.append(bench_bootstrap(build))
    pathlib.Path(output).write_text(json.dumps({"results": results}, indent=1) + "\n")
    show(results)


if __name__ == "__main__":
    main(*sys.argv[1:])
