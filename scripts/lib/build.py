# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Packages and builds, as scripts/common.sh has them for all scripts.

Scripts run in the root of the tree, where paths like out/ and corpus/ are.
"""
import glob
import hashlib
import lzma
import os
import shutil
import subprocess
import sys

from lib import command
from lib.children import Child, end

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def enter_root():
    """Returns the folder that the script was called in."""
    called_in = os.getcwd()
    os.chdir(ROOT)
    return called_in


def build_folder():
    return os.environ.get("GATHERFUZZ_BUILD") or "build"


def install_missing(*packages):
    """Those, and what all scripts need."""
    _ended(subprocess.run(_common("install_missing", *packages), check=False).returncode)


def install_for_tests(*packages):
    """What the tests take besides, too."""
    _ended(subprocess.run(_common("install_for_tests", *packages), check=False).returncode)


def build_targets(folder, targets, options=(), source="."):
    """With these options for CMake, from this tree or another. Quiet, unless it fails."""
    child = Child(_common("build_in", source, folder, *targets, "--", *options))
    try:
        child.wait()
    finally:
        end([child])
    _ended(child.status)


def build_by_profile(folder, targets, options=()):
    """As build_targets, optimized by a profile of recorded inputs (bench/stream.xz) and across all
    files: takes minutes more, and a step costs a tenth less. Returns the folder, which is below the
    one named."""
    folder += "/by-profile"
    train = os.path.abspath(folder + "/train")
    build_targets(train, ["stream"], ["-DGATHERFUZZ_PROFILE=make", "-DGATHERFUZZ_TESTS=OFF"])
    build_targets(folder, targets, ["-DGATHERFUZZ_PROFILE=" + _train(train), *options])
    return folder


def _train(folder):
    """The profile, under a name of its contents: what another one has made is built anew."""
    program, made = folder + "/bench/stream", folder + "/profile"
    for profile in glob.glob(f"{folder}/*.profdata"):
        if os.path.getmtime(profile) >= os.path.getmtime(program):
            return profile
        os.remove(profile)
    with lzma.open("bench/stream.xz") as packed, open(made + ".inputs", "wb") as inputs:
        shutil.copyfileobj(packed, inputs)
    subprocess.run([program, inputs.name, "1"], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "LLVM_PROFILE_FILE": made + ".raw"})
    subprocess.run(["llvm-profdata-19", "merge", "-o", made + ".new", made + ".raw"], check=True)
    with open(made + ".new", "rb") as file:
        profile = f"{folder}/{hashlib.sha256(file.read()).hexdigest()[:12]}.profdata"
    os.rename(made + ".new", profile)
    return profile


def _common(function, *arguments):
    script = 'source scripts/common.sh && "$@"'
    return ["bash", "-c", script, command.script, function, *arguments]


def _ended(status):
    """It has said why."""
    if status != 0:
        sys.exit(status if status > 0 else 1)
