#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# The mutants of a small file of our own: which there are, and what some of them say.
#   mutate_test.sh SOURCE_DIR
set -euo pipefail
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mutate=(python3 scripts/mutate.py)

fail() {
  echo "mutate_test.sh: $*" >&2
  exit 1
}

"${mutate[@]}" list tests/scripts/mutate sample.c >"$work/list"
cut -f 1,3-6 "$work/list" | diff tests/scripts/mutate/expected.tsv - || fail "the list is another"

# says FUNCTION OPERATOR WHAT < EXPECTED: the lines that change, before and after.
says() {
  local number
  number=$(awk -F'\t' -v f="$1" -v o="$2" -v w="$3" \
    '$4 == f && $5 == o && $6 == w { print $1 }' "$work/list")
  [[ $number =~ ^[0-9]+$ ]] || fail "not one mutant: $1, $2, $3: '$number'"
  "${mutate[@]}" write "$number" "$work/sample.c" tests/scripts/mutate sample.c
  [ "$(wc -l <"$work/sample.c")" = "$(wc -l <tests/scripts/mutate/sample.c)" ] ||
    fail "$number has other lines"
  diff <(diff tests/scripts/mutate/sample.c "$work/sample.c" | sed -n 's/^[<>][ \t]*//p' |
    sed 's/[\\\t ]*$//') - ||
    fail "mutant $number says something else: $1, $2, $3"
}

says FillsUp negate 'the condition on open, broken' <<'END'
if (!jug->open ||
jug->broken)
if (!((!jug->open ||
jug->broken)))
END
says FillsUp term 'the term on broken' <<'END'
jug->broken)
0          )
END
says FillsUp term 'the term on lid' <<'END'
bool warm = !jug->lid && jug->heat > 3;
bool warm = 1         && jug->heat > 3;
END
says FillsUp swap 'the assignment to jug->drops and the assignment to jug->full' <<'END'
jug->drops += drops;
jug->drops += drops;
END
says FillsUp negate 'the condition on warm, drops' <<'END'
return warm && jug->drops == 9;
return(!( warm && jug->drops == 9));
END
says POUR drop 'the call of fill()' <<'END'
fill(cup);
;
END
says Empty flag 'jug->level: 3 becomes 2' <<'END'
jug->level = 3;
jug->level = 2;
END

# Some functions of a file, after another file: numbers go on.
[ \
  "$("${mutate[@]}" list tests/scripts/mutate sample.c:Empty sample.c:POUR,COLD | cut -f 1,4 | tr '\t\n' ' ,')" \
  = \
  '1 Empty,2 Empty,3 POUR,4 POUR,5 POUR,6 POUR,7 COLD,8 COLD,' ] || fail "the choice of functions"

if "${mutate[@]}" write 99 "$work/none.c" tests/scripts/mutate sample.c 2>"$work/error"; then fail \
  "there is no 99"; fi
grep -q 'no number 99' "$work/error" || fail "99: $(cat "$work/error")"
[ ! -e "$work/none.c" ] || fail "99 wrote a file"
if "${mutate[@]}" list tests/scripts/mutate none.c 2>"$work/error"; then
  fail "there is no none.c"
fi
grep -q 'none.c: No such file' "$work/error" || fail "none.c: $(cat "$work/error")"

# Marks stay when a function moves, and no two are the same.
mkdir "$work/moved"
{ echo; echo; cat tests/scripts/mutate/sample.c; } >"$work/moved/sample.c"
diff <(cut -f 7 "$work/list") <("${mutate[@]}" list "$work/moved" sample.c | cut -f 7) ||
  fail "other marks"
[ -z "$(cut -f 7 "$work/list" | sort | uniq -d)" ] || fail "two mutants have one mark"
