# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What a script says while it works: messages, and on a terminal a line that renews itself."""
import os
import sys
import textwrap


def say(message, stream=None):
    """A message on standard error. On a terminal what is longer than a line is broken at blanks; in
    a pipe or a file it stays one line. A command that is to be copied has a line of its own."""
    Line(stream).say(message)


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
        lines = message.replace("; replay: ", "\n  replay: ").split("\n")
        if self.terminal:
            lines = [line if line.startswith("  replay: ") else self._folded(line)
                     for line in lines]
        self.write("\n".join(lines) + "\n")

    def _folded(self, line):
        return "\n".join(textwrap.wrap(line, self._width(), subsequent_indent="    ",
                                       break_long_words=False, break_on_hyphens=False)) or line

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
