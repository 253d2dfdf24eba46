#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The work of scripts/check_build: what is built, in which environments."""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import breakage
import folder as folder_checks
import running
from report import Report

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FEW = ["full-mm_x86", "widen-range_arm64", "differential_x86"]
UNDEFINED = (
    "array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return,"
    "returns-nonnull-attribute,shift,signed-integer-overflow,{}unreachable,vla-bound,vptr"
)
BASE = "-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
LIBFUZZER = "-fsanitize=fuzzer-no-link"
# The flags that the base images document, by sanitizer: CFLAGS, and the engine.
FLAGS = {
    "address": f"-fsanitize=address -fsanitize-address-use-after-scope {LIBFUZZER}",
    "undefined": f"-fsanitize={UNDEFINED.format('unsigned-integer-overflow,')}"
    f" -fno-sanitize-recover={UNDEFINED.format('')} {LIBFUZZER}",
    "coverage": "-fprofile-instr-generate -fcoverage-mapping -pthread -Wl,--no-as-needed -Wl,-ldl"
    " -Wl,-lm -Wno-unused-command-line-argument",
    "none": LIBFUZZER,
    "afl": "",  # its compilers do what is to be done
    "libc++": "-stdlib=libc++",
    "benchmarks": "",
}
COMPILERS = {"afl": ("afl-clang-fast", "afl-clang-fast++")}  # of all others, clang 19


class Build:
    """One environment: SRC, OUT, WORK and what a build script finds in it."""

    def __init__(self, name, folder, jobs):
        self.name = name
        self.folder = folder / name
        self.out, self.src = self.folder / "out", self.folder / "src"
        self.work = folder / "work"  # one for all, as helper.py of OSS-Fuzz has it
        self.jobs = jobs
        shutil.rmtree(self.out, ignore_errors=True)
        for part in (self.out, self.work, self.src):
            part.mkdir(parents=True, exist_ok=True)
        (self.src / "gatherfuzz").unlink(missing_ok=True)
        (self.src / "gatherfuzz").symlink_to(SOURCE)

    def environment(self, engine, **more):
        flags = f"{BASE} {FLAGS[self.name]}".strip()
        compiler = COMPILERS.get(self.name, ("clang-19", "clang++-19"))
        kept = {
            key: os.environ[key]
            for key in ("PATH", "HOME", "CCACHE_DIR", "CMAKE_CXX_COMPILER_LAUNCHER")
            if key in os.environ
        }
        return (
            kept
            | {
                "SRC": str(self.src),
                "OUT": str(self.out),
                "WORK": str(self.work),
                "CC": compiler[0],
                "CXX": compiler[1],
                "CFLAGS": flags,
                "CXXFLAGS": flags,
                "GATHERFUZZ_JOBS": str(self.jobs),
                "AFL_QUIET": "1",
            }
            | {engine[0]: engine[1]}
            | more
        )

    def run(self, script, environment):
        """Whether the script ended well. What it said is in a log."""
        log = self.folder / "build.log"
        with open(log, "w", encoding="utf-8") as out:
            status = subprocess.run(
                ["bash", "-eu", str(script)],
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.src,
                timeout=14400,
                check=False,
            ).returncode
        if status != 0:
            lines = log.read_text(errors="replace").splitlines()
            told = [
                line for line in lines if re.search("error:|CMake Error|undefined", line)
            ] or lines[-1:]
            return f"{script.name} ended with {status}: {told[0][:200] if told else ''} ({log})"
        return None

    def standalone(self):
        """The engine without an engine, as an object."""
        built = self.folder / "standalone.o"
        subprocess.run(
            [
                "clang++-19",
                "-std=c++20",
                *FLAGS[self.name].split(),
                "-c",
                str(SOURCE / "fuzz/engine_standalone.cc"),
                "-o",
                str(built),
            ],
            check=True,
        )
        return ("LIB_FUZZING_ENGINE", str(built))

    def engine(self):
        if self.name == "afl":
            return ("LIB_FUZZING_ENGINE", "/usr/lib/afl/libAFLDriver.a")
        if self.name == "libc++":
            return self.standalone()
        return ("LIB_FUZZING_ENGINE", "-fsanitize=fuzzer")


def check_targets(report, build, few):
    """Builds the targets, all of them or a few, and holds them against what is asked for."""
    environment = build.environment(build.engine())
    expected = FEW if few else folder_checks.expected_targets(SOURCE)
    if few:
        environment["GATHERFUZZ_FUZZ"] = " ".join(FEW)
    problem = build.run(build.src / "gatherfuzz/.clusterfuzzlite/build.sh", environment)
    report.say("build", problem, f"{len(expected)} targets")
    if problem:
        return False
    names = [f"fuzz_{target}" for target in expected]
    folder_checks.check_folder(report, build.out, names)
    scratch = build.folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    running.check_behaviour(report, build.name, build.out, names, scratch)
    return True


def check_libcxx_syntax(report):
    """Sources for other engines, too. All of model/ and harness/ is in the targets."""
    bad = []
    for source in sorted((SOURCE / "fuzz").glob("*.cc")):
        result = subprocess.run(
            [
                "clang++-19",
                "-std=c++20",
                "-stdlib=libc++",
                "-fsyntax-only",
                f"-I{SOURCE}",
                str(source),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            bad.append(result.stderr.splitlines()[0])
    report.say("fuzz/ compiles", bad[0] if bad else None, "each source, for whatever engine")


def check_benchmark(report, build, name):
    """FuzzBench, with our engine: the stored seeds are clean, the stored reproducers are not."""
    import services

    folder = SOURCE / "fuzzbench" / name
    truth = services.read_truth(folder)
    environment = build.environment(("FUZZER_LIB", build.standalone()[1]))
    script = build.src / "build.sh"
    shutil.copy(folder / "build.sh", script)
    shutil.rmtree(build.src / "seeds", ignore_errors=True)
    shutil.copytree(folder / "seeds", build.src / "seeds")
    problem = build.run(script, environment)
    report.say("build", problem, name)
    if problem is None:
        services.check_benchmark(report, build, truth)


def check(report, name, options, folder):
    """One variant."""
    if name in ("workflows", "benchmarks"):
        import services  # needs a package that the others do without
    if name == "workflows":
        services.check_workflows(report, SOURCE)
        services.check_projects(report, SOURCE)
        return
    build = Build(name, folder, options.jobs)
    if name == "benchmarks":
        names = services.benchmark_names(SOURCE)
        for benchmark in names if options.whole else names[-1:]:
            check_benchmark(report, build, benchmark)
        return
    if name == "libc++":
        check_libcxx_syntax(report)
    built = check_targets(report, build, few=name != "address" and not options.whole)
    if built and options.breakage and name in ("address", "none"):
        breakage.check(report, build)


def main():
    names = [*FLAGS, "workflows"]
    parser = argparse.ArgumentParser(prog="check_build")
    parser.add_argument("--sanitizer", action="append", choices=names)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--breakage", action="store_true")
    parser.add_argument("--keep")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    folder = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="check_build-")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # targets are run as nobody
    report = Report()
    try:
        for name in options.sanitizer or names:
            report.variant = name
            check(report, name, options, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{report.good} checks are well, {report.bad} are not")
    return 1 if report.bad else 0


if __name__ == "__main__":
    sys.exit(main())
