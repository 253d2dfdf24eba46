#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Runs a command test: a text file that says what to run and what must come of it.

usage: runner.py TEST [--program NAME=PATH]... [--let NAME=VALUE]...

A test runs from top to bottom in a folder of its own, which is removed at the end. Each of its
lines is a comment (#), empty, or one of the following. Lines that begin with blanks continue the
line above; a pattern goes on after a blank, or at once after a backslash. Each expectation is about
the run before it.

  file: NAME          write a file; its lines follow, each indented by two blanks
  run: COMMAND        run it with bash, without input; programs are found by their NAMEs, variables
                      are in the environment. Indented lines that follow belong to the command: in
                      the same line after a backslash, else as further lines of a script.
                      `ctrl-c PROGRAM...` runs one and presses Ctrl-C (ctrl_c.py)
  let: NAME = COMMAND run it, and keep what it prints as a variable: $NAME in commands, [[NAME]] in
                      patterns

  exits: STATUS               the exit status, which is 0 where nothing is said
  prints: PATTERN             a line has it, of the output or of the errors
  prints-line: PATTERN        a line is it
  prints-not: PATTERN         no line has it
  prints-times: N PATTERN     N lines have it
  prints-lines: N             the output has N lines
  says: PATTERN               the output has it, wherever its lines are broken
  output: FILE or nothing     the output is the content of this file, byte for byte, or empty
  errors: nothing or 1 line   what the errors are
  json: EXPRESSION            holds for the output, as the JSON object o (in Python)
  writes: FILE                there is such a file, and something in it
  writes-not: FILE            there is nothing of that name

A PATTERN is text as it is printed. A blank stands for one or more; {{REGEX}} for what the regular
expression matches, and {{^}} and {{$}} for the ends of a line. Whatever does not hold is reported
with its line, what was run and what was printed, and the test goes on. Exit status: 0 if all holds,
1 if not, 2 if the test cannot be read.

What takes a loop is a script of several lines after `run:`. Two tests stay scripts altogether:
  gate.sh                       its data is a table that a script writes, gate.txt
  tests/model/kernel_tree.sh    each of its cases begins with an edit and a build of a fresh tree
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

STEPS = ("file", "run", "let")
EXPECTATIONS = ("exits", "prints", "prints-line", "prints-not", "prints-times", "prints-lines",
                "says", "output", "errors", "json", "writes", "writes-not")

NUMBER = r"(?:\d+|\[\[\w+\]\])"
VARIABLE = re.compile(r"\[\[(\w+)\]\]")


class BadTest(Exception):
    """The test cannot be read; the message says where and why."""


class Line(NamedTuple):
    """A directive, with the lines that continue it."""
    number: int
    name: str
    value: str
    more: tuple


class Step(NamedTuple):
    line: Line
    expectations: list


class Ran(NamedTuple):
    status: int
    output: bytes
    errors: bytes

    def lines(self):
        return [*text(self.output).split("\n"), *text(self.errors).split("\n")]


def text(data):
    """Bytes that are no UTF-8 stay apart from each other."""
    return data.decode("utf-8", "surrogateescape")


# --- Reading ---


def read(path):
    """The steps of a test."""
    with open(path, encoding="utf-8") as file:
        return steps(path, directives(path, file.read().split("\n")))


def directives(path, lines):
    found = []
    for number, line in enumerate(lines, 1):
        if line[:1].isspace() and found:
            found[-1].more.append(line)
        elif not line.strip():
            if found:
                found[-1].more.append("")  # it may be within a file
        elif not line.startswith("#"):
            name, colon, value = line.partition(":")
            if not colon or name not in STEPS + EXPECTATIONS:
                raise BadTest(f"{path}:{number}: expected one of "
                              f"{', '.join(STEPS + EXPECTATIONS)}: {line}")
            found.append(Line(number, name, value.strip(), []))
    return [line._replace(more=tuple(without_blanks_at_end(line.more))) for line in found]


def without_blanks_at_end(lines):
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def steps(path, lines):
    found = []
    for line in lines:
        where = f"{path}:{line.number}"
        if line.name in STEPS:
            if not line.value and not (line.name == "run" and line.more):
                raise BadTest(f"{where}: {line.name} of nothing")
            found.append(Step(line, []))
            continue
        if not found or found[-1].line.name == "file":
            raise BadTest(f"{where}: {line.name} of no run")
        if not line.value:
            raise BadTest(f"{where}: {line.name} nothing would always hold")
        if line.more:
            line = line._replace(value=joined(line), more=())
        check_value(where, line)
        found[-1].expectations.append(line)
    if not any(step.line.name == "run" for step in found):
        raise BadTest(f"{path}: runs nothing")
    return found


def joined(line):
    """A long pattern goes on in the next line: after a blank, or at once after a backslash."""
    whole = line.value
    for more in line.more:
        whole = whole[:-1] + more.strip() if whole.endswith("\\") else f"{whole} {more.strip()}"
    return whole


def check_value(where, line):
    """What would fail later, or never, is an error at once."""
    if line.name == "errors" and line.value not in ("nothing", "1 line"):
        raise BadTest(f"{where}: errors are nothing or 1 line")
    if line.name in ("exits", "prints-lines") and not re.fullmatch(NUMBER, line.value):
        raise BadTest(f"{where}: {line.name} takes a number")
    if line.name == "prints-times" and not re.match(NUMBER + r" +\S", line.value):
        raise BadTest(f"{where}: prints-times takes a number and a pattern")
    if line.name in ("prints", "prints-line", "prints-not", "says"):
        try:
            pattern(line.value, None)
        except re.error as error:
            raise BadTest(f"{where}: not a pattern: {error}") from error


def pattern(value, variables):
    """The regular expression that a pattern stands for; variables: None while it is only read."""
    parts = []
    for part in re.split(r"(\{\{.*?\}\}(?!\})|\[\[\w+\]\])", value):
        if part.startswith("{{"):
            parts.append(f"(?:{part[2:-2]})")
        elif VARIABLE.fullmatch(part):
            parts.append(re.escape(variables[part[2:-2]]) if variables is not None else "")
        else:
            parts += [r"[ \t]+" if piece.isspace() else re.escape(piece)
                      for piece in re.split(r"([ \t]+)", part)]
    return re.compile("".join(parts))


# --- Running ---


class Test:
    def __init__(self, path, programs, variables):
        self.path, self.programs, self.variables = path, programs, variables
        self.failures = 0
        self.steps = read(path)
        self.check_names()

    def check_names(self):
        """Patterns name only variables that there will be."""
        names = set(self.variables)
        for step in self.steps:
            if step.line.name == "let":
                names.add(step.line.value.partition("=")[0].strip())
            for line in step.expectations:
                for name in VARIABLE.findall(line.value):
                    if name not in names:
                        raise BadTest(f"{self.path}:{line.number}: there is no variable {name}")

    def run(self):
        """Returns how many expectations do not hold."""
        with tempfile.TemporaryDirectory() as scratch:
            links, self.folder, self.printed = (os.path.join(scratch, name)
                                                for name in ("programs", "test", "printed"))
            for folder in (links, self.folder, self.printed):
                os.mkdir(folder)
            ours = {"ctrl-c": os.path.join(os.path.dirname(os.path.abspath(__file__)), "ctrl_c.py")}
            for name, path in {**ours, **self.programs}.items():
                os.symlink(path, os.path.join(links, name))
            self.search = f"{links}:{os.environ['PATH']}"
            for step in self.steps:
                self.take(step)
        return self.failures

    def take(self, step):
        line = step.line
        if line.name == "file":
            self.write(line)
        elif line.name == "let":
            name, _, command = line.value.partition("=")
            ran = self.bash(command.strip(), line.more)
            self.variables[name.strip()] = text(ran.output).rstrip("\n")
            self.check(step, ran)
        else:
            self.check(step, self.bash(line.value, line.more))

    def write(self, line):
        path = os.path.join(self.folder, line.value)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{more[2:]}\n" for more in line.more)

    def bash(self, command, more):
        script = "\n".join([command, *more]).lstrip("\n")
        paths = [os.path.join(self.printed, name) for name in ("output", "errors")]
        with open(paths[0], "wb") as output, open(paths[1], "wb") as errors:
            status = subprocess.run(
                ["bash", "-o", "pipefail", "-c", script], cwd=self.folder, check=False,
                stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                env={**os.environ, **self.variables, "PATH": self.search}).returncode
        contents = []
        for path in paths:
            with open(path, "rb") as file:
                contents.append(file.read())
        return Ran(status, *contents)

    # --- Checking ---

    def check(self, step, ran):
        expectations = step.expectations
        if not any(line.name == "exits" for line in expectations):
            expectations = [Line(step.line.number, "exits", "0", ()), *expectations]
        wrong = [(line, why) for line in expectations if (why := self.wrong(line, ran))]
        if not wrong:
            return
        self.failures += len(wrong)
        command = "\n    ".join([step.line.value, *step.line.more]).strip()
        print(f"{self.path}:{step.line.number}: {step.line.name}: {command}")
        for line, why in wrong:
            print(f"  {self.path}:{line.number}: {line.name}: {line.value}\n    {why}")
        show("output", ran.output)
        show("errors", ran.errors)

    def wrong(self, line, ran):
        """Why an expectation does not hold; empty if it does."""
        known = {
            "exits": self.exits, "json": self.json, "output": self.output, "errors": self.errors,
            "says": self.says, "prints-lines": self.prints_lines, "writes": self.writes,
            "writes-not": self.writes_not}
        if line.name in known:
            return known[line.name](line.value, ran)
        return self.prints(line, ran)

    def prints(self, line, ran):
        wanted, value = None, line.value
        if line.name == "prints-times":
            count, value = value.split(None, 1)
            wanted = self.filled(count)
        expression = pattern(value, self.variables)
        match = expression.fullmatch if line.name == "prints-line" else expression.search
        found = [each for each in ran.lines() if match(each)]
        if line.name == "prints-not":
            return f"printed: {found[0]}" if found else ""
        if wanted is not None:
            return f"{len(found)} lines have it" if str(len(found)) != wanted else ""
        return "" if found else f"no line {'is it' if line.name == 'prints-line' else 'has it'}"

    def exits(self, value, ran):
        wanted = self.filled(value)
        return f"exit status {ran.status}, expected {wanted}" if str(ran.status) != wanted else ""

    def filled(self, value):
        return VARIABLE.sub(lambda match: self.variables[match[1]], value)

    def says(self, value, ran):
        flowing = " ".join(text(ran.output).split())
        found = pattern(value, self.variables).search(flowing)
        return "" if found else "the output does not say it"

    def prints_lines(self, value, ran):
        count = ran.output.count(b"\n")
        return f"{count} lines" if str(count) != self.filled(value) else ""

    def output(self, value, ran):
        if value == "nothing":
            return "there is output" if ran.output else ""
        path = re.sub(r"\$(\w+)", lambda match: self.variables[match[1]], value)
        try:
            with open(os.path.join(self.folder, path), "rb") as file:
                content = file.read()
        except OSError as error:
            return str(error)
        return "" if ran.output == content else f"the output is not what {path} holds"

    def errors(self, value, ran):
        if value == "nothing":
            return "there are errors" if ran.errors else ""
        count = ran.errors.count(b"\n")
        return f"{count} lines of errors" if count != 1 else ""

    def json(self, value, ran):
        names = {**self.variables}
        try:
            names["o"] = json.loads(ran.output)
            # The expression is the test's own.
            return "" if eval(value, names) else "it does not hold"  # pylint: disable=eval-used
        except (ValueError, LookupError, TypeError, NameError) as error:
            return f"{type(error).__name__}: {error}"

    def writes(self, value, _):
        return "" if has_content(os.path.join(self.folder, value)) else "there is no such file"

    def writes_not(self, value, _):
        return "it is there" if os.path.lexists(os.path.join(self.folder, value)) else ""


def has_content(path):
    return os.path.isfile(path) and os.path.getsize(path) > 0


def show(name, data, most=60):
    if not data:
        print(f"  {name}: nothing")
        return
    lines = text(data).encode("utf-8", "backslashreplace").decode().rstrip("\n").split("\n")
    print(f"  {name}:")
    for line in lines[:most]:
        print(f"  | {line}")
    if len(lines) > most:
        print(f"  ... and {len(lines) - most} more lines")


def main(arguments):
    if not arguments or arguments[0] in ("--help", "-h"):
        print(__doc__)
        return 0 if arguments else 2
    path, rest = arguments[0], arguments[1:]
    given = {"--program": {}, "--let": {}}
    for option, value in zip(rest[::2], rest[1::2]):
        name, _, value = value.partition("=")
        given[option][name] = value
    try:
        test = Test(path, given["--program"], given["--let"])
    except BadTest as error:
        print(error)
        return 2
    failures = test.run()
    if failures:
        print(f"{path}: {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
