// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// An execution: that it is the same each time, what it ends at, and that it allocates nothing.
#include "harness/execution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "harness/bytes.h"
#include "harness/random.h"
#include "tests/support.h"

#if defined(__SANITIZE_ADDRESS__)
#define GATHERFUZZ_SANITIZER_OWNS_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define GATHERFUZZ_SANITIZER_OWNS_MALLOC 1
#endif
#endif

// --- Allocations of this binary are counted: operator new ends in malloc, too ---

static uint64_t allocations = 0;

#ifdef GATHERFUZZ_SANITIZER_OWNS_MALLOC
#include <sanitizer/allocator_interface.h>
static const int kHooked = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, size_t) { ++allocations; }, [](const volatile void*) {});
#else
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the C library's names
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
// NOLINTEND(bugprone-reserved-identifier)

void* malloc(size_t size) noexcept { return ++allocations, __libc_malloc(size); }
void* calloc(size_t count, size_t size) noexcept {
  return ++allocations, __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) noexcept {
  return ++allocations, __libc_realloc(memory, size);
}
}
#endif

namespace gatherfuzz {
namespace {

using StepList = std::vector<std::string>;

// --- One run like another ---

std::vector<Schedule> RandomSchedules(int count) {
  Random random(11);
  std::vector<Schedule> schedules(static_cast<size_t>(count));
  for (Schedule& schedule : schedules) {
    std::vector<uint8_t> bytes(12 + random.Below(200));
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
    DecodeBytes(bytes, schedule);
  }
  return schedules;
}

template <typename Visit>
void ForEachRun(const std::vector<Schedule>& schedules, Visit visit) {
  for (const Schedule& schedule : schedules) {
    for (const Policy* policy : Policies()) {
      for (const Arch* arch : Archs()) visit(schedule, *policy, *arch);
    }
  }
}

TEST(Execution, RunsTheSameEachTimeEverywhereAndObserved) {
  static Execution one, two, observed;
  std::map<uint64_t, StepList> traces;
  int violations = 0;
  ForEachRun(RandomSchedules(200), [&](const auto& schedule, const auto& policy, const auto& arch) {
    const RunResult first = one.Execute(schedule, policy, arch);
    StepNames recorder;
    const RunResult seen = observed.Execute(schedule, policy, arch, {.observer = &recorder});
    for (const RunResult& other :
         {one.Execute(schedule, policy, arch), two.Execute(schedule, policy, arch), seen}) {
      ASSERT_EQ(other.trace_hash, first.trace_hash);
      ASSERT_EQ(other.steps, first.steps);
      ASSERT_EQ(other.violation.kind, first.violation.kind);
    }
    ASSERT_EQ(Digest(one.world()), Digest(observed.world()));
    ASSERT_EQ(recorder.steps.size(), first.steps);
    violations += !first.clean();
    ASSERT_EQ(traces.emplace(first.trace_hash, recorder.steps).first->second, recorder.steps);
  });
  EXPECT_GT(violations, 100) << "abandoned runs are to be among them";
  EXPECT_GT(traces.size(), 300u) << "different traces have different hashes";
}

// CPU 1 sees the PTE empty that CPU 0 has cleared, and returns with it cached.
const std::string kStale = R"(
    init
      map 0..1 rw
      present 0..1
      cached cpu0 0..1
      cached cpu1 0..1
    cpu0
      read 0
      dontneed 0..1
    cpu1
      dontneed 0..1
    order
      cpu0 until pte_clear
      cpu1 until done
)";

TEST(Execution, ObservesTheStateBeforeAStepAndItsLineOfTheProgram) {
  struct Observer final : StepObserver {
    void OnStep(const StepEvent& event, const World& before) override {
      EXPECT_TRUE(event.point != Point::access || event.op == 0);
      if (event.point != Point::pte_clear) return;
      EXPECT_EQ(event.op, 1);
      EXPECT_TRUE(CurrentLeaf(before, event.page).present());
      ++cleared;
    }
    int cleared = 0;
  } observer;
  Result(FromText(kStale).schedule, "own-range", "x86", {.observer = &observer});
  EXPECT_EQ(observer.cleared, 1);
}

TEST(Execution, EndsAtAViolationUnlessItsKindIsIgnored) {
  const Schedule schedule = FromText(kStale).schedule;
  StepNames recorder;
  const RunResult result = Result(schedule, "own-range", "x86", {.observer = &recorder});
  EXPECT_EQ(result.violation.step, result.steps);
  EXPECT_EQ(recorder.steps.back(), "cpu1 syscall_return(0)");
  const RunResult ignored =
      Result(schedule, "own-range", "x86", {.ignored = Bit(ViolationKind::kStaleAfterReturn)});
  EXPECT_TRUE(ignored.clean());
  EXPECT_GT(ignored.steps, result.steps);
}

TEST(Execution, DoesNotTurnOnWhatRanBefore) {
  // The first run is cut off while cpu3 waits for cpu0 to drop mmap_lock. The second has no cpu3;
  // text cannot name it there, but a mutator may.
  const Schedule first = FromText(R"(
    cpus 4
    init
      map 0..1 rw
      map 16..18 rw
      present 0..1
      cached cpu2 0..1
    cpu0
      dontneed 0..1
    cpu2
      dontneed 16..17
    cpu3
      munmap 17..18
    order
      cpu2 until pending_inc
      cpu0 until pte_clear
      cpu3 until done
)")
                             .schedule;
  Schedule second = FromText("cpu0\n read 0\n walk0\n fill 0\n").schedule;
  const uint64_t alone = Result(second, "need-flush-all", "x86").trace_hash;
  second.order.push_back({.agent = CpuAgent(MakeCpu(3))});
  EXPECT_EQ(Verdict(first, "need-flush-all", "x86"), "freed-page-cached");
  EXPECT_EQ(Result(second, "need-flush-all", "x86").trace_hash, alone) << "it is passed over";
}

// --- Memory ---

size_t MappingsOfTheProcess() {
  std::ifstream maps("/proc/self/maps");
  return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
}

TEST(Memory, NothingIsAllocatedInARunAfterTheFirst) {
  static Execution execution;
  const std::vector<Schedule> schedules = RandomSchedules(100);
  Schedule all_cpus = FromText("cpus 8\n cpu0\n read 0\n cpu7\n read 0").schedule;
  for (int i = 1; i < 7; ++i) {
    all_cpus.program.push_back({CpuAgent(MakeCpu(i)), {OpKind::kRead, {0, 1}, {}}});
  }
  execution.Execute(all_cpus, *Policies()[0], *Archs()[0]);

  const size_t mappings = MappingsOfTheProcess();
  const uint64_t before = allocations;
  EXPECT_GT(before, schedules.size()) << "the counter counts";
  Schedule decoded;
  uint64_t steps = 0;
  ForEachRun(schedules, [&](const Schedule& schedule, const Policy& policy, const Arch& arch) {
    const EncodedBytes bytes = EncodeBytes(schedule);
    DecodeBytes({bytes.begin(), bytes.size()}, decoded);
    steps += execution.Execute(decoded, policy, arch).steps;
  });
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(MappingsOfTheProcess(), mappings) << "stacks are mapped once, and kept";
  EXPECT_GT(steps, 10000u);
}

}  // namespace
}  // namespace gatherfuzz
