# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Takes over what other hosts have put under share/, for all targets, without fuzzing."""
import time

POLL_SECONDS = 0.02
WAIT_SECONDS = 1800  # the most that a merge may take


def exchange(campaign):
    """Returns whether all went well; says what came of it."""
    good = True
    for target in campaign.targets:
        files, known = campaign.corpus_files(target), len(campaign.findings.known[target])
        campaign.findings.harvest(target, campaign.ran)
        for path in _finish(campaign.merging.take_over(target)):
            campaign.say(f"problem: {path} could not be taken over: see local/logs")
            good = False
        files = campaign.corpus_files(target) - files
        known = len(campaign.findings.known[target]) - known
        if files or known:
            campaign.say(f"{target}: {files} inputs and {known} violations taken over")
    campaign.write_state("stopped", "exchange")
    return good


def _finish(steps):
    """Runs a generator that yields children to wait for; returns what it returns."""
    while True:
        try:
            child = next(steps)
        except StopIteration as stop:
            return stop.value
        while child is not None and child.running_at_most(WAIT_SECONDS):
            time.sleep(POLL_SECONDS)
