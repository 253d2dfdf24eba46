#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""One-line mutants of kernel source files: lists them, or writes one.

usage: scripts/mutate.py list TREE FILE...
       scripts/mutate.py write ID OUT TREE FILE...

  list   a line each, tab-separated: ID, FILE, LINE, FUNCTION, OPERATOR, WHAT,
         MARK
  write  writes the file of that mutant, mutated, to OUT

FILE is relative to TREE; FILE:NAME,... stands for these functions of it only. A
mutant keeps the number of lines. The numbers are those of this list of files,
in this order. Operators:

  drop    a statement goes: a call, an assignment, a count, a return that is not
          the last
  negate  a condition is negated: of an if, of a while, one that is returned or
          kept in a bool
  term    a condition goes without one of its terms: what stands between && or
          ||
  flag    a constant is another: 0 and 1, true and false change places, a larger
          digit is one less
  swap    two neighbouring statements change places

Assertions are left alone: they are no part of what the code does. WHAT names
what is called, assigned or looked at; no text of the tree is printed beyond
names. MARK is the same for the same mutant of the same function, in whatever
tree and wherever in its file.
"""
import hashlib
import re
import sys
import typing

KEYWORDS = {"if", "else", "for", "while", "do", "switch", "case", "default", "goto"}
JUMPS = {"return", "break", "continue"}
ASSERTION = re.compile(r"\s*(?:\w*_)?(?:WARN|BUG)(?:_\w+)?\s*\(")
# What is assigned: a name and its members, or what a name in parentheses points to, and its own.
PLACE = r"(?:\(\*?[A-Za-z_]\w*\)|\*?[A-Za-z_]\w*)(?:(?:->|\.)\w+|\[[^\]]*\])*"
UNREAD = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
CALL = re.compile(r"^(?:\(void\)\s*)?([A-Za-z_]\w*)\s*\(.*\)$", re.S)
ASSIGN = re.compile(rf"^({PLACE})\s*(?:[-+|&^]|<<|>>)?=(?!=)", re.S)
STEP = re.compile(rf"^(?:(?:\+\+|--)({PLACE})|({PLACE})(?:\+\+|--))$")
VALUE = re.compile(rf"(?:({PLACE})\s*=|\breturn)\s*([0-9]|true|false)\s*$")
CONDITION = re.compile(r"[=!<>]=|&&|\|\||(?<![-<])[<>](?![<>=])|^\s*!")


def blanked(text):
    """The text with comments, strings and directives as blanks; macros of several lines keep their
    bodies."""
    out = list(text)

    def blank(begin, end):
        for i in range(begin, end):
            if out[i] != "\n":
                out[i] = " "

    for match in UNREAD.finditer(text):
        blank(*match.span())
    plain = "".join(out)
    for match in re.finditer(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", plain, re.M):
        directive = match.group(0)
        body = re.match(r"[ \t]*#[ \t]*define[ \t]+\w+\([^)]*\)[ \t]*\\?\n?", directive)
        begin = match.start() + (body.end() if body and "\\\n" in directive else len(directive))
        blank(match.start(), begin)
        for i in range(begin, match.end()):
            if out[i] == "\\" and text[i + 1 : i + 2] == "\n":
                out[i] = " "
    return "".join(out)


def bodies(text, plain):
    """(name, begin, end) of each function body and each body of a multi-line macro."""
    for match in re.finditer(r"^\{\n", plain, re.M):
        end = plain.find("\n}", match.end() - 1)
        head = plain[: match.start()].rstrip()
        names = re.findall(r"([A-Za-z_]\w*)\s*\(", head[max(0, head.rfind("\n\n")) :])
        if end > 0 and names and head.endswith(")"):
            yield names[0], match.end(), end
    macro = r"^[ \t]*#[ \t]*define[ \t]+(\w+)\([^)]*\)[ \t]*\\\n((?:[^\n]*\\\n)*[^\n]*)"
    for match in re.finditer(macro, text, re.M):
        yield match.group(1), match.start(2), match.end(2)


def closing(plain, at):
    """Just after what closes the parentheses that open at or after `at`."""
    depth = 0
    for i in range(plain.index("(", at), len(plain)):
        depth += {"(": 1, ")": -1}.get(plain[i], 0)
        if depth == 0:
            return i + 1
    return len(plain)


def statements(plain, begin, end):
    """(begin, end) of what stands between semicolons and braces, without the conditions it is
    under; end is the semicolon. Those of the blocks within expressions too."""
    start, depth, outer = begin, 0, []
    for i in range(begin, end):
        c = plain[i]
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "{":
            outer.append(depth)
            depth = 0
        elif c == "}":
            depth = outer.pop() if outer else 0
        if depth != 0 or c not in "{};:":
            continue
        if c == ";":
            first = start
            while True:
                while first < i and plain[first].isspace():
                    first += 1
                word = re.match(r"[a-z]+|", plain[first:i]).group(0)
                if word in ("if", "for", "while", "switch"):
                    first = closing(plain, first)
                elif word in ("else", "do"):
                    first += len(word)
                else:
                    break
            yield first, i
        if c != ":" or "?" not in plain[start:i]:
            start = i + 1


def named(statement):
    """What a statement calls or assigns, or None if it is not one that can go."""
    statement = statement.strip()
    word = re.match(r"[A-Za-z_]\w*|", statement).group(0)
    if not statement or word in KEYWORDS or ASSERTION.match(statement):
        return None
    if word in JUMPS:
        return "the " + word
    for pattern, text in ((CALL, "the call of {}()"), (ASSIGN, "the assignment to {}"),
                          (STEP, "the count of {}")):
        match = pattern.match(statement)
        if match:
            return text.format(next(group for group in match.groups() if group))
    return None


def looked_at(condition):
    """The names in a condition, members without what they are members of."""
    names = re.findall(r"(?:(?:->|\.)\s*)?([A-Za-z_]\w*)(?!\w*\s*(?:->|\.\s*[A-Za-z_]))", condition)
    names = [name for name in dict.fromkeys(names) if name not in ("likely", "unlikely", "tlb")]
    return ", ".join(names) or "a constant"


def conditions(plain, begin, end):
    """(begin, end) of each condition that is no constant."""
    for match in re.finditer(r"\b(?:if|while)\s*\(", plain[begin:end]):
        opened = begin + match.end() - 1
        closed = closing(plain, opened)
        if not ASSERTION.match(plain, opened + 1):
            yield opened, closed
    for first, stop in statements(plain, begin, end):
        match = re.match(r"(?:return\b|bool\s+\w+\s*=(?!=))", plain[first:stop])
        if match and CONDITION.search(plain[first + match.end() : stop]):
            yield first + match.end(), stop


def terms(plain, begin, end):
    """(begin, end, neutral) of what is joined by || or &&, at each depth."""
    while begin < end and plain[begin].isspace():
        begin += 1
    while begin < end and plain[end - 1].isspace():
        end -= 1
    match = re.match(r"!?\s*(?:(?:un)?likely\s*)?(?=\()", plain[begin:end])
    if match and closing(plain, begin) == end:
        yield from terms(plain, begin + match.end() + 1, end - 1)
        return
    for operator, neutral in (("||", "0"), ("&&", "1")):
        cuts, depth = [], 0
        for i in range(begin, end):
            depth += {"(": 1, ")": -1}.get(plain[i], 0)
            if depth == 0 and plain.startswith(operator, i):
                cuts.append(i)
        if cuts:
            for first, stop in zip([begin] + [cut + 2 for cut in cuts], cuts + [end]):
                while plain[first].isspace():
                    first += 1
                yield first, first + len(plain[first:stop].rstrip()), neutral
                yield from terms(plain, first, stop)
            return


def emptied(text, start=""):
    """Blanks in place of the text, with its line ends."""
    return start + re.sub(r"[^\n\\]", " ", text[len(start) :])


def mutants_of(text, wanted):
    """(line, function, operator, what, mark, edits) for each; edits are (begin, end, new), in
    order."""
    plain = blanked(text)
    found = []

    def add(at, function, operator, what, *edits):
        words = " ".join(plain[begin:end].split())
        before = sum(mutant[1:4] == (function, operator, what) for mutant in found)
        mark = hashlib.sha1(f"{function} {words} {operator} {what} {before}".encode()).hexdigest()
        mark = mark[:8]
        found.append((text.count("\n", 0, at) + 1, function, operator, what, mark, edits))

    for function, begin, end in bodies(text, plain):
        if wanted and function not in wanted:
            continue
        last = None
        for first, stop in statements(plain, begin, end):
            source = plain[first:stop]
            what = named(source)
            jump = what is not None and what[4:] in JUMPS
            if what and not (jump and plain[stop + 1 : end].strip() == ""):
                add(first, function, "drop", what, (first, stop, emptied(text[first:stop])))
            if what and not jump:
                if last and re.sub(r"[\s\\]", "", text[last[1] + 1 : first]) == "":
                    add(last[0], function, "swap", f"{last[2]} and {what}",
                        (last[0], last[1], text[first:stop]),
                        (first, stop, text[last[0] : last[1]]))
            last = (first, stop, what) if what and not jump else None
            value = VALUE.search(source)
            if value:
                other = {"0": "1", "1": "0", "true": "false", "false": "true"}.get(value.group(2))
                other = other or str(int(value.group(2)) - 1)
                place = value.group(1) or "the return"
                add(first, function, "flag", f"{place}: {value.group(2)} becomes {other}",
                    (first + value.start(2), first + value.end(2), other))
        for first, stop in conditions(plain, begin, end):
            names = looked_at(plain[first:stop])
            if names != "a constant":
                add(first, function, "negate", "the condition on " + names,
                    (first, first, "(!("), (stop, stop, "))"))
            for left, right, neutral in terms(plain, first, stop):
                add(left, function, "term", "the term on " + looked_at(plain[left:right]),
                    (left, right, emptied(text[left:right], neutral)))
    return sorted(found, key=lambda mutant: mutant[0])


class Mutant(typing.NamedTuple):
    """One of a file: `at` is its line, `text` the whole file as it is."""
    number: int
    file: str
    at: int
    function: str
    operator: str
    what: str
    mark: str
    text: str
    edits: tuple

    def line(self):
        """Of the list."""
        return "\t".join(map(str, self[:7]))

    def write(self, path):
        """The file, mutated."""
        text = self.text
        for begin, end, new in reversed(self.edits):
            text = text[:begin] + new + text[end:]
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as out:
            out.write(text)


def mutants(tree, files):
    """Of all these files."""
    number = 0
    for item in files:
        file, _, wanted = item.partition(":")
        try:
            with open(f"{tree}/{file}", encoding="utf-8", errors="surrogateescape") as source:
                text = source.read()
        except OSError as error:
            sys.exit(f"mutate.py: {tree}/{file}: {error.strerror}")
        for *about, edits in mutants_of(text, wanted and wanted.split(",")):
            number += 1
            yield Mutant(number, file, *about, text, edits)


def main(arguments):
    if arguments[:1] in (["--help"], ["-h"]):
        print(__doc__.strip())
        return
    if len(arguments) < 3 or arguments[0] not in ("list", "write"):
        sys.exit(__doc__)
    if arguments[0] == "list":
        for mutant in mutants(arguments[1], arguments[2:]):
            print(mutant.line())
        return
    if len(arguments) < 5 or not arguments[1].isdigit():
        sys.exit(__doc__)
    number = 0
    for mutant in mutants(arguments[3], arguments[4:]):
        number = mutant.number
        if number == int(arguments[1]):
            mutant.write(arguments[2])
            return
    sys.exit(f"mutate.py: there are {number} mutants, and no number {arguments[1]}")


if __name__ == "__main__":
    main(sys.argv[1:])
