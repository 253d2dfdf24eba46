# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What a person sees while a campaign runs: a line that renews itself on a terminal; in a pipe, a
plain log with that line once a minute."""
import os
import sys
import time

LINE_SECONDS = 1
PIPE_SECONDS = 60
RATE_SECONDS = 30  # that the rate is taken over


class Status:
    def __init__(self, stream=None):
        self._stream = stream or sys.stderr  # None if it is closed
        self._terminal = self._stream is not None and self._stream.isatty()
        self._next = 0.0
        self._counts = []  # (when, schedules)

    def show(self, line, _):
        """`line` is called when it is time."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (LINE_SECONDS if self._terminal else PIPE_SECONDS)
        text = line()
        if self._terminal:
            self._write("\r\033[K" + text[:self._width() - 1])
        else:
            self._write(time.strftime("%Y-%m-%d %H:%M:%S ", time.gmtime()) + text + "\n")

    def say(self, message):
        if self._terminal:
            self._write("\r\033[K" + message + "\n")
        else:
            self._write(time.strftime("%Y-%m-%d %H:%M:%S ", time.gmtime()) + message + "\n")
        if self._terminal:
            self._next = 0.0

    def rate(self, schedules):
        """A second, over the last half minute."""
        now = time.monotonic()
        self._counts.append((now, schedules))
        while len(self._counts) > 2 and now - self._counts[1][0] > RATE_SECONDS:
            self._counts.pop(0)
        then, before = self._counts[0]
        return (schedules - before) / (now - then) if now > then else 0

    def _width(self):
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except OSError:
            return 80

    def _write(self, text):
        """Terminals and pipes go away; the campaign goes on."""
        try:
            if self._stream is not None:
                self._stream.write(text)
                self._stream.flush()
        except (OSError, ValueError):
            pass
