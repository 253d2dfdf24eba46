#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The report of a fuzzing campaign, as one page of HTML that needs nothing else.

  report.py DIR   writes DIR/report.html

Reads campaign.json, history.jsonl, findings.jsonl, log and triage/index.json of DIR, as far as they
are there (report_data.py). The page is a function of these files and of the time it is made at
(its script adds how long ago things were when it is read), and bounded in size: of long lists it
has the beginning, of long curves fewer points.
"""
import base64
import hashlib
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
if HERE not in sys.path:  # also as a module that something in another folder loads
    sys.path.insert(0, HERE)

# pylint: disable=wrong-import-position
from report_curves import all_curves, sparkline
from report_data import late_share, load, number, text, texts, totals
from report_text import count, counted, duration, link, moment, shown

MOST_LISTED, MOST_OPEN = 300, 30  # violations; those after the newest are folded
MOST_OF_A_COMMAND = 1000  # letters, of two paths
SILENT = 900  # seconds, or three turns; a campaign that runs says something more often
FLAT, SLOW = 0.002, 0.02  # shares of all features in the last tenth; steady growth has a tenth


def asset(name):
    """A file that becomes part of the page."""
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def head(title):
    """Up to the body. Nothing may be loaded, and only the page's own script runs."""
    script = asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'">
<title>{title}</title>
<style>
{asset("report.css")}</style>
<script type="module">{script}</script>
</head>
<body>
"""


def running(campaign, now):
    """Whether it runs, since when, and how long it did."""
    about = campaign.about
    state, started = text(about.get("state")), number(about.get("started"))
    updated = campaign.updated
    reason = text(about.get("reason"))
    reason = f" ({shown(reason)})" if reason not in ("", state) else ""
    since = f" since {moment(started)}" if started is not None else ""
    patience = max(SILENT, 3 * (number(about.get("turn")) or 0))
    if state == "running" and now - updated > patience:
        return (f"<b>Silent</b> since {moment(updated)}, and not ended: it was killed, or hangs. "
                f"It had run for {duration(campaign.end)}{since}")
    if state == "running":
        return (f"<b>Running</b>{reason}{since}, for {duration(campaign.end)} "
                f"until {moment(updated)}")
    if state in ("stopped", "finished"):
        begun = f"; begun {moment(started)}" if started is not None else ""
        return (f"<b>{state.capitalize()}</b>{reason} {moment(updated)} after "
                f"{duration(campaign.end)}{begun}")
    return ("<b>State unknown</b>, as campaign.json does not say it. Ran for "
            f"{duration(campaign.end)}")


def share_tested(campaign):
    """Of each count of violations: how much it speaks of."""
    tested = sum(target.tested for target in campaign.targets)
    return f"{count(tested)} of {counted(len(campaign.targets), 'target')}"


def state_sentence(campaign, now):
    """The one sentence to read."""
    before, last = totals(campaign.targets, [campaign.end * 0.9, campaign.end])
    rate = last.schedules / campaign.end if campaign.end else 0
    lately = ""
    if campaign.end >= 3600:
        late = (last.schedules - before.schedules) / (campaign.end - before.at)
        lately = f" ({count(late)} in the last tenth of that time)"
    found = [finding for finding in campaign.findings if finding.engine != "known"]
    known = len(campaign.findings) - len(found)
    newest = max((finding.time for finding in found if finding.time is not None), default=None)
    age = f", the last of them {moment(newest)}" if newest is not None else ""
    of = f" in {share_broken(found)}" if found else ""
    tested = f"{share_tested(campaign)} tested; " if campaign.targets else ""
    given = f" (and {count(known)} known before)" if known else ""
    return (f"{running(campaign, now)}: {counted(last.schedules, 'schedule')} at {count(rate)} per "
            f"second{lately}; {tested}{counted(len(found), 'distinct violation')}{of}{age}{given}.")


def share_broken(findings):
    """How many targets they are of."""
    return counted(len({finding.target for finding in findings}), "target")


def safe_sentence(campaign):
    """What the policies expected to be safe did, which is what matters most."""
    safe = [target for target in campaign.targets if target.safe]
    broken = [target for target in campaign.targets if target.broken]
    if broken:
        names = ", ".join(
            f"<b>{shown(target.policy)}</b> on {shown(target.arch)} "
            f"({shown(', '.join(sorted({f.kind for f in target.broken})))})"
            for target in broken[:20])
        more = f" and {len(broken) - 20} more" if len(broken) > 20 else ""
        return (f'<p class="verdict bad"><span aria-hidden=true>&#10007;</span> '
                f"Expected to be safe, and broken: {names}{more}.</p>\n")
    if not safe:
        why = ("none of them is expected to be safe" if "safe" in campaign.about
               else "the campaign does not record which are expected to be safe")
        return f'<p class="verdict">No verdict on safety: {why}.</p>\n'
    if any(not target.tested for target in campaign.targets):
        return untested_sentence(campaign.targets, safe)
    policies = len({target.policy for target in safe})
    what = "The policy" if policies == 1 else f"None of the {policies} policies"
    verb = "was not" if policies == 1 else "was"
    schedules = sum(target.last.schedules for target in safe)
    return (f'<p class="verdict good"><span aria-hidden=true>&#10003;</span> {what} expected to be '
            f"safe {verb} broken, in {counted(len(safe), 'target')} and "
            f"{counted(schedules, 'schedule')}.{excused_sentence(safe)}</p>\n")


def excused_sentence(safe):
    """Why a policy that is not broken has violations all the same."""
    found = [finding for target in safe for finding in target.findings]
    if not found:
        return ""
    excuses = ", ".join(sorted({finding.excuse for finding in found}))
    return (f" {counted(len(found), 'violation')} of theirs "
            f"{'says' if len(found) == 1 else 'say'} nothing against them: under {shown(excuses)}, "
            "they are not expected to be safe.")


def untested_sentence(targets, safe):
    """In place of the verdict while there is none yet."""
    tested = [target for target in safe if target.tested]
    waiting = [target for target in targets if not target.tested]
    names = ", ".join(f"{shown(target.policy)} on {shown(target.arch)}{hardly(target)}"
                      for target in waiting[:20])
    more = f" and {len(waiting) - 20} more" if len(waiting) > 20 else ""
    held = "; these did not break" if tested else ""
    return (f'<p class="verdict">No verdict yet: {count(len(tested))} of '
            f"{counted(len(safe), 'target')} expected to be safe tested{held}. "
            f"Not tested: {names}{more}.</p>\n")


def hardly(target):
    """Of one that counts as not tested although an engine was on it."""
    return (f" (hardly: {counted(target.last.schedules, 'schedule')})" if target.last.schedules
            else "")


def facts(campaign, now):
    """How it is run, as campaign.json says."""
    about, limits = campaign.about, campaign.about.get("limits")
    limits = limits if isinstance(limits, dict) else {}
    ran = texts(about.get("engines_run" if "engines_run" in about else "engines"))
    not_yet = [engine for engine in texts(about.get("engines")) if engine not in ran]
    why = (f"; not yet {shown(', '.join(not_yet))}, since a short turn has one of them"
           if ran and not_yet else "")
    rows = [("host", shown(text(about.get("host")))),
            ("engines", (shown(", ".join(ran)) or "-") + why)]
    for key, name, unit in (("jobs", "jobs", ""),
                            ("turn", "a turn at most", " s, less where the time is short")):
        if number(about.get(key)) is not None:
            rows.append((name, f"{count(about[key])}{unit}"))
    for key, name in (("disk_mb", "disk at most"), ("memory_mb", "memory at most")):
        if number(limits.get(key)) is not None:
            rows.append((name, f"{count(limits[key])} MB"))
    rows += [("fuzz_any's SHA-1", f"<code>{shown(text(about.get('build')))}</code>"
              if text(about.get("build")) else ""), ("page made", moment(now))]
    items = "".join(f"<div><dt>{name}</dt> <dd>{value}</dd></div>\n" for name, value in rows
                    if value)
    return f"<dl>\n{items}</dl>\n"


def links(campaign, finding):
    """What there is to open of a violation, and how small triage made it."""
    policy, _, arch = finding.target.rpartition("_")
    group = campaign.triaged.get((policy, arch, finding.signature, bool(finding.excuse)))
    out = []
    if group and link(group["folder"]):
        for file, name in (("page.html", "page"), ("explanation.txt", "explanation"),
                           ("schedule.gather", "schedule")):
            path = f"triage/{group['folder']}/{file}"
            if os.path.exists(os.path.join(campaign.folder, path)):
                out.append(f'<a href="{link(path)}">{name}</a>')
    for path in dict.fromkeys(finding.files):
        if link(path) and os.path.isfile(os.path.join(campaign.folder, path)):
            name = "crash" if path == finding.files[0] else "file"
            out.append(f'<a href="{link(path)}">{name}</a>')
    if not group:
        return " ".join(out + ["<span class=dim>not made small yet</span>"])
    steps, preemptions = number(group.get("steps")), number(group.get("preemptions"))
    size = [counted(preemptions, "preemption")] if preemptions is not None else []
    size += [counted(steps, "step")] if steps is not None else []
    proven = ["none shorter exists"] if group.get("proven") is True else []
    return " ".join(out + [f"<span class=dim>{', '.join(size + proven)}</span>"])


def named(target):
    """A target: its policy, and its architecture."""
    policy, _, arch = target.rpartition("_")
    return f"{shown(policy, 60)} <span class=dim>{shown(arch, 20)}</span>"


def broken_at_plus(signature):
    """A signature, which may go on in another line between its parts."""
    return shown(signature).replace("+", "+<wbr>")


def violation(campaign, finding):
    """A row."""
    when = f"{duration(finding.at)}" if finding.at is not None else "-"
    tag = "<br><b class=bad>expected safe</b>" if finding.safe else ""
    under = (f"<br><span class=dim>under {shown(finding.excuse)}, which says nothing against the "
             "policy</span>" if finding.excuse else "")
    engine = "known before" if finding.engine == "known" else shown(finding.engine, 40) or "-"
    return (f"<tr{' class=alarm' if finding.safe else ''}>"
            f"<td class=short>{moment(finding.time)}</td>"
            f"<td class=short data-name=after>{when}</td>"
            f"<th scope=row class=short>{named(finding.target)}{tag}</th>"
            f"<td><b>{shown(finding.kind, 60)}</b><br>"
            f"<code>{broken_at_plus(finding.signature)}</code>{under}<br>\n"
            f"{links(campaign, finding)}</td>"
            f"<td class=short data-name=by>{engine} "
            f"<span class=dim>{shown(finding.host, 40)}</span></td></tr>\n")


def violation_table(campaign, findings):
    """A row each."""
    heads = "".join(f"<th scope=col>{name}</th>" for name in
                    ("found", "after", "policy", "violation", "by"))
    rows = "".join(violation(campaign, finding) for finding in findings)
    return (f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n")


def violations(campaign):
    """The newest first, those of policies expected to be safe above all."""
    unlisted = sum(max(0, target.last.found - len(target.findings)) for target in campaign.targets)
    lost = (f"<p>The history counts {count(unlisted)} more, which findings.jsonl does not have."
            "</p>\n" if unlisted else "")
    if not campaign.findings:
        none = f"None; {share_tested(campaign)} tested." if campaign.targets else "None so far."
        return f"<h2>Violations</h2>\n<p class=dim>{none}</p>\n{lost}"
    lost += ("<p class=dim>To replay one, from the folder of this page: <code>local/bin/gatherfuzz "
             "run share/TARGET/crashes/HOST/FILE</code>; the path says policy and architecture.</p>\n")
    listed = sorted(reversed(campaign.findings), key=lambda finding: not finding.safe)
    first = max(MOST_OPEN, sum(finding.safe for finding in listed))
    older = listed[first:MOST_LISTED]
    folded = (f"<details><summary>{count(len(older))} older</summary>\n"
              f"{violation_table(campaign, older)}</details>\n" if older else "")
    more = (f"<p class=dim>And {count(len(listed) - MOST_LISTED)} more, in findings.jsonl.</p>\n"
            if len(listed) > MOST_LISTED else "")
    return (f"<h2>Violations</h2>\n{lost}"
            f"{violation_table(campaign, listed[:min(first, MOST_LISTED)])}{folded}{more}")


def growth(target):
    """Whether more time is worth it: a word and the share of features that came late."""
    share = late_share(target)
    if share is None:
        return "early", ""
    word = "flat" if share < FLAT else "slowing" if share < SLOW else "growing"
    return word, f"{100 * share:.2g} %"


def target_row(target):
    """A row of the table by target."""
    last = target.last
    if not target.tested:
        said = (f"hardly tested: {counted(last.schedules, 'schedule')}" if last.schedules
                else "not tested yet")
        cells = f"<td colspan=8 class=dim>{said}</td>"
    else:
        word, share = growth(target)
        rate = last.schedules / last.seconds if last.seconds else 0
        values = (("schedules", count(last.schedules)), ("per second", count(rate)),
                  ("core time", duration(last.seconds)), ("corpus", count(last.corpus)),
                  ("features", count(last.features) if last.features else "-"),
                  ("violations", count(max(len(target.findings), last.found))),
                  ("since new feature", duration(last.seconds - target.new_feature)))
        cells = "".join(f'<td class=number data-name="{name}">{value}</td>'
                        for name, value in values)
        cells += f"<td class=short>{sparkline(target)} <b class={word}>{word}</b> {share}</td>"
    tag = "" if not target.safe else " <span class=tag>expected safe</span>"
    if target.broken:
        tag = " <b class=bad>expected safe, broken</b>"
    return f"<tr><th scope=row>{named(target.name)}{tag}</th>{cells}</tr>\n"


def by_target(campaign):
    """All targets, by policy, and where more time is worth little."""
    if not campaign.targets:
        return ""
    words = [growth(target)[0] for target in campaign.targets]
    flat = words.count("flat")
    judged = len(words) - words.count("early")
    sentence = "It is too early to say where features grow." if not judged else (
        f"Features have gone flat on {flat} of {counted(judged, 'target')}: more time there is "
        f"worth little. They grow on {words.count('growing')}.")
    names = ("schedules", "per second", "core time", "corpus", "features", "violations",
             "since new feature")
    heads = "".join(f"<th scope=col class=number>{name}</th>" for name in names)
    rows = "".join(map(target_row, campaign.targets))
    return (f"<h2>Targets</h2>\n<p>{sentence}</p>\n<table>\n<thead><tr><th scope=col>target</th>"
            f"{heads}<th scope=col>growth of features</th></tr></thead>\n<tbody>\n{rows}</tbody>\n"
            "</table>\n<p class=dim>Times and rates are of one core. Growth is the share of a "
            "target's features that the last tenth of its time found: flat is less than "
            f"{100 * FLAT:.1f} %, growing {100 * SLOW:.0f} % or more. Early: under ten samples or "
            "a minute. What AFL++ has found is in corpus and features once it is merged, at the "
            "end of a turn or when the campaign goes on.</p>\n")


def log(campaign):
    """What the campaign said, newest first; what is to be copied has a line of its own, whole."""
    if not campaign.log:
        return ""
    lines = []
    for line in reversed(campaign.log):
        said, replays, command = line.rstrip("\r").partition("; replay: ")
        lines.append(shown(said, 240))
        if replays:
            lines.append("  replay: " + shown(command, MOST_OF_A_COMMAND))
    lines = "\n".join(lines)
    return ("<h2 id=log>Log, newest first</h2>\n<pre tabindex=0 role=region aria-labelledby=log>"
            f"{lines}</pre>\n")


def render(campaign_dir, now):
    """The whole page."""
    campaign = load(campaign_dir)
    host = text(campaign.about.get("host"))
    title = "gatherfuzz campaign" + (f" on {shown(host, 60)}" if host else "")
    curves = all_curves(campaign) if campaign.end else "<p class=dim>Nothing was run yet.</p>\n"
    return (f"{head(title)}<main>\n<h1>{title}</h1>\n<p class=state>{state_sentence(campaign, now)}"
            f"</p>\n{safe_sentence(campaign)}{facts(campaign, now)}<h2>Over time</h2>\n{curves}"
            f"{violations(campaign)}{by_target(campaign)}{log(campaign)}</main>\n</body>\n"
            "</html>\n")


def remove_leftovers(campaign_dir):
    """What reports left half written that were killed."""
    for name in os.listdir(campaign_dir):
        stem, _, pid = name.rpartition(".")
        if stem != ".report.html" or not pid.isdecimal():
            continue
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            os.unlink(os.path.join(campaign_dir, name))
        except (OSError, OverflowError):
            pass  # it is still being written


def write(campaign_dir, now):
    """Writes DIR/report.html, whole or not at all. Raises OSError if it cannot."""
    page = render(campaign_dir, now)
    remove_leftovers(campaign_dir)
    unfinished = os.path.join(campaign_dir, f".report.html.{os.getpid()}")
    try:
        with open(unfinished, "w", encoding="utf-8") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, os.path.join(campaign_dir, "report.html"))
    except OSError:
        if os.path.exists(unfinished):
            os.unlink(unfinished)
        raise


def main(arguments):
    """The command; its exit status."""
    if arguments in (["--help"], ["-h"]):
        print(__doc__)
        return 0
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("report.py: usage: report.py DIR", file=sys.stderr)
        return 2
    if not os.path.isdir(arguments[0]):
        print(f"report.py: '{arguments[0]}' is no folder; name that of a campaign", file=sys.stderr)
        return 2
    try:
        write(arguments[0], time.time())
    except OSError as error:
        print(f"report.py: cannot write the report: {error}", file=sys.stderr)
        return 2
    print(os.path.join(arguments[0], "report.html"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
