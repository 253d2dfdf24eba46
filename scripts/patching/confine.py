# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Code that somebody else wrote is compiled and run without network, and with limits.

With bubblewrap it sees the compiler, this project's sources and what it is given, and can write to
one folder. Without it, if the kernel allows that, it has no network; else only the limits hold.
"""
import functools
import os
import shutil
import subprocess

from lib.build import ROOT
from lib.children import Child

MEMORY_BYTES = 12 << 30  # of addresses; an exploration reserves much and uses little
FILE_BYTES = 512 << 20
CPU_SECONDS = 400
SECONDS = 200  # on the clock, for one child: code may go round for good
SOURCES = ("model", "corpus")  # of this project, that compilers and runs may read


def _works(*command):
    return subprocess.run([*command, "true"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


@functools.cache
def kind():
    """What there is of it here: bubblewrap, unshare, or limits."""
    if shutil.which("bwrap") and _works(*_bubble()):
        return "bubblewrap"
    if shutil.which("unshare") and _works("unshare", "--user", "--map-root-user", "--net"):
        return "unshare"
    return "limits"


def _bubble():
    wall = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--proc", "/proc",
            "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        if os.path.islink("/" + name):
            wall += ["--symlink", os.readlink("/" + name), "/" + name]
        elif os.path.isdir("/" + name):
            wall += ["--ro-bind", "/" + name, "/" + name]
    for path in ("/etc/alternatives", "/etc/ld.so.cache"):
        if os.path.exists(path):
            wall += ["--ro-bind", path, path]
    return wall


def _walls(writable, readable):
    """The command line before the command; paths are full ones."""
    if kind() == "unshare":
        return ["unshare", "--user", "--map-root-user", "--net", "--"]
    if kind() == "limits":
        return []
    walls = _bubble()
    for path in (*(f"{ROOT}/{name}" for name in SOURCES), *readable):
        walls += ["--ro-bind", path, path]
    return [*walls, "--bind", writable, writable, "--chdir", ROOT, "--clearenv", "--setenv", "PATH",
            "/usr/bin:/bin"]


class Confined(Child):
    """A child that is confined: it writes below one folder, and reads what else it is given."""

    def __init__(self, arguments, writable, readable=(), environment=None, **more):
        told = [f"{name}={value}" for name, value in (environment or {}).items()]
        limits = ["prlimit", f"--as={MEMORY_BYTES}", f"--fsize={FILE_BYTES}", "--core=0",
                  f"--cpu={CPU_SECONDS}", "--"]
        super().__init__(["timeout", "--kill-after=5", str(SECONDS), *_walls(writable, readable),
                          "env", *told, *limits, *arguments], **more)
