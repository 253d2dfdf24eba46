#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/coverage_summary.py on a small export; the argument is the source folder."""
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv.pop(1) + "/scripts")
import coverage_summary  # noqa: E402  (the path is above)


def counts(covered, count):
    """As llvm-cov has it."""
    return {"covered": covered, "count": count, "percent": 100 * covered / count if count else 0}


def file(path, lines, branches):
    """A file of an export."""
    return {"filename": "/src/" + path,
            "summary": {"lines": counts(*lines), "branches": counts(*branches)}}


def function(name, path, first, last, count):
    """A function of an export."""
    return {"name": name, "filenames": ["/src/" + path], "count": count,
            "regions": [[first, 1, last, 2, count, 0, 0, 0]]}


def export(linux=0):
    """Two folders of model/, one of harness/, and a kernel's."""
    return {"data": [{
        "files": [file("model/a.cc", (3, 4), (1, 2)), file("model/b/c.cc", (0, 8), (0, 0)),
                  file("model/b/d.cc", (7, 8), (4, 4)), file("harness/e.cc", (2, 10), (0, 6)),
                  file("model/linux/f.cc", (linux, 5), (0, 0))],
        "functions": [
            function("_ZN10gatherfuzz3RunEv", "model/a.cc", 3, 9, 0),
            function("_ZN10gatherfuzz3UseIiEEvv", "model/a.cc", 20, 25, 0),
            function("_ZN10gatherfuzz3UseIcEEvv", "model/a.cc", 20, 25, 7),
            function("_ZN10gatherfuzz3UseIsEEvv", "model/a.cc", 20, 25, 0),
            function("/x/c.cc:_ZN10gatherfuzz12_GLOBAL__N_14HereEi", "model/b/c.cc", 5, 8, 0),
            function("_ZN10gatherfuzz5ShortEv", "model/b/c.cc", 9, 9, 0),
            function("_ZN10gatherfuzz5OtherEv", "harness/e.cc", 1, 9, 0),
            function("gf_flush", "model/linux/f.cc", 1, 5, 0)]}]}


class CoverageSummary(unittest.TestCase):
    """What is summed, sorted and left out."""

    maxDiff = None

    def test_everything_it_says(self):
        """In the order in which a person reads it."""
        self.assertEqual("\n".join(coverage_summary.summary(export(), "/src")), """\
folder                           lines              branches      
harness/                       2/10     20.0%       0/6       0.0%
model/                         3/4      75.0%       1/2      50.0%
model/b/                       7/16     43.8%       4/4     100.0%
all                           12/30     40.0%       5/12     41.7%

least covered of model/:
  model/b/c.cc                                       0/8       0.0%       0/0          -
  model/a.cc                                         3/4      75.0%       1/2      50.0%
  model/b/d.cc                                       7/8      87.5%       4/4     100.0%

least covered of harness/:
  harness/e.cc                                       2/10     20.0%       0/6       0.0%

functions of model/ of more than one line that never run: 2
  model/a.cc:3  Run()
  model/b/c.cc:5  Here(int)""")

    def test_a_kernel_tree_counts_where_it_runs(self):
        """Its shim is not missing from a build that has no tree."""
        lines = coverage_summary.summary(export(linux=1), "/src")
        self.assertIn("model/linux/                   1/5      20.0%       0/0          -", lines)
        self.assertIn("  model/linux/f.cc:1  gf_flush", lines)


if __name__ == "__main__":
    unittest.main()
