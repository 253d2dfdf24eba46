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
PATHS = {"file": ("-f", "_files"), "files": ("-f", "_files"), "folder": ("-d", "_files -/")}


# Kinds of which the names are no more than parts of a value.
LOOSE = ("variants", "steps", "limits")


def roff(text):
    """Text as it is, whatever it holds."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def usage(flag):
    name = f"\\fB\\-\\-{roff(flag['name'])}\\fR"
    if flag["short"]:
        name = f"\\fB\\-{flag['short']}\\fR, " + name
    value = f" \\fI{roff(flag['value'])}\\fR" if flag["value"] else ""
    return name + value + (",..." if flag["several"] and not flag["several_with"] else "")


def description(flag):
    text = flag["description"]
    if flag["kind"] == "policies":
        groups = ", ".join(flag["values"][:4])  # they come first
        if flag["several_with"]:
            text += f"; with {flag['several_with']} also several, separated by ',', or {groups}"
        elif flag["several"]:
            text += f"; or {groups}"
        text += " ('gatherfuzz policies' lists them)"
    elif flag["values"] and len(flag["values"]) <= 16 and flag["kind"] not in LOOSE:
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


def bash_values(commands):
    """For each flag that takes a value, what that is: names, files or folders."""
    cases = []
    for command in commands:
        for flag in command["flags"]:
            if not flag["value"]:
                continue
            spelled = ["--" + flag["name"], *(["-" + flag["short"]] if flag["short"] else [])]
            after = "|".join(f"{command['name']}:{spelling}" for spelling in spelled)
            what = (f"names={quoted(chr(10).join(flag['values']))}" if flag["values"] else
                    f"paths={PATHS.get(flag['kind'], ('none', ''))[0]}")
            several = " several=1" if flag["several"] else ""
            cases.append(f"    {after}) {what}{several} ;;")
    return "\n".join(cases)


def bash(about):
    """What follows a flag that takes a value is that value; else flags, subcommands or files. Of
    --policy=own readline makes three words, and replaces the last; commas part none."""
    program, commands = about["name"], about["commands"]
    flags, verbs = [], []
    for command in commands:
        names = "\n".join(["--" + flag["name"] for flag in command["flags"]] + ["--help"])
        flags.append(f"    {command['name']}) flags={quoted(names)} ;;")
        if command["verbs"]:
            names = quoted("\n".join(command["verbs"]))
            verbs.append(f"    {command['name']}:2) names={names} ;;")
    names = "\n".join([*(command["name"] for command in commands), "help", "--help", "--version"])
    helped = "\n".join(command["name"] for command in commands)
    return f"""# bash completion for {program}; made from `{program} help --json`
_{program}() {{
  local IFS=$'\\n' word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  local names= paths=-f several= flags= head= each at=$COMP_CWORD
  COMPREPLY=()
  if [ "$word" = = ]; then
    word=
    ((at--))
  fi
  while [ "$at" -gt 1 ] && [ "${{COMP_WORDS[at-1]}}" = = ]; do
    ((at -= 2))
  done
  if [ "$at" -ne "$COMP_CWORD" ] && [[ ${{COMP_WORDS[at]}} == -* ]]; then
    before=${{COMP_WORDS[at]}}
  elif [ "$at" -ne "$COMP_CWORD" ]; then
    before=${{COMP_WORDS[at-1]}}
  fi
  case "${{COMP_WORDS[1]}}:$COMP_CWORD" in
    *:1) names={quoted(names)} ;;
    help:2) names={quoted(helped)} ;;
{chr(10).join(verbs)}
  esac
  case "${{COMP_WORDS[1]}}:$before" in
{bash_values(commands)}
  esac
  case "${{COMP_WORDS[1]}}" in
{chr(10).join(flags)}
  esac
  if [ -z "$names" ] && [[ $word == -* ]] && [ "$at" -eq "$COMP_CWORD" ]; then
    names=$flags
  fi
  if [ -n "$several" ] && [[ $word == *,* ]]; then
    head=${{word%,*}},
    word=${{word##*,}}
  fi
  if [ -n "$names" ]; then
    for each in $(compgen -W "$names" -- "$word"); do
      [[ ",$head" == *",$each,"* ]] || COMPREPLY+=("$head$each")
    done
  elif [ "$paths" != none ]; then
    mapfile -t COMPREPLY < <(compgen -P "$head" "$paths" -- "$word")
  fi
  # Readline quotes what has blanks as it does names of files; no blank follows what goes on.
  if [ -n "$names" ] && [[ $names != *' '* ]]; then
    compopt +o filenames 2>/dev/null
  fi
  if [ ${{#COMPREPLY[@]}} -eq 1 ] && [[ ${{COMPREPLY[0]}} == *= ]]; then
    compopt -o nospace 2>/dev/null
  fi
}}
complete -o filenames -F _{program} {program}
"""


def zsh_text(text):
    """Within a specification of _arguments or _describe."""
    for mark in "\\:[]":
        text = text.replace(mark, "\\" + mark)
    return text


def zsh_value(flag):
    """The action of _arguments for its value."""
    names = " ".join(name.replace(" ", "\\ ") for name in flag["values"])
    if flag["kind"] == "limits":
        names = " ".join(name.rstrip("=") + "\\:N\\:" for name in flag["values"])
    if flag["values"]:
        return f" _values -s , {flag['value']} {names}" if flag["several"] else f"({names})"
    action = PATHS.get(flag["kind"], ("", " "))[1]
    return f" _sequence -s , {action}" if flag["several"] else action


def zsh_flag(flag):
    """Its specifications: of one that has a short form, two."""
    about = f"[{zsh_text(flag['description'])}]"
    if not flag["value"]:
        return [quoted(f"--{flag['name']}{about}")]
    value = f":{zsh_text(flag['value'])}:{zsh_value(flag)}"
    specs = [quoted(f"--{flag['name']}={about}{value}")]
    if flag["short"]:
        specs.append(quoted(f"-{flag['short']}{about}{value}"))
    return specs


def zsh(about):
    program = about["name"]
    commands = [quoted(f"{command['name']}:{zsh_text(command['summary'])}")
                for command in about["commands"]]
    cases = []
    for command in about["commands"]:
        flags = [spec for flag in command["flags"] for spec in zsh_flag(flag)]
        verbs = [f"'1:verb:({' '.join(command['verbs'])})'"] if command["verbs"] else []
        specs = " ".join([*flags, *verbs, "'*:file:_files'"])
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
