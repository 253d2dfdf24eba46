# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Ctrl-C and its like, as something to look at between two steps."""
import os
import select
import signal

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_as_interrupt():
    """From here on SIGTERM and SIGHUP do what Ctrl-C does: KeyboardInterrupt, wherever that is."""
    for number in _heeded():
        signal.signal(number, signal.default_int_handler)


def _heeded():
    """All but those that whoever started this has turned off, as nohup does."""
    return [number for number in STOPS if signal.getsignal(number) != signal.SIG_IGN]


class Signals:
    """While it is entered, a stop is only noted, in `caught`, and ends a wait. So does the end of a
    child. No signal is lost between a look and a wait."""

    def __init__(self):
        self.caught = None
        self._before = {}
        self._pipe = ()

    def __enter__(self):
        self._pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        for number in _heeded():
            self._before[number] = signal.signal(number, self._note)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_):
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        for end in self._pipe:
            os.close(end)

    def _note(self, number, _):
        self.caught = number

    def wait(self, seconds):
        """Until a signal comes, or one has come since the last wait; at most so long."""
        if select.select([self._pipe[0]], [], [], seconds)[0]:
            os.read(self._pipe[0], 4096)
