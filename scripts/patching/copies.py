# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Copies of a few files of a tree, and patches that are applied to them. The tree is only read."""
import os
import shutil
import subprocess

from lib.command import Problem, need
from lib.subjects import gather_files

MOST_BYTES = 16 << 20  # of one file of a tree


def copy_files(tree, files, folder):
    """Those that are there; the others are what patches make, or fail at."""
    for file in files:
        source, to = f"{tree}/{file}", f"{folder}/{file}"
        if not os.path.isfile(source):
            continue
        need(os.path.getsize(source) <= MOST_BYTES,
             f"--patch: {source} is larger than {MOST_BYTES >> 20} MiB")
        os.makedirs(os.path.dirname(to), exist_ok=True)
        try:
            shutil.copyfile(source, to)
        except OSError as error:
            raise Problem(f"--kernel: cannot read {source}: {error.strerror}") from error


def make_copies(tree, patches, archs, folder):
    """Folders of the files that matter: as they are, and after each patch."""
    touched = {path for patch in patches for file in patch.files
               for path in (file.path, file.old_path)}
    copies = [f"{folder}/0"]
    os.makedirs(copies[0])
    copy_files(tree, [*gather_files(archs), *sorted(touched)], copies[0])
    for number, patch in enumerate(patches, 1):
        copies.append(f"{folder}/{number}")
        shutil.copytree(copies[-2], copies[-1])
        _apply(patch, copies[-1], tree)
    return copies


def _apply(patch, folder, tree):
    """As a whole or not at all; no repository above the folder has a say in it."""
    ran = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-p1", "-"], input=patch.diff, cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": os.path.dirname(os.path.abspath(folder)),
             "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"})
    if ran.returncode == 0:
        return
    said = [line.removeprefix("error: ") for line in
            ran.stderr.decode(errors="replace").splitlines() if line.startswith("error: ")]
    raise Problem(f"--patch: {patch} does not apply to {tree}: {said[0] if said else 'git apply'}")
