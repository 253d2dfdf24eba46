# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Results as JUnit, which CI systems show."""
import collections
import os
from xml.sax.saxutils import escape, quoteattr

# seconds: 0 where it is not known. outcome: None, "failure", "error" or "skipped", which `message`
# and `text` tell more of; of a case that passed, `text` is its output.
Case = collections.namedtuple("Case", "classname name seconds outcome message text",
                              defaults=(0, None, "", ""))


def suite(cases, seconds, text=""):
    """The whole file."""
    count = collections.Counter(case.outcome for case in cases)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>',
             f'<testsuite name="gatherfuzz" tests="{len(cases)}" failures="{count["failure"]}"'
             f' errors="{count["error"]}" skipped="{count["skipped"]}" time="{seconds}">']
    for case in cases:
        lines += [f"  <testcase classname={quoteattr(case.classname)} name={quoteattr(case.name)}"
                  f' time="{case.seconds}">', *_outcome(case), "  </testcase>"]
    if text:
        lines.append(f"  <system-out>{_printable(text)}</system-out>")
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def _outcome(case):
    if case.outcome:
        message = quoteattr(_plain(case.message))
        return [f"    <{case.outcome} message={message}>{_printable(case.text)}</{case.outcome}>"]
    return [f"    <system-out>{_printable(case.text)}</system-out>"] if case.text else []


def _plain(text):
    """What XML 1.0 can have."""
    return "".join(c if c in "\t\n" or c >= " " else "?" for c in text)


def _printable(text):
    return escape(_plain(text))


def write(path, cases, seconds, text=""):
    """Whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(suite(cases, seconds, text))
    os.replace(path + ".new", path)
