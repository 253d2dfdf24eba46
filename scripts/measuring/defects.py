# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Which defects are run, and on which architectures: where the corpus shows a violation."""
import glob
import re

from lib.command import need, one_of
from lib.gatherfuzz import listed

EXPECTS = re.compile(r"^expect (?!none)(?![a-z-]* under )", re.M)


def shows(policy, arch):
    """Whether the corpus has a violation of it."""
    for file in glob.glob(f"corpus/{policy}/{arch}/*.gather") + \
            glob.glob(f"corpus/planted/{policy}/{arch}/*.gather"):
        with open(file, encoding="utf-8") as text:
            if EXPECTS.search(text.read()):
                return True
    return False


def choose(gatherfuzz, options):
    """(policy, architecture) of each. One that the corpus says nothing of is run on all if it is a
    defect, or was asked for by name."""
    published, planted, archs = listed(gatherfuzz)
    for name in options.arch:
        one_of(name, archs, "architecture")
    for name in options.policy:
        one_of(name, published + planted, "policy")
    chosen = []
    for policy in options.policy or planted + published:
        found = [arch for arch in archs if shows(policy, arch)]
        if not found and policy in planted + options.policy:
            found = archs
        found = [arch for arch in found if not options.arch or arch in options.arch]
        chosen += [(policy, arch) for arch in (found[-1:] if options.one_arch else found)]
    need(chosen, "no such policy shows a defect on such an architecture")
    return chosen
