#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What scripts/campaign runs once all is built: takes up the campaign in a folder, and goes on."""
import argparse
import os
import re
import socket
import subprocess
import sys

from campaigns.campaign import BadCampaign, Campaign, open_settings
from campaigns.exchange import exchange
from campaigns.folder import Folder
from campaigns.status import Status
from campaigns.supervisor import Supervisor
from lib.command import Problem
from lib.gatherfuzz import policies_of
from lib.terminal import say

DEFAULTS = {"jobs": os.cpu_count() or 1, "engines": ["libfuzzer", "afl"], "turn": 60,
            "disk": 4096, "memory": 2048}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="scripts/campaign", add_help=False)
    parser.add_argument("folder")
    parser.add_argument("--build", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--exchange", action="store_true")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--host")
    parser.add_argument("--called-in", default=".")  # the folder that the person stands in
    parser.add_argument("--targets", type=lambda text: text.split(","))
    parser.add_argument("--options", default="")  # for scripts/campaign, when it goes on
    parser.add_argument("--engines", type=lambda text: text.split(","))
    for name in ("jobs", "turn", "disk", "memory"):
        parser.add_argument("--" + name, type=int)
    return parser.parse_args(arguments)


def settings_of(options):
    given = {name: getattr(options, name) for name in
             ("host", "targets", "engines", "jobs", "turn", "disk", "memory")}
    settings = {**DEFAULTS, **open_settings(options.folder, given), "called_in": options.called_in}
    settings.setdefault("host", re.sub(r"[^A-Za-z0-9_]", "_", socket.gethostname())[:20] or "host")
    if not re.fullmatch(r"[A-Za-z0-9_]{1,20}", settings["host"]):
        raise BadCampaign(f"--host: up to 20 letters, digits and '_', not '{settings['host']}'")
    return settings


def held_safe(gatherfuzz, targets):
    """Those of the targets that must not break. All must be in this build."""
    safe_on = {policy["name"]: policy["held_safe_on"]
               for policy in policies_of(gatherfuzz)["policies"]}
    for target in targets:
        if target.rsplit("_", 1)[0] not in safe_on:
            raise BadCampaign(f"this build has no policy for {target}; pass --kernel as before")
    return [target for target in targets
            if target.rsplit("_", 1)[1] in safe_on[target.rsplit("_", 1)[0]]]


def main():
    options = parse(sys.argv[1:])
    status = Status()
    try:
        settings = settings_of(options)
        folder = Folder(options.folder, settings["host"])
        folder.make(settings["targets"])
        if not folder.lock():
            raise BadCampaign(f"{options.folder}: another campaign is running there")
        campaign = Campaign(folder, settings, lambda message: _say(folder, status, message))
        campaign.take_programs(options.build)
        campaign.safe = set(held_safe(campaign.engines.program("gatherfuzz"), campaign.targets))
        if options.options:
            folder.write(folder.at("local", "options.json"), options.options)
        campaign.open()
        campaign.plant_seeds(options.corpus)
        if options.exchange:
            return 0 if exchange(campaign) else 1
        why = Supervisor(campaign, status).run(options.seconds)
    except (BadCampaign, Problem, OSError, subprocess.SubprocessError) as error:
        say(f"scripts/campaign: {error}")
        return 2
    except KeyboardInterrupt:  # before the supervisor looks after signals
        return 130
    if campaign.findings.alarming:
        return 1
    return 0 if why == "finished" else 130 if why.startswith("stopped by") else 3


def _say(folder, status, message):
    folder.log(message)
    status.say(message)


if __name__ == "__main__":
    sys.exit(main())
