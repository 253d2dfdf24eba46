# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What is built by a profile does the same: traces and features of all recorded inputs.

profile_agrees.py SOURCE PLAIN WORK: the plain build has bench/stream; WORK is a folder to build in.
"""
import lzma
import os
import re
import subprocess
import sys

source, plain, work = map(os.path.abspath, sys.argv[1:])
sys.path.insert(0, os.path.join(source, "scripts"))
from lib.build import build_by_profile, enter_root  # noqa: E402


def replay(build):
    said = subprocess.run([f"{build}/bench/stream", inputs, "1"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return re.sub(r" ns \S+", "", said)


enter_root()
os.makedirs(work, exist_ok=True)
inputs = os.path.join(work, "inputs")
with lzma.open("bench/stream.xz") as packed, open(inputs, "wb") as file:
    file.write(packed.read())
expected = replay(plain)
assert expected.count(" traces ") == 4, expected
found = replay(build_by_profile(work, ["stream"], ["-DGATHERFUZZ_TESTS=OFF"]))
if found != expected:
    sys.exit(f"plain:\n{expected}by a profile:\n{found}")
print(expected, end="")
