# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The tests of a build, as ctest lists them."""
import json
import subprocess
from typing import NamedTuple

from testing import times

CHANGES = "changes:"


class Test(NamedTuple):
    name: str
    long: bool
    patterns: tuple  # of the files that it depends on, where it is long
    processors: int
    seconds: float  # that it takes


def tests(build):
    said = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
                          stdout=subprocess.PIPE).stdout
    known = times.read(build)
    return [_test(entry, known) for entry in json.loads(said)["tests"]]


def _test(entry, known):
    properties = {p["name"]: p["value"] for p in entry.get("properties", [])}
    labels = properties.get("LABELS", [])
    patterns = tuple(label.removeprefix(CHANGES) for label in labels if label.startswith(CHANGES))
    return Test(entry["name"], "long" in labels, patterns, int(properties.get("PROCESSORS", 1)),
                known.get(entry["name"], times.UNKNOWN))
