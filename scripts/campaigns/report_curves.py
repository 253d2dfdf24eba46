# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Curves of a report, as SVG: sums over all targets with axes, and small ones in a table's row.

A drawing has as many units as pixels it is meant for, about, so that its text stays readable.
"""
from bisect import bisect_right

from report_data import thinned, totals
from report_text import NO_BREAK, count, duration, time_ticks, value_ticks

MOST_POINTS = 400
WIDTH, HEIGHT = 380, 190
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 8, 22  # around the curve


def coordinates(points, end, top, left=0, width=1.0, bottom=0, height=1.0):
    """Points as SVG has them; those that fall together are one."""
    out = []
    for at, value in points:
        pair = f"{left + width * at / end:.1f},{bottom - height * value / top:.1f}"
        if not out or out[-1] != pair:
            out.append(pair)
    return " ".join(out)


def label(value):
    """A round number: 20 G, not 20.0 G."""
    digits, space, unit = count(value).partition(NO_BREAK)
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + space + unit


def axes(end, top):
    """Lines and labels."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    out = []
    for value in value_ticks(top):
        y = bottom - (bottom - TOP) * value / top
        out.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>'
                   f'<text class="up" x="{LEFT - 5}" y="{y + 4:.1f}">{label(value)}</text>')
    for at in time_ticks(end):
        x = LEFT + (right - LEFT) * at / end
        out.append(f'<path class="tick" d="M{x:.1f} {bottom}v4"/>'
                   f'<text class="along" x="{x:.1f}" y="{HEIGHT - 5}">{duration(at)}</text>')
    return "".join(out)


def curve(name, points, end, taken=True):
    """A figure of one curve; `points` are of at most MOST_POINTS times, in order. What was not
    counted yet has a dash."""
    end, last = end or 1, points[-1][1]
    top = max(max(value for _, value in points), 1) * 1.05
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    line = coordinates(points, end, top, LEFT, right - LEFT, bottom, bottom - TOP)
    said = f"{name} over {duration(end)}: from {count(points[0][1])} to {count(last)}"
    return (f'<figure><figcaption>{name} <b>{count(last) if taken else "-"}</b></figcaption>\n'
            f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}" '
            f'data-end="{end:.6g}" data-top="{top:.6g}" data-box="{LEFT} {right} {TOP} {bottom}">'
            f'{axes(end, top)}<path class="axis" d="M{LEFT} {bottom}H{right}"/>'
            f'<polyline class="line" points="{line}"/>'
            f'<path class="at" d=""/><text class="said" y="{TOP + 11}"></text></svg></figure>\n')


def steps(moments, end):
    """The count of what happened at these moments, as stairs."""
    points = [(0, 0)]
    for i in thinned(range(len(moments)), MOST_POINTS // 2 - 1):
        points += [(moments[i], points[-1][1]), (moments[i], i + 1)]
    return points + [(end, len(moments))]


def sums(campaign):
    """The totals at the times of samples, few enough of them, from zero to the end."""
    times = {sample.at for target in campaign.targets for sample in target.samples}
    return totals(campaign.targets, thinned(sorted(times | {0, campaign.end}), MOST_POINTS))


def all_curves(campaign):
    """The figures, and what they show as a table for whom a drawing tells nothing."""
    points = sums(campaign)
    found = sorted(finding.at or 0 for finding in campaign.findings)
    fields = (("schedules", "Schedules"), ("features", "Features, of all targets"),
              ("corpus", "Corpus files"))
    figures = [curve(name, [(point.at, getattr(point, field)) for point in points], campaign.end,
                     field != "features" or points[-1].features > 0) for field, name in fields]
    figures.append(curve("Distinct violations", steps(found, campaign.end), campaign.end))
    rows = "".join(
        f"<tr><th scope=row>{duration(point.at)}</th>"
        + "".join(f"<td class=number>{count(getattr(point, field))}</td>" for field, _ in fields)
        + f"<td class=number>{bisect_right(found, point.at)}</td></tr>\n"
        for point in thinned(points, 13))
    heads = "".join(f"<th scope=col class=number>{name}</th>" for name in
                    ("Schedules", "Features", "Corpus", "Violations"))
    return (f'<div class="curves">\n{"".join(figures)}</div>\n'
            "<details><summary>The same in numbers</summary>\n<table class=plain><thead><tr>"
            f"<th scope=col>After</th>{heads}</tr></thead>\n<tbody>{rows}</tbody></table>\n"
            "</details>\n")


def sparkline(target):
    """A target's features over its own time; of no more than its row has room for."""
    points = [(sample.seconds, sample.features) for sample in thinned(target.samples, 48)]
    if len(points) < 2 or not target.last.seconds or not target.last.features:
        return ""
    line = coordinates(points, target.last.seconds, target.last.features, 1, 88, 19, 17)
    said = f"features: {count(points[0][1])} at first, {count(points[-1][1])} now"
    return (f'<svg class="spark" viewBox="0 0 90 20" role="img" aria-label="{said}">'
            f'<polyline class="line" points="{line}"/></svg>')
