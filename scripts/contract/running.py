# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What OSS-Fuzz asks of targets that run: a start, a replay, coverage, AFL++.

Nothing is written outside of `scratch`.
"""
import json
import os
import re
import subprocess
import zipfile

from report import first

EDGES = 100
COVERED_LINES = 50  # percent of model/ and harness/; the seeds of three targets reach 54
NOBODY = 65534


def run(command, folder, seconds=1800, **environment):
    """Runs as nobody in a folder that cannot be written to, without the build's variables."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o555)
    kept = {
        "PATH": os.environ["PATH"],
        "UBSAN_OPTIONS": "silence_unsigned_overflow=0",
    } | environment

    def give_up_rights():
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)

    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env=kept,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            preexec_fn=give_up_rights,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return -1, f"did not end in {seconds} seconds"


def check_behaviour(report, variant, out, names, scratch):
    """Checks that run the targets; which, depends on how they were built."""
    seeds = {
        name: unpack(out / f"{name}_seed_corpus.zip", scratch / "seeds" / name) for name in names
    }
    if variant == "afl":
        report.say(
            "AFL++",
            first(afl_start(out / name, seeds[name], scratch / name) for name in names),
            f"all set and ready to roll, in persistent mode, {EDGES} edges or more",
        )
        return
    if variant == "libc++":
        report.say(
            "replay",
            first(bad_standalone(out / name, seeds[name], scratch) for name in names),
            "clean, with a main() of ours",
        )
        return
    check_libfuzzer(report, out, names, seeds, scratch)
    if variant == "coverage":
        check_coverage(report, out, names, seeds, scratch)
        return
    report.say(
        "fuzzing",
        first(bad_fuzzing(out / name, scratch) for name in names),
        "500 runs, nothing found",
    )
    problems, fewest = few_edges(out, names, scratch)
    report.say("edges", problems, f"at least {fewest} in each (of {EDGES} asked for)")
    if variant in ("address", "undefined"):
        problems, detail = wrong_calls(variant, out, names)
        report.say("instrumentation", problems, detail)


def unpack(file, folder):
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(file) as seeds:
            seeds.extractall(folder)
    except (OSError, zipfile.BadZipFile):
        pass  # said by the check of seeds
    return folder


def complaint(name, what, status, text):
    lines = [
        line
        for line in text.splitlines()
        if "runtime error" in line or "gatherfuzz:" in line or "ERROR" in line
    ]
    return f"{name}: {what} (status {status}){': ' + lines[0] if lines else ''}"


def quiet(text):
    return "runtime error" not in text


def check_libfuzzer(report, out, names, seeds, scratch):
    starts, replays = [], []
    for name in names:
        status, text = run([out / name, "--", "-seed=1337", "-runs=4"], scratch / "readonly")
        if status != 0 or "Done 4 runs" not in text or not quiet(text):
            starts.append(complaint(name, "-seed=1337 -runs=4 does not end well", status, text))
        status, text = run([out / name, "-runs=0", seeds[name]], scratch / "readonly")
        if status != 0 or not quiet(text):
            replays.append(complaint(name, "its seeds are not clean", status, text))
    report.say("start", first(starts), "4 runs as nobody, in a folder that cannot be written to")
    report.say(
        "replay",
        first(replays),
        f"{sum(len(list(f.iterdir())) for f in seeds.values())} seeds are clean",
    )


def bad_fuzzing(target, scratch):
    status, text = run([target, "-seed=1", "-runs=500"], scratch / "readonly")
    if status == 0 and quiet(text):
        return None
    return complaint(target.name, "500 runs do not end well", status, text)


def few_edges(out, names, scratch):
    edges = {}
    for name in names:
        _, text = run([out / name, "-runs=1"], scratch / "readonly")
        found = re.search(
            r"INFO: Loaded \d+ modules?\s+\((\d+) (?:inline 8-bit counters|guards)\)", text
        )
        edges[name] = int(found.group(1)) if found else 0
    return first(
        f"{name} has {count} edges, fewer than {EDGES}"
        for name, count in edges.items()
        if count < EDGES
    ), min(edges.values())


def wrong_calls(variant, out, names):
    """Calls of the sanitizers' runtimes, against the thresholds of OSS-Fuzz's bad_build_check."""
    problems, least = [], None
    for name in names:
        listing = subprocess.run(
            ["objdump", "-d", "--no-show-raw-insn", str(out / name)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        asan, ubsan = (
            len(re.findall(rf"callq?\s+[0-9a-f]+ <{which}", listing))
            for which in ("__asan", "__ubsan")
        )
        least = min(least or (asan, ubsan), (asan, ubsan))
        if variant == "address" and (asan < 1000 or ubsan > 200):
            problems.append(f"{name} has {asan} calls of ASan, {ubsan} of UBSan: not an ASan build")
        if variant == "address" and re.search(r"call.*<__asan_stack_malloc", listing):
            problems.append(f"{name} moves locals off the stack, which fibers need there")
        if variant == "undefined" and (asan > 0 or ubsan < 168):
            problems.append(f"{name} has {ubsan} calls of UBSan, {asan} of ASan: not a UBSan build")
    return first(problems), f"at least {least[0]} calls of ASan, {least[1]} of UBSan"


def check_coverage(report, out, names, seeds, scratch):
    """As OSS-Fuzz takes it: a merge of the corpus, so that a crash does not lose the profile."""
    profiles = scratch / "profiles"
    profiles.mkdir(mode=0o777)
    profiles.chmod(0o777)
    problems = []
    for name in names:
        into = profiles / f"{name}.corpus"
        into.mkdir()
        into.chmod(0o777)
        status, text = run(
            [out / name, "-merge=1", "-timeout=100", into, seeds[name]],
            scratch / "readonly",
            LLVM_PROFILE_FILE=str(profiles / f"{name}.%p.profraw"),
            TMPDIR=str(profiles),
        )
        if status != 0:
            problems.append(complaint(name, "-merge=1 does not end well", status, text))
    report.say("merge", first(problems), "of the seeds")
    merged = profiles / "all.profdata"
    subprocess.run(
        ["llvm-profdata-19", "merge", "-o", str(merged), *map(str, profiles.glob("*.profraw"))],
        check=False,
    )
    objects = [part for name in names[1:] for part in ("-object", str(out / name))]
    summary = subprocess.run(
        [
            "llvm-cov-19",
            "export",
            "-summary-only",
            f"-instr-profile={merged}",
            str(out / names[0]),
            *objects,
            "-ignore-filename-regex=/(usr|fuzz|policies/planted)/",
        ],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    lines = json.loads(summary)["data"][0]["totals"]["lines"]["percent"] if summary else 0
    report.say(
        "coverage",
        None
        if lines >= COVERED_LINES
        else f"{lines:.0f}% of the lines of model/ and harness/, fewer than {COVERED_LINES}%",
        f"{lines:.0f}% of the lines of model/ and harness/",
    )


def afl_start(target, seeds, folder):
    folder.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "AFL_NO_UI": "1",
        "AFL_SKIP_CPUFREQ": "1",
        "AFL_TRY_AFFINITY": "1",
        "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1",
    }
    done = subprocess.run(
        [
            "afl-fuzz",
            "-V",
            "3",
            "-t",
            "10000",
            "-i",
            str(seeds),
            "-o",
            str(folder / "out"),
            "--",
            str(target),
        ],
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=1800,
        check=False,
    )
    for needed in ("All set and ready to roll", "Persistent mode binary detected"):
        if needed not in done.stdout:
            lines = [line for line in done.stdout.splitlines() if "ABORT" in line or "[-]" in line]
            last = lines[-1] if lines else ""
            return f"{target.name}: not '{needed}' (status {done.returncode}): {last}"
    stats = (folder / "out/default/fuzzer_stats").read_text(encoding="utf-8")
    edges = int(re.search(r"^total_edges\s*: (\d+)", stats, re.M).group(1))
    return f"{target.name} has {edges} edges, fewer than {EDGES}" if edges < EDGES else None


def bad_standalone(target, seeds, scratch):
    files = sorted(seeds.iterdir())
    status, text = run([target, *files], scratch / "readonly")
    if status == 0 and f"ran {len(files)} inputs" in text:
        return None
    return complaint(target.name, "its seeds are not clean", status, text)
