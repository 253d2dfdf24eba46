#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
# gatherfuzz explain: what it says of each kind of violation, in words that a person reads.
set -uo pipefail
gatherfuzz=$1 corpus=$2/corpus
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0
failed() {
  echo "failed: $*"
  failures=$((failures + 1))
}

# explains STATUS ARGUMENT...: leaves what is said, its line breaks gone, in the file `said`.
explains() {
  local status=$1
  shift
  "$gatherfuzz" explain "$@" >out 2>err </dev/null
  local got=$?
  [ "$got" -eq "$status" ] || { failed "explain $*: status $got, not $status"; cat err; }
  tr -s '\n ' ' ' <out >said
}
says() {
  local text
  for text in "$@"; do grep -Fq -- "$text" said || { failed "does not say: $text"; cat out; }; done
}

explains 1 "$corpus/00-the-mail.gather"
says 'stale-after-return in cpu1'"'"'s madvise(MADV_DONTNEED) of 2..4 (own-range, x86)' \
  'init The TLB of cpu1 holds page 2 (mapping 2 -> frame 4).' \
  'step 9 cpu0'"'"'s madvise(MADV_DONTNEED) of 1..3 clears the PTE of page 2' \
  'step 16 cpu1'"'"'s madvise(MADV_DONTNEED) of 2..4 sees the PTE of page 2 empty' \
  'an invalidation of 3..4, which does not reach page 2: it covers what the call cleared itself (3)' \
  'it returns too early. The invalidation of cpu0'"'"'s' 'that call stands before tlb_flush(1)' \
  'up to its last step: step 27, syscall_return(2)' \
  'cpu0 had gone on through tlb_flush(1) and then cpu1 had taken the invalidation of cpu0' \
  'survive, in every order of these programs: epoch-sync' \
  'violate: need-flush-all (stale-after-return), sync-before-dec (deadlock)' \
  'signature: stale-after-return+pte_clear.zap+pte_read.zap+syscall_return+too-narrow'
grep -q '^   27 .*syscall_return(2)  <-- no return$' out ||
  failed 'the interleaving does not mark it'
# Lines of prose fit a mail, and all is ASCII.
sed '/^ step /,/^How it/d; /^signature/d; /^replay/d' out | grep -E '.{79}' &&
  failed 'a line is too long'
LC_ALL=C grep -P '[^\x00-\x7f]' out && failed 'not all is ASCII'
cp out first
explains 1 "$corpus/00-the-mail.gather"
cmp -s out first || failed 'it does not say the same twice'

explains 1 "$corpus/verdicts/need-flush-all-x86.gather"
says 'frees frame 3. It has issued no invalidation since.' \
  'tlb_flush_pending is 2, another gather' \
  'After step 11, pending_read of cpu1' 'cpu0 had gone on through pending_dec.'
explains 1 "$corpus/verdicts/reset-range-arm64.gather"
says 'unlinks that table and queues it to be freed' 'it asks for leaf entries only' \
  'frees that table'
explains 1 "$corpus/verdicts/widen-range-x86.gather"
says 'stride of 4 pages steps over the entry'
explains 1 "$corpus/full-mm-leaf/arm64/clean-race.gather"
says 'to make it clean' 'sees the PTE of page 2 clean' 'sets no dirty bit any more'
explains 1 "$corpus/verdicts/sync-before-dec-x86.gather"
says 'No agent can move: cpu0 waits in its finish, cpu1 waits in its finish.' \
  'tlb_flush_pending stays at 2' 'After step 15, pending_inc of cpu1' \
  'cpu0 had gone on through finish_wait'
explains 1 "$corpus/verdicts/sync-finish-x86.gather"
says 'which began its gather at step 6, after the wait, has returned' 'the wait does not end'

# A walk through a table that is gone, where its being freed is let pass.
cat >dead.gather <<'END'
gatherfuzz 1
cpus 2
policy reset-range
arch arm64
init
  map 0..1 rw
  map 16..17 rw
  present 0..1
  present 16..17
cpu0
  munmap 0..1
cpu1
  dontneed 16..17
walk1
  fill 0
  fill 0
order
  walk1 until walk_pmd
  cpu0 until mmap_write_downgrade
  cpu1 until pending_inc
  cpu0 until free_table(0)
  walk1 1
  rest
END
explains 1 --ignore freed-table-cached dead.gather
says 'frees that table. ' 'reads an entry from frame 2, which is no longer that table.'

# A run that is lost from the start, one that is clean, and steps that do not matter.
cat >lost.gather <<'END'
gatherfuzz 1
cpus 2
init
  map 0..4 rw
  present 0..1
  cached cpu1 0..1
cpu0
  dontneed 0..1
cpu1
  read 2
order
  cpu1 until done
  rest
END
explains 1 --policy canary --arch x86 lost.gather
says 'No order of these programs ends well.' 'It has issued no invalidation since.'
grep -q 'steps not shown' out || failed 'nothing is left out'
explains 1 --policy canary --arch x86 --all lost.gather
grep -q 'not shown' out && failed '--all leaves steps out'
explains 0 --policy full-mm --arch x86 lost.gather
says 'lost.gather: no violation under full-mm on x86, so there is nothing to explain'

# A lock that was dropped in the middle of a walk is a link of the chain; else there is none.
explains 1 "$corpus/own-range/x86/need-resched.gather"
tr -s ' \n' ' ' <out | grep -q 'step 13 cpu0.* stops before page 3 and drops the page-table lock' ||
  failed 'need_resched is not in the chain'
explains 1 "$corpus/own-range/x86/split-folio.gather"
tr -s ' \n' ' ' <out | grep -q 'cpu0.* skips page 1 and drops the page-table lock' ||
  failed 'split_folio is not in the chain'
explains 1 "$corpus/00-the-mail.gather"
grep -q 'drops the page-table lock' out && failed 'a lock is said to be dropped'

# Limits, JSON, trace events, errors.
explains 1 --limit states=3 "$corpus/00-the-mail.gather"
says 'Not found within the limit of states' 'not every order was explored'
explains 1 --json "$corpus/00-the-mail.gather"
says '"verdict":"stale-after-return"' '"no_return":{"known":"at step","step":27,' \
  '"rescue":["cpu0 tlb_flush(1)","inv1 deliver(0)"]' '"chain":[{"step":0,' \
  '{"policy":"sync-before-dec","verdict":"deadlock","any_order":"deadlock"}'
[ "$(wc -l <out)" -eq 1 ] || failed 'JSON is not one line'
explains 1 --perfetto events.json "$corpus/00-the-mail.gather"
grep -q '"traceEvents"' events.json || failed 'no trace events'
explains 1 --html page.html "$corpus/00-the-mail.gather"
grep -q 'application/json' page.html || failed 'no page'
[ "$(wc -c <page.html)" -lt 300000 ] || failed 'the page is too large'
explains 2 --html no/such/folder/page.html "$corpus/00-the-mail.gather"
explains 2 --perfetto no/such/folder/events.json "$corpus/00-the-mail.gather"
explains 2 nothing-here.gather
explains 2 "$corpus/00-the-mail.gather" "$corpus/00-the-mail.gather"
name=$'a\e[31mb\nc.gather'
cp lost.gather "$name"
explains 1 --policy canary --arch x86 "$name"
grep -q $'\e' out && failed 'a name in the output is not escaped'
[ "$failures" -eq 0 ]
