# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Which policies, on which architectures, a script is to run; kernel trees among the policies."""
import glob
import hashlib
import os
import re
import subprocess

from lib.build import build_folder
from lib.command import Problem, need, one_of


def names(files):
    """What the files of policies and architectures are called, as the build has it."""
    stems = [os.path.splitext(os.path.basename(file))[0] for file in files]
    return [stem.replace("_", "-") for stem in stems if stem not in ("policy", "arch")]


def policy_names(folder="model/policies"):
    return names(sorted(glob.glob(f"{folder}/*.cc")))


REGISTERED = re.compile(r'\bPolicy\s+\w+\s*[({]\s*"([^"]*)"')


def check_names(folder="model/policies"):
    """That each policy is called as its file: so are the programs that fuzz it."""
    files = {name: file for file in sorted(glob.glob(f"{folder}/*.cc")) for name in names([file])}
    for name, file in files.items():
        with open(file, encoding="utf-8") as opened:
            code = re.sub(r"//.*", "", opened.read())
        need("RegisterPolicy" in code, f"{file} registers no policy; it lacks a line 'const "
             "RegisterPolicy kRegistered(&kPolicy);'")
        found = REGISTERED.findall(code)
        if not found or name in found:
            continue
        wanted = found[0].replace("-", "_") + ".cc"
        need(found[0] not in files, f"{file} registers '{found[0]}', as {wanted} does; "
             f"call its policy '{name}'")
        need([found[0]] != names([wanted]), f"{file} registers '{found[0]}'; name it {wanted}, or "
             f"its policy '{name}'")
        raise Problem(f"{file} registers '{found[0]}'; call its policy '{name}'")


def arch_names():
    return names(sorted(glob.glob("model/arch/*.cc")))


def archs_that(answer):
    """Those of them that say so of themselves: on_request, only_sc (model/arch/arch.h)."""
    files = []
    for name in sorted(glob.glob("model/arch/*.cc")):
        with open(name, encoding="utf-8") as file:
            if f"bool {answer}() const override {{ return true; }}" in file.read():
                files.append(name)
    return names(files)


def archs_unasked():
    """Those of them that run where none is named."""
    return [name for name in arch_names() if name not in archs_that("on_request")]


def _listed_archs(name):
    with open("model/linux/CMakeLists.txt", encoding="utf-8") as file:
        return re.search(rf"^set\({name} ([^)]*)\)", file.read(), re.M)[1].split()


def kernel_archs():
    """Those that kernel trees are built for."""
    return _listed_archs("kernel_archs")


def kernel_archs_on_request():
    """Those that they are built for where somebody names them."""
    return _listed_archs("kernel_archs_on_request")


def all_kernel_archs():
    return kernel_archs() + kernel_archs_on_request()


def stored_for_trees():
    """The corpus but for schedules of later kernels, whose paths around the gather break any, of
    weaker memory, under which the merged fix is broken as well, and others in which it is (z65)."""
    broken = re.compile(r"^policy full-mm$(.|\n)*^expect (?!none$)[a-z-]+$", re.M)
    found = []
    for name in sorted(glob.glob("corpus/**/*.gather", recursive=True)):
        with open(name, encoding="utf-8") as file:
            text = file.read()
        if not re.search(r"^(kernel|memory) ", text, re.M) and not broken.search(text):
            found.append(name)
    return found


def clean_schedules(corpus):
    paths = []
    for parent, _, names in os.walk(corpus):
        for name in names:
            path = os.path.join(parent, name)
            if name.endswith(".gather"):
                with open(path) as file:
                    if is_clean(file):
                        paths.append(path)
    return sorted(paths)


def is_clean(lines):
    """Whether a schedule shows nothing, by what it says of itself. "expect none under POLICY" is
    about another policy only; and with the paths of another kernel than the usual one (a line
    "kernel"), weaker memory, or threads that end, policies break that are held safe."""
    words = [line.partition("#")[0].split() for line in lines]
    return ["expect", "none"] in words and not any(
        word[:1] in (["kernel"], ["memory"], ["exit"]) for word in words)


def gather_files(archs, which="files"):
    """What is read of a tree to build its gather and, where it has one, its tlb.c; or `needed`."""
    return subprocess.run(["model/linux/compile_tree", which, *archs], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.split()


def extra_policies(build):
    """Names of those from outside of model/, which a build folder has been configured with."""
    try:
        with open(f"{build}/CMakeCache.txt", encoding="utf-8") as file:
            found = re.search(r"^GATHERFUZZ_EXTRA_POLICIES:[A-Z]*=(.+)", file.read(), re.M)
    except OSError:
        return []
    return names(found[1].split(";")) if found else []


def check_tree(path, archs):
    """That the gather can be taken out of the kernel tree there, for each architecture."""
    checked = subprocess.run(["model/linux/compile_tree", "check", path, *archs],
                             stderr=subprocess.PIPE, text=True, check=False)
    return checked.stderr.strip().removeprefix("gatherfuzz: ") if checked.returncode else None


class Trees:
    """Kernel trees, [NAME=]PATH each, with options of their configuration. A relative path is of
    the folder that the script was called in. They are built for kernel_archs(), and for those of
    `archs` that are built on request."""

    def __init__(self, items, config, called_in, archs=()):
        self.policies = []
        self.items = []  # as CMake takes them, with full paths
        self._config = config
        self._more = [arch for arch in kernel_archs_on_request() if arch in archs]
        for item in items:
            self._add(item, called_in)
        archs = all_kernel_archs()
        for item in config:
            need(re.fullmatch(rf"(({'|'.join(archs)}):)?[A-Z0-9_]+=[a-z0-9]+", item),
                 f"--config: [{'|'.join(arch + ':' for arch in archs)}]OPTION=VALUE, not '{item}'")
        need(items or not config, "--config is of a kernel tree; pass --kernel")

    def _add(self, item, called_in):
        named = re.fullmatch(r"([A-Za-z0-9._-]+)=(.*)", item, re.S)
        policy = "linux@" + named[1] if named else "linux"
        path = os.path.join(called_in, named[2] if named else item)
        need(policy not in self.policies,
             f"--kernel: two trees are '{policy}'; name them: --kernel NAME=PATH")
        problem = check_tree(path, kernel_archs() + self._more)
        if problem:
            raise Problem(f"--kernel: {problem}")
        self.policies.append(policy)
        path = os.path.abspath(path)
        self.items.append(f"{named[1]}={path}" if named else path)

    def build_folder(self):
        """One for just these; the usual one if there are none."""
        if not self.policies:
            return build_folder()
        lines = "".join(line + "\n" for line in self.items + self._config + self._more)
        return f"{build_folder()}/kernel-{hashlib.sha1(os.fsencode(lines)).hexdigest()[:8]}"

    def options(self):
        """For CMake."""
        if not self.policies:
            return []
        return ["-DGATHERFUZZ_KERNEL=" + ";".join(self.items),
                "-DGATHERFUZZ_KERNEL_CONFIG=" + ";".join(self._config),
                "-DGATHERFUZZ_KERNEL_ARCHS=" + ";".join(self._more),
                "-DGATHERFUZZ_TESTS=OFF", "-DGATHERFUZZ_BENCH=OFF"]


def safe_archs(policy):
    """The architectures on which a policy of the tree is expected to be safe, whatever CPUs do, as
    its file says."""
    with open(f"model/policies/{policy.replace('-', '_')}.cc", encoding="utf-8") as file:
        text = file.read()
    found = re.search(r'\.safe_on = "([^"]*)"', text)
    return found[1].split() if found and ".safe_asleep = false" not in text else []


class Targets:
    """POLICY_ARCH of all policies and architectures asked for by name: all that are published if
    none is, those of the kernel trees if there are any. As for the command, --policy takes several
    names, separated by ',', and groups: all (or published), safe, planted."""

    def __init__(self, policies, archs, trees):
        check_names()
        check_names("model/policies/planted")
        published = policy_names() + extra_policies(trees.build_folder()) + trees.policies
        planted = policy_names("model/policies/planted")
        groups = {"all": published, "published": published, "planted": planted,
                  "safe": policy_names()}
        self.archs = archs or archs_unasked()
        for name in self.archs:
            one_of(name, arch_names(), "architecture")
        self.names = []
        asked = [name for item in policies for name in item.split(",") if name]
        for asked_name in asked or trees.policies or ["all"]:
            if asked_name not in groups:
                one_of(asked_name, published + planted, "policy")
            for policy in groups.get(asked_name, [asked_name]):
                safe = safe_archs(policy) if asked_name == "safe" else self.archs
                self.names += [f"{policy}_{arch}" for arch in self.archs if arch in safe]
        self.names = list(dict.fromkeys(self.names))
        need(self.names, "--policy and --arch leave nothing to fuzz")
        self.policies = list(dict.fromkeys(policy_and_arch(name)[0] for name in self.names))
        self.named = bool(asked or trees.policies)  # rather than all


def policy_and_arch(target):
    return tuple(target.rsplit("_", 1))
