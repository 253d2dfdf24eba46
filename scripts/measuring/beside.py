# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Another commit of this tree, built to be measured beside this one."""
import os
import shutil
import subprocess

from lib.build import build_targets
from lib.command import need


def commit_of(name):
    """Its 12 digits."""
    found = subprocess.run(["git", "rev-parse", "--verify", "--quiet", name + "^{commit}"],
                           capture_output=True, text=True, check=False)
    need(found.returncode == 0, f"--base: no commit '{name}' here")
    return found.stdout.strip()[:12]


def build_base(commit, folder, targets):
    """The build folder of another commit, in a folder below this one. It gets this tree's
    bench/stream.cc."""
    source = os.path.join(folder, commit)
    if not os.path.isdir(source):
        fresh = source + ".new"
        shutil.rmtree(fresh, ignore_errors=True)
        os.makedirs(fresh)
        archive = subprocess.run(["git", "archive", commit], check=True, stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", fresh], input=archive.stdout, check=True)
        os.rename(fresh, source)
    for name in ("stream.cc", "stream.cmake"):
        shutil.copy2(f"bench/{name}", f"{source}/bench/{name}")
    lists = f"{source}/bench/CMakeLists.txt"
    with open(lists, encoding="utf-8") as file:
        text = file.read()
    if "include(stream.cmake)" not in text:
        with open(lists, "a", encoding="utf-8") as file:
            file.write("include(stream.cmake)\n")
    build_targets(f"{source}/build", targets, ["-DGATHERFUZZ_TESTS=OFF"], source)
    return f"{source}/build"
