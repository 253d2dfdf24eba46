#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""gatherfuzz step in a terminal: in tmux, by keys, in windows of several sizes, to every end.

usage: step_terminal.py GATHERFUZZ SOURCE_FOLDER
Exit status: 77 if there is no tmux.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

GATHERFUZZ, SOURCE = sys.argv[1:3]
MAIL = os.path.join(SOURCE, "corpus", "00-the-mail.gather")
ENDED = "ended with"


class StepTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.starts = 0

    # --- What tests do ---

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *arguments],
                              check=True, capture_output=True, text=True).stdout

    def start(self, columns=80, rows=24, before="", schedule=MAIL):
        """A shell in a window, in which step runs; then it says how that ended."""
        self.starts += 1
        self.socket = os.path.join(self.folder.name, f"tmux{self.starts}")
        environment = dict(os.environ, PS1="", PS2="", ENV="", LC_ALL="C")
        environment.pop("NO_COLOR", None)
        subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", "new-session", "-d", "-x",
                        str(columns), "-y", str(rows), "sh"], check=True, env=environment)
        self.addCleanup(self.end, self.socket)
        self.tmux("set-option", "-g", "remain-on-exit", "on")
        self.type(f"{before} '{GATHERFUZZ}' step '{schedule}'; echo {ENDED} $?")
        self.wait("before the first step")

    @staticmethod
    def end(socket):
        subprocess.run(["tmux", "-S", socket, "kill-server"], check=False)

    def type(self, text):
        self.tmux("send-keys", "-l", text)
        self.press("Enter")

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def wait(self, text, gone=False):
        """Until it is on the screen; the test's own time limit ends what never comes."""
        while (text in self.screen()) == gone:
            time.sleep(0.02)
        return self.screen()

    def modes(self):
        """Of the terminal: what stty says, in the shell."""
        path = os.path.join(self.folder.name, "modes")
        self.type(f"stty -a >'{path}.new'; mv '{path}.new' '{path}'")
        while not os.path.exists(path):
            time.sleep(0.02)
        with open(path, encoding="ascii") as file:
            found = file.read()
        os.remove(path)
        return found

    def display(self, what):
        return self.tmux("display-message", "-p", f"#{{{what}}}").strip()

    def pid(self):
        """The process of step, a child of the shell."""
        shell = self.display("pane_pid")
        with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as file:
            return int(file.read())

    def check_given_back(self, status):
        """The shell's screen is there again, with a cursor, and the terminal's modes are usual."""
        screen = self.wait(f"{ENDED} {status}")
        self.assertNotIn("before the first step", screen)
        self.assertEqual(self.display("alternate_on"), "0")
        self.assertEqual(self.display("cursor_flag"), "1")
        modes = self.modes()
        for mode in ("icanon", "echo", "ixon", "isig", "iexten"):
            self.assertRegex(modes, rf"(?<!-)\b{mode}\b")

    # --- Moving ---

    def test_keys(self):
        self.start()
        self.assertEqual(self.display("alternate_on"), "1")
        for keys, step in [(("n", "n"), 2), (("Right", "Down", "Left"), 3), (("End",), 27),
                           (("PageUp",), 17), (("Home", "v"), 27), (("9", "Enter"), 9),
                           ((">",), 14), (("<",), 9), (("/", "f", "l", "u", "s", "h", "Enter"), 20),
                           (("t",), 27)]:
            self.press(*keys)
            self.wait(f"step {step} of 27")
        self.press("w")
        self.wait("deferred to")
        self.press("q")
        self.wait("step 27 of 27")
        self.press("q")
        self.check_given_back(1)

    def test_the_screen_is_what_keys_print(self):
        self.start()
        self.press("v")
        shown = self.wait("step 27 of 27")
        printed = subprocess.run([GATHERFUZZ, "step", MAIL, "--keys", "v"], check=False,
                                 capture_output=True, text=True).stdout
        strip = lambda text: [line.rstrip() for line in text.rstrip("\n").split("\n")]
        self.assertEqual(strip(shown), strip(printed))

    def fills(self, rows):
        lines = self.screen().rstrip("\n").split("\n")
        return len(lines) == rows and lines[-1].startswith("? help")

    def test_other_sizes(self):
        self.start(100, 30)
        self.press("v")
        for columns, rows in [(60, 20), (160, 50), (40, 8), (30, 5), (80, 24)]:
            self.tmux("resize-window", "-x", str(columns), "-y", str(rows))
            small = columns < 40
            screen = self.wait("too small" if small else "step 27 of 27")
            if not small:
                # Nothing is left of the other size: the line of keys is the last one, and there.
                while not self.fills(rows):
                    time.sleep(0.02)
                self.assertIn("step 27 of 27", screen)

    def test_colours(self):
        self.start()
        self.press("v")
        self.wait("step 27 of 27")
        self.assertIn("\033[31m", self.screen("-e").replace("1;31", "31"))

    def test_no_colours(self):
        self.start(before="NO_COLOR=1")
        self.press("v")
        self.wait("step 27 of 27")
        self.assertNotRegex(self.screen("-e"), r"\033\[[0-9;]*3[0-7]m")

    # --- Ends ---

    def test_ctrl_c(self):
        self.start()
        self.press("C-c")
        while self.display("alternate_on") == "1":
            time.sleep(0.02)
        self.type(f"echo {ENDED} 1")  # a shell may leave out the rest of an interrupted line
        self.check_given_back(1)

    def test_signals(self):
        for signal, status in [("TERM", 1), ("HUP", 129), ("SEGV", 139), ("ABRT", 134),
                               ("QUIT", 131)]:
            with self.subTest(signal):
                self.start(before="ulimit -c 0;")
                self.press("n")
                self.wait("step 1 of 27")
                subprocess.run(["kill", f"-{signal}", str(self.pid())], check=True)
                self.check_given_back(status)

    def test_ctrl_z(self):
        self.start()
        self.press("n")
        self.wait("step 1 of 27")
        self.press("C-z")
        while self.display("alternate_on") == "1":
            time.sleep(0.02)
        self.assertRegex(self.modes(), r"(?<!-)\bicanon\b")
        self.type("fg")
        self.wait("step 1 of 27")
        self.press("n")
        self.wait("step 2 of 27")
        self.press("q")
        while self.display("alternate_on") == "1":
            time.sleep(0.02)
        self.assertRegex(self.modes(), r"(?<!-)\bicanon\b")

    def test_the_schedule_may_come_from_a_pipe(self):
        self.start(before=f"cat '{MAIL}' |", schedule="-")
        self.press("n")
        self.wait("step 1 of 27")
        self.press("q")
        self.check_given_back(1)

    def test_a_dumb_terminal(self):
        found = subprocess.run(
            ["script", "-qec", f"TERM=dumb '{GATHERFUZZ}' step '{MAIL}'", "/dev/null"],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(found.returncode, 2)
        self.assertIn("TERM names no terminal with a screen; --keys", found.stdout)
        self.assertNotIn("\033", found.stdout)


if __name__ == "__main__":
    if shutil.which("tmux") is None:
        print("no tmux")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=1)
