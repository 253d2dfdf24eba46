# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What tests of campaigns share: one that runs in a folder of its own, and what became of it."""
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BUILD, SOURCE = (os.path.abspath(path) for path in sys.argv[1:3])
PATIENCE = 3600  # seconds until something counts as hanging; no machine is that slow
sys.dont_write_bytecode = True
os.environ["PYTHONPATH"] = os.path.join(SOURCE, "scripts")
sys.path.insert(0, os.environ["PYTHONPATH"])


class CampaignTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="campaign.")
        self.folder = os.path.join(self.scratch, "c")
        self.children = []

    def tearDown(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def start(self, *arguments, folder=None, targets="own-range_x86,full-mm_x86", env=None):
        """A campaign of two cores and short turns; what it says goes to FOLDER.out."""
        folder = folder or self.folder
        command = self.command(*arguments, folder=folder, targets=targets)
        with open(folder + ".out", "ab") as output:
            child = subprocess.Popen(command, stdout=output, stderr=output,
                                     env={**os.environ, **(env or {})})
        self.children.append(child)
        return child

    def command(self, *arguments, folder=None, targets):
        folder = folder or self.folder
        command = [sys.executable, "-m", "campaigns.main", folder,
                   "--build", BUILD, "--corpus", os.path.join(SOURCE, "corpus"), "--jobs", "2",
                   "--turn", "2", *arguments]
        if not os.path.exists(os.path.join(folder, "campaign.json")):
            command += ["--targets", targets]
        return command

    def run_campaign(self, *arguments, **more):
        return self.start(*arguments, **more).wait(PATIENCE)

    def run_until(self, what, *arguments, **more):
        """A campaign that is stopped once something is so, however long that takes."""
        child = self.start("--seconds", "1000000", *arguments, **more)
        self.wait_for(what)
        self.stop(child)

    def stop(self, child, number=signal.SIGINT):
        self.assertIsNone(child.poll(), self.said())
        child.send_signal(number)
        self.assertEqual(child.wait(PATIENCE), 130)

    def state(self, folder=None):
        """campaign.json, which is whole at any moment; an empty one if there is none yet."""
        path = os.path.join(folder or self.folder, "campaign.json")
        return json.loads(read(path)) if os.path.exists(path) else {}

    def turns(self, target, folder=None):
        """That the target has had."""
        return self.state(folder).get("turns", {}).get(target, 0)

    def said(self, folder=None):
        path = (folder or self.folder) + ".out"
        return read(path) if os.path.exists(path) else ""

    def wait_for(self, what):
        """Until it is so; not for what can no longer come."""
        until = time.monotonic() + PATIENCE
        while not what():
            ended = self.children and all(child.poll() is not None for child in self.children)
            if time.monotonic() > until or (ended and not self.alive() and not what()):
                self.fail("it never came; alive: "
                          + str([read(f"/proc/{pid}/cmdline") for pid in self.alive()]) + "\n"
                          + self.said())
            time.sleep(0.05)

    def findings(self, folder=None):
        """The whole lines; half a line is cut off before the next one is written."""
        path = os.path.join(folder or self.folder, "findings.jsonl")
        lines = read(path).splitlines(True) if os.path.exists(path) else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def signatures(self, folder=None):
        return {(f["target"], f["signature"], bool(f["excuse"])) for f in self.findings(folder)}

    def corpora(self, target):
        """Folders with inputs of a target, AFL++'s among them."""
        share = os.path.join(self.folder, "share", target)
        return [parent for parent, _, names in os.walk(share)
                if names and re.search(r"/corpus/[^/]*$|/queue$", parent)]

    def copy_inputs(self, target, into):
        """Whole files only: what was being written has not the name of its content."""
        os.makedirs(into, exist_ok=True)
        for folder in self.corpora(target):
            for name in os.listdir(folder):
                path = os.path.join(folder, name)
                if not os.path.isfile(path):
                    continue
                with open(path, "rb") as file:
                    content = file.read()
                sha1 = hashlib.sha1(content).hexdigest()
                if name == sha1 or (name.startswith("id:") and content):
                    with open(os.path.join(into, sha1), "wb") as file:
                        file.write(content)

    def new_features(self, target, into, sources, folder=None):
        """How many features `sources` have that `into` has not. `into` is changed."""
        known = os.path.join(folder or self.folder, "local", "all-known")
        policy, arch = target.rsplit("_", 1)
        result = subprocess.run(
            [os.path.join(BUILD, "fuzz/fuzz_any"), "-merge=1", into, *sources],
            env={**os.environ, "GATHERFUZZ_POLICY": policy, "GATHERFUZZ_ARCH": arch,
                 "GATHERFUZZ_KNOWN": known}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=True).stdout.decode(errors="replace")
        return int(re.search(r"(\d+) new files with (\d+) new features added", result)[2])

    def counts(self):
        folder = os.path.join(self.folder, "local", "counts")
        counts = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                content = file.read(40)
            counts[name] = [int.from_bytes(content[i:i + 8], "little") for i in range(8, 40, 8)]
        return counts

    def alive(self):
        """Processes that work for this campaign."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    environment = file.read()
                with open(f"/proc/{pid}/stat") as file:
                    dead = file.read().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:
                continue
            if f"GATHERFUZZ_KNOWN={self.folder}/".encode() in environment and not dead:
                found.append(int(pid))
        return found


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def listing(folder):
    """Every file below it, with its size."""
    return sorted((os.path.relpath(os.path.join(parent, name), folder),
                   os.path.getsize(os.path.join(parent, name)))
                  for parent, _, names in os.walk(folder) for name in names)


def run_tests():
    """Those that the command line names, of the file that is run."""
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
