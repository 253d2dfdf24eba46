# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""DIR/runs.csv: a line for each run that has ended."""
import fcntl
import os

from lib.command import Problem, need
from lib.files import whole_lines

HEADER = "defect,arch,way,seed,found,executions,schedules,seconds,cap_schedules,cap_seconds,commit"
COLUMNS = HEADER.count(",") + 1


class Record:
    """Held by one measurement at a time."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder = os.path.abspath(folder)
        self.path = self.folder + "/runs.csv"
        self._have = set()  # (defect, arch, way, seed)
        self._settings = {}  # way -> what its runs were measured at
        self._take_lock()
        self._read()

    def _take_lock(self):
        self._lock = open(self.folder + "/lock", "w", encoding="ascii")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Problem(f"another measurement writes to {self.folder}") from error

    def _read(self):
        if not os.path.exists(self.path) or not os.path.getsize(self.path):
            with open(self.path, "w", encoding="ascii") as file:
                file.write(HEADER + "\n")
        with open(self.path, encoding="ascii") as file:
            need(file.readline().rstrip("\n") == HEADER,
                 f"{self.path} has other columns; give another --out")
        if not self._is_whole():  # the last line was being written when the machine stopped
            with open(self.path, "rb+") as file:
                whole_lines(file)
        with open(self.path, encoding="ascii") as file:
            for line in file.readlines()[1:]:
                values = line.rstrip("\n").split(",", COLUMNS - 3)
                self._have.add(tuple(values[:4]))
                self._settings[values[2]] = values[-1]

    def _is_whole(self):
        with open(self.path, "rb") as file:
            return file.read().endswith(b"\n")

    def has(self, way, subject, settings):
        """Whether that run is there. All runs of a way have the same settings."""
        if (subject.policy, subject.arch, way, str(subject.seed)) in self._have:
            return True
        measured = self._settings.setdefault(way, settings)
        need(measured == settings,
             f"{self.path} has runs of {way} at '{measured}', not '{settings}'; give another --out")
        return False

    def add(self, way, subject, said, settings):
        line = ",".join(map(str, (subject.policy, subject.arch, way, subject.seed, said.found,
                                  said.executions, said.schedules, f"{said.seconds:.3f}",
                                  settings)))
        with open(self.path, "a", encoding="ascii") as file:
            file.write(line + "\n")
