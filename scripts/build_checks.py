# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What OSS-Fuzz, ClusterFuzzLite and FuzzBench ask of what a build script leaves, as checks of a folder.

Each check says one line to a Report, and goes on, so that a run shows all that is wrong. Nothing
here builds, but for the folder that is checked nothing is written outside of `scratch`.
"""
import configparser
import json
import os
import pathlib
import re
import shutil
import subprocess
import zipfile

DISCOVERY = b"LLVMFuzzerTestOneInput"  # by it targets are told from other files
NAME = re.compile(r"[A-Za-z0-9_-]+")
TOKEN = re.compile(r'(\w+=)?"((?:[^"\\]|\\\\|\\"|\\x[0-9A-Fa-f]{2})+)"')
LIBRARIES = {"linux-vdso.so.1", "libc.so.6", "libm.so.6", "libresolv.so.2", "libpthread.so.0", "libdl.so.2",
             "librt.so.1", "ld-linux-x86-64.so.2"}
EDGES = 100
COVERED_LINES = 50  # percent of model/ and harness/; the seeds of three targets reach 54
NOBODY = 65534


class Report:
    """Counts checks and prints a line for each, unless it is to be silent."""

    def __init__(self, silent=False):
        self.good = self.bad = 0
        self.variant = ""
        self.silent = silent
        self.failed = []

    def say(self, check, problem, detail=""):
        if problem:
            self.bad += 1
            self.failed.append(check)
        else:
            self.good += 1
        if not self.silent:
            print(f"{'BAD' if problem else 'ok '} {self.variant}: {check}: {problem or detail}", flush=True)


def first(problems):
    """The first of what is wrong, and how many more; None if nothing is."""
    problems = [problem for problem in problems if problem]
    if not problems:
        return None
    return problems[0] + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else "")


def expected_targets(source):
    """POLICY_ARCH for what the policies' own files hold to be safe: not asked of the program that the build asks."""
    targets, archs = [], set()
    for file in sorted((source / "model/policies").glob("*.cc")):
        safe = re.search(r'\.safe_on = "([a-z0-9 ]+)"', file.read_text(encoding="utf-8"))
        for arch in safe.group(1).split() if safe else []:
            targets.append(f"{file.stem.replace('_', '-')}_{arch}")
            archs.add(arch)
    return targets + [f"differential_{arch}" for arch in sorted(archs)]


# The folder as it stands.

def check_folder(report, out, names):
    """Checks that run nothing."""
    wanted = {name + end for name in names for end in ("", ".dict", ".options", "_seed_corpus.zip")}
    there = {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file()}
    report.say("files", first([f"{file} is missing" for file in sorted(wanted - there)] +
                              [f"{file} should not be there" for file in sorted(there - wanted)]),
               f"{len(there)}, and no other")
    plain = [file for file in sorted(there) if "." not in file and "/" not in file]
    report.say("names", first(f"{file} is no name of a target" for file in plain if not NAME.fullmatch(file)),
               "letters, digits, - and _")
    report.say("executables", first(what_is_no_program(out / file) for file in plain), "ELF, and may be run")
    report.say("discovery", first(wrongly_found(out, file, file in names) for file in sorted(there)),
               "the string is in targets, and in nothing else")
    report.say("libraries", first(foreign_libraries(out / name) for name in names), "of the C library only")
    report.say("seeds", first(bad_seeds(out / f"{name}_seed_corpus.zip") for name in names), "every target has some")
    report.say("dictionaries", first(bad_dictionary(out / f"{name}.dict") for name in names), "parse")
    report.say("options", first(bad_options(out / f"{name}.options") for name in names), "parse")


def what_is_no_program(file):
    if not file.read_bytes().startswith(b"\x7fELF"):
        return f"{file.name} is no ELF file"
    return None if os.access(file, os.X_OK) else f"{file.name} may not be run"


def wrongly_found(out, file, is_target):
    if (DISCOVERY in (out / file).read_bytes()) == is_target:
        return None
    return f"{file} has no {DISCOVERY.decode()}" if is_target else f"{file} would be taken for a target"


def foreign_libraries(file):
    if not file.exists():
        return f"{file.name} is missing"
    lines = subprocess.run(["ldd", str(file)], capture_output=True, text=True, check=False).stdout.splitlines()
    names = {pathlib.Path(line.split()[0]).name for line in lines if line.split()}
    more = sorted(names - LIBRARIES)
    return f"{file.name} needs {', '.join(more)}" if more or not names else None


def bad_seeds(file):
    try:
        with zipfile.ZipFile(file) as seeds:
            sizes = [entry.file_size for entry in seeds.infolist()]
    except (OSError, zipfile.BadZipFile) as error:
        return f"{file.name}: {error}"
    if not sizes:
        return f"{file.name} is empty"
    return None if max(sizes) <= 4096 else f"{file.name} has a seed of {max(sizes)} bytes"


def bad_dictionary(file):
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeError) as error:
        return f"{file.name}: {error}"
    tokens = [line for line in lines if line and not line.startswith("#")]
    wrong = [line for line in tokens if not TOKEN.fullmatch(line)]
    if wrong or not tokens:
        return f"{file.name}: no token: {wrong[0] if wrong else 'none at all'}"
    return None


def bad_options(file):
    options = configparser.ConfigParser()
    try:
        options.read_string(file.read_text(encoding="ascii"))
        if not 0 < options.getint("libfuzzer", "max_len") <= 4096:
            return f"{file.name}: max_len"
    except (OSError, ValueError, configparser.Error) as error:
        return f"{file.name}: {error}".replace("\n", " ")
    unknown = set(options.sections()) - {"libfuzzer", "asan", "ubsan", "msan"}
    return f"{file.name}: no such section: {unknown.pop()}" if unknown else None


# Programs that run.

def run(command, folder, seconds=60, **environment):
    """Runs as nobody in a folder that cannot be written to, without the build's variables."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o555)
    kept = {"PATH": os.environ["PATH"], "UBSAN_OPTIONS": "silence_unsigned_overflow=0"} | environment

    def give_up_rights():
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
    try:
        done = subprocess.run([str(part) for part in command], cwd=folder, env=kept, capture_output=True, text=True,
                              errors="replace", timeout=seconds, preexec_fn=give_up_rights, check=False)
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return -1, f"did not end in {seconds} seconds"


def check_behaviour(report, variant, out, names, scratch):
    """Checks that run the targets; which, depends on how they were built."""
    seeds = {name: unpack(out / f"{name}_seed_corpus.zip", scratch / "seeds" / name) for name in names}
    if variant == "afl":
        report.say("AFL++", first(afl_start(out / name, seeds[name], scratch / name) for name in names),
                   f"all set and ready to roll, in persistent mode, {EDGES} edges or more")
        return
    if variant == "libc++":
        report.say("replay", first(bad_standalone(out / name, seeds[name], scratch) for name in names),
                   "clean, with a main() of ours")
        return
    check_libfuzzer(report, out, names, seeds, scratch)
    if variant == "coverage":
        check_coverage(report, out, names, seeds, scratch)
        return
    report.say("fuzzing", first(bad_fuzzing(out / name, scratch) for name in names), "500 runs, nothing found")
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
    lines = [line for line in text.splitlines() if "runtime error" in line or "gatherfuzz:" in line or "ERROR" in line]
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
    report.say("replay", first(replays), f"{sum(len(list(f.iterdir())) for f in seeds.values())} seeds are clean")


def bad_fuzzing(target, scratch):
    status, text = run([target, "-seed=1", "-runs=500"], scratch / "readonly")
    if status == 0 and quiet(text):
        return None
    return complaint(target.name, "500 runs do not end well", status, text)


def few_edges(out, names, scratch):
    edges = {}
    for name in names:
        _, text = run([out / name, "-runs=1"], scratch / "readonly")
        found = re.search(r"INFO: Loaded \d+ modules?\s+\((\d+) (?:inline 8-bit counters|guards)\)", text)
        edges[name] = int(found.group(1)) if found else 0
    return first(f"{name} has {count} edges, fewer than {EDGES}" for name, count in edges.items()
                 if count < EDGES), min(edges.values())


def wrong_calls(variant, out, names):
    """Calls of the sanitizers' runtimes, against the thresholds of OSS-Fuzz's bad_build_check."""
    problems, least = [], None
    for name in names:
        listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(out / name)], capture_output=True,
                                 text=True, check=False).stdout
        asan, ubsan = (len(re.findall(rf"callq?\s+[0-9a-f]+ <{which}", listing)) for which in ("__asan", "__ubsan"))
        least = min(least or (asan, ubsan), (asan, ubsan))
        if variant == "address" and (asan < 1000 or ubsan > 200):
            problems.append(f"{name} has {asan} calls of ASan, {ubsan} of UBSan: not an ASan build")
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
        status, text = run([out / name, "-merge=1", "-timeout=100", into, seeds[name]], scratch / "readonly",
                           LLVM_PROFILE_FILE=str(profiles / f"{name}.%p.profraw"), TMPDIR=str(profiles))
        if status != 0:
            problems.append(complaint(name, "-merge=1 does not end well", status, text))
    report.say("merge", first(problems), "of the seeds")
    merged = profiles / "all.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "-o", str(merged), *map(str, profiles.glob("*.profraw"))], check=False)
    objects = [part for name in names[1:] for part in ("-object", str(out / name))]
    summary = subprocess.run(["llvm-cov-19", "export", "-summary-only", f"-instr-profile={merged}", str(out / names[0]),
                              *objects, "-ignore-filename-regex=/(usr|fuzz|policies/planted)/"],
                             capture_output=True, text=True, check=False).stdout
    lines = json.loads(summary)["data"][0]["totals"]["lines"]["percent"] if summary else 0
    report.say("coverage", None if lines >= COVERED_LINES else
               f"{lines:.0f}% of the lines of model/ and harness/, fewer than {COVERED_LINES}%",
               f"{lines:.0f}% of the lines of model/ and harness/")


def afl_start(target, seeds, folder):
    folder.mkdir()
    environment = {"PATH": os.environ["PATH"], "AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_TRY_AFFINITY": "1",
                   "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1"}
    done = subprocess.run(["afl-fuzz", "-V", "3", "-t", "10000", "-i", str(seeds), "-o", str(folder / "out"), "--",
                           str(target)], capture_output=True, text=True, errors="replace", env=environment,
                          stdin=subprocess.DEVNULL, timeout=120, check=False)
    for needed in ("All set and ready to roll", "Persistent mode binary detected"):
        if needed not in done.stdout:
            lines = [line for line in done.stdout.splitlines() if "ABORT" in line or "[-]" in line]
            return f"{target.name}: not '{needed}' (status {done.returncode}): {lines[-1] if lines else ''}"
    stats = (folder / "out/default/fuzzer_stats").read_text(encoding="utf-8")
    edges = int(re.search(r"^total_edges\s*: (\d+)", stats, re.M).group(1))
    return f"{target.name} has {edges} edges, fewer than {EDGES}" if edges < EDGES else None


def bad_standalone(target, seeds, scratch):
    files = sorted(seeds.iterdir())
    status, text = run([target, *files], scratch / "readonly")
    if status == 0 and f"ran {len(files)} inputs" in text:
        return None
    return complaint(target.name, "its seeds are not clean", status, text)


# FuzzBench.

def benchmark_names(source):
    return sorted(file.parent.name for file in (source / "fuzzbench").glob("*/benchmark.yaml"))


def read_truth(folder):
    return json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))


def check_benchmark(report, build, truth):
    """The stored seeds are clean, and each stored reproducer is a violation of its kind."""
    scratch = build.folder / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    target = build.out / truth["fuzz_target"]
    seeds = build.out / "seeds"
    if not target.exists() or not seeds.is_dir() or not any(seeds.iterdir()):
        report.say("files", f"{truth['fuzz_target']} or its seeds are missing in OUT")
        return
    report.say("seeds", bad_standalone(target, seeds, scratch), f"{len(list(seeds.iterdir()))} are clean")
    kit, problems = build.work / "gatherfuzz/fuzz/fuzz_kit", []
    for number, reproducer in enumerate(truth["reproducers"]):
        text, encoded = scratch / f"{number}.gather", scratch / str(number)
        text.write_text(reproducer["text"], encoding="utf-8")
        subprocess.run([str(kit), "encode", str(text), str(encoded)], check=True)
        status, said = run([target, encoded], scratch / "readonly")
        if status == 0 or f"DEDUP_TOKEN: {reproducer['kind']}-" not in said:
            problems.append(complaint(reproducer["file"], f"does not show {reproducer['kind']}", status, said))
    report.say("reproducers", first(problems), f"{len(truth['reproducers'])} show what they are for")


# Files that others' services read.

def check_workflows(report, source):
    import yaml  # of a package that only this needs
    modes, problems = {"pr": "code-change", "batch": "batch", "prune": "prune", "coverage": "coverage"}, []
    for name, mode in modes.items():
        file = source / f".github/workflows/cflite_{name}.yml"
        try:
            workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            problems.append(f"{file.name}: {error}".replace("\n", " "))
            continue
        problems += workflow_problems(file, workflow, mode)
    report.say("workflows", first(problems), ", ".join(modes))


def workflow_problems(file, workflow, mode):
    text = file.read_text(encoding="utf-8")
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    used = [step["uses"] for step in steps]
    if used != [f"google/clusterfuzzlite/actions/{action}@v1" for action in ("build_fuzzers", "run_fuzzers")]:
        yield f"{file.name}: builds and runs by other actions than ClusterFuzzLite's"
    if steps[-1]["with"].get("mode") != mode:
        yield f"{file.name}: its mode is not {mode}"
    if any(right != "read" for right in workflow["permissions"].values()):
        yield f"{file.name}: may write"
    if mode == "code-change" and ("pull_request_target" in text or "secrets.CFLITE" in text):
        yield f"{file.name}: a pull request must not get a secret"
    if mode in ("code-change", "batch"):
        matrix = next(iter(workflow["jobs"].values()))["strategy"]["matrix"]
        if matrix != {"sanitizer": ["address", "undefined"]}:
            yield f"{file.name}: not address and undefined"


def check_projects(report, source):
    import yaml
    projects = {".clusterfuzzlite": {"language"},
                "oss-fuzz": {"language", "homepage", "main_repo", "primary_contact", "sanitizers", "fuzzing_engines"}}
    problems = []
    for folder, keys in projects.items():
        project = yaml.safe_load((source / folder / "project.yaml").read_text(encoding="utf-8"))
        if not keys <= set(project) or project["language"] != "c++":
            problems.append(f"{folder}/project.yaml lacks one of {', '.join(sorted(keys))}")
        context = source if folder == ".clusterfuzzlite" else source / folder
        problems += dockerfile_problems(source / folder, context)
    for name in benchmark_names(source):
        problems += benchmark_problems(source / "fuzzbench" / name, yaml)
        problems += dockerfile_problems(source / "fuzzbench" / name, source / "fuzzbench" / name)
    report.say("projects", first(problems), f"ClusterFuzzLite, OSS-Fuzz, {len(benchmark_names(source))} benchmarks")


def dockerfile_problems(folder, context):
    lines = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
    if not any(re.match(r"FROM gcr\.io/oss-fuzz-base/base-builder(@sha256:[0-9a-f]{64}|:\w+)?$", line) for line in lines):
        yield f"{folder.name}/Dockerfile: not from base-builder"
    for line in lines:
        for part in line.split()[1:-1] if line.startswith("COPY ") else []:
            if not (context / part).exists():
                yield f"{folder.name}/Dockerfile: copies {part}, which is not in its context"
    if not os.access(folder / "build.sh", os.X_OK):
        yield f"{folder.name}/build.sh may not be run"


def benchmark_problems(folder, yaml):
    benchmark = yaml.safe_load((folder / "benchmark.yaml").read_text(encoding="utf-8"))
    if not re.fullmatch(r"[a-z0-9_.-]+", folder.name):
        yield f"{folder.name} is no name of a benchmark"
    for key, form in (("commit", r"[0-9a-f]{40}"), ("commit_date", r"\d{4}-\d\d-\d\d[T ].*"), ("fuzz_target", NAME)):
        if not re.fullmatch(form, str(benchmark.get(key))):
            yield f"{folder.name}/benchmark.yaml: {key} is '{benchmark.get(key)}'"
    if benchmark.get("fuzz_target") != read_truth(folder)["fuzz_target"]:
        yield f"{folder.name}: benchmark.yaml and ground-truth.json name different targets"
