# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The command line of a script: options, errors of one line, exit statuses."""
import difflib
import os
import re
import shlex
import signal
import subprocess
import sys
import types

from lib.signals import stop_as_interrupt
from lib.terminal import say

INTERRUPTED = 130
script = "scripts"  # which one this is, for messages
when_interrupted = ""  # what is said then; the script sets it once it has begun


class Problem(Exception):
    """One line for whoever started the script; exit status 2."""


def need(holds, message):
    if not holds:
        raise Problem(message)


def one_of(value, known, what):
    need(value in known,
         f"unknown {what} '{value}'{did_you_mean(value, known) or ';'} one of: {' '.join(known)}")


def did_you_mean(value, known):
    near = difflib.get_close_matches(value, known, 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def number(value, option, what, digits=7):
    """An integer of at least 1."""
    need(re.fullmatch(rf"[1-9][0-9]{{0,{digits - 1}}}", value, re.A),
         f"{option}: {what}, at least 1, not '{value}'")
    return int(value)


UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(value, option):
    """A time as people write it: 90 or 90s, 30m, 12h, 3d."""
    found = re.fullmatch(r"([1-9][0-9]{0,6})([smhd]?)", value, re.A)
    need(found, f"{option}: as 90 or 90s, 30m, 12h or 3d, not '{value}'")
    return int(found[1]) * UNITS[found[2]]


def read(arguments, usage, one=(), many=(), lists=(), flags=(), places=False, after=False):
    """The options by their names, None, [] or False where they are not given: `one` takes one
    value, `many` may be given several times, `lists` take names separated by ','; `places`, what is
    no option; `after`, what follows a "--"."""
    found = {**{name: None for name in one}, **{name: [] for name in (*many, *lists)},
             **{name: False for name in flags}, "places": [], "after": []}
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument in ("--help", "-h"):
            print(usage, end="")
            sys.exit(0)
        if argument == "--" and after:
            found["after"], left = left, []
        elif argument in flags:
            found[argument] = True
        elif argument in (*one, *many, *lists):
            need(left, f"{argument} needs a value; see --help")
            value = left.pop(0)
            need(argument in many or not found[argument],
                 f"{argument} is given twice, and takes "
                 + ("several names, separated by ','" if argument in lists else "one value"))
            found[argument] = (value if argument in one else
                               [name for name in value.split(",") if name] if argument in lists
                               else [*found[argument], value])
            need(argument not in lists or found[argument], f"{argument} names nothing; see --help")
        else:
            need(places and not argument.startswith("-"),
                 f"unknown argument '{argument}'; see --help"
                 + did_you_mean(argument, ["--help", *one, *many, *lists, *flags]))
            found["places"].append(argument)
    return types.SimpleNamespace(**{name.strip("-").replace("-", "_"): value
                                    for name, value in found.items()})


def main(name, work):
    """Runs the script NAME: work() takes the arguments and returns the exit status."""
    global script
    script = name
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a script that pipes into head just ends
    stop_as_interrupt()
    try:
        status = work(sys.argv[1:])
        sys.stdout.flush()
    except Problem as problem:
        say(f"{name}: {problem}")
        status = 2
    except subprocess.CalledProcessError as error:  # which has said why
        say(f"{name}: {shlex.join(map(os.fsdecode, error.cmd))} ended with status "
            f"{error.returncode}")
        status = 2
    except KeyboardInterrupt:
        said = f"; {when_interrupted}" if when_interrupted else ""
        say(f"scripts/{name}: interrupted{said}")
        status = INTERRUPTED
    sys.exit(status)
