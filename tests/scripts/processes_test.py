#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Processes and their end, and what is said on terminals and in logs.

usage: processes_test.py SOURCE BUILD [TEST]...
"""
import contextlib
import fcntl
import glob
import os
import resource
import signal
import struct
import subprocess
import sys
import termios
import unittest

from script_case import SOURCE, Scratch, alive, main, read, wait_for
# pylint: disable=wrong-import-order
from lib import jobs
from lib.children import Child


class Children(Scratch):
    def test_processor_time_is_bounded(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = jobs.run_one(["sh", "-c", "while :; do :; done"], cpu_seconds=1)
        self.assertEqual(child.status, -signal.SIGXCPU)
        self.assertEqual(child.shell_status, 128 + signal.SIGXCPU)
        # As the system counts it: the limit goes by ticks, and may come a little sooner.
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertAlmostEqual(child.used, after.ru_utime + after.ru_stime
                               - before.ru_utime - before.ru_stime, places=3)
        self.assertGreater(child.used, 0)

    def test_errors_apart(self):
        child = jobs.run_one(["sh", "-c", "echo out; echo err >&2; exit 3"], log=self.path("out"),
                             errors=self.path("err"))
        self.assertEqual(child.status, 3)
        self.assertEqual(child.last_words(), "out")

    def test_dies_with_the_script(self):
        script = self.start("""
            from lib.children import Child
            Child(["sh", "-c", "echo $$ >1.pid; exec sleep 1000"]).wait()""")
        pid, = self.pids(1)
        script.kill()
        script.wait()
        wait_for(lambda: not alive(pid))


class Jobs(Scratch):
    def test_so_many_at_a_time(self):
        now, most, done = [], [], []

        def work(number):
            now.append(number)
            most.append(len(now))
            child = Child(["sh", "-c", f"exit {number}"])
            yield child
            now.remove(number)
            done.append(child.status)

        jobs.run((work(number) for number in range(10)), 3)
        self.assertEqual(max(most), 3)
        self.assertEqual(sorted(done), list(range(10)))

    def test_one_that_fails_ends_the_others(self):
        children = []

        def sleeps():
            children.append(Child(["sleep", "1000"]))
            yield children[0]

        def fails():
            yield Child(["true"])
            raise OSError("no room")

        with self.assertRaisesRegex(OSError, "no room"):
            jobs.run([sleeps(), fails()], 2)
        self.assertFalse(alive(children[0].pid))

    def test_interrupted(self):
        """By each of the signals: what was started has ended, with what it has started; the work
        sees to what it has to; nothing of Python's is said."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                script = self.start("""
                    from lib import command, jobs
                    from lib.children import Child
                    def work(number):
                        try:
                            yield Child(["sh", "-c", f"echo $$ >{number}.pid; sleep 1000 & "
                                         f"echo $! >{number}.inner.pid; wait"])
                        finally:
                            open(f"{number}.closed", "w").close()
                    def main(_):
                        jobs.run(map(work, range(9)), 2)
                    command.when_interrupted = "goes on later"
                    command.main("it", main)""")
                pids = self.pids(4)
                script.send_signal(number)
                said = script.communicate()[1].decode()
                self.assertEqual(script.returncode, 130)
                self.assertEqual(said, "scripts/it: interrupted; goes on later\n")
                wait_for(lambda: not any(map(alive, pids)))
                self.assertEqual(len(glob.glob(self.path("*.closed"))), 2)
                for file in glob.glob(self.path("*")):
                    os.remove(file)


class Terminals(unittest.TestCase):
    """Messages are broken at the edge of a terminal; in a pipe each stays one line."""

    def said(self, *words, columns):
        """On standard error, which is a terminal of so many columns; or a pipe, for None."""
        if columns is None:
            return subprocess.run(words, cwd=SOURCE, stderr=subprocess.PIPE, text=True,
                                  check=False).stderr
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen(words, cwd=SOURCE, stdin=theirs, stderr=theirs):
            os.close(theirs)
            said = b""
            with contextlib.suppress(OSError):  # how a terminal says that it is over
                while more := os.read(ours, 4096):
                    said += more
        os.close(ours)
        return said.decode().replace("\r", "")

    def test_of_python(self):
        script = "scripts/survival", "--way", "nope"
        whole = self.said(*script, columns=None)
        self.assertEqual(whole.count("\n"), 1)
        for columns in (80, 50):
            lines = self.said(*script, columns=columns).replace("\033[K", "").splitlines()
            self.assertGreater(len(lines), 1)
            self.assertLessEqual(max(map(len, lines)), columns)
            self.assertEqual(" ".join(" ".join(lines).split()), " ".join(whole.split()))

    def test_what_is_to_be_copied_is_one_line(self):
        """A campaign says below a violation what shows it again."""
        words = "found " * 20 + "; replay: gatherfuzz run " + "long/" * 20
        script = (sys.executable, "-c", "import sys; sys.path.insert(0, 'scripts'); "
                  f"from lib.terminal import say; say({words!r})")
        self.assertEqual(self.said(*script, columns=None),
                         words.replace("; replay: ", "\n  replay: ") + "\n")
        lines = self.said(*script, columns=80).splitlines()
        self.assertEqual(lines[-1], "  replay: gatherfuzz run " + "long/" * 20)
        self.assertGreater(len(lines), 2)

    def test_of_bash(self):
        script = "bash", "-c", "source scripts/common.sh; die " + "what is wrong " * 12
        self.assertEqual(self.said(*script, columns=None).count("\n"), 1)
        lines = self.said(*script, columns=80).splitlines()
        self.assertGreater(len(lines), 1)
        self.assertLessEqual(max(map(len, lines)), 80)


class Builds(Scratch):
    def test_progress_in_a_log(self):
        """A build that takes long says how far it is, where no terminal is."""
        for name, script in (("cmake", "exit 0"), ("ninja", """
            for number in 1 2 3; do
              echo "[$number/3] Building CXX object $number.o"
              until grep -q "building: $number of 3" said; do sleep 0.02; done
            done""")):
            path = os.path.join(self.folder, "tools", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as file:
                file.write("#!/bin/bash\ncd " + self.folder + "\n" + script + "\n")
            os.chmod(path, 0o755)
        said = os.path.join(self.folder, "said")
        with open(said, "w", encoding="ascii") as output:
            subprocess.run(
                ["bash", "-c", "source scripts/common.sh && build_targets \"$0\" all --",
                 os.path.join(self.folder, "build")], stderr=output, check=True, cwd=SOURCE,
                env={**os.environ, "GATHERFUZZ_PROGRESS_SECONDS": "0.05",
                     "PATH": os.path.join(self.folder, "tools") + ":" + os.environ["PATH"]})
        self.assertEqual(["building: 1 of 3", "building: 2 of 3", "building: 3 of 3"],
                         read(said).splitlines()[1:])


    def test_progress_of_two_builds_in_one_log(self):
        """One empties the log while the other goes on where it was: bytes of 0 are in between."""
        log, said = self.path("log"), self.path("said")
        with open(log, "wb") as file:
            file.write(bytes(5000))
        with open(said, "wb") as output:
            child = subprocess.Popen(
                ["bash", "-c", 'source scripts/common.sh && show_progress "$0"', log], cwd=SOURCE,
                stderr=output, env={**os.environ, "GATHERFUZZ_PROGRESS_SECONDS": "0.02"},
                start_new_session=True)
            self.addCleanup(child.wait)
            self.addCleanup(os.killpg, child.pid, signal.SIGKILL)
            for number in (1, 2):
                with open(log, "ab") as file:
                    file.write(b"\n[%d/3] Building\n" % number + bytes(100))
                wait_for(lambda line=f"building: {number} of 3\n": line in read(said))
        self.assertEqual(read(said), "building: 1 of 3\nbuilding: 2 of 3\n")


if __name__ == "__main__":
    main()
