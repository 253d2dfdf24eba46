# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Numbers, times and text of others as a report shows them, in HTML."""
import html
import time
import urllib.parse

NO_BREAK = "\N{NO-BREAK SPACE}"
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def shown(text, most=200):
    """Text of others: printable ASCII as it is, all else as bytes, cut at a length; escaped."""
    cut = text if len(text) <= most else text[:most] + "..."
    plain = "".join(
        c if " " <= c <= "~" and c != "\\" else
        "".join(f"\\x{byte:02x}" for byte in c.encode("utf-8", "surrogatepass")) for c in cut)
    return html.escape(plain)


def link(path):
    """A relative path as an address: no scheme, nothing above the folder. Else None."""
    parts = path.split("/")
    if not path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        return None
    return "./" + urllib.parse.quote(path.encode("utf-8", "surrogatepass"))


def count(value):
    """12,345 or 1.23 M."""
    for size, name in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")):
        if value >= size:
            scaled = value / size
            return f"{scaled:.{3 - len(str(int(scaled)))}f}{NO_BREAK}{name}"
    if 0 < value < 10 and value != int(value):
        return f"{value:.1f}"
    return f"{value:,.0f}"


def counted(value, name):
    """1 violation, 2 violations."""
    return f"{count(value)} {name}{'' if value == 1 else 's'}"


def duration(seconds):
    """The two largest units: 2 d 14 h, 3 min 20 s; not broken at the end of a line."""
    seconds = max(0, round(seconds))
    for i, (size, name) in enumerate(UNITS):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            less = rest // UNITS[i + 1][0] if size > 1 else 0
            small = f" {less} {UNITS[i + 1][1]}" if less else ""
            return f"{whole} {name}{small}".replace(" ", NO_BREAK)
    return f"0{NO_BREAK}s"


def moment(when):
    """A time of the calendar, which stays true however late the page is read; its script adds how
    long ago that is then. A dash for none."""
    try:
        there = time.gmtime(when)
        return (f'<time datetime="{time.strftime("%Y-%m-%dT%H:%M:%SZ", there)}">'
                f'{time.strftime("%Y-%m-%d %H:%M UTC", there).replace(" ", NO_BREAK)}</time>')
    except (TypeError, ValueError, OverflowError, OSError):
        return "-"


def time_ticks(end, most=6):
    """Where a time axis is marked: whole units, from seconds to weeks, a few of them."""
    steps = list(STEPS)
    while steps[-1] * most < end:
        steps.append(steps[-1] * 2 if steps[-1] != 4 * 86400 else 7 * 86400)
    step = next(step for step in steps if step * most >= end)
    return [step * i for i in range(int(end // step) + 1)]


def value_ticks(top, most=4):
    """Where an axis of counts is marked: whole numbers, 1, 2 or 5 of a power of ten apart."""
    step = 1
    while step * most < top:
        digit = str(step)[0]
        step = step * 5 // 2 if digit == "2" else step * 2
    return [step * i for i in range(int(top // step) + 1)]
