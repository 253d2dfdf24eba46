# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""What OSS-Fuzz asks of the folder that a build script leaves: checks that run nothing.

Each check says one line to a Report, and goes on, so that a run shows all that is wrong.
"""
import configparser
import os
import pathlib
import re
import subprocess
import zipfile

from report import first

DISCOVERY = b"LLVMFuzzerTestOneInput"  # by it targets are told from other files
NAME = re.compile(r"[A-Za-z0-9_-]+")
TOKEN = re.compile(r'(\w+=)?"((?:[^"\\]|\\\\|\\"|\\x[0-9A-Fa-f]{2})+)"')
LIBRARIES = {
    f"{name}.so.{version}"
    for name, version in [("libpthread", 0), ("libdl", 2), ("libc", 6), ("libm", 6), ("librt", 1)]
} | {"linux-vdso.so.1", "libresolv.so.2", "ld-linux-x86-64.so.2"}


def expected_targets(source):
    """POLICY_ARCH as the policies' own files have it, not the program that the build asks."""
    targets, archs = [], set()
    for file in sorted((source / "model/policies").glob("*.cc")):
        safe = re.search(r'\.safe_on = "([a-z0-9 ]+)"', file.read_text(encoding="utf-8"))
        for arch in safe.group(1).split() if safe else []:
            targets.append(f"{file.stem.replace('_', '-')}_{arch}")
            archs.add(arch)
    return targets + [f"differential_{arch}" for arch in sorted(archs)]


def check_folder(report, out, names):
    """Checks that run nothing."""
    wanted = {name + end for name in names for end in ("", ".dict", ".options", "_seed_corpus.zip")}
    there = {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file()}
    report.say(
        "files",
        first(
            [f"{file} is missing" for file in sorted(wanted - there)]
            + [f"{file} should not be there" for file in sorted(there - wanted)]
        ),
        f"{len(there)}, and no other",
    )
    plain = [file for file in sorted(there) if "." not in file and "/" not in file]
    report.say(
        "names",
        first(f"{file} is no name of a target" for file in plain if not NAME.fullmatch(file)),
        "letters, digits, - and _",
    )
    report.say(
        "executables",
        first(what_is_no_program(out / file) for file in plain),
        "ELF, and may be run",
    )
    report.say(
        "discovery",
        first(wrongly_found(out, file, file in names) for file in sorted(there)),
        "the string is in targets, and in nothing else",
    )
    report.say(
        "libraries", first(foreign_libraries(out / name) for name in names), "of the C library only"
    )
    report.say(
        "seeds",
        first(bad_seeds(out / f"{name}_seed_corpus.zip") for name in names),
        "every target has some",
    )
    report.say(
        "dictionaries", first(bad_dictionary(out / f"{name}.dict") for name in names), "parse"
    )
    report.say("options", first(bad_options(out / f"{name}.options") for name in names), "parse")


def what_is_no_program(file):
    if not file.read_bytes().startswith(b"\x7fELF"):
        return f"{file.name} is no ELF file"
    return None if os.access(file, os.X_OK) else f"{file.name} may not be run"


def wrongly_found(out, file, is_target):
    if (DISCOVERY in (out / file).read_bytes()) == is_target:
        return None
    return (
        f"{file} has no {DISCOVERY.decode()}"
        if is_target
        else f"{file} would be taken for a target"
    )


def foreign_libraries(file):
    if not file.exists():
        return f"{file.name} is missing"
    lines = subprocess.run(
        ["ldd", str(file)], capture_output=True, text=True, check=False
    ).stdout.splitlines()
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
