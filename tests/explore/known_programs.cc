// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "tests/explore/known_programs.h"

#include "model/oracle/oracle.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

// Forgets to free page 1 if it finds another gather live.
class ForgetsPage final : public GatherProtocol {
 public:
  bool RemovePage(const Thread& t, FrameId frame, int page, Level level) const override {
    if (page == 1 && FlushNested(t)) return false;
    return GatherProtocol::RemovePage(t, frame, page, level);
  }

 protected:
  void Finishing(const Thread&) const override {}
};
const ForgetsPage kForgetsPage{};
constexpr Policy kPolicy("test-forgets-page", "does not free page 1", "this test", kForgetsPage);
const RegisterPolicy kRegistered(&kPolicy);

// Asserts, as a kernel's code may, that no other gather is live when one finishes.
class AssertsAlone final : public GatherProtocol {
 protected:
  void Finishing(const Thread& t) const override {
    if (FlushNested(t)) ReportAssertion(t.system, t.cpu, "WARN_ON(mm_tlb_flush_nested(mm))");
  }
};
const AssertsAlone kAssertsAlone{};
constexpr Policy kAsserts("test-asserts", "asserts that it is alone", "this test", kAssertsAlone);
const RegisterPolicy kRegisteredAsserts(&kAsserts);

// The race of 2019.
constexpr std::string_view kMail = R"(
    cpus 2
    init
      map 0..4 rw
      present 1..4
      cached cpu1 2..3
    cpu0
      dontneed 1..3
    cpu1
      dontneed 2..4
    order
      cpu0 until pte_clear(2)
      cpu1 until done
      rest
)";

constexpr std::string_view kMailCleaned = R"(
    cpus 2
    init
      map 0..4 rw
      present 1..4 dirty
      cached cpu1 2..3
    cpu0
      free 1..3
    cpu1
      free 2..4
    order
      cpu0 until pte_set(2)
      cpu1 until done
      rest
)";

// No policy may let a walk come between the clearing and the flush that frees; this one never
// flushes.
constexpr std::string_view kWalked = R"(
    cpus 2
    init
      map 0..1 rw
      present 0..1
    cpu0
      dontneed 0..1
    walk1
      fill 0
    order
      walk1 until walk_pte
      rest
)";

// What the reporter of 2019 saw; tests/model/oracle_progress_test.cc tells the story.
constexpr std::string_view kStall = R"(
    cpus 2
    init
      map 0..1 rw
      map 16..17 rw
      present 0..1
      present 16..17
      cached cpu1 0..1
    cpu0
      munmap 0..1
      map 33..34 rw
      read 33
      map 0..1 rw
    cpu1
      dontneed 16..17
      read 0
    order
      cpu0 until mmap_write_downgrade
      cpu1 until pending_inc
      cpu0 until done
      rest
)";

// The table that is freed comes back in the same frame for the same page: what CPU 1 has cached is
// a pointer there from before or from after.
constexpr std::string_view kSameFrame = R"(
    cpus 2
    init
      map 0..1 rw
      map 16..17 rw
      present 0..1
      present 16..17
      cached cpu1 0..1
    cpu0
      munmap 0..1
      map 0..1 rw
      read 0
    cpu1
      dontneed 16..17
    walk1
      fill 0
    order
      cpu0 until mmap_write_downgrade
      cpu1 until pending_inc
      cpu0 until done
      rest
)";

constexpr std::string_view kTwoFinishers = R"(
    cpus 2
    init
      map 0..2 rw
      present 0..2
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
    order
      cpu1 until pending_inc
      cpu0 until finish_wait
      rest
)";

// CPU 0 waits while CPU 1 makes three calls; when the last of them completes, CPU 2 has begun one.
constexpr std::string_view kNewcomers = R"(
    cpus 3
    init
      map 0..3 rw
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
      dontneed 1..2
      dontneed 1..2
    cpu2
      dontneed 2..3
      dontneed 2..3
    order
      cpu2 until pending_inc
      cpu0 until pending_dec
      cpu2 until syscall_return
      cpu1 until mmap_read_unlock #3
      cpu2 until pending_inc
      cpu1 until done
      rest
)";

// A page that reclaim has taken and not flushed comes back in another frame.
constexpr std::string_view kComesBack = R"(
    cpus 2
    init
      map 0..1 rw
      present 0..1
      cached cpu1 0..1
    cpu0
      write 0
    kswapd
      reclaim 0..1
    order
      kswapd until pte_unlock
      cpu0 until pte_set
      rest
)";

// A dirty page is written out before what still writes it is flushed.
constexpr std::string_view kWrittenOut = R"(
    cpus 1
    init
      map 0..1 rw
      present 0..1 dirty
      cached cpu0 0..1
    kswapd
      swapout 0..1
    order
      rest
)";

// Two calls take the right to write away; the second sees it gone.
constexpr std::string_view kWriteProtected = R"(
    cpus 2
    init
      map 0..1 rw
      present 0..1 dirty
      cached cpu1 0..1
    cpu0
      uffdwp 0..1
    cpu1
      uffdwp 0..1
    order
      cpu0 until pte_unlock(0)
      cpu1 until syscall_return(0)
      rest
)";

// A page that is forgotten is missed when all are done.
constexpr std::string_view kForgotten = R"(
    cpus 2
    init
      map 0..2 rw
      present 0..2
    cpu0
      dontneed 0..1
    cpu1
      dontneed 1..2
    order
      cpu0 until pending_inc
      cpu1 until done
      rest
)";

// What the hardware sets between the two steps of one update is gone.
constexpr std::string_view kForkedInTwo = R"(
    cpus 2
    init
      map 0..1 rw
      present 0..1
    cpu0
      fork
    cpu1
      write 0
    order
      cpu0 until ptep_get(0)
      cpu1 until access(0) #2
      rest
)";

// A page of a folio that another mm shares is put back as its neighbour was.
constexpr std::string_view kPutBack = R"(
    cpus 1
    kernel 6.17
    init
      map 0..2 rw
      folio 0..2 dirty
      cached cpu0 0..2
    cpu0
      forkpart 1..2
    kswapd
      reclaim 0..2
    order
      cpu0 until done
      rest
)";

constexpr PointMask Points(std::initializer_list<Point> points) {
  PointMask mask = 0;
  for (const Point point : points) mask |= MaskOf(point);
  return mask;
}

constexpr uint32_t kTable = Bit(ViolationKind::kFreedTableCached);
constexpr uint32_t kDead = Bit(ViolationKind::kWalkedDeadTable);

using enum Point;
using enum ViolationKind;
constexpr PointMask kMailPoints = Points({pte_clear, pte_unlock, pending_read});
// A rollover that tells nobody to drop anything.
constexpr std::string_view kRollover = R"(
    cpus 1
    asids 1
    init
      map 0..1 rw
      present 0..1
      cached cpu0 0..1
    cpu0
      switch mm1
      switch mm2
    order
      rest)";

constexpr PointMask kStallPoints = Points({pending_inc, syscall_return});
constexpr PointMask kWaitPoints = Points({pending_dec, syscall_return});
constexpr KnownProgram kPrograms[] = {
    {kMail, "own-range", "x86", kStaleAfterReturn, kMailPoints},
    {kMail, "widen-range", "x86", kNone, Points({pte_clear})},
    {kMailCleaned, "own-range", "arm64", kStaleDirtyAfterReturn, kMailPoints},
    {kWalked, "canary", "arm64", kFreedPageCached, kAllPoints},
    {kStall, "reset-range", "arm64", kFreedTableCached, kStallPoints, 3},
    {kStall, "reset-range", "arm64", kWalkedDeadTable, kStallPoints, 3, kTable},
    {kStall, "reset-range", "arm64", kEndlessFault, kStallPoints, 3, kTable | kDead},
    {kStall, "reset-range", "x86", kNone, kStallPoints},
    {kSameFrame, "reset-range", "arm64", kNone, kStallPoints, 2, kTable | kDead},
    {kTwoFinishers, "sync-before-dec", "x86", kDeadlock, kWaitPoints},
    {kTwoFinishers, "sync-finish", "x86", kNone, kWaitPoints},
    {kNewcomers, "sync-finish", "arm64", kStarvation, kWaitPoints, 4},
    {kNewcomers, "epoch-sync", "arm64", kNone, kWaitPoints, 3},
    {kComesBack, "fault-held-coherent", "x86", kIncoherentMapping, Points({rmap_unlock, access})},
    {kWrittenOut, "reclaim-writes-first", "x86", kWriteLost, kAllPoints},
    {kForkedInTwo, "wrprotect-split", "arm64", kWriteLost, Points({pte_wrprotect, access})},
    {kWriteProtected, "own-range", "x86", kWritableAfterReturn,
     Points({pte_unlock, syscall_return})},
    {kMail, "test-asserts", "x86", kKernelAssertion, kMailPoints},
    {kRollover, "flush-not-queued", "arm64", kAsidReused, kAllPoints},
    {kPutBack, "full-mm", "x86", kSharedWritable, Points({pte_unlock, pte_clear})},
    {kPutBack, "reclaim-runs-by-write", "x86", kNone, Points({pte_unlock, pte_clear})},
    {kForgotten, "test-forgets-page", "x86", kProtocolError, Points({pending_inc, pud_read})},
};

}  // namespace

std::span<const KnownProgram> KnownPrograms() { return kPrograms; }

}  // namespace gatherfuzz
