# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Who gets the cores, when, and for how long. Nothing here looks at a clock or at a file."""

SHORT_SECONDS = 10  # a turn that is shorter is of one core and one engine, for more of them at once
SHORTEST_SECONDS = 2  # an engine that is given less does not get beyond its start


def share_out(jobs, targets, engines, seconds=None):
    """The cores of each team: two where there are two engines, more if targets are few; one if
    there are only so many seconds that a turn would be short."""
    size = max(min(engines, jobs), jobs // max(1, targets))
    teams = [size] * (jobs // size) + ([jobs % size] if jobs % size else [])
    if seconds is None or size == 1 or targets <= len(teams):
        return teams
    return teams if seconds / turns_each(targets, len(teams)) >= SHORT_SECONDS else [1] * jobs


def turns_each(turns, teams):
    """Of a team, if all of them share the turns."""
    return -(-turns // teams)


def next_target(targets, turns, waiting, tested, safe):
    """First those that wait for a result; then the one that had the fewest turns, of several what
    has no result yet, and of these first what is not expected to be safe, since that breaks sooner.
    None if there is none."""
    return min(targets, default=None,
               key=lambda target: (target not in waiting, turns.get(target, 0), target in tested,
                                   target in safe))


def turn_seconds(most, left, waiting, teams, beside):
    """How long engines run in a turn, so that those who wait get theirs in time.
    `left` is the time of the campaign, None if it has no end; `beside` is what a turn takes besides
    engines."""
    if left is None:
        return most
    if waiting:
        fair = left / turns_each(waiting + 1, teams) - beside
        most = min(most, max(SHORTEST_SECONDS, fair))
    return min(most, left)
