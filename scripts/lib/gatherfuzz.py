# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What the command says, read as the JSON that it is."""
import json
import os
import shlex
import subprocess

from lib.command import need
from lib.files import parse_json_lines


def last_object(path):
    """The last one in a file; an empty one if there is none."""
    with open(path, errors="replace", encoding="utf-8") as file:
        return (parse_json_lines(file) or [{}])[-1]


def replay(gatherfuzz, file, stands_in):
    """The line that runs a file again, for who stands in that folder; its path says the policy."""
    return shlex.join([seen_from(gatherfuzz, stands_in, program=True), "run",
                       seen_from(file, stands_in)])


def seen_from(path, folder, program=False):
    """Its name there: relative for what is below, else whole."""
    relative = os.path.relpath(path, folder)
    if relative.startswith(".."):
        return os.path.abspath(path)
    return relative if os.sep in relative or not program else os.path.join(".", relative)


def policies_of(gatherfuzz):
    """`gatherfuzz policies`. A program that two policies of one name are in, or the like, says so
    in place of any answer."""
    said = subprocess.run([gatherfuzz, "policies", "--json"], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = [line for line in said.stderr.splitlines() if line.strip()]
    need(said.returncode == 0, lines[0].removeprefix("gatherfuzz: ") if lines else
         f"'{gatherfuzz} policies' ended with status {said.returncode} and no word")
    return json.loads(said.stdout)


def need_policies(gatherfuzz, names):
    """That they are in this build by these names, whatever their files are called."""
    there = [policy["name"] for policy in policies_of(gatherfuzz)["policies"]]
    for name in names:
        need(name in there, f"this build has no policy '{name}': the file of that name registers "
             "none that is called so")


def listed(gatherfuzz):
    """Names of policies, of planted defects, of architectures that run where none is named."""
    found = policies_of(gatherfuzz)
    published = [p["name"] for p in found["policies"] if p["group"] == "published"]
    planted = [p["name"] for p in found["policies"] if p["group"] == "planted"]
    archs = [arch["name"] for arch in found["archs"] if not arch.get("on_request")]
    return published, planted, archs


def safe_targets(gatherfuzz):
    """POLICY_ARCH of all that are expected to be safe."""
    found = policies_of(gatherfuzz)
    return {f"{policy['name']}_{arch}" for policy in found["policies"]
            for arch in policy["held_safe_on"]}


def run_of(gatherfuzz, policy, arch, file, *flags):
    """What `gatherfuzz run --json` says of one file; empty if the run dies."""
    ran = subprocess.run([gatherfuzz, "run", "--json", "--policy", policy, "--arch", arch, *flags,
                          file], stdout=subprocess.PIPE, check=False)
    runs = parse_json_lines(ran.stdout.decode(errors="replace").splitlines())
    return runs[-1] if runs else {}


def excuse_of(run):
    """Why a violation says nothing against its policy, such as "kernel 6.17"; empty if it does."""
    if not run.get("excused"):
        return ""
    named = [f"{name} {run[name]}" for name in ("kernel", "hardware", "memory") if name in run]
    return ", ".join(named) or "CPUs that switch or sleep"
