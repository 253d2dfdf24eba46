# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What a person sees while a campaign runs: a line that renews itself on a terminal; in a pipe, a
plain log with that line once a minute."""
import time

from lib.terminal import Line

LINE_SECONDS = 1
PIPE_SECONDS = 60
RATE_SECONDS = 30  # that the rate is taken over


class Status:
    def __init__(self, stream=None):
        self._line = Line(stream)
        self._shown = float("-inf")
        self._counts = []  # (seconds that the campaign has run, schedules)

    def show(self, line, pipe_seconds=PIPE_SECONDS):
        """`line` is called when it is time."""
        now = time.monotonic()
        if now < self._shown + (LINE_SECONDS if self._line.terminal else pipe_seconds):
            return
        self._shown = now
        if self._line.terminal:
            self._line.show(line())
        else:
            self._line.say(_now() + line())

    def say(self, message):
        if self._line.terminal:
            self._line.say(message)
            self._shown = float("-inf")
        else:
            self._line.say(_now() + message)

    def rate(self, schedules, now):
        """A second, over the last half minute that the campaign has run; None if that is not told
        yet. `now` is the campaign's own clock, which the report has too."""
        self._counts.append((now, schedules))
        while len(self._counts) > 2 and now - self._counts[1][0] > RATE_SECONDS:
            self._counts.pop(0)
        then, before = self._counts[0]
        return (schedules - before) / (now - then) if now > then else None


def _now():
    return time.strftime("%Y-%m-%d %H:%M:%S ", time.gmtime())
