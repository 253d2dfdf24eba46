#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# gatherfuzz export as a person and a script meet it. What it writes is also built and run:
# exported_test.
#   export_command.sh GATHERFUZZ SOURCE COMPILER
set -uo pipefail
gatherfuzz=$1 source=$2 compiler=$3
mail=$source/corpus/00-the-mail.gather
verb=(export)
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
compiles() {
  check "$compiler" -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I "$source" -x c++ "$1"
}

# The stored test is what the command writes, byte for byte.
expect 0 -- --gtest "$mail"
check cmp out "$source/tests/regression/the_mail_test.cc"
expect 0 -- --gtest "$mail" -o the_mail_test.cc
check test ! -s out
check cmp the_mail_test.cc "$source/tests/regression/the_mail_test.cc"
check grep -qx \
  "// stale-after-return in cpu1's madvise(MADV_DONTNEED) of 2..4 under own-range on x86." \
  the_mail_test.cc
check grep -qx 'TEST(OwnRangeOnX86, StaleAfterReturnIn00TheMail) {' the_mail_test.cc

# A clean run expects none, and no signature.
expect 0 'EXPECT_EQ\(Verdict\(schedule, "full-mm", "x86"\), "none"\);' \
  -- --gtest --policy full-mm "$mail"
check grep -q 'TEST(FullMmOnX86, NoViolationIn00TheMail)' out
check test "$(grep -c ignature out)" -eq 0

# Bytes: the first member of the family that violates, with its switches named by their steps.
sed '/^order/,$d' "$mail" >orders.gather  # in the plain order, it is clean
"$gatherfuzz" encode orders.gather -o family
printf '\077' | dd of=family bs=1 seek=14 conv=notrunc 2>/dev/null
on=(--policy own-range --arch arm64)
expect 2 'family: says no policy; pass --policy' -- --gtest family
expect 0 'ASSERT_EQ\(Verdict\(schedule, "own-range", "arm64"\), "stale-after-return"\);' \
  -- --gtest "${on[@]}" family
check grep -Eq '^      (cpu|inv|walk)[0-9] until [a-z_]+' out
check test "$(grep -Ec '^      [a-z]+[0-9] [0-9]+$|^      rest .' out)" -eq 0
expect 0 'NoViolationInFamily' -- --gtest "${on[@]}" --member 0 family
expect 0 -- --gtest --policy full-mm --arch x86 --member 5 family
check test "$(grep -Ec '^      rest .' out)" -eq 0
expect 2 'family: has no member 64' -- --gtest --member 64 "${on[@]}" family
expect 2 'is text, which is one schedule' -- --gtest --member 0 "$mail"

# Text and names of files do not get out of where they stand.
odd=$'new\nline and "quote" \\ \xff\\'
{ printf 'gatherfuzz 1\nintent )"; )text1"; #error out \\\r\nintent \xff \033[0m\n'; sed 1d \
  "$mail"; } >"$odd"
expect 0 -- --gtest "$odd"
check grep -q 'R"text2(' out
check test "$(LC_ALL=C grep -c '[^ -~]' out)" -eq 0
check grep -q 'TEST(OwnRangeOnX86, StaleAfterReturnInNewLineAndQuote) {' out
check test "$(grep -c '^//.*[\]' out)" -eq 0  # none that could end a line
mv out odd.cc
compiles odd.cc
"$gatherfuzz" export --gtest - <"$mail" >from_pipe.cc
check grep -q 'TEST(OwnRangeOnX86, StaleAfterReturnInStandardInput)' from_pipe.cc

cp "$mail" crash-da39a3ee5e6b4b0d3255bfef95601890afd80709-da39a3ee5e6b4b0d3255bfef95601890
expect 0 -- --gtest crash-*
check test "$(grep -c '.\{101,\}' out)" -eq 0

# One clear line, and status 2.
expect 2 '^gatherfuzz: export needs a form to write: --gtest, a C\+\+ test of this tree$' -- "$mail"
expect 2 'expected one schedule file' -- --gtest
expect 2 'expected one schedule file' -- --gtest "$mail" "$mail"
expect 2 'nowhere.gather: cannot open' -- --gtest nowhere.gather
expect 2 "unknown policy 'nobody'" -- --gtest --policy nobody "$mail"
expect 2 'cannot write' -- --gtest "$mail" -o no/such/folder/x
expect 2 "unknown flag '--trace'" -- --gtest --trace "$mail"
expect 0 '^  --gtest ' -- --help

[ $failures -eq 0 ] || { echo "$failures failures"; exit 1; }
echo "export behaves"
