# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Which long tests a change can break, by the names of the files that it changes."""
import fnmatch
import subprocess


def since(commit):
    """The files that differ from a commit; None if it is not known here, as in a shallow clone."""
    changed = subprocess.run(["git", "diff", "--name-only", commit], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, check=False)
    return changed.stdout.splitlines() if changed.returncode == 0 else None


def concern(test, files):
    """Whether one of them is among those that the test names; of unknown files, that is so."""
    return files is None or any(fnmatch.fnmatchcase(file, pattern) for file in files
                                for pattern in test.patterns)
