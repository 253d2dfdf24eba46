# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Breaks what was built in each way that folder.py and running.py look for: do they say so?"""
import shutil
import subprocess
import zipfile

import folder
import running
from report import Report


def break_helper(out, build, _):
    shutil.copy(build.work / "gatherfuzz/fuzz/fuzz_kit", out / "fuzz_kit")


def break_broken_policy(out, _, name):
    for end in ("", ".dict", ".options", "_seed_corpus.zip"):
        shutil.copy(out / f"{name}{end}", out / f"fuzz_own-range_x86{end}")


def break_name(out, _, name):
    shutil.copy(out / name, out / "fuzz+x86")


def break_script(out, _, name):
    (out / name).write_text("#!/bin/sh\n# LLVMFuzzerTestOneInput\n", encoding="ascii")


def break_discovery(out, _, name):
    (out / f"{name}.options").write_text(
        "# LLVMFuzzerTestOneInput\n[libfuzzer]\nmax_len = 1\n", encoding="ascii"
    )


def break_library(out, _, name):
    (out / "main.cc").write_text(
        '#include <iostream>\nconst char s[] = "LLVMFuzzerTestOneInput";\n'
        "int main() { std::cout << s; }\n",
        encoding="ascii",
    )
    subprocess.run(["clang++-19", str(out / "main.cc"), "-o", str(out / name)], check=True)
    (out / "main.cc").unlink()


def break_no_seeds(out, _, name):
    with zipfile.ZipFile(out / f"{name}_seed_corpus.zip", "w"):
        pass


def break_dictionary(out, _, name):
    with open(out / f"{name}.dict", "a", encoding="ascii") as dictionary:
        dictionary.write('half="\\x0\n')


def break_options(out, _, name):
    (out / f"{name}.options").write_text("[libfuzzer]\nmax_len = many\n", encoding="ascii")


# Each breakage, and the check that must see it.
STILL = (
    (break_helper, "files"),
    (break_broken_policy, "files"),
    (break_name, "names"),
    (break_script, "executables"),
    (break_discovery, "discovery"),
    (break_library, "libraries"),
    (break_no_seeds, "seeds"),
    (break_dictionary, "dictionaries"),
    (break_options, "options"),
)


def check(report, build):
    name = "fuzz_full-mm_x86"
    for breakage, expected in STILL:
        out = fresh_copy(build, name)
        breakage(out, build, name)
        silent = Report(silent=True)
        folder.check_folder(silent, out, [name])
        said(report, breakage, expected, silent)
    check_behaviour(report, build)
    shutil.rmtree(build.folder / "broken")


def fresh_copy(build, name):
    out = build.folder / "broken"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    for end in ("", ".dict", ".options", "_seed_corpus.zip"):
        shutil.copy(build.out / f"{name}{end}", out / f"{name}{end}")
    return out


def said(report, breakage, expected, silent):
    report.say(
        breakage.__name__.replace("_", " "),
        None
        if expected in silent.failed
        else f"the check '{expected}' did not see it; these failed: {silent.failed}",
        f"seen by '{expected}'",
    )


def check_behaviour(report, build):
    """A target whose first runs break, under a good one's name; a build for another sanitizer."""
    out = fresh_copy(build, "fuzz_full-mm_x86")
    subprocess.run(
        [
            "ninja",
            "-C",
            str(build.work / "gatherfuzz"),
            "-j",
            str(build.jobs),
            "fuzz_sync-before-dec_x86",
        ],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    shutil.copy(build.work / "gatherfuzz/fuzz/fuzz_sync-before-dec_x86", out / "fuzz_full-mm_x86")
    silent = behaviour(build, out, build.name)
    for expected in ("start", "replay", "fuzzing"):
        said(report, break_broken_policy, expected, silent)
    silent = behaviour(build, build.out, "undefined")  # what it was not built for
    said(report, break_instrumentation, "instrumentation", silent)


def break_instrumentation():
    """Names the case; built for another sanitizer than is asked for."""


def behaviour(build, out, variant):
    scratch = build.folder / "broken-scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    silent = Report(silent=True)
    running.check_behaviour(silent, variant, out, ["fuzz_full-mm_x86"], scratch)
    shutil.rmtree(scratch)
    return silent
