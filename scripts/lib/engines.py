# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What scripts need to know of libFuzzer and AFL++."""
import glob
import os
import re
import subprocess

# AFL++ wants a seed that breaks nothing: one access, to nothing.
NOTHING = "gatherfuzz 1\ncpus 1\ninit\n  map 0..1 rw\ncpu0\n  read 0\norder\n  rest\n"
AFL = {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
       "AFL_TRY_AFFINITY": "1"}
MUTATOR = "fuzz/libgatherfuzz_mutator.so"


def about(policy, arch):
    """Tells a program, or a mutator, that is one for all targets which it is for."""
    return {"GATHERFUZZ_POLICY": policy, "GATHERFUZZ_ARCH": arch}


def write_seed(gatherfuzz, path):
    """The seed for AFL++, as bytes."""
    text = path + ".gather"
    with open(text, "w", encoding="ascii") as file:
        file.write(NOTHING)
    subprocess.run([gatherfuzz, "encode", text, "-o", path], check=True)


def first_crash(folder):
    """That either engine has left there; None if there is none."""
    found = glob.glob(f"{glob.escape(folder)}/**/crash-*", recursive=True)
    found += glob.glob(f"{glob.escape(folder)}/**/crashes/id:*", recursive=True)
    return min(found, default=None, key=os.fsencode)


def last_numbers(pattern, path):
    """The groups of the last match in a file, as numbers; None if there is none."""
    try:
        with open(path, errors="replace", encoding="utf-8") as file:
            found = list(re.finditer(pattern, file.read(), re.M))
    except OSError:
        return None
    return tuple(map(int, found[-1].groups())) if found else None
