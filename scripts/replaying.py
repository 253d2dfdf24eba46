# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""scripts/replay: every stored schedule under every policy, held to what it expects."""
import os

from lib import command
from lib.build import build_targets, enter_root, install_missing
from lib.subjects import Trees

USAGE = """\
usage: scripts/replay [--update] [--json] [--junit FILE]
                      [--kernel [NAME=]PATH]...
                      [--config [ARCH:]OPTION=VALUE]... [PATH...]
Installs what is missing, builds, and runs the schedules in these files and
folders (corpus/ if none is named) under every published policy, each on its own
architecture. Prints what is not as the files' 'expect' lines say, the first
with the command that shows it. Of bytes, such as an engine's corpus, policies
that are held to be safe must be clean on every architecture.
  --update        write what policies do that are not held to be safe into the
                  files, as lines 'expect KIND under POLICY...', for a look at
                  the difference
  --json          one object for each run that differs, and one for all
  --junit FILE    also write the result of each file as JUnit's XML
  --kernel PATH   also under the gather of the kernel tree there, which must be
                  clean where no file says otherwise; as in scripts/fuzz, and so
                  is --config
Exit status: 0 if all is as expected, 1 if not, 2 for bad usage, bad files or a
failed build.
"""


def main(arguments):
    called_in = enter_root()
    options = command.read(arguments, USAGE, one=("--junit",), many=("--kernel", "--config"),
                           flags=("--update", "--json"), places=True)
    trees = Trees(options.kernel, options.config, called_in)
    install_missing()
    build_targets(trees.build_folder(), ["gatherfuzz"], trees.options())
    gatherfuzz = trees.build_folder() + "/gatherfuzz"
    flags = [flag for flag, given in (("--update", options.update), ("--json", options.json))
             if given]
    if options.junit:
        flags += ["--junit", os.path.join(called_in, options.junit)]
    os.execv(gatherfuzz, [gatherfuzz, "run", "--check", "--policy", "all", *flags, "--",
                          *(options.places or ["corpus"])])


if __name__ == "__main__":
    command.main("replay", main)
