# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# What the tests of commands share; to be sourced with `gatherfuzz`, a path, and `verb`, the words
# of the command under test, set. Goes to a folder that is removed at the end; counts `failures`.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0

# expect STATUS [PATTERN] -- ARGUMENT...: runs the command; PATTERN must match what it prints.
expect() {
  local status=$1 pattern='' got
  shift
  if [ "$1" != -- ]; then pattern=$1; shift; fi
  shift
  "$gatherfuzz" "${verb[@]}" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
  got=$?
  if [ "$got" -ne "$status" ] ||
    { [ -n "$pattern" ] && ! grep -Eq -- "$pattern" "$scratch/out" "$scratch/err"; }; then
    echo "gatherfuzz ${verb[*]} $*: exit status $got, expected $status and /$pattern/"
    cat "$scratch/out" "$scratch/err"
    failures=$((failures + 1))
  fi
}
# interrupt PID: Ctrl-C to a gatherfuzz that was just started, once it looks after that.
interrupt() {
  until [ "/proc/$1/exe" -ef "$gatherfuzz" ] &&
    grep -Eq '^SigCgt:.*[2367abef]$' "/proc/$1/status" || ! kill -0 "$1"; do
    sleep 0.02
  done 2>/dev/null
  kill -INT "$1" 2>/dev/null
}
check() { "$@" || { echo "failed: $*"; failures=$((failures + 1)); }; }
