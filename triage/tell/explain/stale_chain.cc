// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/tell/explain/stale_chain.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "explore/io/strings.h"
#include "triage/tell/explain/summary.h"

namespace gatherfuzz {
namespace {

// The chain of a stale entry: a leaf in a TLB, or a pointer to a table in a walk cache.
class StaleChain {
 public:
  StaleChain(const Trace& trace, const Cause& cause)
      : trace_(trace), cause_(cause), it_(trace.result.violation) {}

  std::vector<Sentence> Tell() {
    Filled();
    Removed();
    Dropped();
    Owed();
    Examined();
    AskedReclaim();
    Unlinked();
    Asked();
    Flushed();
    Slept();
    Numbered();
    Others();
    HandedOver();
    TableFreed();
    Judged();
    return std::move(chain_);
  }

 private:
  const TraceStep& At(int step) const { return trace_.steps[static_cast<size_t>(step)]; }
  std::string Actor(int step) const { return ActorOf(At(step)); }
  void Say(int step, std::string text) { Add(chain_, {std::move(text), step}); }

  bool table() const { return AboutTable(it_.kind); }
  std::string Holder() const { return absl::StrCat("cpu", it_.holder); }
  // What stands stale.
  std::string Entry() const {
    if (!table()) {
      return absl::StrCat("page ", it_.page, " (mapping ", it_.mapping, " -> frame ", it_.frame,
                          ")");
    }
    return absl::StrCat("the page table from page ", it_.page, " (frame ", it_.frame, ")");
  }
  std::string Cache() const { return table() ? "walk cache" : "TLB"; }

  void Filled() {
    if (cause_.filled < 0) {
      return Say(-1, absl::StrCat("The ", Cache(), " of ", Holder(), " holds ", Entry(), "."));
    }
    const bool asked = KindOf(At(cause_.filled).event.agent) == AgentKind::kCpu;
    Say(cause_.filled, asked ? absl::StrCat(Actor(cause_.filled),
                                            " misses the TLB; the walk caches ", Entry(), ".")
                             : absl::StrCat("The hardware walker of ", Holder(),
                                            ", unasked, caches ", Entry(), "."));
  }

  void Removed() {
    if (cause_.removed < 0) return;
    const StepEvent& event = At(cause_.removed).event;
    const std::string who = Actor(cause_.removed);
    if (event.point == Point::huge_pmd_unshare) {
      return Say(cause_.removed,
                 absl::StrCat(who, " clears its entry for ",
                              table() ? "that table" : "the page table of that page",
                              ", which another mm has as well: what is cached is to be "
                              "invalidated before the i_mmap lock is dropped (unshared_tables)."));
    }
    if (table()) {
      return Say(cause_.removed,
                 absl::StrCat(who,
                              " unlinks that table and queues it to be freed: its mmu_gather is "
                              "to invalidate the pointer first (freed_tables)."));
    }
    const std::string what = event.point == Point::pte_clear ? "PTE" : "PMD entry";
    const std::optional<Op>& op = At(cause_.removed).op;
    if (op && Info(op->kind).is(effect::kCleans)) {
      return Say(cause_.removed,
                 absl::StrCat(who, " takes the ", what, " of page ", it_.page,
                              " away to make it clean: from here on a TLB that holds "
                              "it as dirty is stale."));
    }
    if (op && Info(op->kind).is(effect::kMoves)) {
      return Say(cause_.removed,
                 absl::StrCat(who, " moves page ", it_.page,
                              " away: from here on the entry is "
                              "stale. It is invalidated outside of any mmu_gather."));
    }
    if (op && Info(op->kind).is(effect::kProtects)) {
      return Say(cause_.removed,
                 absl::StrCat(who, " changes the ", what, " of page ", it_.page, ", ",
                              TakesAway(*op), ": from here on the entry is stale. ",
                              op->kind == OpKind::kCleardirty
                                  ? "The whole mm is to be invalidated in the end."
                                  : "The invalidation is deferred to the end of its mmu_gather."));
    }
    if (Decides(cause_.removed)) {
      return Say(cause_.removed,
                 absl::StrCat(who, " takes the ", what, " of page ", it_.page,
                              " away: from here on the entry is stale. It is to be invalidated at "
                              "once, outside of any mmu_gather."));
    }
    if (IsReclaim(cause_.removed)) {
      return Say(cause_.removed, absl::StrCat(who, " clears the ", what, " of page ", it_.page,
                                              ": from here on the entry is stale. The "
                                              "invalidation is deferred to the end of its batch."));
    }
    Say(cause_.removed,
        absl::StrCat(who, " clears the ", what, " of page ", it_.page,
                     ": from here on the entry is "
                     "stale. The invalidation is deferred to the end of its mmu_gather."));
  }

  static const char* TakesAway(const Op& op) {
    return op.flags.write                     ? "and gives it the right to write"
           : op.flags.none                    ? "so that it allows nothing"
           : Info(op.kind).is(effect::kHints) ? "so that it faults"
                                              : "which takes the right to write away";
  }

  bool IsReclaim(int step) const {
    const std::optional<Op>& op = At(step).op;
    return op && Info(op->kind).is(effect::kReclaims);
  }

  // What its owner does not find any more; and whether who judged is that owner, and found nothing.
  void Unlinked() {
    for (int i = std::max(cause_.removed, 0); i < cause_.judged; ++i) {
      const Point point = At(i).event.point;
      if (point == Point::i_mmap_unlink && cause_.removed >= 0 &&
          At(i).event.agent == At(cause_.removed).event.agent) {
        Say(i, absl::StrCat(Actor(i),
                            " unlinks the VMA: from here on the owner of its frames does not find "
                            "it, and does not wait for the invalidation."));
      }
      if (point != Point::i_mmap_unlock_read || !FoundNoVma(i)) continue;
      finds_no_vma_ = true;
      Say(i, absl::StrCat(Actor(i),
                          " has found no VMA that is linked: it unmaps nothing, and has "
                          "no mmu_gather."));
    }
  }
  bool FoundNoVma(int unlock) const {
    const StepEvent& judged = At(cause_.judged).event;
    const StepEvent& event = At(unlock).event;
    if (event.agent != judged.agent || event.op != judged.op) return false;
    for (int i = unlock; i >= 0 && At(i).event.point != Point::i_mmap_lock_read; --i) {
      if (At(i).event.agent == event.agent && BeginsGather(At(i).event.point)) return false;
    }
    return true;
  }

  // Since when tlb_flush_batched says that reclaim owes the flush.
  void Owed() {
    if (cause_.removed < 0 || !IsReclaim(cause_.removed)) return;
    for (int i = cause_.removed + 1; i < cause_.judged; ++i) {
      const StepEvent& event = At(i).event;
      if (event.point != Point::batched_inc || event.agent != At(cause_.removed).event.agent) {
        continue;
      }
      return Say(i, absl::StrCat(Actor(i), " notes in tlb_flush_batched that it owes a flush (",
                                 Describe(At(i)), ")."));
    }
  }

  // What the call made of that: the last look before it saw the page gone.
  void AskedReclaim() {
    if (cause_.removed < 0 || !IsReclaim(cause_.removed) || Responsible(At(cause_.removed).event)) {
      return;
    }
    for (int i = cause_.judged; i > cause_.removed; --i) {
      if (At(i).event.point != Point::batched_read || !Responsible(At(i).event)) continue;
      const bool owed = At(i).batched_after != At(i).paid_after;
      return Say(
          i, absl::StrCat(
                 Actor(i), " looks into tlb_flush_batched (", Describe(At(i)), "), ",
                 owed ? "so reclaim owes a flush." : "and takes it that reclaim owes nothing."));
    }
    asked_nothing_ = "It has not asked whether reclaim owes one (flush_tlb_batched_pending()).";
  }

  // How others came to see it: the call that removed it dropped the lock in the middle of its walk.
  void Dropped() {
    if (cause_.removed < 0) return;
    const StepEvent& removed = At(cause_.removed).event;
    for (int i = cause_.removed + 1; i < cause_.examined; ++i) {
      const StepEvent& event = At(i).event;
      const bool same_call = event.agent == removed.agent && event.op == removed.op;
      constexpr PointMask kDrops = kDetourPoints & ~kLatePoints;
      if (!same_call || (kDrops & MaskOf(event.point)) == 0) continue;
      return Say(i, absl::StrCat(
                        Actor(i),
                        event.point == Point::need_resched ? " stops before page " : " skips page ",
                        event.page,
                        " and drops the page-table lock, with its mmu_gather live and "
                        "what it cleared not flushed."));
    }
  }

  void Examined() {
    if (cause_.examined < 0 || cause_.examined == cause_.removed) return;
    const StepEvent& event = At(cause_.examined).event;
    const std::string who = Actor(cause_.examined);
    const Pte found = At(cause_.examined).leaf_before;
    const bool by_leaf = IsOf(cause_.examined, effect::kProtects) || Decides(cause_.examined);
    if (by_leaf && Info(event.point).is(role::kRemoves)) {
      return Say(cause_.examined,
                 absl::StrCat(who, " comes to page ", it_.page, " as well, and finds it ",
                              found.hidden()     ? "PROT_NONE"
                              : found.writable() ? "writable"
                                                 : "read-only",
                              ": whether it is to flush, it decides by that."));
    }
    if (Info(event.point).is(role::kRemoves)) {
      return Say(cause_.examined, absl::StrCat(who, " comes to page ", it_.page,
                                               " as well, and "
                                               "records it in its own mmu_gather."));
    }
    const Pte before = found;
    const std::string seen = event.point != Point::pte_read || before.none() ? "empty"
                             : before.guard()                                ? "guarded"
                             : before.hidden()                               ? "PROT_NONE"
                             : Decides(cause_.examined)                      ? "read-only"
                                                                             : "clean";
    const std::string entry = event.point == Point::pte_read   ? "PTE"
                              : event.point == Point::pmd_read ? "PMD entry"
                                                               : "PUD entry";
    if (Decides(cause_.examined)) {
      return Say(cause_.examined,
                 absl::StrCat(who, " finds the ", entry, " of page ", it_.page, " ", seen, "."));
    }
    if (HasNoGather(cause_.examined)) {
      return Say(cause_.examined,
                 absl::StrCat(who, " sees the ", entry, " of page ", it_.page, " ", seen,
                              ". It has no mmu_gather: what is gone is nothing to it."));
    }
    Say(cause_.examined, absl::StrCat(who, " sees the ", entry, " of page ", it_.page, " ", seen,
                                      ", so it does not record it in its mmu_gather."));
  }

  // Whether the step is of an operation that has no gather, and decides on content.
  bool Decides(int step) const { return IsOf(step, effect::kDecides | effect::kAccesses); }

  // Of one that has issued no invalidation: whether it has asked if somebody owes one.
  std::string NotAsked() const {
    for (int i = cause_.judged; i > std::max(cause_.removed, 0); --i) {
      if (At(i).event.point != Point::pte_accessible || !Responsible(At(i).event)) continue;
      return absl::StrCat("It has issued no invalidation: when it asked, tlb_flush_pending was ",
                          At(i).pending_after, ".");
    }
    return "It has issued no invalidation, and has not asked whether somebody owes one.";
  }

  // Whether the step is of an operation that has the effect.
  bool IsOf(int step, unsigned effect) const {
    const std::optional<Op>& op = At(step).op;
    return op && Info(op->kind).is(effect);
  }
  // A guard that puts its markers, or takes them for its own.
  bool HasNoGather(int step) const {
    return IsOf(step, effect::kGuards) && At(step).gather.live == 0;
  }

  // The call that had to invalidate: that which returned or freed, or else the one that removed.
  bool Responsible(const StepEvent& event) const {
    const StepEvent& judged = At(cause_.judged).event;
    const bool call = KindOf(judged.agent) == AgentKind::kCpu &&
                      !Info(judged.point).is(role::kWalk | role::kSwitch) && !FreedByOther();
    const StepEvent& whose = call || cause_.removed < 0 ? judged : At(cause_.removed).event;
    return event.agent == whose.agent && event.op == whose.op;
  }

  // Who frees is another mm, which has nothing of this one to invalidate.
  bool FreedByOther() const { return IsOf(cause_.judged, effect::kOfOther); }

  void Asked() {
    const int from = std::max(cause_.removed, cause_.examined);
    for (int i = cause_.judged; i > from && from >= 0; --i) {
      const StepEvent& event = At(i).event;
      if (event.point != Point::pending_read || !Responsible(event)) continue;
      const int count = At(i).pending_after;
      return Say(
          i, absl::StrCat(
                 Actor(i), " asks mm_tlb_flush_nested(): tlb_flush_pending is ", count,
                 count > 1 ? ", another gather is live." : ", so it takes itself to be alone."));
    }
  }

  std::string Cleared() const {
    std::set<std::string> pages;
    for (const TraceStep& step : trace_.steps) {
      if (!Responsible(step.event)) continue;
      if (step.event.point == Point::pte_clear) pages.insert(absl::StrCat(step.event.page));
    }
    return absl::StrJoin(pages, ", ");
  }

  void Flushed() {
    const std::string& who = Actor(ResponsibleStep());
    if (cause_.missing == Missing::kNotIssued) {
      // Said with what comes last.
      not_issued_ = !asked_nothing_.empty()  ? "It has issued no invalidation. " + asked_nothing_
                    : finds_no_vma_          ? "It has issued no invalidation."
                    : Decides(cause_.judged) ? NotAsked()
                    : cause_.examined >= 0 && HasNoGather(cause_.examined)
                        ? "It has issued no invalidation, and has not asked whether somebody owes "
                          "one."
                    : ClearedAnything()
                        ? "It has issued no invalidation since."
                        : "It has issued no invalidation: it cleared nothing itself, "
                          "so its mmu_gather is empty.";
      return;
    }
    const TraceStep& flush = At(cause_.flushed);
    const std::string issues = absl::StrCat(who, " issues an invalidation of ", Describe(flush));
    switch (cause_.missing) {
      case Missing::kTooNarrow: {
        const std::string cleared = Cleared();
        return Say(cause_.flushed,
                   absl::StrCat(issues, ", which does not reach ", Target(),
                                cleared.empty() ? "."
                                                : absl::StrCat(": it covers what the call "
                                                               "cleared itself (",
                                                               cleared, ").")));
      }
      case Missing::kWrongLevel:
        return Say(cause_.flushed, absl::StrCat(issues, ". Its range reaches ", Target(), ", but ",
                                                WhyNotLevel(flush.request)));
      case Missing::kPending:
        return Say(cause_.flushed,
                   absl::StrCat(issues, ", which covers ", Target(), ", and does not wait until ",
                                Holder(), " has taken it."));
      case Missing::kNotTold:
        Say(cause_.flushed, absl::StrCat(issues, ", which covers ", Target(), "."));
        return NotTold();
      case Missing::kOtherAsid:
        return Say(cause_.flushed,
                   absl::StrCat(issues, " under ",
                                flush.loaded.generations ? "the global ASID"
                                                         : absl::StrCat("ASID ", flush.loaded.asid),
                                ", which covers ", Target(), "; ", Holder(),
                                " has that under another ASID."));
      case Missing::kNotDropped:
        Say(cause_.flushed, absl::StrCat(issues, ", which covers ", Target(), "."));
        return NotDropped();
      case Missing::kNotIssued:
      case Missing::kRefilled: break;
    }
    Say(cause_.flushed, absl::StrCat(issues, ", which ", Holder(),
                                     " takes; the entry is cached again after that."));
  }

  // Why the request was not sent to the holder.
  void NotTold() {
    const StepEvent& flush = At(cause_.flushed).event;
    for (int i = cause_.flushed + 1; i <= cause_.judged; ++i) {
      const StepEvent& event = At(i).event;
      if (event.agent != flush.agent || event.point == Point::tlb_flush_done) continue;
      if (event.point != Point::should_flush_tlb || event.page != it_.holder) continue;
      return Say(i, absl::StrCat(Actor(i), " asks whether to tell ", Holder(), ": ",
                                 Describe(At(i)), "."));
    }
    Say(cause_.flushed + 1, absl::StrCat(Holder(), " is not told: it is not in mm_cpumask()."));
  }

  // What the holder made of it.
  void NotDropped() {
    for (int i = cause_.flushed + 1; i <= cause_.judged; ++i) {
      const TraceStep& step = At(i);
      const bool here = step.event.point == Point::deliver &&
                        Index(CpuOf(step.event.agent)) == it_.holder &&
                        step.event.page == Index(CpuOf(At(cause_.flushed).event.agent));
      if (!here) continue;
      const LoadedMm& now = step.loaded;
      return Say(i, absl::StrCat(Holder(), " takes it, and does not drop ", Target(), ": it ",
                                 now.is_lazy ? "is lazy"
                                 : now.mm != MmId::kMm0
                                     ? "has another mm loaded"
                                     : absl::StrCat("takes its generation to be ", now.generation),
                                 "."));
    }
  }

  // Who takes ASIDs away, who gives mm0 another, and which one a TLBI is to name.
  void Numbered() {
    if (At(cause_.judged).loaded.asid == 0) return;
    for (int i = 0; i <= cause_.judged; ++i) {
      const TraceStep& step = At(i);
      const Point point = step.event.point;
      if (point == Point::asid_generation_add) {
        Say(i, absl::StrCat(Actor(i),
                            " finds no ASID free, and begins a new generation: only "
                            "those of mms that run are kept."));
      } else if (point == Point::asid_set && step.op &&
                 UserMm(step.op->range.begin) == MmId::kMm0) {
        Say(i, absl::StrCat(Actor(i), " makes the ASID of mm0 ", Describe(step), "."));
      } else if (point == Point::tlbi_asid_read && Responsible(step.event)) {
        Say(i, absl::StrCat(Actor(i), " reads the ASID that its TLBI will name ", Describe(step),
                            "."));
      }
    }
  }

  // What the holder ran meanwhile, and what it went by as it came back.
  void Slept() {
    if (!At(cause_.judged).loaded.known) return;
    for (int i = 0; i <= cause_.judged; ++i) {
      const TraceStep& step = At(i);
      if (step.event.agent != CpuAgent(MakeCpu(it_.holder))) continue;
      if (step.event.point == Point::enter_lazy_tlb) {
        Say(i, absl::StrCat(Actor(i),
                            " goes lazy, with its page tables loaded: no IPI for leaves "
                            "from here on."));
      } else if (step.event.point == Point::loaded_mm_set && step.loaded.mm != MmId::kMm0) {
        Say(i, absl::StrCat(Actor(i), ": what ", Holder(),
                            " has cached of mm0 stays, under the slot that it leaves."));
      } else if (step.event.point == Point::write_ttbr1) {
        Say(i, absl::StrCat(Actor(i), ": what ", Holder(), " caches from here on has ",
                            Describe(step), "."));
      } else if (step.event.point == Point::tlb_gen_read) {
        Say(i, absl::StrCat(Actor(i), " reads tlb_gen ", Describe(step), "."));
      }
    }
  }

  std::string Target() const {
    return table() ? "the pointer to that table" : absl::StrCat("page ", it_.page);
  }

  std::string WhyNotLevel(const Invalidation& request) const {
    if (table() && request.last_level) {
      return absl::StrCat(
          "it asks for leaf entries only, so pointers to tables stay (",
          FreedByOther() ? "unshared_tables is not looked at" : "freed_tables is not set", ").");
    }
    if (request.level_hint != 0) return "its level hint names another level than the entry's.";
    if (request.stride != Level::kPte) {
      return absl::StrCat("its stride of ", PagesAt(request.stride),
                          " pages steps over the entry.");
    }
    return "it does not ask for entries of that level.";
  }

  int ResponsibleStep() const {
    for (int i = cause_.judged; i >= 0; --i) {
      if (Responsible(At(i).event)) return i;
    }
    return cause_.judged;
  }

  bool ClearedAnything() const {
    return std::any_of(trace_.steps.begin(), trace_.steps.end(), [&](const TraceStep& step) {
      return Responsible(step.event) && Info(step.event.point).is(role::kRemoves | role::kUnlinks);
    });
  }

  // The one who removed the entry, if it is not the one to blame, is to invalidate it yet.
  void Others() {
    if (cause_.others >= 0) {
      return Say(cause_.others,
                 absl::StrCat(Actor(cause_.others), " issues an invalidation of ",
                              Describe(At(cause_.others)), ", which covers ", Target(), ", but ",
                              Holder(), " has not taken it yet."));
    }
    if (cause_.removed < 0 || Responsible(At(cause_.removed).event)) return;
    const PendingStep next =
        trace_.next[static_cast<size_t>(Index(CpuOf(At(cause_.removed).event.agent)))];
    if (next.point == kNoPoint) return;
    still_to_come_ = absl::StrCat(" The invalidation of ", Actor(cause_.removed),
                                  ", which cleared it, is still to come: that ",
                                  IsReclaim(cause_.removed) ? "agent" : "call", " stands before ",
                                  StepName(next.point, next.page), ".");
  }

  // Of a table that RCU frees: when it got it, and for whom it waited.
  void HandedOver() {
    const uint32_t at = At(cause_.judged).handed_at;
    if (at == 0) return;
    const int handed = static_cast<int>(at) - 1;
    std::string whom;
    for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
      if ((At(handed).waits_for >> cpu & 1) == 0) continue;
      absl::StrAppend(&whom, whom.empty() ? "" : " and ", CpuName(cpu, At(handed).kswapd));
    }
    Say(handed,
        absl::StrCat(Actor(handed), " hands it to call_rcu(). ",
                     whom.empty() ? "No CPU is in a read-side section, so the grace period waits "
                                    "for nobody."
                                  : absl::StrCat("The grace period waits for ", whom,
                                                 ", which is in a read-side section."),
                     " Who begins one later is not waited for."));
  }

  // The walk that reads what was a table comes after the step that is to blame.
  void TableFreed() {
    if (it_.kind != ViolationKind::kWalkedDeadTable) return;
    for (int i = cause_.judged; i > cause_.removed; --i) {
      if (At(i).event.point != Point::free_table || At(i).frame != it_.frame) continue;
      return Say(i, absl::StrCat(Actor(i), " frees that table. ", not_issued_));
    }
  }

  void Judged() {
    const std::string who = Actor(cause_.judged);
    std::string before = not_issued_.empty() ? "" : not_issued_ + " ";
    // Who frees is RCU, and who had to is who handed it over; or who unshared what the other frees.
    if ((At(cause_.judged).handed_at != 0 || FreedByOther()) && before.starts_with("It ")) {
      before.replace(0, 2, FreedByOther() ? Actor(ResponsibleStep()) : "That call");
    }
    const bool filled = !table() && Info(At(cause_.judged).event.point).is(role::kWalk);
    const bool wakes = At(cause_.judged).event.point == Point::resume_user ||
                       At(cause_.judged).event.point == Point::write_cr3;
    const std::string text = absl::StrReplaceAll(
        wakes    ? Woken()
        : filled ? "{who} caches a translation to frame {frame}, which is free. {before}"
                 : Absl(Info(it_.kind).ends),
        {{"{who}", who},
         {"{before}", before},
         {"{holder}", Holder()},
         {"{frame}", absl::StrCat(it_.frame)},
         {"{detail}", it_.detail},
         {"{page}", absl::StrCat(it_.page)}});
    Say(cause_.judged, text + still_to_come_);
  }

  // Where a CPU that slept comes to use what it has cached.
  std::string Woken() const {
    if (table()) {
      return "{who} loads what is cached under that slot. {before}It points at frame {frame}, "
             "which is no longer that table, and the hardware may walk from here on.";
    }
    return "{who} is back in user code. {before}It still translates page {page} to frame {frame}: "
           "what was let go as long as it slept counts from here on.";
  }

  const Trace& trace_;
  const Cause& cause_;
  const Violation& it_;
  std::vector<Sentence> chain_;
  std::string not_issued_, still_to_come_, asked_nothing_;
  bool finds_no_vma_ = false;
};

}  // namespace

std::vector<Sentence> ChainOfStale(const Trace& trace, const Cause& cause) {
  return StaleChain(trace, cause).Tell();
}

}  // namespace gatherfuzz
