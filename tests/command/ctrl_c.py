#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Runs a program, and presses Ctrl-C once it listens for that.

usage: ctrl_c.py [--once-written FILE] PROGRAM [ARGUMENT]...
With --once-written, only after the program has written something to that file. Exit status: the
program's. It may have ended before.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time


def listens(pid, program):
    """Whether a child has become this program and handles Ctrl-C."""
    try:
        if not os.path.samefile(f"/proc/{pid}/exe", program):
            return False
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            caught = re.search(r"^SigCgt:\s*(\w+)", file.read(), re.MULTILINE)
        return bool(int(caught[1], 16) & 1 << signal.SIGINT - 1)
    except OSError:
        return False


def has_content(path):
    return path is None or os.path.exists(path) and os.path.getsize(path) > 0


def main(arguments):
    written = None
    if arguments[0] == "--once-written":
        written, arguments = arguments[1], arguments[2:]
    program = shutil.which(arguments[0])
    # Ctrl-C is heard, even if it is ignored around here.
    child = subprocess.Popen(
        arguments, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    while child.poll() is None and not (listens(child.pid, program) and has_content(written)):
        time.sleep(0.01)
    if child.poll() is None:
        child.send_signal(signal.SIGINT)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
