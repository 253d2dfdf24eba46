# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Processes that a script starts, and ends.

Each has a session of its own, so that Ctrl-C reaches only the script, which then ends them with
what they have started. A child dies with the script, however that ends.
"""
import ctypes
import os
import resource
import signal
import subprocess
import time

SECONDS_TO_END = 5  # between being asked and being killed
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _begin(cpu_seconds):
    """What a child does before it becomes its program."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    if cpu_seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + SECONDS_TO_END))


class Child:
    """A process. What it prints goes to the file `log`, or its errors to another one; without a
    log, to where the script's own goes. A bound on processor time, unlike one on the clock's, is
    the same on a machine that is busy; a child that reaches it ends by SIGXCPU."""

    def __init__(self, arguments, environment=None, log=None, what="", folder=None, errors=None,
                 cpu_seconds=None):
        self.what = what
        self.log = log
        self.used = 0.0  # seconds of processor time, of what it has waited for, too; at its end
        self.started = time.monotonic()
        self.ended = None
        self._process = self._start(
            log, errors, args=arguments, env={**os.environ, **(environment or {})}, cwd=folder,
            stdin=subprocess.DEVNULL, preexec_fn=lambda: _begin(cpu_seconds),
            start_new_session=True)
        self.pid = self._process.pid

    @staticmethod
    def _start(log, errors, **how):
        if log is None:
            return subprocess.Popen(**how)
        with open(log, "wb") as output:
            if errors is None:
                return subprocess.Popen(stdout=output, stderr=subprocess.STDOUT, **how)
            with open(errors, "wb") as other:
                return subprocess.Popen(stdout=output, stderr=other, **how)

    def running(self):
        if self._process.returncode is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.ended = time.monotonic()
                self.used = usage.ru_utime + usage.ru_stime
                self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._process.returncode is None

    def running_at_most(self, seconds):
        """The same, but it is killed when that is too long: nothing is waited for without end."""
        if not self.running():
            return False
        if time.monotonic() - self.started > seconds:
            self.signal(signal.SIGKILL)
        return True

    @property
    def status(self):
        """After its end: its exit status, or less than 0, the signal that ended it."""
        return self._process.returncode

    @property
    def shell_status(self):
        """As a shell has it: 128 and the signal."""
        return self.status if self.status >= 0 else 128 - self.status

    def signal(self, number):
        """To what it has started, too; an inner process of a merge would go on alone."""
        if self.running():
            os.killpg(self.pid, number)

    def wait(self, seconds=None):
        """Whether it has ended by then."""
        until = None if seconds is None else time.monotonic() + seconds
        while self.running():
            if until is not None and time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def last_words(self):
        """The last line of its log that says something, for a message."""
        try:
            with open(self.log, errors="replace") as file:
                lines = [line.strip() for line in file.readlines()[-20:] if line.strip()]
        except OSError:
            return ""
        return lines[-1][:200] if lines else ""


def end(children):
    """Ends them: asks first, then kills."""
    for child in children:
        child.signal(signal.SIGTERM)
    until = time.monotonic() + SECONDS_TO_END
    for child in children:
        if not child.wait(max(0.05, until - time.monotonic())):
            child.signal(signal.SIGKILL)
            child.wait(SECONDS_TO_END)


def end_orphans(variable):
    """Kills what has an environment variable that begins so: what was left running by a script, or
    an engine, that was killed itself, such as the inner process of a merge."""
    mark = os.fsencode(variable)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = file.read().split(b"\0")
            if any((value + b"\0").startswith(mark) for value in environment):
                os.kill(int(pid), signal.SIGKILL)
        except OSError:
            pass  # it has ended, or is somebody else's
