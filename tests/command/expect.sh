# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# What the tests of commands share; to be sourced with `gatherfuzz`, a path, and `verb`, the words of
# the command under test, set. Goes to a folder that is removed at the end; counts `failures`.
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
  "$gatherfuzz" "${verb[@]}" "$@" >out 2>err </dev/null
  got=$?
  if [ "$got" -ne "$status" ] ||
    { [ -n "$pattern" ] && ! grep -Eq -- "$pattern" out err; }; then
    echo "gatherfuzz ${verb[*]} $*: exit status $got, expected $status and /$pattern/"
    cat out err
    failures=$((failures + 1))
  fi
}
check() { "$@" || { echo "failed: $*"; failures=$((failures + 1)); }; }
