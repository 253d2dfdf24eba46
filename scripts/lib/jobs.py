# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Looks after work that waits for children, in one thread.

Work is a generator that yields the child it waits for, or None to be asked again soon. It goes on
when that child has ended, so that much of it can be under way at a time without threads.
"""
import os

from lib.children import Child, end
from lib.signals import Signals

SOON_SECONDS = 0.2


def cores():
    """That this process may use."""
    return len(os.sched_getaffinity(0))


class Job:
    """Work that has begun, and what it waits for."""

    def __init__(self, work, most_seconds=None):
        self._work = work
        self._most_seconds = most_seconds  # that one child may take; then it is killed
        self.waits_for = None

    def advance(self):
        """Goes on as far as it can without waiting. Returns whether there is more to do."""
        if self.waits_for is not None and self._child_runs():
            return True
        try:
            self.waits_for = next(self._work)
        except StopIteration:
            self.waits_for = None
            return False
        return True

    def close_work(self):
        """What it does at its end, be that before its time."""
        self._work.close()

    def _child_runs(self):
        if self._most_seconds is None:
            return self.waits_for.running()
        return self.waits_for.running_at_most(self._most_seconds)


def close(jobs):
    """Ends them before their time: the children they wait for, then what they do at their end."""
    end([job.waits_for for job in jobs if job.waits_for is not None])
    for job in jobs:
        job.close_work()


def run(works, most):
    """All of an iterable of work, so much at a time; the next one is begun when there is room.
    Ctrl-C and its like are a KeyboardInterrupt, and that, like any other exception, leaves no child
    behind."""
    works, jobs, more = iter(works), [], True
    with Signals() as signals:
        try:
            while True:
                while more and len(jobs) < most and not signals.caught:
                    work = next(works, None)
                    more = work is not None
                    jobs += [Job(work)] if more else []
                jobs = [job for job in jobs if job.advance()]
                if signals.caught:
                    raise KeyboardInterrupt
                if not jobs and not more:
                    return
                if not more or len(jobs) == most:
                    idle = any(job.waits_for is None for job in jobs)
                    signals.wait(SOON_SECONDS if idle else None)
        finally:
            close(jobs)


def run_one(*arguments, kind=Child, **more):
    """A child on its own, which has ended; arguments as for Child, or one of its kinds."""
    children = []

    def work():
        children.append(kind(*arguments, **more))
        yield children[0]

    run([work()], 1)
    return children[0]
