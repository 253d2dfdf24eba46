# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Files and folders that may be torn, vanish, or be somebody else's."""
import hashlib
import json
import os


def whole_lines(file):
    """Cuts off half a line at the end; returns where the next one begins."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        begin = max(0, end - 4096)
        file.seek(begin)
        at = file.read(end - begin).rfind(b"\n")
        if at >= 0:
            end = begin + at + 1
            break
        end = begin
    file.truncate(end)
    file.seek(end)
    return end


def read_lines(path):
    """The whole lines of a text file; none if it cannot be read."""
    try:
        with open(path, errors="replace") as file:
            return [line for line in file if line.endswith("\n")]
    except OSError:
        return []


def parse_json_lines(lines):
    """The objects among them."""
    values = []
    for line in lines:
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError):
            pass
    return [value for value in values if isinstance(value, dict)]


def read_json_lines(path):
    return parse_json_lines(read_lines(path))


def read_json(path):
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def sync(path):
    """That a file, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path):
    try:
        os.remove(path)
    except OSError:
        pass


def files_in(folder):
    """Names of the files right in a folder, sorted; none if it is not there."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except OSError:
        return []


def folders_in(folder):
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def sha1_of(path):
    with open(path, "rb") as file:
        return hashlib.sha1(file.read()).hexdigest()


def bytes_in(folder):
    """What a folder takes on the disk."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except OSError:
                pass
    return total
