#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What the scripts share: processes and their end, command lines, targets; which tests are run.

usage: scripts_test.py SOURCE BUILD [TEST]...
"""
import contextlib
import fcntl
import glob
import io
import itertools
import os
import resource
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import textwrap
import time
import types
import unittest
import unittest.mock
import xml.etree.ElementTree

try:
    import yaml as yaml_module
except ImportError:
    yaml_module = None

SOURCE, BUILD = (os.path.abspath(path) for path in sys.argv[1:3])
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(SOURCE, "scripts"))
# pylint: disable=wrong-import-position
import gating
import campaigns.command
import campaigns.main
import fuzzing.main
import measuring.options
import mutation.main
import testing.main
from kernel_trees import unpacking
from lib import command, gatherfuzz, jobs, junit, subjects
from lib.children import Child
from lib.subjects import clean_schedules, is_clean
from fuzzing import table, target as fuzz_target
from testing import changes, listing, times


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def wait_for(what):
    while not what():
        time.sleep(0.02)


class Scratch(unittest.TestCase):
    """A folder, and a script that is run in it."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, script):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)], cwd=self.folder,
            env={**os.environ, "PYTHONPATH": SOURCE + "/scripts"}, stderr=subprocess.PIPE)
        self.addCleanup(child.stderr.close)
        return child

    def pids(self, count):
        """Of that many processes, which write them to files named *.pid."""
        def written():
            files = glob.glob(self.path("*.pid"))
            return len(files) == count and all(os.path.getsize(file) for file in files)
        wait_for(written)
        return [int(read(file)) for file in glob.glob(self.path("*.pid"))]


class Children(Scratch):
    def test_processor_time_is_bounded(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = jobs.run_one(["sh", "-c", "while :; do :; done"], cpu_seconds=1)
        self.assertEqual(child.status, -signal.SIGXCPU)
        self.assertEqual(child.shell_status, 128 + signal.SIGXCPU)
        # As the system counts it: the limit goes by ticks, and may come a little sooner.
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertAlmostEqual(child.used, after.ru_utime + after.ru_stime
                               - before.ru_utime - before.ru_stime, places=3)
        self.assertGreater(child.used, 0)

    def test_errors_apart(self):
        child = jobs.run_one(["sh", "-c", "echo out; echo err >&2; exit 3"], log=self.path("out"),
                             errors=self.path("err"))
        self.assertEqual(child.status, 3)
        self.assertEqual(child.last_words(), "out")

    def test_dies_with_the_script(self):
        script = self.start("""
            from lib.children import Child
            Child(["sh", "-c", "echo $$ >1.pid; exec sleep 1000"]).wait()""")
        pid, = self.pids(1)
        script.kill()
        script.wait()
        wait_for(lambda: not alive(pid))


class Jobs(Scratch):
    def test_so_many_at_a_time(self):
        now, most, done = [], [], []

        def work(number):
            now.append(number)
            most.append(len(now))
            child = Child(["sh", "-c", f"exit {number}"])
            yield child
            now.remove(number)
            done.append(child.status)

        jobs.run((work(number) for number in range(10)), 3)
        self.assertEqual(max(most), 3)
        self.assertEqual(sorted(done), list(range(10)))

    def test_one_that_fails_ends_the_others(self):
        children = []

        def sleeps():
            children.append(Child(["sleep", "1000"]))
            yield children[0]

        def fails():
            yield Child(["true"])
            raise OSError("no room")

        with self.assertRaisesRegex(OSError, "no room"):
            jobs.run([sleeps(), fails()], 2)
        self.assertFalse(alive(children[0].pid))

    def test_interrupted(self):
        """By each of the signals: what was started has ended, with what it has started; the work
        sees to what it has to; nothing of Python's is said."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                script = self.start("""
                    from lib import command, jobs
                    from lib.children import Child
                    def work(number):
                        try:
                            yield Child(["sh", "-c", f"echo $$ >{number}.pid; sleep 1000 & "
                                         f"echo $! >{number}.inner.pid; wait"])
                        finally:
                            open(f"{number}.closed", "w").close()
                    def main(_):
                        jobs.run(map(work, range(9)), 2)
                    command.when_interrupted = "goes on later"
                    command.main("it", main)""")
                pids = self.pids(4)
                script.send_signal(number)
                said = script.communicate()[1].decode()
                self.assertEqual(script.returncode, 130)
                self.assertEqual(said, "scripts/it: interrupted; goes on later\n")
                wait_for(lambda: not any(map(alive, pids)))
                self.assertEqual(len(glob.glob(self.path("*.closed"))), 2)
                for file in glob.glob(self.path("*")):
                    os.remove(file)


class CommandLine(unittest.TestCase):
    def read(self, *arguments, **more):
        return command.read(arguments, "usage: it\n", one=("--time",), many=("--policy",),
                            flags=("--one-arch",), **more)

    def test_options(self):
        options = self.read("--policy", "a", "--one-arch", "--policy", "--b", "--time", "5")
        self.assertEqual((options.policy, options.one_arch, options.time),
                         (["a", "--b"], True, "5"))
        options = self.read("x", "--", "-D", places=True, after=True)
        self.assertEqual((options.places, options.after), (["x"], ["-D"]))

    def test_lists(self):
        """As of the command: one option with several names, and twice is once too often."""
        self.assertEqual(self.read("--arch", "x86,arm64", lists=("--arch",)).arch,
                         ["x86", "arm64"])
        self.assertEqual(self.read(lists=("--arch",)).arch, [])
        for arguments, message in (
                (["--arch", "x86", "--arch", "arm64"],
                 "--arch is given twice, and takes several names, separated by ','"),
                (["--arch", ","], "--arch names nothing"),
                (["--time", "1", "--time", "2"], "--time is given twice, and takes one value")):
            with self.assertRaisesRegex(command.Problem, re.escape(message)):
                self.read(*arguments, lists=("--arch",))
        for script in (fuzzing.main.read, measuring.options.read,
                       lambda options: campaigns.command.read(["out", *options])):
            self.assertEqual(script(["--policy", "full-mm,own-range"]).policy,
                             ["full-mm", "own-range"])
            for name in ("--policy", "--arch"):
                with self.assertRaisesRegex(command.Problem, f"{name} is given twice"):
                    script([name, "a", name, "b"])

    def test_what_is_wrong(self):
        for arguments, message in ((["--time"], "--time needs a value; see --help"),
                                   (["x"], "unknown argument 'x'; see --help"),
                                   (["--tim", "5"], "unknown argument '--tim'; see --help")):
            with self.assertRaisesRegex(command.Problem, re.escape(message)):
                self.read(*arguments)
        for text in ("0", "-1", "1.5", "12345678", "\u0661", ""):
            with self.assertRaises(command.Problem):
                command.number(text, "--time", "a number")

    def test_times(self):
        for text, seconds in (("10", 10), ("90s", 90), ("2m", 120), ("1h", 3600), ("3d", 259200)):
            self.assertEqual(command.seconds(text, "--time"), seconds)
        for text in ("", "0", "0s", "1.5m", "-1", "m", "10 s", "1w", "1h30m", "\u0661", "12345678"):
            with self.assertRaisesRegex(command.Problem, "^--time: as 90 or 90s, 30m, 12h or 3d, "):
                command.seconds(text, "--time")

    def test_times_of_scripts(self):
        """All that take one take it alike."""
        self.assertEqual(fuzzing.main.read(["--time", "2m"]).seconds, 120)
        options = campaigns.command.read(["out", "--time", "1h", "--turn", "2m"])
        self.assertEqual(campaigns.command.passed_on(options),
                         ["--seconds", "3600", "--turn", "120"])
        options = ["--kernel", "linux", "--time", "1m"]
        with contextlib.chdir(SOURCE):  # where architectures are looked up
            self.assertEqual(mutation.main.read([*options, "--arch", "x86"]).seconds, 60)

    def test_times_are_written_alike(self):
        for option, read in (("--seconds", measuring.options.read), ("--time", fuzzing.main.read)):
            for written, seconds in (("90", 90), ("90s", 90), ("30m", 1800)):
                self.assertEqual(read([option, written]).seconds, seconds)
            with self.assertRaisesRegex(command.Problem, f"{option}: as 90 or 90s, 30m"):
                read([option, "soon"])

    def test_help(self):
        with contextlib.redirect_stdout(io.StringIO()) as out, self.assertRaises(SystemExit):
            self.read("--time", "5", "--help")
        self.assertEqual(out.getvalue(), "usage: it\n")

    def test_every_script_has_help(self):
        """At once: nothing is installed, built or run for it."""
        for name, option in itertools.product(self.scripts(), ("--help", "-h")):
            ran = self.run_script(name, option)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""), name)
            before, _, _ = ran.stdout.partition(f"usage: scripts/{name} ")
            self.assertNotEqual(before, ran.stdout, name)
            self.assertTrue(name.endswith(".py") or not before, name)
            self.assertEqual([line for line in ran.stdout.splitlines() if len(line) > 80], [], name)

    def test_every_script_knows_its_flags(self):
        """At once, too, and with the one that was meant."""
        for name in self.scripts():
            if name.endswith(".py") or name == "benchmarks":  # by argparse, or none has any
                continue
            ran = self.run_script(name, "--hlp")
            self.assertEqual((ran.returncode, ran.stdout), (2, ""), name)
            self.assertRegex(ran.stderr, f"{name}: unknown (argument|check) '--hlp'; see --help; "
                             "did you mean '--help'[?]\n$")
        for script, argument, near in (("zoo", "--chekc", "--check"), ("lint", "shel", "shell"),
                                       ("verdicts", "--program", "--programs"),
                                       ("test", "--changed-sinc", "--changed-since")):
            self.assertRegex(self.run_script(script, argument).stderr,
                             f"did you mean '{near}'[?]\n$")
        self.assertNotIn("did you mean", self.run_script("lint", "nothing-alike").stderr)

    def scripts(self):
        names = [name for name in sorted(os.listdir(f"{SOURCE}/scripts"))
                 if os.path.isfile(f"{SOURCE}/scripts/{name}")
                 and os.access(f"{SOURCE}/scripts/{name}", os.X_OK)]
        self.assertGreater(len(names), 20)
        return names

    def run_script(self, name, *arguments):
        """Where nothing can be installed or built."""
        with tempfile.TemporaryDirectory() as tools:
            for tool in ("cmake", "ninja", "apt-get", "sudo"):
                with open(f"{tools}/{tool}", "w", encoding="ascii") as file:
                    file.write("#!/bin/sh\nexit 99\n")
                os.chmod(f"{tools}/{tool}", 0o755)
            return subprocess.run([f"{SOURCE}/scripts/{name}", *arguments], text=True, check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env={**os.environ, "PATH": tools + ":" + os.environ["PATH"]})

    def test_what_ctest_does_not_know(self):
        """It would pass over that, and run all tests."""
        for arguments in (["-R", "gate"], ["--rerun-failed"], ["--repeat", "until-fail:3"], ["-j4"],
                          ["--dry-run", "--all", "-L", "long"], ["--output-junit", "it.xml"]):
            testing.main.read(arguments)
        for argument, said in (("--hlp", "did you mean '--help'"), ("--al", "did you mean '--all'"),
                               ("gate", "-R 'gate' chooses tests by their names")):
            with self.assertRaisesRegex(command.Problem, f"unknown argument '{argument}'.*{said}"):
                testing.main.read([argument])

    def test_the_folder_of_a_campaign(self):
        """What is wrong with it is said before the build."""
        targets = types.SimpleNamespace(names=["full-mm_x86"])
        options = types.SimpleNamespace(host=None)
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "README.md")
            with open(file, "w", encoding="ascii") as opened:
                opened.write("x")
            for path, said in ((file, "is a file; name a folder"),
                               (file + "/below/it", "README.md is a file; name a folder"),
                               (folder, "is not empty and holds no campaign")):
                with self.assertRaisesRegex(command.Problem, said):
                    campaigns.command.check_folder(path, options, targets)
            campaigns.command.check_folder(folder + "/new/one", options, targets)
            self.assertEqual(os.listdir(folder), ["README.md"])


class Terminals(unittest.TestCase):
    """Messages are broken at the edge of a terminal; in a pipe each stays one line."""

    def said(self, *words, columns):
        """On standard error, which is a terminal of so many columns; or a pipe, for None."""
        if columns is None:
            return subprocess.run(words, cwd=SOURCE, stderr=subprocess.PIPE, text=True,
                                  check=False).stderr
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen(words, cwd=SOURCE, stdin=theirs, stderr=theirs):
            os.close(theirs)
            said = b""
            with contextlib.suppress(OSError):  # how a terminal says that it is over
                while more := os.read(ours, 4096):
                    said += more
        os.close(ours)
        return said.decode().replace("\r", "")

    def test_of_python(self):
        script = "scripts/survival", "--way", "nope"
        whole = self.said(*script, columns=None)
        self.assertEqual(whole.count("\n"), 1)
        for columns in (80, 50):
            lines = self.said(*script, columns=columns).replace("\033[K", "").splitlines()
            self.assertGreater(len(lines), 1)
            self.assertLessEqual(max(map(len, lines)), columns)
            self.assertEqual(" ".join(" ".join(lines).split()), " ".join(whole.split()))

    def test_what_is_to_be_copied_is_one_line(self):
        """A campaign says below a violation what shows it again."""
        words = "found " * 20 + "; replay: gatherfuzz run " + "long/" * 20
        script = (sys.executable, "-c", "import sys; sys.path.insert(0, 'scripts'); "
                  f"from lib.terminal import say; say({words!r})")
        self.assertEqual(self.said(*script, columns=None),
                         words.replace("; replay: ", "\n  replay: ") + "\n")
        lines = self.said(*script, columns=80).splitlines()
        self.assertEqual(lines[-1], "  replay: gatherfuzz run " + "long/" * 20)
        self.assertGreater(len(lines), 2)

    def test_of_bash(self):
        script = "bash", "-c", "source scripts/common.sh; die " + "what is wrong " * 12
        self.assertEqual(self.said(*script, columns=None).count("\n"), 1)
        lines = self.said(*script, columns=80).splitlines()
        self.assertGreater(len(lines), 1)
        self.assertLessEqual(max(map(len, lines)), 80)


class Builds(Scratch):
    def test_progress_in_a_log(self):
        """A build that takes long says how far it is, where no terminal is."""
        for name, script in (("cmake", "exit 0"), ("ninja", """
            for number in 1 2 3; do
              echo "[$number/3] Building CXX object $number.o"
              until grep -q "building: $number of 3" said; do sleep 0.02; done
            done""")):
            path = os.path.join(self.folder, "tools", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as file:
                file.write("#!/bin/bash\ncd " + self.folder + "\n" + script + "\n")
            os.chmod(path, 0o755)
        said = os.path.join(self.folder, "said")
        with open(said, "w", encoding="ascii") as output:
            subprocess.run(
                ["bash", "-c", "source scripts/common.sh && build_targets \"$0\" all --",
                 os.path.join(self.folder, "build")], stderr=output, check=True, cwd=SOURCE,
                env={**os.environ, "GATHERFUZZ_PROGRESS_SECONDS": "0.05",
                     "PATH": os.path.join(self.folder, "tools") + ":" + os.environ["PATH"]})
        self.assertEqual(["building: 1 of 3", "building: 2 of 3", "building: 3 of 3"],
                         read(said).splitlines()[1:])


    def test_progress_of_two_builds_in_one_log(self):
        """One empties the log while the other goes on where it was: bytes of 0 are in between."""
        log, said = self.path("log"), self.path("said")
        with open(log, "wb") as file:
            file.write(bytes(5000))
        with open(said, "wb") as output:
            child = subprocess.Popen(
                ["bash", "-c", 'source scripts/common.sh && show_progress "$0"', log], cwd=SOURCE,
                stderr=output, env={**os.environ, "GATHERFUZZ_PROGRESS_SECONDS": "0.02"},
                start_new_session=True)
            self.addCleanup(child.wait)
            self.addCleanup(os.killpg, child.pid, signal.SIGKILL)
            for number in (1, 2):
                with open(log, "ab") as file:
                    file.write(b"\n[%d/3] Building\n" % number + bytes(100))
                wait_for(lambda line=f"building: {number} of 3\n": line in read(said))
        self.assertEqual(read(said), "building: 1 of 3\nbuilding: 2 of 3\n")


class Unpacking(Scratch):
    def test_a_tree_that_lacks_a_file_is_unpacked_again(self):
        for name in ("mm/one.c", "mm/two.c"):
            self.write(f"linux-source-6.99/{name}", name)
        package = self.path("package.tar.xz")
        subprocess.run(["tar", "-cJf", package, "-C", self.folder, "linux-source-6.99"], check=True)
        os.utime(package, (1, 1))
        to = self.path("to")
        for files, whole in ((["mm/one.c"], 1), (["mm/one.c"], 0), (["mm/one.c", "mm/two.c"], 1)):
            with (unittest.mock.patch.object(unpacking, "tarball", lambda _: package),
                  unittest.mock.patch.object(unpacking, "gather_files", lambda _, f=files: f),
                  unittest.mock.patch.object(unpacking, "kernel_archs", lambda: []),
                  contextlib.redirect_stderr(io.StringIO()) as said):
                self.assertEqual(unpacking.unpack("6.99", to), to)
            self.assertEqual(said.getvalue().count("unpacking"), whole, files)
            for name in files:
                self.assertTrue(os.path.isfile(f"{to}/{name}"), name)


class WhichPolicies(unittest.TestCase):
    """--policy means the same to scripts as to the command."""

    def of(self, *policies, archs=("x86", "arm64")):
        with contextlib.chdir(SOURCE):
            return subjects.Targets(list(policies), list(archs), subjects.Trees([], [], SOURCE))

    def test_lists_and_groups(self):
        self.assertEqual(["own-range_x86", "full-mm_x86"],
                         self.of("own-range,full-mm", "own-range", archs=["x86"]).names)
        self.assertEqual(self.of().names, self.of("all").names)
        self.assertEqual(self.of().names, self.of("published").names)
        self.assertFalse(self.of().named)
        self.assertIn("bool-count_x86", self.of("planted").names)
        safe = self.of("safe")
        self.assertIn("widen-range_arm64", safe.names)
        self.assertNotIn("widen-range_x86", safe.names)
        self.assertNotIn("full-mm-leaf_x86", safe.names)  # not where CPUs sleep
        self.assertNotIn("own-range_x86", safe.names)
        self.assertTrue(safe.named)
        if os.path.exists(os.path.join(BUILD, "gatherfuzz")):
            published = gatherfuzz.listed(os.path.join(BUILD, "gatherfuzz"))[0]
            self.assertEqual(set(safe.names), {
                name for name in gatherfuzz.safe_targets(os.path.join(BUILD, "gatherfuzz"))
                if name.rsplit("_", 1)[0] in published})

    def test_did_you_mean(self):
        """First, as there are many of them."""
        with self.assertRaisesRegex(command.Problem, "unknown policy 'own-rang'; did you mean "
                                    "'own-range'[?] one of: epoch-sync"):
            self.of("own-rang")
        with self.assertRaisesRegex(command.Problem, "unknown policy 'x'; one of: epoch-sync"):
            self.of("x")


class NamesOfPolicies(Scratch):
    """A policy is called as its file; what is not so is said before anything is built."""

    def said(self, file, code):
        """Of a folder with the policy full-mm and that file."""
        for name, text in (("full_mm.cc", self.code("full-mm")), (file, code)):
            self.write("p/" + name, text)
        try:
            with contextlib.chdir(self.folder):
                subjects.check_names("p")
        except command.Problem as problem:
            return str(problem)
        return ""

    @staticmethod
    def code(name):
        return (f'constexpr Policy kPolicy("{name}", "what", "who", kProtocol);\n'
                "const RegisterPolicy kRegistered(&kPolicy);\n")

    def test_those_of_the_tree(self):
        with contextlib.chdir(SOURCE):
            subjects.check_names()
            subjects.check_names("model/policies/planted")

    def test_as_its_file(self):
        self.assertEqual(self.said("my_idea.cc", self.code("my-idea")), "")
        self.assertEqual(self.said("my_idea.cc", "constexpr Policy kPolicy(kName, \"\");\n"
                                   "const RegisterPolicy kRegistered(&kPolicy);\n"), "")

    def test_another_name(self):
        self.assertEqual(self.said("my_idea.cc", self.code("better-idea")),
                         "p/my_idea.cc registers 'better-idea'; name it better_idea.cc, or its "
                         "policy 'my-idea'")
        self.assertEqual(self.said("my_idea.cc", self.code("my_idea")),
                         "p/my_idea.cc registers 'my_idea'; call its policy 'my-idea'")

    def test_a_name_that_there_is(self):
        self.assertEqual(self.said("my_idea.cc", self.code("full-mm")),
                         "p/my_idea.cc registers 'full-mm', as full_mm.cc does; call its policy "
                         "'my-idea'")

    def test_no_registration(self):
        code = self.code("my-idea").replace("const Reg", "// const Reg")
        self.assertEqual(self.said("my_idea.cc", code),
                         "p/my_idea.cc registers no policy; it lacks a line 'const RegisterPolicy "
                         "kRegistered(&kPolicy);'")


class BrokenCommand(Scratch):
    """A build whose command refuses to start: what it says is all that is said."""

    def setUp(self):
        super().setUp()
        self.write("gatherfuzz", "#!/bin/sh\necho \"gatherfuzz: policy 'full-mm': another has this "
                   "name\" >&2\nexit 2\n")
        os.chmod(self.path("gatherfuzz"), 0o755)

    def test_no_traceback(self):
        for what in (gatherfuzz.listed, gatherfuzz.safe_targets, gatherfuzz.policies_of,
                     lambda its: fuzz_target.Session(self.path("out"), self.folder, 1),
                     lambda its: campaigns.main.held_safe(its, ["full-mm_x86"]),
                     lambda its: gatherfuzz.need_policies(its, ["full-mm"])):
            with self.assertRaises(command.Problem) as raised:
                what(self.path("gatherfuzz"))
            self.assertEqual(str(raised.exception), "policy 'full-mm': another has this name")

    def test_of_any_other_program(self):
        script = self.start("""
            import subprocess
            from lib import command
            command.main("it", lambda _: subprocess.run(["./gatherfuzz", "x y"], check=True))""")
        said = script.communicate()[1].decode()
        self.assertEqual(script.returncode, 2)
        self.assertEqual(said, "gatherfuzz: policy 'full-mm': another has this name\n"
                         "it: ./gatherfuzz 'x y' ended with status 2\n")


@unittest.skipUnless(os.path.exists(os.path.join(BUILD, "gatherfuzz")), "needs the command")
class Fuzz(Scratch):
    """scripts/fuzz, with engines that leave what they are told to."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("fuzz"))
        os.symlink(os.path.join(BUILD, "gatherfuzz"), self.path("gatherfuzz"))
        self.enterContext(contextlib.chdir(self.folder))

    def table(self, target, first, then="/dev/null", held_safe=None, executions=1000):
        """What the table says of a target whose engine finds one file, and another one if it is to
        pass over what is excused, after so many executions. Returns the table, too."""
        self.write(f"fuzz/fuzz_{target}", textwrap.dedent(f"""\
            #!/bin/sh
            for argument; do
              case $argument in -artifact_prefix=*) prefix=${{argument#*=}} ;; esac
            done
            grep -qx 'excused [*]' "$GATHERFUZZ_KNOWN" && file={then} || file={first}
            echo "stat::number_of_executed_units: {executions}"
            [ -s $file ] || exit 0
            cp $file "$prefix"crash-1
            exit 77"""))
        os.chmod(self.path(f"fuzz/fuzz_{target}"), 0o755)
        session = fuzz_target.Session(f"out/{target}", self.folder, 1000)
        jobs.run([fuzz_target.fuzz(session, "libfuzzer", target)], 1)
        if held_safe is not None:  # such a violation there is none of
            session.runs["libfuzzer", target].held_safe = held_safe
        with contextlib.redirect_stdout(io.StringIO()) as out:
            its = table.Table(session, [target.rsplit("_", 1)[0]])
            its.show("libfuzzer", target)
            its.show_alarm()
            its.show_hardly()
        return out.getvalue(), its

    def encoded(self, name, *lines):
        with open(os.path.join(SOURCE, "corpus", name), encoding="ascii") as file:
            head, _, rest = file.read().partition("\n")
        self.write("x.gather", "\n".join([head, *lines, rest]))
        subprocess.run(["./gatherfuzz", "encode", "x.gather", "-o", "x" + str(len(lines))],
                       check=True)
        return self.path("x" + str(len(lines)))

    def test_named_and_broken(self):
        said, its = self.table("own-range_x86", self.encoded("verdicts/own-range-x86.gather"))
        self.assertRegex(said, r"own-range +x86 +libfuzzer stale-after-return +1000 ")
        self.assertEqual((its.broken(True), its.broken(False)), ({"own-range_x86"}, set()))
        self.assertNotIn("!", said)
        self.assertEqual(its.judged(True, True), (1, "--fail: broken: own-range_x86"))
        self.assertEqual(its.judged(False, True), (0, ""))
        self.assertEqual(its.judged(True, False), (0, ""))

    def test_excused(self):
        """It says nothing against the policy, does not count, and is no end of fuzzing."""
        said, its = self.table("full-mm_x86", self.encoded("zoo/s1.gather"))
        self.assertRegex(said, r"full-mm +x86 +libfuzzer none found +2000 ")
        self.assertIn("\n  stale-after-return under kernel 6.17, which says nothing against it:\n"
                      "  ./gatherfuzz run out/crashes/full-mm_x86/crash-", said)
        self.assertEqual((its.broken(True), its.broken(False)), (set(), set()))

    def test_broken_after_what_is_excused(self):
        said, its = self.table(
            "own-range_x86", self.encoded("verdicts/own-range-x86.gather", "kernel 6.17"),
            self.encoded("verdicts/own-range-x86.gather"))
        self.assertRegex(said, r"own-range +x86 +libfuzzer stale-after-return +2000 ")
        self.assertNotIn("kernel", said)
        self.assertEqual((its.broken(True), its.broken(False)), ({"own-range_x86"}, set()))

    def test_hardly_tested(self):
        """Of what had next to no executions nothing is known: under --fail that is no success."""
        self.write("corpus/a.gather", "gatherfuzz 1\nexpect none\n")
        self.write("corpus/b.gather", "gatherfuzz 1\nexpect none\n")
        said, its = self.table("full-mm_x86", "/dev/null", executions=1)
        self.assertRegex(said, r"full-mm +x86 +libfuzzer hardly tested +1 ")
        self.assertIn("fewer executions than the 2 schedules that a campaign begins\nwith; nothing "
                      "is known of it", said)
        self.assertLessEqual(max(map(len, said.splitlines())), 80)
        for named in (True, False):
            self.assertEqual(its.judged(named, True), (
                3, "--fail: hardly tested, so nothing is known of: full-mm_x86"))
            self.assertEqual(its.judged(named, False), (0, ""))
        suite = xml.etree.ElementTree.fromstring(junit.suite(list(its.cases(set())), 1))
        self.assertEqual((suite.get("failures"), suite.get("skipped")), ("0", "1"))
        self.assertEqual(suite.find("testcase/skipped").get("message"), "hardly tested")
        said, its = self.table("full-mm_arm64", "/dev/null", executions=2)
        self.assertRegex(said, r"full-mm +arm64 +libfuzzer none found +2 ")
        self.assertEqual(its.judged(True, True), (0, ""))

    def test_hardly_tested_and_not_held_safe(self):
        """Where no policy was named, --fail is about those that are held to be safe."""
        said, its = self.table("own-range_x86", "/dev/null", executions=0)
        self.assertRegex(said, r"own-range +x86 +libfuzzer hardly tested +0 ")
        self.assertEqual(its.judged(False, True), (0, ""))
        self.assertEqual(its.judged(True, True)[0], 3)

    def test_held_safe_and_broken(self):
        said, its = self.table("own-range_x86", self.encoded("verdicts/own-range-x86.gather"),
                               held_safe=True)
        self.assertIn(" stale-after-return! ", said)
        self.assertEqual(its.judged(False, True), (
            1, "--fail: broken although held to be safe: own-range_x86"))
        self.assertIn("\n! held to be safe there: a fault of the policy, the model or the oracle",
                      said)
        self.assertEqual(its.broken(False), {"own-range_x86"})
        self.assertLessEqual(max(len(line) for line in said.splitlines()
                                 if "gatherfuzz run" not in line), 80)


class Action(Scratch):
    """action.yml: what it runs, for what it is given."""

    def runs(self, **inputs):
        with open(os.path.join(SOURCE, "action.yml"), encoding="utf-8") as file:
            action = yaml_module.safe_load(file)
        given = {name: value["default"] for name, value in action["inputs"].items()}
        given.update(inputs)
        for script in ("replay", "fuzz"):
            self.write(f"scripts/{script}",
                       f'#!/bin/bash\nprintf "{script}"; printf " [%s]" "$@"; echo')
            os.chmod(self.path(f"scripts/{script}"), 0o755)
        said = ""
        for step in action["runs"]["steps"]:
            if step.get("if") == "inputs.replay == 'true'" and given["replay"] != "true":
                continue
            env = {name: re.sub(r"\${{ inputs\.(\w+) }}", lambda found: given[found[1]], value)
                   for name, value in step["env"].items()}
            said += subprocess.run(["bash", "-euo", "pipefail", "-c", step["run"]], check=True,
                                   text=True, stdout=subprocess.PIPE,
                                   env={**os.environ, **env, "GITHUB_ACTION_PATH": self.folder}
                                   ).stdout
        return said.splitlines()

    def test_what_it_runs(self):
        if yaml_module is None:
            self.skipTest("needs python3-yaml")
        self.assertEqual(["replay []", "fuzz [--policy] [safe] [--time] [10] [--fail]"],
                         self.runs())
        self.assertEqual(
            ["replay [--kernel] [my linux]", "fuzz [--kernel] [my linux] [--time] [60] [--fail]"],
            self.runs(kernel="my linux", time="60"))
        self.assertEqual(
            ["replay [--junit] [a b-replay.xml]",
             "fuzz [--policy] [safe] [--time] [10] [--fail] [--junit] [a b.xml]"],
            self.runs(junit="a b.xml"))
        self.assertEqual(["fuzz [--policy] [$(touch x)] [--time] [10] [--fail]"],
                         self.runs(policy="$(touch x)", replay="false"))


class StoredForTrees(Scratch):
    def test_what_a_tree_does_not_run_is_left_out(self):
        for name, line in (("plain", "cpus 2"), ("later", "kernel 6.17"), ("weak", "memory weak")):
            self.write(f"corpus/a/{name}.gather", f"gatherfuzz 1\n{line}\n")
        with contextlib.chdir(self.folder):
            self.assertEqual(subjects.stored_for_trees(), ["corpus/a/plain.gather"])


class Replay(unittest.TestCase):
    def test_from_where_the_person_stands(self):
        for folder, line in (
                ("/a/repo", "build/gatherfuzz run 'out/my crashes/own-range_x86/crash-1'"),
                ("/a/repo/build",
                 "./gatherfuzz run '/a/repo/out/my crashes/own-range_x86/crash-1'"),
                ("/elsewhere", "/a/repo/build/gatherfuzz run "
                               "'/a/repo/out/my crashes/own-range_x86/crash-1'")):
            self.assertEqual(line, gatherfuzz.replay(
                "/a/repo/build/gatherfuzz", "/a/repo/out/my crashes/own-range_x86/crash-1", folder))

    def test_the_table_of_fuzz_fits_a_terminal(self):
        """Of every policy that there is: also of the longest names, and of the longest verdict."""
        names = ["own-range", "a-name-of-26-letters-or-so"]
        if os.path.exists(os.path.join(BUILD, "gatherfuzz")):
            published, planted, _ = gatherfuzz.listed(os.path.join(BUILD, "gatherfuzz"))
            names += [*published, *planted]
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            for policies in (["own-range"], names):
                session = types.SimpleNamespace(gatherfuzz="/a/gatherfuzz", runs={})
                its = table.Table(session, policies, "/a")
                with unittest.mock.patch.object(its, "_small", return_value="/a/crash"):
                    for name in policies:
                        session.runs["libfuzzer", name + "_arm64"] = types.SimpleNamespace(
                            kept="/a/crash", target=name + "_arm64", policy=name, arch="arm64",
                            said={"verdict": "stale-dirty-after-return"}, held_safe=True,
                            excused=None, executions=lambda: 10 ** 9, seconds=86400)
                        its.show("libfuzzer", name + "_arm64")
        lines = shown.getvalue().splitlines()
        self.assertEqual([line for line in lines if len(line) > 80], [])
        self.assertGreater(len(lines), 2 * len(names))

    def test_the_table_of_fuzz(self):
        """Below a line of it is what runs the file again."""
        shown = io.StringIO()
        session = types.SimpleNamespace(gatherfuzz="/a/build/gatherfuzz")
        with contextlib.redirect_stdout(shown):
            its = table.Table(session, ["own-range"], "/a")
            with unittest.mock.patch.object(its, "_small", return_value="/a/out/crash-1"):
                session.runs = {("afl", "own-range_x86"): types.SimpleNamespace(
                    kept="/a/out/crash-1", target="own-range_x86", policy="own-range",
                    arch="x86", said={"verdict": "deadlock"}, held_safe=False, excused=None,
                    executions=lambda: 7, seconds=1)}
                its.show("afl", "own-range_x86")
        self.assertTrue(shown.getvalue().endswith("  build/gatherfuzz run out/crash-1\n"),
                        shown.getvalue())
        self.assert_junit(list(its.cases({"own-range_x86"})), failures="1")
        self.assert_junit(list(its.cases({"full-mm_x86"})), failures="0")

    def assert_junit(self, cases, failures):
        """A policy that breaks is a failure where it was asked about, and else a note."""
        suite = xml.etree.ElementTree.fromstring(junit.suite(cases, 2))
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("1", failures))
        case = suite.find("testcase")
        self.assertEqual((case.get("classname"), case.get("name"), case.get("time")),
                         ("own-range", "x86 afl", "1.0"))
        said = case.find("failure" if failures == "1" else "system-out").text
        self.assertEqual(said, "deadlock\nbuild/gatherfuzz run out/crash-1\n")

    def test_junit_of_what_failed_in_another_way(self):
        text = junit.suite([junit.Case("a<b>", "x86", 0, "error", "\x1b[1m", "&\0")], 1, "all")
        suite = xml.etree.ElementTree.fromstring(text)
        self.assertEqual((suite.get("errors"), suite.find("testcase/error").text), ("1", "&?"))


class Architectures(Scratch):
    """A third one is not passed over."""

    def test_gate_takes_those_that_there_are(self):
        violation = "gatherfuzz 1\nexpect stale-after-return # why\n"
        self.write("own-range/x86/a.gather", violation)
        self.write("own-range/riscv/a.gather", "gatherfuzz 1\nexpect none\n")
        self.write("own-range/riscv/b.gather", violation)
        self.write("planted/canary/riscv/a.gather", violation)
        self.write("planted/canary/x86/a.gather",
                   "gatherfuzz 1\nexpect none\nexpect stale-after-return under canary\n")
        found = [(policy, arch, os.path.basename(file)) for policy, arch, file in
                 gating.defects(["x86", "riscv"], self.folder)]
        self.assertEqual(found, [("own-range", "riscv", "b.gather"),
                                 ("own-range", "x86", "a.gather"),
                                 ("canary", "riscv", "a.gather")])

    def test_the_gate_asks_for_each(self):
        """tests/command/gate.sh, of a command that has one more than tests/command/gate.txt."""
        self.write("gatherfuzz", f"""#!/bin/sh
            case $1 in
              policies) '{BUILD}/gatherfuzz' policies | sed 's/^architectures:/&\\n  riscv  new/' ;;
              *) exit 1 ;;
            esac\n""")
        os.chmod(self.path("gatherfuzz"), 0o755)
        gate, = glob.glob(f"{SOURCE}/tests/**/gate.sh", recursive=True)
        said = subprocess.run([gate, self.path("gatherfuzz"), SOURCE], stdout=subprocess.PIPE,
                              text=True, check=False).stdout
        self.assertIn("riscv is not in tests/command/gate.txt; run scripts/gate", said)

    def test_names_of_files(self):
        names = subjects.names(["model/arch/arch.cc", "model/arch/riscv.cc", "a/full_mm.cc"])
        self.assertEqual(names, ["riscv", "full-mm"])


class KernelTrees(Scratch):
    def setUp(self):
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(SOURCE)
        self.tree, = glob.glob(f"{SOURCE}/tests/**/kernel_tree/", recursive=True)
        self.tree = self.tree.rstrip("/")

    def test_names_and_paths(self):
        trees = subjects.Trees(["a=" + os.path.basename(self.tree), "b=" + self.tree], ["SMP=y"],
                               os.path.dirname(self.tree))
        self.assertEqual(trees.policies, ["linux@a", "linux@b"])
        self.assertEqual(trees.items, [f"a={self.tree}", f"b={self.tree}"])
        targets = subjects.Targets([], ["x86"], trees)
        self.assertEqual(targets.names, ["linux@a_x86", "linux@b_x86"])

    def test_what_is_wrong(self):
        for items, config, message in (
                ([self.tree, self.tree], [], "two trees are 'linux'"),
                (["/nowhere"], [], "no kernel tree at /nowhere"),
                ([self.tree], ["mips:SMP=y"], "--config: "),
                ([], ["SMP=y"], "--config is of a kernel tree")):
            with self.assertRaisesRegex(command.Problem, message):
                subjects.Trees(items, config, SOURCE)


class Seeds(Scratch):
    """Of a campaign: what of the corpus breaks nothing that must not break."""

    def test_what_a_file_says(self):
        head = "gatherfuzz 1\npolicy own-range\n"
        for lines, clean in (("expect none\n", True), ("expect none  # why\n", True),
                             ("expect none #why\r\n", True), ("", False),
                             ("expect deadlock\n", False), ("expect none under full-mm\n", False),
                             ("expect none\nexpect deadlock under full-mm\n", True),
                             ("intent as expect none\n", False), ("# expect none\n", False),
                             ("expect none\nkernel 6.17\n", False),
                             ("kernel 7.1 # new\nexpect none\n", False),
                             ("memory weak\nexpect none\n", False),
                             ("expect none\ncpu0\n  munmap 0..1\n  exit\n", False),
                             ("intent kernel 6.17 has it\nexpect none\n", True)):
            self.assertEqual(is_clean((head + lines).splitlines(True)), clean, lines)

    def test_of_the_corpus(self):
        binary = os.path.join(BUILD, "gatherfuzz")
        if not os.path.exists(binary):
            self.skipTest("needs the command")
        files = []
        for number, path in enumerate(clean_schedules(os.path.join(SOURCE, "corpus"))):
            files.append(self.path(str(number)))
            subprocess.run([binary, "encode", path, "-o", files[-1]], check=True,
                           stdout=subprocess.DEVNULL)
        self.assertGreater(len(files), 100)
        for target in gatherfuzz.safe_targets(binary):
            policy, arch = target.rsplit("_", 1)
            ran = subprocess.run([binary, "run", "--policy", policy, "--arch", arch, "--expect",
                                  "none", *files], stdout=subprocess.PIPE, text=True, check=False)
            self.assertEqual(ran.returncode, 0, target + "\n" + ran.stdout)


class WhichTests(Scratch):
    def test_patterns_of_long_tests_are_of_files_that_there_are(self):
        """A file that has moved would not be missed otherwise."""
        files = []
        for parent, folders, names in os.walk(SOURCE):
            folders[:] = [name for name in folders if name not in ("build", "out", ".git")]
            files += [os.path.relpath(os.path.join(parent, name), SOURCE) for name in names]
        os.chdir(SOURCE)
        tests = [test for test in listing.tests(BUILD) if test.long]
        self.assertIn("campaign_kills", [test.name for test in tests])
        for test in tests:
            self.assertTrue(test.patterns, test.name)
            for pattern in test.patterns:
                one = test._replace(patterns=(pattern,))
                self.assertTrue(changes.concern(one, files), f"{test.name}: {pattern}")

    def test_changes(self):
        test = listing.Test("t", True, ("fuzz/*", "tests/*t_test.py"), 1, 1.0)
        for files, concerned in ((["fuzz/a/b.cc"], True), (["docs/fuzz/a"], False), ([], False),
                                 (["tests/scripts/t_test.py"], True), (None, True)):
            self.assertEqual(changes.concern(test, files), concerned, files)

    def test_duration(self):
        tests = [listing.Test("t", False, (), processors, seconds)
                 for processors, seconds in ((1, 120), (2, 60), (8, 60))]
        self.assertEqual(times.about(tests, 2), "about 3 min on 2 cores with nothing else to do")
        self.assertTrue(times.about(tests[:1], 8).startswith("about 2 min"))
        self.assertTrue(times.about([], 1).startswith("less than a minute on 1 core "))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
