# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The table of scripts/mutants: DIR/mutants.tsv, and as it is printed."""
import collections
import os
import re

COLUMNS = ("number", "place", "operator", "what", "arch", "verdict", "by", "executions", "class")
SURVIVORS = "scripts/survivors.tsv"


def classes():
    """(mark, architecture or *) -> what a person has said of that survivor."""
    with open(SURVIVORS, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return {(line[0], line[1]): line[2] for line in lines if len(line) > 2}


def write(path, todo, results):
    known = classes()
    with open(path + ".new", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write("\t".join(COLUMNS) + "\n")
        for mutant, arch in todo:
            outcome = results.outcome(mutant.number, arch)
            class_of = "-"
            if outcome.verdict == "survived":
                class_of = known.get((mutant.mark, arch)) or known.get((mutant.mark, "*")) or \
                    "unclassed"
            place = f"{mutant.file}:{mutant.at}:{mutant.function}"
            file.write("\t".join(map(str, (mutant.number, place, mutant.operator, mutant.what,
                                           arch, *outcome, class_of))) + "\n")
    os.rename(path + ".new", path)


def show(path):
    """Short places; then how many there are of each kind."""
    count = collections.Counter()
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        lines = [line.rstrip("\n").split("\t") for line in file][1:]
    for number, place, operator, what, arch, verdict, by, executions, class_of in lines:
        place = re.sub(r"^mm/", "", re.sub(r"^.*include/", "", place))
        print(f"{number:>4} {place:<48} {operator:<6} {what:<60} {arch:<5} {verdict:<18} {by:<11} "
              f"{executions:>9}  {class_of}")
        count[f"survived, {class_of}" if verdict == "survived" else verdict, arch] += 1
    print()
    for line in sorted(f"{kind:<28} {arch:<6} {number:>5}"
                       for (kind, arch), number in count.items()):
        print(line)
