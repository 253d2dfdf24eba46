#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""usage: documents_test.py SOURCE GATHERFUZZ: checks what the documents claim.

What README, CONTRIBUTING, CHANGELOG and docs/ claim is what the command and the tables say today:

- A block that begins with `$ build/gatherfuzz ...` shows all that the command prints. A line `...`
  stands for lines left out. A block after `<!-- prints: COMMAND -->` shows lines of it that come
  one after the other. Blanks at ends of lines, times and sizes of memory are not compared.
- A block that is a schedule with `expect` has that verdict. In docs/verdicts.md, schedules and
  interleavings are those of corpus/verdicts/.
- Every other block that is neither commands nor code is in NOT_RUN, with the reason.
- Commands and flags that are named exist.
- Tables of files in docs/architecture.md have each header of their folder.
- Counts of policies, defects, operations, kinds and the like, wherever they are named, are right.
- What scripts write carries the commit and the date of the run.
"""
import os
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple

# (document, beginning of its first line): why the block is not run.
NOT_RUN = {
    ("README.md", "policy            arch   engine"): "a campaign of fuzzing",
    ("docs/architecture.md", "bytes ──decode──┐"): "a drawing",
    ("docs/callers.md", "scripts/callers  "): "commands",
    ("docs/callers.md", "$ build/callers/"): "a kernel tree, edited",
    ("docs/ci.md", "jobs:"): "a workflow of GitHub",
    ("docs/ci.md", "gather:"): "a pipeline of GitLab",
    ("docs/continuous-fuzzing.md", "2026-11-24 03:36:59"): "a campaign",
    ("docs/continuous-fuzzing.md", "campaign.json, findings.jsonl"): "names of files",
    ("docs/fuzzing.md", "member: 1 of 2"): "an engine's input",
    ("docs/install.md", "scripts/test --dry-run"): "commands",
    ("docs/install.md", "(cd build && cpack)"): "commands",
    ("docs/install.md", "find_package(gatherfuzz"): "CMake",
    ("docs/kernel-tree.md", "b4 am MESSAGE-ID"): "commands",
    ("docs/kernel-tree.md", "scripts/bisect --kernel"): "commands",
    ("docs/kernel-tree.md", "scripts/watch --kernel"): "commands",
    ("docs/kernel-tree.md", "$ scripts/fuzz --kernel"): "a kernel tree, edited, and a campaign",
    ("docs/kernel-tree.md", "policy            arch   engine"): "a kernel tree and a campaign",
    ("docs/kernel-tree.md", "$ build/kernel-199849cb/gatherfuzz"): "a kernel tree",
    ("docs/kernel-tree.md", "? linux@6.12 arm64"): "a kernel tree",
    ("docs/kernel-tree.md", "fuzz: --kernel: no kernel tree"): "builds that fail",
    ("docs/promela.md", "build/gatherfuzz export --promela"): "SPIN",
    ("docs/schedule-format.md", "file      = "): "a grammar",
    ("docs/tour.md", "policy            arch   engine"): "campaigns of fuzzing",
    ("docs/triage.md", "stale-after-return+pte_clear.zap"): "a signature, which other blocks show",
}
# Files that a command of a document reads, and how the test makes them.
MADE = {"crash": "build/gatherfuzz encode corpus/verdicts/own-range-x86.gather -o crash"}

WORDS = ("no one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
         "fifteen sixteen seventeen eighteen nineteen twenty").split()
NUMBER = r"(\d[\d,]*|" + "|".join(WORDS[1:]) + r")"
# What counts what: a pattern around NUMBER, and the name of a fact (Facts).
COUNTS = [
    (r"N (?:published |such )?(?:finish )?policies\b(?! that are broken)", "published"),
    (r"N published policies that are broken", "broken"),
    (r"N planted (?:defects|ones)", "planted"),
    (r"N known defects", "known"),
    (r"over N defects: the", "known"),
    (r"N lines:", "published"),
    (r"N kinds (?:of violation|are listed)", "kinds"),
    (r"N architectures", "archs"),
    (r"N targets, `--turn", "targets"),
    (r"([\d,]+) steps (?:of one way|were made)", "step_limit"),
]
# Phrases that a pattern above meets, and that count something else.
OTHER = {
    "Two planted defects": "those that look at the lowest CPU only",
    "eight policies": "those that an hour of fuzzing broke",
}
# Figures in the text: document, pattern around them, command, pattern around the same.
FIGURES = [
    ("docs/exploration.md", r"see ([\d,]+) of the ([\d,]+) states of the mail's programs",
     "build/gatherfuzz explore --seen-by pct --executions 1000 --policy full-mm {mail}",
     r"states (\d+) of (\d+),"),
    ("docs/exploration.md", r"all that need no preemption, and ([\d,]+) of ([\d,]+) pairs",
     "build/gatherfuzz explore --seen-by pct --executions 1000 --policy full-mm {mail}",
     r"right after the other: (\d+) of (\d+)"),
    ("docs/exploration.md", r"That makes ([\d,]+) states",
     "build/gatherfuzz explore --full --policy full-mm {mail}", r"^  (\d+) states"),
    ("docs/exploration.md", r"([\d,]+) states, [\d.]+ ms; \d+ with reduction",
     "build/gatherfuzz explore --full --policy full-mm {mail}", r"^  (\d+) states"),
    ("docs/exploration.md", r"[\d,]+ states, [\d.]+ ms; ([\d,]+) with reduction",
     "build/gatherfuzz explore --policy full-mm {mail}", r"^  (\d+) states"),
    ("docs/exploration.md", r"first line has ([\d,]+) states with all rules",
     "build/gatherfuzz explore --policy full-mm --arch arm64 {mail}", r"^  (\d+) states"),
    ("docs/exploration.md", r"states with all rules, and ([\d,]+) with none",
     "build/gatherfuzz explore --full --policy full-mm --arch arm64 {mail}", r"^  (\d+) states"),
    ("docs/exploration.md", r"`search` met it in (0[.]\d+) of 100,000",
     "build/gatherfuzz search {mail} --keep-going --executions 100000",
     r"in one execution: (0[.]\d+)"),
]
# Of 30,000 executions that each strategy draws: docs/search.md, "distinct".
DISTINCT = r"Of 30,000 executions of the mail's race under `full-mm`: ([^.]*)[.]"

COMMANDS = re.compile(r"(?:scripts/|build/|gatherfuzz |cmake |afl-|ninja |while |mkdir |ctest "
                      r"|GATHERFUZZ_)")
VARIES = re.compile(r"\d+[.]\d+ (?:s|ms)\b|\d+ [KMG]iB\b")


class Block(NamedTuple):
    document: str
    line: int  # of its first line
    lines: tuple
    language: str  # of a fence; empty for an indented one
    prints: str  # the command, where a comment names it
    written: bool  # by scripts/verdicts
    before: str  # the last line of text before it

    def where(self):
        return f"{self.document}:{self.line}"


def blocks(document, text):
    """The blocks of code of a document, without what they are indented by."""
    found, lines = [], text.split("\n")
    prints, written, before, at = "", False, "", 0
    while at < len(lines):
        line = lines[at]
        fence = re.match(r" *```(.*)", line)
        indented = re.match(r"( {4,})\S", line) and not before_is_text(lines, at)
        if fence or indented:
            first = at + 1 if fence else at
            end = end_of_fence(lines, first) if fence else end_of_indented(lines, at)
            inner = dedent(lines[first:end])
            found.append(Block(document, first + 1, tuple(inner), fence[1] if fence else "", prints,
                               written, before))
            prints, at = "", end + 1 if fence else end
            continue
        comment = re.fullmatch(r"<!-- (prints|verdicts): (.*) -->", line)
        if comment and comment[1] == "prints":
            prints = comment[2]
        elif comment or line == "<!-- end -->":
            written = bool(comment)
        elif line.strip():
            before = line
        at += 1
    return found


def before_is_text(lines, at):
    return at > 0 and lines[at - 1].strip()


def end_of_fence(lines, at):
    while not lines[at].strip().startswith("```"):
        at += 1
    return at


def end_of_indented(lines, at):
    last = at
    while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
        if lines[at].strip():
            last = at
        at += 1
    return last + 1


def only_commands(lines):
    """Whether each line is a command, or goes on with one."""
    goes_on = False
    for line in lines:
        if line and not goes_on and not COMMANDS.match(line) and not re.match(r" +\S|done", line):
            return False
        goes_on = line.endswith("\\")
    return True


def dedent(lines):
    least = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[least:].rstrip() for line in lines]


def plain(lines):
    return [VARIES.sub("~", line.rstrip()) for line in lines]


class Documents:
    def __init__(self, source, gatherfuzz, folder):
        self.source, self.folder = source, folder
        self.failures, self.ran = 0, {}
        os.mkdir(os.path.join(folder, "build"))
        os.symlink(gatherfuzz, os.path.join(folder, "build", "gatherfuzz"))
        os.symlink(os.path.join(source, "corpus"), os.path.join(folder, "corpus"))
        names = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        names += sorted(f"docs/{name}" for name in os.listdir(os.path.join(source, "docs"))
                        if name.endswith(".md"))
        self.texts = {name: self.read(name) for name in names}
        self.blocks = [block for name, text in self.texts.items() for block in blocks(name, text)]

    def read(self, name):
        with open(os.path.join(self.source, name), encoding="utf-8") as file:
            return file.read()

    def fail(self, where, what):
        self.failures += 1
        print(f"{where}: {what}")

    def run(self, command):
        """The lines of its output, and of its errors after them."""
        if command not in self.ran:
            self.ran[command] = subprocess.run(
                ["bash", "-c", command], cwd=self.folder, check=False, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout.split("\n")
        return self.ran[command]

    # --- Outputs ---

    def check_blocks(self):
        for command in MADE.values():
            self.run(command)
        unused = dict(NOT_RUN)
        for block in self.blocks:
            first = block.lines[0]
            names = [key for key in NOT_RUN
                     if key[0] == block.document and first.startswith(key[1])]
            if block.prints:
                self.check_excerpt(block)
            elif first.startswith("$ build/gatherfuzz "):
                self.check_output(block)
            elif names:
                unused.pop(names[0], None)
            elif first == "gatherfuzz 1":
                self.check_schedule(block)
            elif block.written:
                self.check_written(block)
            elif block.language not in ("c++", "cpp", "sh") and not only_commands(block.lines):
                self.fail(block.where(), "a block that is not run; put `<!-- prints: COMMAND -->` "
                          "before it, or it into NOT_RUN with a reason")
        for document, first in unused:
            self.fail(document, f"has no block that begins with '{first}', which NOT_RUN names")

    def check_output(self, block):
        """Each command with all that it prints. One without output shows only how it is called."""
        shown = []
        for line in block.lines:
            if line.startswith("$ "):
                shown.append((line[2:].split("  #")[0], []))
            else:
                shown[-1][1].append(line)
        for command, lines in shown:
            while lines and not lines[-1]:
                lines.pop()
            if lines:
                self.compare(block, command, lines, whole=True)

    def check_excerpt(self, block):
        self.compare(block, block.prints, list(block.lines), whole=False)

    def compare(self, block, command, lines, whole):
        """Pieces between lines `...` come in this order; the first and the last at the ends."""
        printed = plain(self.run(command))
        while printed and not printed[-1]:
            printed.pop()
        pieces = [[]]
        for line in plain(lines):
            if line.strip() == "...":
                pieces.append([])
            else:
                pieces[-1].append(line)
        at = 0
        for number, piece in enumerate(pieces):
            starts = [i for i in range(at, len(printed) - len(piece) + 1)
                      if all(same(wanted, got) for wanted, got in
                             zip(piece, printed[i:i + len(piece)]))]
            if whole and number == 0:
                starts = [i for i in starts if i == 0]
            if whole and number == len(pieces) - 1:
                starts = [i for i in starts if i + len(piece) == len(printed)]
            if not starts:
                return self.fail_piece(block, command, piece, printed)
            at = starts[0] + len(piece)
        return None

    def fail_piece(self, block, command, piece, printed):
        wrong = [line for line in piece if not any(same(line, got) for got in printed)]
        self.fail(block.where(), f"not what `{command}` prints"
                  + (", which has no line\n" + "\n".join(f"    {line}" for line in wrong[:5])
                     if wrong else ": lines are left out without `...`, or in another order"))
        for line in printed[:40]:
            print(f"  | {line}")

    def check_schedule(self, block):
        if not any(line.startswith("expect ") for line in block.lines):
            return
        path = os.path.join(self.folder, "shown.gather")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(block.lines) + "\n")
        policy = "" if any(line.startswith("policy ") for line in block.lines) else " --policy all"
        ran = subprocess.run(["bash", "-c", f"build/gatherfuzz run --check{policy} shown.gather"],
                             cwd=self.folder, check=False, capture_output=True, text=True)
        if ran.returncode != 0:
            self.fail(block.where(), f"the schedule is not as it expects: {ran.stdout}{ran.stderr}")
        named = re.search(r"breaks (\S+) on (\S+) within", "\n".join(block.lines))
        if block.written and named:
            stored = self.read(f"corpus/verdicts/{named[1]}-{named[2]}.gather").strip().split("\n")
            ours = [line for line in stored if not line.startswith("expect ") or
                    " under " not in line]
            if [line for line in ours if line] != [line for line in block.lines if line]:
                self.fail(block.where(), "is not the schedule of corpus/verdicts/; run "
                          "scripts/verdicts")

    def check_written(self, block):
        """An interleaving of docs/verdicts.md, or the legend of its table."""
        named = re.search(r"`(\S+[.]gather)`:$", block.before)
        if named:
            lines = [line for line in block.lines if " not shown" not in line]
            printed = {line.strip() for line in
                       plain(self.run(f"build/gatherfuzz run corpus/verdicts/{named[1]}"))}
            for line in lines:
                if line and line.strip() not in printed:
                    self.fail(block.where(), f"`run {named[1]}` has no line '{line}'")
                    return
        elif not block.lines[0].startswith("* expected to be safe there"):
            self.fail(block.where(), "scripts/verdicts writes no such block")

    # --- Names ---

    def check_names(self):
        """Commands, and flags behind them, wherever a document has them as code."""
        known = {match[1] for line in self.run("build/gatherfuzz help")
                 if (match := re.match(r"  ([a-z]+)  +", line))}
        for document, text in self.texts.items():
            code = re.findall(r"`([^`\n]+)`", text)
            code += [line for block in self.blocks if block.document == document
                     for line in block.lines]
            for piece in code:
                self.check_call(document, piece, known)

    def check_call(self, document, piece, known):
        for call in re.finditer(r"(?:^|[ /(])gatherfuzz ([a-z]+)((?: [^|;#`]*)?)", piece):
            if call[1] == "help":
                continue
            if call[1] not in known:
                if re.match(r"(?:[$] )?(?:build/)?gatherfuzz ", piece):
                    self.fail(document, f"there is no command '{call[1]}': {piece}")
                continue
            flags = "\n".join(self.run(f"build/gatherfuzz {call[1]} --help"))
            for flag in re.findall(r" --([a-z-]+)", call[2]):
                if not re.search(rf"--{flag}(?![a-z-])", flags) and flag != "help":
                    self.fail(document, f"{call[1]} has no flag --{flag}: {piece}")

    def check_commands(self):
        """docs/tour.md has each command in its table; docs/ci.md names those without --json."""
        listed = [match[1] for line in self.run("build/gatherfuzz help")
                  if (match := re.match(r"  ([a-z]+)  +", line))]
        table = re.search(r"(?m)^\| command \| what it does \|\n((?:\|.*\n)*)",
                          self.texts["docs/tour.md"])[1]
        named = re.findall(r"`([a-z]+)`", " ".join(
            row.split("|")[1] for row in table.strip().split("\n")))
        if sorted(named) != sorted(listed):
            self.fail("docs/tour.md", "the table of commands is not that of help: "
                      + " ".join(sorted(set(named) ^ set(listed))))
        without = [name for name in listed if not any(
            " --json " in line + " " for line in self.run(f"build/gatherfuzz help {name}"))]
        told = re.search(r"Those have none that write a file or show one: ([^.]*)[.]",
                         flowing(self.texts["docs/ci.md"]))
        if not told or sorted(re.findall(r"`(\w+)`", told[1])) != sorted(without):
            self.fail("docs/ci.md", "commands without --json are " + " ".join(without))

    def check_glossary(self):
        """In the order of the alphabet, with each command that is a word of its own here."""
        words = re.findall(r"(?m)^\| \*\*(.+?)\*\*", self.texts["docs/glossary.md"])
        for before, after in zip(words, words[1:]):
            if before.lower() > after.lower():
                self.fail("docs/glossary.md", f"'{after}' comes before '{before}'")
        refused = self.run("build/gatherfuzz run --memory none corpus/00-the-mail.gather")
        for name in re.findall(r"\w+", re.search(r"one of (.*)", "\n".join(refused))[1]):
            if f"**{name}**" not in self.texts["docs/glossary.md"]:
                self.fail("docs/glossary.md", f"has no memory model {name}")

    # --- Figures ---

    def policies(self, heading):
        """The names below this heading of what `gatherfuzz policies` prints."""
        names, below = [], ""
        for line in self.run("build/gatherfuzz policies"):
            if not line.startswith(" ") and ":" in line:
                below = line.split(":")[0]
            elif re.match(r"  \S", line) and below == heading:
                names.append(line.split()[0])
        return names

    def facts(self):
        """Name -> number, as the command and the tables say."""
        table = re.search(r"<!-- verdicts: # Verdicts -->(.*?)<!-- end -->",
                          self.texts["docs/verdicts.md"], re.S)[1]
        broken = {match[1] for match in re.finditer(r"(?m)^\|.*?\| (\S+) \| \S+ \| \[", table)}
        count = {
            "published": len(self.policies("policies")), "broken": len(broken),
            "planted": len(self.policies("planted defects")),
            "archs": len(self.policies("architectures")),
            "kinds": self.read("model/violations.def").count("\nGATHERFUZZ_VIOLATION(")}
        count["known"] = count["planted"] + count["broken"]
        count["targets"] = count["published"] * count["archs"]
        limit = re.search(r"kStepLimit = 1u << (\d+);", self.read("harness/agents.h"))
        count["step_limit"] = 1 << int(limit[1])
        return count

    def check_counts(self):
        facts = self.facts()
        self.same_lists()
        for shape, name in COUNTS:
            pattern = re.compile(r"\b" + shape.replace("N ", NUMBER + " "), re.I)
            met = 0
            for document, text in self.texts.items():
                for match in pattern.finditer(flowing(text)):
                    number = value(match[1])
                    if number == 1 or match[0] in OTHER:
                        continue
                    met += 1
                    if number != facts[name]:
                        self.fail(document, f"'{match[0]}': it is {facts[name]} ({name})")
            if not met:
                self.fail("documents_test.py", f"no document has '{shape}'")
        for phrase in OTHER:
            if not any(phrase in flowing(text) for text in self.texts.values()):
                self.fail("documents_test.py", f"no document has '{phrase}', which OTHER names")

    def same_lists(self):
        """Each strategy, kind and published policy is where the documents describe them all."""
        kinds = re.findall(r'\nGATHERFUZZ_VIOLATION\(\w+, "([a-z-]+)"', "\n" +
                           self.read("model/violations.def"))
        for kind in kinds:
            if not re.search(rf"(?m)^## .*{kind}", self.texts["docs/oracle.md"]):
                self.fail("docs/oracle.md", f"has no section about {kind}")
        ops = re.findall(r'\nGATHERFUZZ_OP\(\w+, "([a-z]+)"', self.read("model/kernel/ops.def"))
        for name in ops:
            if f"`{name}" not in self.texts["docs/schedule-format.md"]:
                self.fail("docs/schedule-format.md", f"does not have the operation {name}")
        listed = self.run("build/gatherfuzz search --policy full-mm --arch x86 --strategy none")
        names = re.search(r"one of (.*)", "\n".join(listed))[1].split(", ")
        for name in self.policies("planted defects"):
            if not re.search(rf"(?m)^\| `{name}` \| `", self.texts["docs/ground-truth.md"]):
                self.fail("docs/ground-truth.md", f"does not describe the defect {name}")
        for name in self.policies("policies"):
            if f"| {name} | " not in self.texts["docs/verdicts.md"]:
                self.fail("docs/verdicts.md", f"has no verdict of {name}; run scripts/verdicts")
        for name in names:
            if f"| `{name.strip()}` |" not in self.texts["docs/search.md"]:
                self.fail("docs/search.md", f"does not describe the strategy {name}")

    def check_tables(self):
        """docs/architecture.md has each header of these folders in a table, and no other."""
        text = self.texts["docs/architecture.md"]
        for folder in ("harness", "explore"):
            table = re.search(rf"(?m)^\| file in `{folder}/` .*\n((?:\|.*\n)*)", text)[1]
            named = set(re.findall(r"`(\w+[.]h)`", " ".join(
                row.split("|")[1] for row in table.strip().split("\n"))))
            there = {name for name in os.listdir(os.path.join(self.source, folder))
                     if name.endswith(".h")}
            if named != there:
                self.fail("docs/architecture.md", f"the table of {folder}/ is not its headers: "
                          + " ".join(sorted(named ^ there)))

    def check_figures(self):
        mail = "corpus/00-the-mail.gather"
        for document, shape, command, printed in FIGURES:
            told = re.search(shape, flowing(self.texts[document]))
            command = command.format(mail=mail)
            found = re.search(printed, "\n".join(self.run(command)), re.M)
            if told is None:
                self.fail(document, f"has no '{shape}'")
            elif found is None:
                self.fail(document, f"`{command}` does not print '{printed}'")
            elif list(map(value, told.groups())) != list(map(value, found.groups())):
                self.fail(document, f"'{told[0]}': `{command}` prints '{found[0].strip()}'")
        told = re.search(DISTINCT, flowing(self.texts["docs/search.md"]))[1]
        for strategy, number in re.findall(r"`(\w+)` ([\d,]+)", told):
            command = (f"build/gatherfuzz search --policy full-mm {mail} --strategy {strategy} "
                       "--executions 30000")
            distinct = re.search(r"(\d+) distinct", "\n".join(self.run(command)))[1]
            if value(number) != value(distinct):
                self.fail("docs/search.md", f"`{command}` has {int(distinct):,} distinct ones, not "
                          f"{number}")

    # --- What scripts write ---

    def check_origins(self):
        table = re.search(r"<!-- verdicts: # Verdicts -->(.*?)<!-- end -->",
                          self.texts["docs/verdicts.md"], re.S)[1]
        written = {"docs/verdicts.md, its table": table}
        results = os.path.join(self.source, "docs", "results")
        for name in sorted(os.listdir(results)):
            if name.endswith(".md"):
                written[f"docs/results/{name}"] = self.read(f"docs/results/{name}")
        for name, text in written.items():
            if not re.search(r"\b\d{4}-\d\d-\d\d\b", text):
                self.fail(name, "has no date of the run that wrote it")
            if not re.search(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b", text):
                self.fail(name, "has no commit of the run that wrote it")


def same(wanted, got):
    """Blanks within a line count; those before it are taken off a whole block, so not here."""
    return wanted == got or wanted.strip() == got.strip() != ""


def flowing(text):
    """Text with its lines joined, and without what is taken over from a command."""
    return re.sub(r"\s+", " ", text)


def value(number):
    number = number.lower().replace(",", "")
    return WORDS.index(number) if number in WORDS else float(number)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        documents = Documents(os.path.abspath(arguments[0]), os.path.abspath(arguments[1]), folder)
        documents.check_blocks()
        documents.check_names()
        documents.check_commands()
        documents.check_glossary()
        documents.check_counts()
        documents.check_tables()
        documents.check_figures()
        documents.check_origins()
    if documents.failures:
        print(f"{documents.failures} claims do not hold")
    return 1 if documents.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
