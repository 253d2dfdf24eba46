#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""shell_files.py COMMAND FOLDER: writes the manual pages and the completions of bash and zsh, from
what COMMAND says of itself (help --json).

FOLDER gets gatherfuzz.1, a gatherfuzz-NAME.1 for each subcommand, gatherfuzz (for bash) and
_gatherfuzz (for zsh).
"""
import json
import os
import subprocess
import sys

# How shells complete a value of one of these kinds.
PATHS = {"file": ("-f", "_files"), "folder": ("-d", "_files -/")}


def roff(text):
    """Text as it is, whatever it holds."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def usage(flag):
    name = f"\\fB\\-\\-{roff(flag['name'])}\\fR"
    if flag["short"]:
        name = f"\\fB\\-{flag['short']}\\fR, " + name
    return name + (f" \\fI{roff(flag['value'])}\\fR" if flag["value"] else "")


def description(flag):
    text = flag["description"]
    if flag["values"] and len(flag["values"]) <= 16:
        text += ": " + ", ".join(flag["values"])
    return text + (f" (default {flag['default']})" if flag["default"] else "")


def head(name, about):
    version = f"{about['name']} {about['version']}"
    return f'.TH {name.upper()} 1 "" "{version}" "{name}"\n'


def exit_statuses(about):
    lines = [".SH EXIT STATUS"]
    for status in about["exit_statuses"]:
        lines += [".TP", str(status["status"]), roff(status["meaning"])]
    return lines


def examples_are():
    """Where the files are that examples name."""
    return [".PP", roff("Files below corpus/ are those of the source tree; a package has them in "
                        "/usr/share/doc/gatherfuzz/examples/, an installation by hand in "
                        "share/doc/gatherfuzz/examples/ below its prefix.")]


def page_of(command, about):
    program, name = about["name"], f"{about['name']}\\-{roff(command['name'])}"
    lines = [".SH NAME", f"{name} \\- {roff(command['summary'])}", ".SH SYNOPSIS",
             f"\\fB{program} {roff(command['name'])}\\fR {roff(command['arguments'])}"]
    if command["notes"]:
        lines.append(".SH DESCRIPTION")
        for note in command["notes"]:
            lines += [".PP", roff(note)]
    if command["flags"]:
        lines.append(".SH OPTIONS")
    for flag in command["flags"]:
        lines += [".TP", usage(flag), roff(description(flag))]
    lines += [".SH EXAMPLES", ".nf", *map(roff, command["examples"]), ".fi",
              *examples_are(), *exit_statuses(about), ".SH SEE ALSO", f"\\fB{program}\\fR(1)"]
    return head(f"{program}-{command['name']}", about) + "\n".join(lines) + "\n"


def main_page(about):
    program = about["name"]
    lines = [".SH NAME", f"{program} \\- {roff(about['summary'])}", ".SH SYNOPSIS",
             f"\\fB{program}\\fR \\fICOMMAND\\fR [FLAGS] FILE...", ".SH COMMANDS"]
    for command in about["commands"]:
        lines += [".TP", f"\\fB{program}\\-{roff(command['name'])}\\fR(1)",
                  roff(command["summary"])]
    return head(program, about) + "\n".join(lines + exit_statuses(about)) + "\n"


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def bash(about):
    """What follows a flag that takes a value is that value; else flags, subcommands or files."""
    program, cases, flags = about["name"], [], []
    for command in about["commands"]:
        names = " ".join("--" + flag["name"] for flag in command["flags"]) + " --help"
        flags.append(f"    {command['name']}) flags={quoted(names)} ;;")
        for flag in command["flags"]:
            if not flag["value"]:
                continue
            spelled = ["--" + flag["name"], *(["-" + flag["short"]] if flag["short"] else [])]
            after = "|".join(f"{command['name']}:{spelling}" for spelling in spelled)
            reply = (f"compgen -W {quoted(' '.join(flag['values']))}" if flag["values"] else
                     f"compgen {PATHS.get(flag['kind'], ('-f', ''))[0]}")
            cases.append(f"    {after}) mapfile -t COMPREPLY < <({reply} -- \"$word\"); return ;;")
    names = " ".join([*(command["name"] for command in about["commands"]), "help"])
    return f"""# bash completion for {program}; made from `{program} help --json`
_{program}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} flags=
  if [ "$COMP_CWORD" -eq 1 ] || {{ [ "$COMP_CWORD" -eq 2 ] && [ "$before" = help ]; }}; then
    mapfile -t COMPREPLY < <(compgen -W {quoted(names + ' --help --version')} -- "$word")
    return
  fi
  case "${{COMP_WORDS[1]}}:$before" in
{chr(10).join(cases)}
  esac
  case "${{COMP_WORDS[1]}}" in
{chr(10).join(flags)}
  esac
  case "$word" in
    -*) mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
  esac
}}
complete -o filenames -F _{program} {program}
"""


def zsh_text(text):
    """Within a specification of _arguments or _describe."""
    for mark in "\\:[]":
        text = text.replace(mark, "\\" + mark)
    return text


def zsh_flag(flag):
    spec = f"--{flag['name']}[{zsh_text(flag['description'])}]"
    if flag["value"]:
        value = (f"({' '.join(flag['values'])})" if flag["values"] else
                 PATHS.get(flag["kind"], ("", " "))[1])
        spec += f":{zsh_text(flag['value'])}:{value}"
    return quoted(spec)


def zsh(about):
    program = about["name"]
    commands = [quoted(f"{command['name']}:{zsh_text(command['summary'])}")
                for command in about["commands"]]
    cases = []
    for command in about["commands"]:
        specs = " ".join([*map(zsh_flag, command["flags"]), "'*:file:_files'"])
        cases.append(f"    {command['name']}) _arguments {specs} ;;")
    return f"""#compdef {program}
# made from `{program} help --json`
_{program}() {{
  local -a commands
  commands=({' '.join(commands)})
  if (( CURRENT == 2 )) || [[ $CURRENT -eq 3 && $words[2] == help ]]; then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
{chr(10).join(cases)}
  esac
}}
_{program} "$@"
"""


def main(command, folder):
    about = json.loads(subprocess.run([command, "help", "--json"], capture_output=True, text=True,
                                      check=True).stdout)
    program = about["name"]
    files = {f"{program}.1": main_page(about), program: bash(about), f"_{program}": zsh(about)}
    for one in about["commands"]:
        files[f"{program}-{one['name']}.1"] = page_of(one, about)
    os.makedirs(folder, exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
