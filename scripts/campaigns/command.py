# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/campaign: what a person asks for; builds, and goes on as campaigns/main.py."""
import json
import os
import re
import sys

from campaigns.campaign import BadCampaign, open_settings
from lib import command
from lib.build import build_by_profile, build_targets, enter_root, install_missing
from lib.command import Problem, need, number, one_of, seconds
from lib.files import read_json
from lib.subjects import Targets, Trees

USAGE = """\
usage: scripts/campaign FOLDER [--time TIME] [--policy NAMES]
                        [--arch NAMES] [--engine ENGINE] [--jobs N]
                        [--turn TIME] [--disk MB] [--memory MB] [--host NAME]
                        [--build KIND]
                        [--kernel [NAME=]PATH]...
                        [--config [ARCH:]OPTION=VALUE]...
       scripts/campaign FOLDER --exchange
Fuzzes all policies on all architectures, or those named, with libFuzzer and
AFL++ on all cores, until the time is up or it is stopped (Ctrl-C). Each new
violation is sorted, made small and explained under FOLDER/triage while fuzzing
goes on; FOLDER/report.html shows all of it, with curves over time. Started
again with the same FOLDER it goes on where it was, also after kill -9 or a
power cut, with the settings it had; what is given again replaces them.
  --time TIME     90 or 90s, 30m, 12h, 3d of fuzzing, from now. What was found
                  last is sorted after it, in five minutes at most. Without it:
                  until stopped
  --engine ENGINE both (the default), libfuzzer, or afl (AFL++). Where turns are
                  short a core has one of them, and the other in the next turn
  --jobs N        cores; all of them if not given
  --turn TIME     how long a target is fuzzed before the next one gets the
                  cores; default 60, and less if --time would not be enough for
                  all
  --disk MB       the most the folder may take; default 4096. The campaign ends
                  there
  --memory MB     the most that engines and triage may take together; default
                  2048
  --build KIND    profile: optimized by a profile of recorded inputs and across
                  all files, which builds for minutes and then fuzzes faster;
                  plain: not. Default: profile where the time is an hour or
                  more, or not given
  --host NAME     what this machine is called in FOLDER/share; default its host
                  name
  --exchange      fuzz nothing; take over what other hosts have put into
                  FOLDER/share
The others are those of scripts/fuzz. Several machines: give each a FOLDER, and
copy FOLDER/share between them by any means, as often as you like;
docs/continuous-fuzzing.md shows how.
Exit status: 0 if the time was up, 1 if a policy that is expected to be safe was
broken, 2 for bad usage, 3 at the limit of --disk, 130 if stopped.
"""
NUMBERS = ("--jobs", "--turn", "--disk", "--memory")
HOUR = 3600
ENGINES = {"libfuzzer": "libfuzzer", "afl": "afl", "both": "libfuzzer,afl"}
WHAT = ("policy", "arch", "kernel", "config")  # options that say what to fuzz


def read(arguments):
    options = command.read(
        arguments, USAGE, one=("--time", "--engine", "--host", "--build", *NUMBERS),
        many=("--kernel", "--config"), lists=("--policy", "--arch"), flags=("--exchange",),
        places=True)
    need(len(options.places) < 2,
         "one FOLDER, not '{}' and '{}'; see --help".format(*options.places, "", ""))
    need(options.places, "needs a FOLDER to keep everything in; see --help")
    return options


def passed_on(options):
    """What campaigns/main.py takes as it is."""
    passed = ["--exchange"] if options.exchange else []
    if options.time is not None:
        passed += ["--seconds", str(seconds(options.time, "--time"))]
    for name in NUMBERS:
        value = getattr(options, name.strip("-"))
        if value is not None:
            value = seconds(value, name) if name == "--turn" else number(value, name, "a number")
            passed += [name, str(value)]
    if options.host is not None:
        need(re.fullmatch(r"[A-Za-z0-9_]{1,20}", options.host),
             f"--host: up to 20 letters, digits and '_', not '{options.host}'")
        passed += ["--host", options.host]
    if options.engine is not None:
        need(options.engine in ENGINES, f"--engine: libfuzzer, afl or both, not '{options.engine}'")
        passed += ["--engines", ENGINES[options.engine]]
    return passed


def take_up(options, folder):
    """What an earlier campaign there has fuzzed, it goes on with, unless something else is asked
    for. Returns whether that is so."""
    if any(getattr(options, name) for name in WHAT):
        return False
    saved = read_json(os.path.join(folder, "local", "options.json"))
    if isinstance(saved, dict):
        for name in WHAT:
            setattr(options, name, [str(value) for value in saved.get(name) or []])
    return os.path.exists(os.path.join(folder, "campaign.json"))


def check_folder(folder, options, targets):
    """That a campaign can be there: said before the build, which takes minutes."""
    there = os.path.abspath(folder)
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    need(os.path.isdir(there), f"{there} is a file; name a folder")
    need(os.access(there, os.W_OK), f"nothing can be written to {there}; name another folder")
    try:
        open_settings(folder, {"targets": targets.names, "host": options.host})
    except BadCampaign as error:
        raise Problem(str(error)) from error


def build_programs(trees, options):
    """Returns the folder that they are in."""
    folder, targets = trees.build_folder(), ["gatherfuzz", "any_targets"]
    for_cmake = ["-DGATHERFUZZ_TARGETS=ON", *trees.options()]
    kind = options.build or ("profile" if takes_long(options) else "plain")
    one_of(kind, ("plain", "profile"), "build")
    if kind == "profile":
        return build_by_profile(folder, targets, ["-DGATHERFUZZ_TESTS=OFF", *for_cmake])
    build_targets(folder, targets, for_cmake)
    return folder


def takes_long(options):
    """Whether it fuzzes for an hour or more."""
    return not options.exchange and (options.time is None
                                     or seconds(options.time, "--time") >= HOUR)


def main(arguments):
    called_in = enter_root()
    options = read(arguments)
    passed = passed_on(options)
    folder = os.path.join(called_in, options.places[0])
    goes_on = take_up(options, folder)
    trees = Trees(options.kernel, options.config, called_in, options.arch)
    targets = Targets(options.policy, options.arch, trees)
    check_folder(folder, options, targets)
    install_missing("python3")
    build = build_programs(trees, options)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise Problem(f"cannot make {folder}: {error.strerror}") from error
    if not goes_on:
        passed += ["--targets", ",".join(targets.names)]
    options.kernel = trees.items
    saved = json.dumps({name: getattr(options, name) for name in WHAT})
    os.execv(sys.executable, [sys.executable, "-m", "campaigns.main", folder, "--build",
                              build, "--corpus", "corpus", "--options", saved, "--called-in",
                              called_in, *passed])


if __name__ == "__main__":
    command.main("campaign", main)
