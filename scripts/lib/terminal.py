# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""A line on the terminal that renews itself; nothing of it in a pipe."""
import os
import sys


class Line:
    def __init__(self, stream=None):
        self._stream = stream or sys.stderr  # None if it is closed
        self.terminal = self._stream is not None and self._stream.isatty()

    def show(self, text):
        """In place of what was shown last."""
        if self.terminal:
            self.write("\r\033[K" + text[:self._width() - 1])

    def clear(self):
        self.show("")

    def say(self, message):
        """Stays, in a pipe too."""
        self.clear()
        self.write(message + "\n")

    def write(self, text):
        """Terminals and pipes go away; the work goes on."""
        try:
            if self._stream is not None:
                self._stream.write(text)
                self._stream.flush()
        except (OSError, ValueError):
            pass

    def _width(self):
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except OSError:
            return 80
