# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What the command says, read as the JSON that it is."""
import json
import subprocess


def objects(text):
    """Those of a text of one a line; a line that was cut off is none."""
    found = []
    for line in text.splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            pass
    return [value for value in found if isinstance(value, dict)]


def last_object(path):
    """The last one in a file; an empty one if there is none."""
    with open(path, errors="replace", encoding="utf-8") as file:
        return (objects(file.read()) or [{}])[-1]


def listed(gatherfuzz):
    """`gatherfuzz policies`: names of policies, of planted defects, of architectures."""
    found = json.loads(subprocess.run([gatherfuzz, "policies", "--json"], check=True,
                                      stdout=subprocess.PIPE).stdout)
    published = [p["name"] for p in found["policies"] if p["group"] == "published"]
    planted = [p["name"] for p in found["policies"] if p["group"] == "planted"]
    return published, planted, [arch["name"] for arch in found["archs"]]


def verdict_of(gatherfuzz, policy, arch, file):
    """Of one file; None if the run dies."""
    ran = subprocess.run([gatherfuzz, "run", "--json", "--policy", policy, "--arch", arch, file],
                         stdout=subprocess.PIPE, check=False)
    runs = objects(ran.stdout.decode(errors="replace"))
    return runs[-1].get("verdict") if runs else None
