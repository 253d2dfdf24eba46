# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What tests of scripts share: a folder of their own, and a script that is run in it."""
import glob
import os
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

SOURCE, BUILD = (os.path.abspath(path) for path in sys.argv[1:3])
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SOURCE, "scripts"))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def wait_for(what):
    while not what():
        time.sleep(0.02)


class Scratch(unittest.TestCase):
    """A folder, and a script that is run in it."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, script):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)], cwd=self.folder,
            env={**os.environ, "PYTHONPATH": SOURCE + "/scripts"}, stderr=subprocess.PIPE)
        self.addCleanup(child.stderr.close)
        return child

    def pids(self, count):
        """Of that many processes, which write them to files named *.pid."""
        def written():
            files = glob.glob(self.path("*.pid"))
            return len(files) == count and all(os.path.getsize(file) for file in files)
        wait_for(written)
        return [int(read(file)) for file in glob.glob(self.path("*.pid"))]


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
