"""count_tests.py: adds up the results of meson test runs and prints "N passed, N failed[, N skipped]"."""
import json
import pathlib
import sys

PASSED = {"OK", "EXPECTEDFAIL"}


def main(builds):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for build in builds:
        log = pathlib.Path(build, "meson-logs", "testlog.json")
        for line in log.read_text().splitlines():
            result = json.loads(line)["result"]
            kind = "passed" if result in PASSED else "skipped" if result == "SKIP" else "failed"
            counts[kind] += 1
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
