#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""package_test.py SOURCE BUILD COMPILER: what is installed works without the tree.

The package that CPack makes is unpacked into an empty root. There the command runs with nothing but
the shared libraries that its dependencies name, and a program of another project is linked with the
library that it finds there.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
ZSH_PRESSES_TAB = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; cd $2"
zpty -w shell 'widget() { zle expand-or-complete; print -r -- "<$BUFFER>" }; zle -N widget'
zpty -w shell 'setopt no_auto_menu; bindkey "^I" widget; print rea""dy'
zpty -r -m shell said '*ready*'
zpty -w -n shell "$3"$'\t'
zpty -r -m shell said '*<*>*'
print -r -- $said
"""
SOURCE, BUILD, COMPILER = sys.argv[1:4]


def run(*words, status=0, **more):
    got = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                         check=False, **more)
    assert got.returncode == status, f"{words}: {got.returncode}\n{got.stdout}{got.stderr}"
    return got.stdout


def field(package, name):
    return run("dpkg-deb", "--field", package, name).strip()


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        scratch = pathlib.Path(cls.folder.name)
        run("cpack", "-B", scratch / "out", cwd=BUILD)
        cls.package, = (scratch / "out").glob("*.deb")
        cls.root = scratch / "root"
        run("dpkg-deb", "-x", cls.package, cls.root)
        cls.scratch = scratch

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def example(self):
        return "/usr/share/doc/gatherfuzz/examples/00-the-mail.gather"

    def test_manual_says_what_help_says(self):
        """Also of a flag that takes several names with one verb only."""
        manual = (self.root / "usr/share/man/man1/gatherfuzz-corpus.1").read_text()
        self.assertIn("with upgrade also several", manual)
        self.assertNotIn(",...", manual)

    def test_description_fits_a_terminal(self):
        lines = field(self.package, "Description").splitlines()
        self.assertGreater(len(lines), 3)
        self.assertLessEqual(max(map(len, lines)), 80)

    def test_package_names_what_the_command_needs(self):
        self.assertRegex(self.package.name, r"^gatherfuzz_[0-9.]+_[a-z0-9]+\.deb$")
        needed = field(self.package, "Depends")
        for library in ("libabsl", "libc6", "libstdc++6"):
            self.assertIn(library, needed)
        owners = set()
        for path in self.libraries():  # as a package has it: /lib may be a link to /usr/lib
            found = re.findall(r"(?m)^([^:]+):[^ ]* (/.*)$",
                               run("dpkg-query", "-S", "*/" + os.path.basename(path)))
            owners |= {owner for owner, there in found
                       if os.path.realpath(there) == os.path.realpath(path)}
        self.assertTrue(owners)
        missing = [owner for owner in owners if owner not in needed and owner != "libgcc-s1"]
        # What a dependency depends on comes with it.
        for name in re.findall(r"^[^ ,:]+|(?<=, )[^ ,:]+", needed):
            closure = run("dpkg-query", "-W", "-f", "${Depends}", name)
            missing = [owner for owner in missing if owner not in closure]
        self.assertEqual(missing, [])

    def libraries(self):
        said = run("ldd", self.root / "usr/bin/gatherfuzz")
        return re.findall(r"(/\S+) \(0x", said)

    def test_command_runs_in_a_bare_root(self):
        for path in self.libraries():
            there = self.root / path.lstrip("/")
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, there)
        chroot = ["unshare", "--root=" + str(self.root)] if os.getuid() == 0 else [
            "unshare", "--map-root-user", "--root=" + str(self.root)]
        said = run(*chroot, "/usr/bin/gatherfuzz", "run", self.example(), status=1)
        self.assertIn("stale-after-return in cpu1's madvise(MADV_DONTNEED) of 2..4", said)

    def test_zoo_finds_its_schedules(self):
        said = run(self.root / "usr/bin/gatherfuzz", "zoo", cwd=self.scratch)
        self.assertIn("662df3e5c376", said)

    def test_documents_and_examples_are_there(self):
        share = self.root / "usr/share/doc/gatherfuzz"
        for name in ("README.md", "copyright", "docs/tour.md", "examples/00-the-mail.gather"):
            self.assertTrue((share / name).is_file(), name)
        here = pathlib.Path(SOURCE)
        self.assertEqual(len(list((share / "examples").rglob("*.gather"))),
                         len(list((here / "corpus").rglob("*.gather"))))

    def test_links_of_documents(self):
        """Each leads to a file that is there, whatever it is called in the tree."""
        share = self.root / "usr/share/doc/gatherfuzz"
        dead = []
        for page in share.rglob("*.md"):
            text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
            for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
                if "://" not in link and not (page.parent / link).exists():
                    dead.append(f"{page.name}: {link}")
        self.assertEqual(dead, [])
        for name in re.findall(r"LICENSES/[\w.-]+txt", (share / "copyright").read_text()):
            self.assertTrue((share / name).is_file(), name)

    def commands(self):
        about = json.loads(run(self.root / "usr/bin/gatherfuzz", "help", "--json"))
        return {command["name"]: command for command in about["commands"]}

    def test_manual_has_a_page_for_each_command(self):
        pages = self.root / "usr/share/man/man1"
        names = {"gatherfuzz", *("gatherfuzz-" + name for name in self.commands())}
        self.assertEqual({path.name for path in pages.iterdir()}, {f"{n}.1" for n in names})
        for name in names:
            got = subprocess.run(["groff", "-man", "-ww", "-z", pages / f"{name}.1"],
                                 capture_output=True, text=True, check=True)
            self.assertEqual(got.stderr, "", name)
        said = run("groff", "-man", "-Tascii", "-P-cbou", pages / "gatherfuzz-run.1")
        self.assertIn("--policy POLICY,...", said)
        whole = " ".join(re.sub(r"-\n\s+", "", said).split())  # words that groff has divided
        self.assertIn("; or all, published, safe, planted", whole)
        self.assertIn("gatherfuzz run corpus/00-the-mail.gather", said)

    def completed(self, *words):
        """What bash offers for the last of them, which readline parts at each = as well."""
        file = self.root / "usr/share/bash-completion/completions/gatherfuzz"
        parts = [part for word in words for part in re.findall(r"=|[^=]+", word) or [""]]
        said = run("bash", "-c", f'. {file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
                   '_gatherfuzz; printf "%s\\n" "${COMPREPLY[@]}"', "bash", "gatherfuzz", *parts,
                   cwd=self.root / "usr")
        return [line for line in said.split("\n") if line]

    def test_bash_completes_commands_flags_and_values(self):
        self.assertEqual(self.completed("expla"), ["explain"])
        self.assertEqual(self.completed("help", "expla"), ["explain"])
        self.assertEqual(self.completed("run", "--chec"), ["--check"])
        self.assertEqual(self.completed("policies", "--chec"), [])
        self.assertEqual(self.completed("run", "--arch", "ar"), ["arm64"])
        self.assertIn("full-mm", self.completed("run", "--policy", "full"))
        self.assertEqual(self.completed("run", "sha"), ["share"])
        every = {"--" + flag["name"] for flag in self.commands()["explore"]["flags"]}
        self.assertEqual(set(self.completed("explore", "--")), every | {"--help"})

    def test_bash_completes_after_a_comma_and_after_an_equals_sign(self):
        self.assertEqual(self.completed("run", "--policy=own-r"), ["own-range"])
        self.assertIn("full-mm", self.completed("run", "--policy="))
        self.assertEqual(self.completed("run", "--policy", "own-range,wid"),
                         ["own-range,widen-range"])
        self.assertEqual(self.completed("run", "--policy=own-range,wid"), ["own-range,widen-range"])
        self.assertEqual(self.completed("verdicts", "--arch", "x86,"),
                         ["x86,arm64", "x86,riscv"])  # not again
        # It takes one.
        self.assertEqual(self.completed("minimize", "--policy", "own-range,wid"), [])
        self.assertEqual(self.completed("explore", "--limit=states=3,mem"), ["3,memory="])
        self.assertEqual(self.completed("explore", "--weaken", "pmd_lock,pmd_un"),
                         ["pmd_lock,pmd_unlock"])
        self.assertEqual(self.completed("explore", "--seen", "bin,sha"), ["bin,share"])
        self.assertEqual(self.completed("explain", "--html=sha"), ["share"])
        self.assertEqual(self.completed("run", "--json=", "sha"), ["share"])

    def test_bash_completes_verbs_and_variants(self):
        self.assertEqual(self.completed("corpus", ""), ["stats", "upgrade"])
        self.assertEqual(self.completed("corpus", "stats", "sha"), ["share"])
        self.assertEqual(self.completed("run", "--variant", "z15"), ["z15", "z15 fixed"])
        self.assertEqual(self.completed("minimize", "--variant=s2"), ["s2", "s2 fixed"])

    def completed_by_zsh(self, line):
        """The line, after Tab was pressed behind it in an interactive zsh."""
        vendor = self.root / "usr/share/zsh/vendor-completions"
        said = run("zsh", "-fc", ZSH_PRESSES_TAB, "zsh", vendor, self.root / "usr", line)
        return re.findall(r"<(.*?)>", said)[-1]

    def test_zsh_completes(self):
        for line, completed in (
                ("expla", "explain "), ("run --chec", "run --check "),
                ("run --policy=own-r", "run --policy=own-range,"),  # a blank takes the place of ,
                ("run --policy own-range,wid", "run --policy own-range,widen-range,"),
                ("minimize --policy=own-r", "minimize --policy=own-range "),
                ("corpus upg", "corpus upgrade "), ("corpus stats sha", "corpus stats share/"),
                ("run --variant s1b", "run --variant s1b"),
                ("explore --limit=states=3,mem", "explore --limit=states=3,memory="),
                ("explore --seen sha", "explore --seen share,"),
                ("minimize -o sha", "minimize -o share/")):
            self.assertEqual(self.completed_by_zsh("gatherfuzz " + line), "gatherfuzz " + completed)

    def test_zsh_reads_its_completions(self):
        file = self.root / "usr/share/zsh/vendor-completions/_gatherfuzz"
        run("zsh", "-n", file)
        # Each specification of a flag is one that _arguments takes.
        run("zsh", "-fc", "autoload -U compinit && compinit -u -D && zmodload zsh/zutil && "
            f"compdef _gatherfuzz gatherfuzz; fpath=({file.parent} $fpath); "
            "autoload -U _gatherfuzz && whence -v _gatherfuzz", cwd=self.scratch)

    def test_another_project_links_the_library(self):
        project = self.scratch / "consumer"
        project.mkdir()
        shutil.copy(HERE / "consumer.cc", project)
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(consumer LANGUAGES CXX)\n"
            "find_package(gatherfuzz 0.1 REQUIRED)\nadd_executable(consumer consumer.cc)\n"
            "target_link_libraries(consumer gatherfuzz::gatherfuzz)\n", encoding="utf-8")
        out = project / "build"
        run("cmake", "-S", project, "-B", out, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={COMPILER}",
            f"-DCMAKE_PREFIX_PATH={self.root}/usr")
        run("cmake", "--build", out)
        said = run(out / "consumer", str(self.root) + self.example())
        self.assertIn("\nown-range stale-after-return\n", said)
        self.assertIn("\nfull-mm none\n", said)
        self.assertIn("\nevery order under full-mm: none\n", said)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
