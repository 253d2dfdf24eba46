# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Packages and builds, as scripts/common.sh has them for all scripts.

Scripts run in the root of the tree, where paths like out/ and corpus/ are.
"""
import os
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


def _common(function, *arguments):
    script = 'source scripts/common.sh && "$@"'
    return ["bash", "-c", script, command.script, function, *arguments]


def _ended(status):
    """It has said why."""
    if status != 0:
        sys.exit(status if status > 0 else 1)
