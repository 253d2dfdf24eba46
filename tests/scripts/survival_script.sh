#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# scripts/survival with engines that only pretend: what it records of each way, that it goes on
# where it was stopped, and what it does when a run fails.
set -uo pipefail
source=$1 survival=$2
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0
check() { "$@" || { echo "failed: $*"; failures=$((failures + 1)); }; }

# Every engine adds a line to `calls`, finds "easy" at 10 executions and "hard" never, fails for the
# policy in the file `broken`, and hangs while there is a file `hang`.
export PRETEND=$scratch
mkdir -p fake/bench fake/fuzz path
cat >fake/pretend <<'END'
echo "$*" >>"$PRETEND/calls"
while [ -e "$PRETEND/hang" ]; do sleep 0.05; done
if grep -qsx "$policy" "$PRETEND/broken"; then
  echo '{"executions":5}' # what they say then is no result
  echo 'gatherfuzz: schedules 5 executions 5 steps 5' >&2
  exit 3
fi
END
cat >fake/gatherfuzz <<'END'
#!/usr/bin/env bash
if [ "$1" = encode ]; then
  touch "$4"
  exit
fi
if [ "$1" = policies ]; then
  of() { printf '{"name":"%s","group":"%s"}%s' "$@"; }
  echo "{\"policies\":[$(of full-mm published ,)$(of full-mm-leaf published ,)" \
    "$(of widen-range published ,)$(of easy planted ,)$(of hard planted)]," \
    '"archs":[{"name":"arm64"},{"name":"x86"}]}'
  exit
fi
while [ $# -gt 0 ]; do
  case $1 in --policy) policy=$2 ;; --executions) cap=$2 ;; --strategy) name=$2 ;; esac
  shift
done
. "$PRETEND/fake/pretend" search "$name"
if [ "$policy" = hard ]; then
  echo "{\"verdict\":\"none\",\"executions\":$cap,\"distinct\":9}"
else
  echo '{"verdict":"stale-after-return","executions":10,"distinct":9}'
  exit 1
fi
END
cat >fake/fuzz/fuzz_any <<'END'
#!/usr/bin/env bash
policy=$GATHERFUZZ_POLICY
for one; do
  case $one in -artifact_prefix=*) folder=${one#*=} ;; -runs=*) cap=${one#*=} ;; esac
done
. "$PRETEND/fake/pretend" "${0##*/}"
[ -d "${!#}" ] || exit 4
if [ "$policy" = hard ]; then
  echo "gatherfuzz: schedules $cap executions $((cap / 2)) steps 99" >&2
else
  touch "${folder}crash-0123"
  echo "gatherfuzz: schedules 20 executions 10 steps 99" >&2
  exit 77
fi
END
for name in plain features mutator; do cp fake/fuzz/fuzz_any fake/bench/fuzz_any_$name; done
cat >path/afl-fuzz <<'END'
#!/usr/bin/env bash
policy=$GATHERFUZZ_POLICY
while [ $# -gt 0 ]; do
  case $1 in -o) folder=$2 ;; -E) cap=$2 ;; --) target=$2 ;; esac
  shift
done
mkdir -p "$folder/default/crashes"
stats() { printf 'start_time : 1\nexecs_done        : %d\nexecs_per_sec : 5.0\n' "$1"; }
trap 'stats 3 >"$folder/default/fuzzer_stats"; exit 0' TERM # as the real one does
stats 2 >"$folder/default/fuzzer_stats"
. "$PRETEND/fake/pretend" "${target##*/}" "${AFL_CUSTOM_MUTATOR_LIBRARY##*/}"
stats "$cap" >"$folder/default/fuzzer_stats"
[ "$policy" = hard ] ||
  touch "$folder/default/crashes/id:000000,sig:06,src:000000,time:12,execs:10,op:havoc"
END
chmod +x fake/gatherfuzz fake/fuzz/* fake/bench/* path/*
ln -s "$survival" fake/bench/survival
export GATHERFUZZ_BUILD=$scratch/fake PATH=$scratch/path:$PATH

# measure STATUS FOLDER ARGUMENT...: runs the script with caps of 1000 schedules.
measure() {
  local expected=$1 folder=$2 got=0
  shift 2
  "$source/scripts/survival" --no-build --out "$scratch/$folder" --schedules 1000 "$@" \
    >stdout 2>stderr || got=$?
  [ "$got" -eq "$expected" ] || {
    echo "scripts/survival $*: exit status $got, not $expected"
    cat stderr
    failures=$((failures + 1))
  }
}
# recorded FOLDER: its runs in order, without the seconds.
recorded() { tail -n +2 "$1/runs.csv" |
  sed -E 's/,[0-9]+\.[0-9]{3},1000,(60|0),[0-9a-z-]+$/ \1/' | LC_ALL=C sort; }

# What each way's run becomes.
measure 0 all --seeds 1 --arch x86 --policy easy --policy hard
check [ ! -s stderr ]
{
  echo "easy,x86,afl+both,1,1,10,160 60"
  echo "hard,x86,afl+both,1,0,63,1008 60"
  echo "easy,x86,afl,1,1,10,640 60"
  echo "hard,x86,afl,1,0,16,1024 60"
} >expected
for way in libfuzzer libfuzzer+both libfuzzer+features libfuzzer+mutator; do
  echo "easy,x86,$way,1,1,10,20 60"
  echo "hard,x86,$way,1,0,500,1000 60"
done >>expected
for way in landmark pct pos runs surw uniform; do
  echo "easy,x86,$way,1,1,10,10 0"
  echo "hard,x86,$way,1,0,1000,1000 0"
done >>expected
LC_ALL=C sort -o expected expected
recorded all >got
check diff expected got
check test -s all/survival.md -a -s all/survival.svg
for call in 'search surw' 'fuzz_any_plain' 'fuzz_any_features' 'fuzz_any_mutator' 'fuzz_any' \
  'afl_any_plain ' 'afl_any libgatherfuzz_mutator.so'; do
  check [ "$(grep -cx "$call" calls)" -eq 2 ]
done

# Nothing is run twice; a torn line is; more seeds are added; other caps are refused.
cp all/runs.csv before
cp all/survival.svg before.svg
: >calls
measure 0 all --seeds 1 --arch x86 --policy easy --policy hard
check cmp before all/runs.csv
check cmp before.svg all/survival.svg
check [ ! -s calls ]
truncate -s -7 all/runs.csv
measure 0 all --seeds 1 --arch x86 --policy easy --policy hard
check [ "$(wc -l <calls)" -eq 1 ]
recorded all >got
check diff expected got
measure 0 all --seeds 2 --arch x86 --policy hard --way pct --way pos
check [ "$(wc -l <calls)" -eq 3 ]
measure 2 all --seconds 7 --seeds 3 --arch x86 --policy hard
check grep -q 'give another --out' stderr

# Another way may have another cap, or be of another commit.
measure 0 mixed --seeds 1 --arch x86 --policy hard --way pct
measure 0 mixed --seeds 1 --arch x86 --policy hard --way pos --schedules 7
sed -i '2,$s/,[0-9a-z-]*$/,0123456789ab/' mixed/runs.csv
measure 0 mixed --seeds 1 --arch x86 --policy hard --way pct --way pos --way surw
measure 2 mixed --seeds 2 --arch x86 --policy hard --way pct
check grep -q '| pos | 0123456789ab | 7 | none | 1 |' mixed/survival.md
check grep -Eq '\| surw \| [0-9a-z-]+ \| 1000 \| none \| 1 \|' mixed/survival.md

# A defect is run where the corpus shows it.
measure 0 where --seeds 1 --policy full-mm-leaf --policy widen-range --policy full-mm --way pct
check [ "$(cut -d , -f 1,2 where/runs.csv | sort | tr '\n' ' ')" = \
  'defect,arch full-mm,arm64 full-mm,x86 full-mm-leaf,arm64 widen-range,x86 ' ]
measure 0 one --seeds 1 --policy easy --policy full-mm-leaf --one-arch --way pct
check [ "$(cut -d , -f 1,2 one/runs.csv | sort | tr '\n' ' ')" = \
  'defect,arch easy,x86 full-mm-leaf,arm64 ' ]
measure 2 none --policy widen-range --arch arm64 --way pct

# Interrupted, it leaves no half of a run and nothing running, and goes on later.
touch hang
: >calls
"$source/scripts/survival" --no-build --out "$scratch/cut" --schedules 1000 --seeds 2 --arch x86 \
  --jobs 3 --policy easy --policy hard --way pct --way libfuzzer --way afl >stdout 2>stderr &
script=$!
while [ "$(wc -l <calls)" -lt 3 ] && kill -0 "$script"; do sleep 0.05; done
kill "$script"
got=0
wait "$script" || got=$?
check [ "$got" -eq 130 ]
check [ "$(wc -l <cut/runs.csv)" -eq 1 ]
check [ ! -e cut/running ]
check [ -z "$(ls cut/failed)" ]
rm hang
measure 0 cut --seeds 2 --arch x86 --policy easy --policy hard --way pct --way libfuzzer --way afl
check [ "$(wc -l <cut/runs.csv)" -eq 13 ]

# A run that fails is said and kept, and is run again next time.
echo hard >broken
measure 1 fail --seeds 1 --arch x86 --policy easy --policy hard --way pct --way libfuzzer+both \
  --way afl
check grep -q 'hard x86 pct, seed 1, failed (3)' stderr
check grep -q '3 runs failed' stderr
check test -d fail/failed/hard,x86,pct,1
check [ "$(wc -l <fail/runs.csv)" -eq 4 ]
rm broken
measure 0 fail --seeds 1 --arch x86 --policy easy --policy hard --way pct --way libfuzzer+both \
  --way afl
check [ "$(wc -l <fail/runs.csv)" -eq 7 ]

measure 2 usage --way nonsense
measure 2 usage --seeds 0
measure 2 usage --policy nonsense
measure 2 usage --arch nonsense
[ "$failures" -eq 0 ]
