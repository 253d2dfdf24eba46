# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Patches as `git am` takes them: a mail, an mbox, a series of files; and plain diffs."""
import os
import re
import subprocess
import tempfile

from lib.command import Problem, need
from patching.hunks import files_of, printable

MOST_BYTES = 8 << 20  # of one file; no patch that people read is larger
MOST_PATCHES = 200
HEADER = re.compile(rb"(From |[A-Za-z][A-Za-z0-9-]*: )")


class Patch:
    """One change of a series."""

    def __init__(self, name, subject, diff):
        self.name = name  # of the file it came in, with its number if there are more
        self.subject = subject
        self.diff = diff
        self.files = files_of(diff, name)

    def __str__(self):
        return f"{self.name} ({self.subject})" if self.subject else self.name


def read_patches(paths, called_in):
    """In the order that they are given in, and within an mbox in its order. Cover letters and other
    mails without a diff are passed over, unless that leaves nothing."""
    patches = []
    for path in paths:
        patches += _read(os.path.join(called_in, path), path)
        need(len(patches) <= MOST_PATCHES, f"--patch: more than {MOST_PATCHES} patches")
    need(patches, f"--patch: no diff in {' '.join(paths)}")
    return patches


def content_of(path):
    """As far as it is looked at: one byte more than may be."""
    with open(path, "rb") as file:
        return file.read(MOST_BYTES + 1)


def _read(path, shown):
    try:
        content = content_of(path)
    except OSError as error:
        raise Problem(f"--patch: cannot read {shown}: {error.strerror}") from error
    need(content.strip(), f"--patch: {shown} is empty")
    need(len(content) <= MOST_BYTES, f"--patch: {shown} is larger than {MOST_BYTES >> 20} MiB")
    if not HEADER.match(content.lstrip()):
        patch = Patch(shown, "", content)
        return [patch] if patch.files else []
    with tempfile.TemporaryDirectory() as folder:
        return [patch for patch in _mails(content, folder, shown) if patch.files]


def _mails(content, folder, shown):
    """Split and unpacked by git, as `git am` has it done: encodings, attachments, scissors."""
    box = f"{folder}/box"
    with open(box, "wb") as file:
        file.write(content)
    _git(folder, shown, "mailsplit", "-b", "-o" + folder, box)
    numbers = sorted(name for name in os.listdir(folder) if name.isdigit())
    patches = []
    for number in numbers:
        with open(f"{folder}/{number}", "rb") as file:
            about = _git(folder, shown, "mailinfo", f"{folder}/message", f"{folder}/diff",
                         stdin=file)
        subject = re.search(r"^Subject: (.*)", about.decode(errors="replace"), re.M)
        with open(f"{folder}/diff", "rb") as file:
            name = f"{shown}:{int(number)}" if len(numbers) > 1 else shown
            patches.append(Patch(name, printable(subject[1]) if subject else "", file.read()))
    return patches


def _git(folder, shown, *arguments, stdin=None):
    """In a folder that is no repository, whatever lies above it."""
    ran = subprocess.run(
        ["git", *arguments], stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False, cwd=folder,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": os.path.dirname(folder), "LC_ALL": "C"})
    said = ran.stderr.decode(errors="replace").strip().splitlines()
    need(ran.returncode == 0,
         f"--patch: {shown} is no mail: {printable(said[0]) if said else 'git cannot read it'}")
    return ran.stdout
