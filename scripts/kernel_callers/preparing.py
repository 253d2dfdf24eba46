# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""A configured kernel tree and the objects of its callers, as its own kbuild makes them.

The tree is only read: what is made is beside it, by the O= of its Makefile.
"""
import hashlib
import os
import re
import shutil
import subprocess
import time

from lib.command import Problem, need
from lib.terminal import Line

# Of the x86_64 defconfig: what is under test has KCSAN's hooks and the kernel's assertions; what
# runs outside of a kernel has no stack protector and no retpolines; what model/callers has nothing
# for is off.
ON = "KCSAN DEBUG_KERNEL DEBUG_VM UNWINDER_FRAME_POINTER".split()
OFF = ("KCSAN_SELFTEST STACKPROTECTOR CPU_MITIGATIONS VMAP_STACK RANDOMIZE_BASE X86_KERNEL_IBT "
       "UNWINDER_ORC FTRACE KPROBES UPROBES TRANSPARENT_HUGEPAGE HUGETLBFS NUMA USERFAULTFD MEMCG "
       "SWAP KSM LRU_GEN MODULES SECURITY SECCOMP DEBUG_VM_PGTABLE DEBUG_INFO_BTF "
       "IOMMU_SUPPORT DRM NET SOUND USB_SUPPORT").split()
LINK = os.path.abspath("model/callers/link_callers")
line = Line()


class Prepared:
    """The objects of a tree, in `objects`; `seconds` it took, by what."""

    def __init__(self, source, folder):
        self.source, self.folder = source, folder
        self.objects, self.log = f"{folder}/objects", f"{folder}/log"
        self.seconds = {}
        need(os.path.isfile(f"{source}/mm/mprotect.c"),
             f"--kernel: no kernel tree at {source}")
        os.makedirs(self.objects, exist_ok=True)

    def make(self):
        """All of them that are not made yet, or whose files were edited."""
        config = f"{self.objects}/.config"
        mark, wanted = f"{self.folder}/configured", " ".join(["1", *ON, "-", *OFF])
        if not os.path.exists(config) or _text(mark) != wanted:
            self._timed("configuring", self._configure)
            with open(mark, "w", encoding="ascii") as file:
                file.write(wanted)
        self._timed("making the objects", lambda: self._kbuild("prepare", *_objects()))

    def link(self, work, replaced=()):
        """WORK/callers.o; pairs of an object and what stands in its place."""
        pairs = (f"{name}={file}" for name, file in replaced)
        self._run([LINK, "link", self.objects, work, *pairs], "link_callers")
        return f"{work}/callers.o"

    def compile(self, name, text, to):
        """The object of one file of the tree with another text, as kbuild makes it."""
        os.makedirs(os.path.dirname(to), exist_ok=True)
        source = to[:-len(".o")] + ".c"
        with open(source, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        folder, base = os.path.split(name[:-len(".c")])
        with open(f"{self.objects}/{folder}/.{base}.o.cmd", encoding="utf-8") as file:
            command = re.match(r"[^:]*:= (.*)", file.readline())[1]
        command = re.sub(r"-Wp,\S+", "", command)
        command = re.sub(rf"\S*{re.escape(folder)}/{base}\.c(?=\s)",
                         f"-iquote {self.source}/{folder} {source}", command)
        command = re.sub(rf"(?<=\s){re.escape(folder)}/{base}\.o\b", to, command)
        self._run(["bash", "-c", command], f"the edit of {name}", self.objects)

    def _configure(self):
        self._kbuild("x86_64_defconfig")
        items = [word for name in ON for word in ("-e", name)]
        items += [word for name in OFF for word in ("-d", name)]
        self._run([f"{self.source}/scripts/config", "--file", f"{self.objects}/.config", *items],
                  "scripts/config")
        self._kbuild("olddefconfig")
        need("CONFIG_KCSAN=y\n" in (_text(f"{self.objects}/.config") or ""),
             f"{self.source} cannot have CONFIG_KCSAN=y with this gcc; it takes 11 or newer")

    def _kbuild(self, *targets):
        self._run(["make", "-s", "-C", self.source, f"O={self.objects}",
                   f"-j{os.cpu_count() or 1}", *targets], "make")

    def _timed(self, what, work):
        line.show(f"{what} ...") if line.terminal else line.say(f"callers: {what}")
        began = time.monotonic()
        work()
        self.seconds[what] = time.monotonic() - began
        line.clear()

    def _run(self, command, what, folder=None):
        with open(self.log, "w", encoding="utf-8") as log:
            ended = subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=False,
                                   env={**os.environ, "LC_ALL": "C"})
        if ended.returncode == 0:
            return
        said = (_text(self.log) or "").splitlines()
        wrong = [text for text in said if re.search(r"error|not clean|Error|gatherfuzz:", text)]
        first = (wrong or said or ["nothing was said"])[0].strip()
        raise Problem(f"{what}: {first} (the whole log is {self.log})")


def unpack(version, to):
    """Debian's source package, all of it: the tree."""
    package = f"/usr/src/linux-source-{version}.tar.xz"
    need(os.path.isfile(package), f"linux-source-{version} is not installed")
    if os.path.exists(f"{to}/Makefile"):
        return to
    line.show(f"unpacking {package} ...") if line.terminal else line.say(
        f"callers: unpacking {package}")
    shutil.rmtree(to + ".new", ignore_errors=True)
    os.makedirs(to + ".new")
    subprocess.run(["tar", "-xf", package, "-C", to + ".new", "--strip-components=1"], check=True)
    os.rename(to + ".new", to)
    line.clear()
    return to


def folder_of(source):
    """What is made of a tree has a folder of its own."""
    return hashlib.sha256(os.fsencode(os.path.realpath(source))).hexdigest()[:8]


def _objects():
    return subprocess.run([LINK, "objects"], check=True, capture_output=True,
                          text=True).stdout.split()


def _text(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return None
