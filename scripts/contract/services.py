# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Files that services read: workflows, projects, benchmarks with their ground truth."""
import json
import os
import re
import shutil
import subprocess

import yaml

import folder as folder_checks
import running
from report import first


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
    report.say(
        "seeds",
        running.bad_standalone(target, seeds, scratch),
        f"{len(list(seeds.iterdir()))} are clean",
    )
    kit, problems = build.work / "gatherfuzz/fuzz/fuzz_kit", []
    for number, reproducer in enumerate(truth["reproducers"]):
        text, encoded = scratch / f"{number}.gather", scratch / str(number)
        text.write_text(reproducer["text"], encoding="utf-8")
        subprocess.run([str(kit), "encode", str(text), str(encoded)], check=True)
        status, said = running.run([target, encoded], scratch / "readonly")
        if status == 0 or f"DEDUP_TOKEN: {reproducer['kind']}-" not in said:
            problems.append(
                running.complaint(
                    reproducer["file"], f"does not show {reproducer['kind']}", status, said
                )
            )
    report.say(
        "reproducers", first(problems), f"{len(truth['reproducers'])} show what they are for"
    )


def check_workflows(report, source):
    modes, problems = {
        "pr": "code-change",
        "batch": "batch",
        "prune": "prune",
        "coverage": "coverage",
    }, []
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
    if used != [
        f"google/clusterfuzzlite/actions/{action}@v1" for action in ("build_fuzzers", "run_fuzzers")
    ]:
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
    projects = {
        ".clusterfuzzlite": {"language"},
        "oss-fuzz": {
            "language",
            "homepage",
            "main_repo",
            "primary_contact",
            "sanitizers",
            "fuzzing_engines",
        },
    }
    problems = []
    for folder, keys in projects.items():
        project = yaml.safe_load((source / folder / "project.yaml").read_text(encoding="utf-8"))
        if not keys <= set(project) or project["language"] != "c++":
            problems.append(f"{folder}/project.yaml lacks one of {', '.join(sorted(keys))}")
        context = source if folder == ".clusterfuzzlite" else source / folder
        problems += dockerfile_problems(source / folder, context)
    for name in benchmark_names(source):
        problems += benchmark_problems(source / "fuzzbench" / name)
        problems += dockerfile_problems(source / "fuzzbench" / name, source / "fuzzbench" / name)
    report.say(
        "projects",
        first(problems),
        f"ClusterFuzzLite, OSS-Fuzz, {len(benchmark_names(source))} benchmarks",
    )


def dockerfile_problems(folder, context):
    lines = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
    if not any(
        re.match(r"FROM gcr\.io/oss-fuzz-base/base-builder(@sha256:[0-9a-f]{64}|:\w+)?$", line)
        for line in lines
    ):
        yield f"{folder.name}/Dockerfile: not from base-builder"
    for line in lines:
        for part in line.split()[1:-1] if line.startswith("COPY ") else []:
            if not (context / part).exists():
                yield f"{folder.name}/Dockerfile: copies {part}, which is not in its context"
    if not os.access(folder / "build.sh", os.X_OK):
        yield f"{folder.name}/build.sh may not be run"


def benchmark_problems(folder):
    benchmark = yaml.safe_load((folder / "benchmark.yaml").read_text(encoding="utf-8"))
    if not re.fullmatch(r"[a-z0-9_.-]+", folder.name):
        yield f"{folder.name} is no name of a benchmark"
    for key, form in (
        ("commit", r"[0-9a-f]{40}"),
        ("commit_date", r"\d{4}-\d\d-\d\d[T ].*"),
        ("fuzz_target", folder_checks.NAME),
    ):
        if not re.fullmatch(form, str(benchmark.get(key))):
            yield f"{folder.name}/benchmark.yaml: {key} is '{benchmark.get(key)}'"
    if benchmark.get("fuzz_target") != read_truth(folder)["fuzz_target"]:
        yield f"{folder.name}: benchmark.yaml and ground-truth.json name different targets"
