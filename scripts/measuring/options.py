# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The options of scripts/survival."""
import textwrap

from lib import command
from lib.command import number, one_of, seconds
from lib.jobs import cores
from measuring.ways import WAYS

WAY_LINES = textwrap.fill(" ".join(WAYS), 80, initial_indent=" " * 19, subsequent_indent=" " * 19)
USAGE = f"""\
usage: scripts/survival [OPTION]...
Installs what is missing, builds, and runs every defect on every architecture
that shows it, in every way with every seed, until the first violation or a cap.
Defects are the planted ones and what else the corpus has a violation of. Each
run that ends is a line of DIR/runs.csv; a run that has its line is not run
again, so an interrupted measurement goes on where it was. All runs of a way are
of one commit and have the same caps; other ways may have others.
  --seeds N        runs of each; default 20
  --seconds TIME   cap of a run, by the clock: 90 or 90s, 30m, 2h; default 60.
                   Recorded is the processor's time, but for AFL++
  --schedules N    cap of a run; default 5000000
  --policy NAMES   only this defect, or these, separated by ','; any policy will
                   do
  --arch NAMES     only this architecture, or these, separated by ','
  --one-arch       each defect on one architecture only, the last by name that
                   shows it
  --way NAMES      only this way, or these, separated by ','; of:
{WAY_LINES}
  --jobs N         runs at a time; default one for each core
  --quick          about a minute: 3 seeds, 1 s, 100000 schedules, one
                   architecture, three ways
  --out DIR        default out/survival, or out/survival-quick
  --notes TEXT     a paragraph for the table
  --publish        writes survival.md, survival.svg and survival.csv to
                   docs/results/
  --no-build       takes what has been built
Exit status: 0 if all ran; 1 if a run failed; 2 for bad usage; 130 if
interrupted.
"""
# What is taken where an option is not given, by default and with --quick.
DEFAULTS = {"seeds": ("20", "3"), "seconds": ("60", "1"), "schedules": ("5000000", "100000"),
            "out": ("out/survival", "out/survival-quick")}
QUICK_WAYS = ["libfuzzer+both", "pct", "uniform"]


def read(arguments):
    options = command.read(
        arguments, USAGE, one=("--seeds", "--seconds", "--schedules", "--jobs", "--out", "--notes"),
        lists=("--policy", "--arch", "--way"),
        flags=("--quick", "--publish", "--no-build", "--one-arch"))
    for name, values in DEFAULTS.items():
        if not getattr(options, name):
            setattr(options, name, values[options.quick])
    options.one_arch = options.one_arch or options.quick
    options.ways = options.way or (QUICK_WAYS if options.quick else list(WAYS))
    options.seeds = number(options.seeds, "--seeds", "a number", 6)
    options.seconds = seconds(options.seconds, "--seconds")
    options.schedules = number(options.schedules, "--schedules", "a number", 12)
    options.jobs = number(options.jobs or str(cores()), "--jobs", "a number of runs", 4)
    for way in options.ways:
        one_of(way, list(WAYS), "way")
    return options
