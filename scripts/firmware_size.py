#!/usr/bin/python3
"""firmware_size.py: builds firmware/ for a Cortex-M4 and tells what the card costs: flash, RAM and stack.

Which files the card needs stands in the meson.build of each room and nowhere else: they are asked of the build.
Exits with 1 when a goal is missed, with 2 when the firmware cannot be built.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PREFIX = "arm-none-eabi-"
LIBRARIES = {"gbau-base-core": "core", "gbau-codec-core": "core", "gbau-key-core": "core", "gbau-uicc-core": "core",
             "gbau-crypto-core": "crypto", "gbau-crypto-portable": "crypto"}
BOARD = [ROOT / "firmware" / "main.c", ROOT / "firmware" / "board_mps2_an386.c"]
LINKER_SCRIPT = ROOT / "firmware" / "mps2_an386.ld"
CPU = ["-mcpu=cortex-m4", "-mthumb"]
# Constants are not merged: those that several files share would belong to none.
COMPILE = [*CPU, "-std=gnu17", "-Os", "-ffreestanding", "-fno-merge-constants",
           "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra",
           "-Werror", "-fcallgraph-info=su", f"-I{ROOT}/include", f"-I{ROOT}/src"]
LINK = [*CPU, "-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections"]
ENTRIES = ["uicc_power_on", "uicc_process", "uicc_reset", "uicc_power_off"]

# What the board hands in; every other pointer to a function stands in a table of the file that calls it.
HANDED_IN = {"write_storage": ["memory_write"], "nvm_commit": ["memory_sync"],
             "portable_random_octets": ["board_random"]}


class CannotBuild(Exception):
    pass


def run(*command):
    try:
        result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    except FileNotFoundError:
        raise CannotBuild(f"{command[0]} is missing; run: scripts/dependencies.sh firmware") from None
    if result.returncode != 0:
        raise CannotBuild(f"{command[0]} failed:\n{result.stderr or result.stdout}")
    return result.stdout


# Building

def sources_of(build):
    """{file: "core", "crypto" or "board"}"""
    sources = {file: "board" for file in BOARD}
    for target in json.loads(run("meson", "introspect", "--targets", build)):
        for group in target["target_sources"] if target["name"] in LIBRARIES else []:
            for file in group.get("sources", []):
                sources[pathlib.Path(file)] = LIBRARIES[target["name"]]
    return sources


def compile_all(sources, objects):
    """{object: part}"""
    def compile_one(source):
        target = objects / source.relative_to(ROOT).with_suffix(".o")
        target.parent.mkdir(parents=True, exist_ok=True)
        run(PREFIX + "gcc", *COMPILE, "-c", source, "-o", target)
        return target
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(pool.map(compile_one, sources), sources.values()))


# Flash and RAM: the linker's map says which octets of which object were kept

MAP_LINE = re.compile(r"^ (\.\w+)\S*\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)", re.M)
IN_FLASH = {".text", ".rodata", ".data", ".vectors"}
IN_RAM = {".data", ".bss"}


def sizes(map_file, parts):
    """{part: [octets of flash, octets of RAM]}"""
    text = map_file.read_text().partition("Linker script and memory map")[2]
    sums = {part: [0, 0] for part in ("core", "library", "crypto", "board")}
    for section, _, size, file in MAP_LINE.findall(text):
        part = parts.get(pathlib.Path(file), "library")
        sums[part][0] += int(size, 16) if section in IN_FLASH else 0
        sums[part][1] += int(size, 16) if section in IN_RAM else 0
    return sums


def size_of_symbol(elf, name):
    for line in run(PREFIX + "nm", "--print-size", elf).splitlines():
        fields = line.split()
        if len(fields) == 4 and fields[3] == name:
            return int(fields[1], 16)
    raise CannotBuild(f"no symbol {name} in {elf}")


# Stack: the deepest chain of calls, by GCC's own call graph with the frame of each function

NODE = re.compile(r'^node: { title: "([^"]+)" label: "[^"]*\\n(\d+) bytes', re.M)
EDGE = re.compile(r'^edge: { sourcename: "([^"]+)" targetname: "([^"]+)"', re.M)
RELOCATION = re.compile(r"R_ARM_ABS32\s+(?:\.text\.)?([A-Za-z_]\w*)")
INDIRECT = "__indirect_call"


def plain(title):
    """The name of a function: static ones have their file in the title, some what the optimiser appends."""
    return title.rpartition(":")[2].partition(".")[0]


def tables_of(target):
    """Names of functions to which the data of an object point."""
    sections = [line.split()[1] for line in run(PREFIX + "objdump", "-h", target).splitlines()
                if re.search(r"\s\.(data|rodata)", line)]
    wanted = [option for section in sections for option in ("-j", section)]
    return set(RELOCATION.findall(run(PREFIX + "objdump", "-r", *wanted, target))) if sections else set()


def read_call_graph(objects):
    """({function: frame}, {function: called functions}); functions by their titles."""
    frames, calls = {}, {}
    texts = {target: target.with_suffix(".ci").read_text() for target in objects}
    for text in texts.values():
        frames.update((title, int(frame)) for title, frame in NODE.findall(text))
    for target, text in texts.items():
        defined = {title for title, _ in NODE.findall(text)}
        for caller, callee in EDGE.findall(text):
            reached = {callee} if callee != INDIRECT else targets_of(caller, target, defined, frames)
            calls.setdefault(caller, set()).update(reached)
    return frames, calls


def targets_of(caller, target, defined, frames):
    """What an indirect call may reach: crypto_x reaches portable_x, all others the tables of their own file."""
    name = plain(caller)
    if name.startswith("crypto_"):
        wanted = "portable_" + name.removeprefix("crypto_")
        return {title for title in frames if plain(title).startswith(wanted)}
    if name in HANDED_IN:
        return {title for title in frames if plain(title) in HANDED_IN[name]}
    table = tables_of(target)
    local = {title for title in defined if plain(title) in table}
    return local | (table & frames.keys()) or {INDIRECT}


def deepest(function, frames, calls, path=()):
    """(octets, chain) of the deepest chain that begins here; recursion counts once."""
    below = [deepest(callee, frames, calls, (*path, function))
             for callee in sorted(calls.get(function, ())) if callee in frames and callee not in (*path, function)]
    octets, chain = max(below, default=(0, []), key=lambda found: found[0])
    return octets + frames[function], [function, *chain]


def callers_of_unknown(calls):
    """Functions in reach of the entries that call what nobody knows."""
    reached, found = set(ENTRIES), list(ENTRIES)
    while found:
        new = calls.get(found.pop(), set()) - reached
        reached |= new
        found += new
    return sorted(plain(function) for function in reached if INDIRECT in calls.get(function, ()))


# Report

def measure(build, output):
    objects = compile_all(sources_of(build), output)
    elf, map_file = output / "card.elf", output / "card.map"
    run(PREFIX + "gcc", *LINK, f"-Wl,-Map={map_file}", "-T", LINKER_SCRIPT, *objects, "-o", elf)
    parts = sizes(map_file, objects)
    frames, calls = read_call_graph(objects)
    octets, chain = max((deepest(entry, frames, calls) for entry in ENTRIES), key=lambda found: found[0])
    text, data, bss = (int(octets) for octets in run(PREFIX + "size", elf).splitlines()[1].split()[:3])
    return {
        "flash_core": parts["core"][0] + parts["library"][0],
        "flash_crypto": parts["crypto"][0],
        "flash_board": parts["board"][0],
        "flash": text + data,
        "ram_core": size_of_symbol(elf, "card") + parts["core"][1] + parts["library"][1],
        "ram_crypto": size_of_symbol(elf, "crypto") + size_of_symbol(elf, "crypto_state") + parts["crypto"][1],
        "ram": data + bss,
        "stack": octets,
        "stack_chain": [{"function": plain(function), "frame": frames[function]} for function in chain],
        "stack_unknown_calls": callers_of_unknown(calls),
    }


def print_table(figures, goals):
    rows = [("flash, the card and the C library it uses", "flash_core"), ("flash, portable crypto", "flash_crypto"),
            ("flash, board and main", "flash_board"), ("flash, in all", "flash"),
            ("RAM, the card: struct uicc, .data, .bss", "ram_core"), ("RAM, portable crypto", "ram_crypto"),
            ("RAM, in all, without the stack", "ram"), ("stack, deepest chain of calls", "stack")]
    print(f"{'Cortex-M4, gcc -Os':44}{'octets':>10}{'goal':>10}")
    for name, key in rows:
        goal = f"{goals[key]:,}" if key in goals else ""
        missed = "  missed" if figures[key] > goals.get(key, figures[key]) else ""
        print(f"{name:44}{figures[key]:>10,}{goal:>10}{missed}")
    print("the chain:", " > ".join(f"{step['function']} {step['frame']}" for step in figures["stack_chain"]))
    print("(frames by GCC; interrupts and the C library's functions, which need little, are not in it)")
    for function in figures["stack_unknown_calls"]:
        print(f"the chain may be deeper: what {function} calls through a pointer is not known")


def main():
    parser = argparse.ArgumentParser(description="Builds firmware/ for a Cortex-M4 and tells what the card costs.")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"), help="a set-up build directory")
    parser.add_argument("--flash-goal", type=int, default=48 * 1024,
                        help="most octets of flash, without crypto (default %(default)s)")
    parser.add_argument("--ram-goal", type=int, default=6 * 1024,
                        help="most octets of RAM, without crypto and stack (default %(default)s)")
    parser.add_argument("--json", type=pathlib.Path, help="file for the figures (default BUILD/firmware-size.json)")
    options = parser.parse_args()
    goals = {"flash_core": options.flash_goal, "ram_core": options.ram_goal}
    output = options.build.resolve() / "firmware"
    try:
        figures = measure(options.build, output)
    except CannotBuild as error:
        print(f"firmware_size.py: {error}", file=sys.stderr)
        return 2
    met = all(figures[key] <= goal for key, goal in goals.items())
    report = {**figures, "goals": goals, "met": met, "elf": str(output / "card.elf")}
    (options.json or options.build / "firmware-size.json").write_text(json.dumps(report, indent=2) + "\n")
    print_table(figures, goals)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
