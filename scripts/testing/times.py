# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""How long tests take, about: as ctest has kept it for this build folder, or else as committed."""
import re

COMMITTED = "tests/seconds.tsv"
UNKNOWN = 2.0  # seconds; of a test that has not run yet
HEADER = """\
# About how long each test takes, in seconds: written by scripts/test --write-times, read by
# scripts/test where ctest does not know yet.
"""


def read(build):
    """Name -> seconds."""
    return {**_committed(), **_of_build(build)}


def _committed():
    with open(COMMITTED, encoding="ascii") as file:
        pairs = [line.split() for line in file if not line.startswith("#")]
    return {name: float(seconds) for name, seconds in pairs}


def _of_build(build):
    """Lines NAME RUNS SECONDS; those from the line of dashes on are of what failed."""
    try:
        with open(f"{build}/Testing/Temporary/CTestCostData.txt", encoding="utf-8") as file:
            lines = file.read().partition("---")[0].splitlines()
    except OSError:
        return {}
    found = [re.fullmatch(r"(\S+) ([1-9]\d*) ([\d.e+-]+)", line) for line in lines]
    return {match[1]: float(match[3]) for match in found if match}


def write(build):
    seconds = {**_committed(), **_of_build(build)}
    with open(COMMITTED, "w", encoding="ascii") as file:
        file.write(HEADER)
        for name in sorted(seconds):
            file.write(f"{name}\t{seconds[name]:.1f}\n")


def about(tests, cores):
    """Words for all of them together."""
    work = sum(test.seconds * min(test.processors, cores) for test in tests)
    minutes = max(work / cores, max((test.seconds for test in tests), default=0)) / 60
    duration = "less than a minute" if minutes < 1 else f"about {minutes:.0f} min"
    return f"{duration} on {cores} core{'s' if cores > 1 else ''} with nothing else to do"
