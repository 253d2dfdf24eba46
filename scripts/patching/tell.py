# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The answer as text that fits a mail (72 columns, ASCII), as JSON, and for JUnit."""
import json
import os
import re
import textwrap

from lib.gatherfuzz import seen_from
from lib.junit import Case
from patching.hunks import printable
from patching.seen import COMPILED, NOT_SEEN

WIDTH = 72


def wrap(text, first="", rest=None):
    return textwrap.wrap(printable(text), WIDTH, initial_indent=first,
                         subsequent_indent=first if rest is None else rest,
                         break_on_hyphens=False) or [first.rstrip()]


def narrow(lines):
    """A report of `gatherfuzz run`, in as many columns as a mail has."""
    lines = [line.rstrip() for line in lines
             if not line.startswith(("====", "replay: ", "excused: "))]
    head = next((i for i, line in enumerate(lines) if re.match(r" step +cpu0", line)), len(lines))
    told = []
    for paragraph in "\n".join(lines[:head]).split("\n\n"):
        labelled = re.split(r"\n(?=[a-z ]+: )", paragraph)  # a label's text is indented
        for line in labelled:
            label = re.match(r"(?:[a-z ]+: +)?", line)[0]
            told += wrap(re.sub(r"\n *", " ", line), "", " " * len(label))
        told.append("")
    return told + (_columns(lines[head], lines[head + 1:]) if head < len(lines) else [])


def _columns(heading, rows):
    starts = [match.start() for match in re.finditer(r"\S+", heading)][1:]
    cells = []  # (step, lane, text)
    for row in rows:
        step, text = row[:starts[0]].strip(), row[starts[0]:]
        if step == "..." or row.strip().startswith("..."):
            cells.append(("", 0, row.strip()))
        elif text.strip():
            at = starts[0] + len(text) - len(text.lstrip())
            lane = max(i for i, start in enumerate(starts) if start <= at)
            if cells and not step and at > starts[lane] + 1:  # a step's second line
                cells[-1] = (*cells[-1][:2], f"{cells[-1][2]} {text.strip()}")
            else:
                cells.append((step, lane, row[starts[lane]:]))
    widths = [max([4, *(len(text) for _, of, text in cells if of == lane)]) + 2
              for lane in range(len(starts))]
    if 6 + sum(widths) - 2 > WIDTH:
        widths = [2] * len(starts)  # a lane is an indentation
    lines = [" step " + "".join(f"cpu{i}".ljust(width) for i, width in enumerate(widths))]
    if widths[0] == 2:
        lines = [" step " + " ".join(f"cpu{i}" for i in range(len(starts)))
                 + ", each two columns to the right of the one before"]
    for step, lane, text in cells:
        begin = f"{step:>5} " + " " * sum(widths[:lane])
        lines += wrap(begin + text, "", " " * (len(begin) + 2)) if len(begin + text) > WIDTH else [
            begin + text]
    return [line.rstrip() for line in lines]


def text_of(answer):
    lines = [*wrap(f"gatherfuzz, {answer.title}", "", "  "), ""]
    for file, hunk, state in answer.hunks:
        named = re.search(r"(\w+)\(", hunk.place)
        at = f"{file.path}:{hunk.new} " + (f"{named[1]}()" if named else "")
        lines.append(f"  {printable(at)[:WIDTH - 22]:<{WIDTH - 22}} {state}")
    lines += ["", *_silence(answer)]
    for change in answer.changes:
        lines += _of_change(answer, change)
    lines += wrap(answer.effort(), "", "  ")
    if answer.confined_by != "bubblewrap":
        lines += ["", *wrap("Not confined: bubblewrap does not work here, so what the patch "
                            "compiles and runs could read the files of this user.")]
    return "\n".join(lines) + "\n"


def _silence(answer):
    """What the hunks that do not run mean."""
    states = [state for _, _, state in answer.hunks]
    lines = []
    for state, means in ((NOT_SEEN, "not seen by this tool: no verdict says anything of them"),
                         (COMPILED, "compiled, but nothing that ran came there")):
        count = states.count(state)
        if count:
            lines += wrap(f"{count} of {len(states)} hunks: {means}.")
    return [*lines, ""] if lines else []


def _of_change(answer, change):
    was, now = change.verdict(change.before), change.verdict(change.after)
    if change.worse:
        lines = wrap(f"{change.arch}: CHANGED FOR THE WORSE: {was} before, {change.kind} after"
                     + (f", since {answer.guilty[change.arch]}"
                        if change.arch in answer.guilty else ""))
        if change.schedule:
            lines += ["", *narrow(answer.reports[change.arch]), ""]
            short = "none shorter exists" if change.proven else "there may be a shorter one"
            lines += wrap(f"For these programs, {short}.")
            lines += [f"replay: {answer.replays[change.arch]}"]
            if change.page:
                lines += [f"page:   {seen_from(change.page, answer.stands_in)}"]
        return [*lines, ""]
    if change.mended:
        return [*wrap(f"{change.arch}: mended: {was} before, {now} after"), ""]
    known = "" if now == "none" else f" ({now}, before and after)"
    return [f"{change.arch}: no verdict changed{known}", ""]


def json_of(answer):
    return {
        "worse": answer.worse,
        "patches": [{"name": patch.name, "subject": patch.subject} for patch in answer.patches],
        "hunks": [{"file": file.path, "line": hunk.new, "place": hunk.place, "state": state}
                  for file, hunk, state in answer.hunks],
        "archs": [{
            "arch": change.arch, "before": change.verdict(change.before),
            "after": change.kind or change.verdict(change.after),
            "change": "worse" if change.worse else "mended" if change.mended else "none",
            "since": answer.guilty.get(change.arch), "shortest": change.proven,
            "schedule": _absolute(change.schedule), "page": _absolute(change.page),
            "states": dict(zip(("before", "after"), change.states())),
            "executions": change.after["search"].get("executions", 0),
            "seconds_searched": change.after["search"]["seconds"]} for change in answer.changes],
        "bounds": answer.bounds(), "seconds": answer.seconds, "confined_by": answer.confined_by,
    }


def _absolute(path):
    return os.path.abspath(path) if path else None


def cases_of(answer, text):
    """For JUnit: a test for each architecture."""
    return [Case("gatherfuzz", change.arch, 0, *(("failure", change.kind, text) if change.worse
                                                 else ())) for change in answer.changes]


def write(path, text):
    """Whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def pretty(value):
    return json.dumps(value, indent=1, ensure_ascii=True) + "\n"
