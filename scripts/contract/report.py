# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""A line for each check, and how many there were."""


class Report:
    """Counts checks and prints a line for each, unless it is to be silent."""

    def __init__(self, silent=False):
        self.good = self.bad = 0
        self.variant = ""
        self.silent = silent
        self.failed = []

    def say(self, check, problem, detail=""):
        if problem:
            self.bad += 1
            self.failed.append(check)
        else:
            self.good += 1
        if not self.silent:
            print(
                f"{'BAD' if problem else 'ok '} {self.variant}: {check}: {problem or detail}",
                flush=True,
            )


def first(problems):
    """The first of what is wrong, and how many more; None if nothing is."""
    problems = [problem for problem in problems if problem]
    if not problems:
        return None
    return problems[0] + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else "")
