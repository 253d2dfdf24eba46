// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The mutator as AFL++ asks for it, in a library that afl-fuzz loads (AFL_CUSTOM_MUTATOR_LIBRARY).
//
// Debian ships no headers of AFL++: its interface is these functions, by name. One state serves one
// afl-fuzz; all that is random in it comes from afl-fuzz's seed. Bytes that no schedule reads are
// cut off. The library does not see which target is fuzzed: where GATHERFUZZ_POLICY and
// GATHERFUZZ_ARCH name one, mutations that ask who moved run schedules against that.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

#include "fuzz/mutator.h"
#include "harness/bytes.h"
#include "harness/random.h"

namespace gatherfuzz {
namespace {

constexpr size_t kMaxBytes = 4096;  // libFuzzer's default limit
static_assert(kMaxEncodedBytes <= kMaxBytes);
constexpr int kMembers = 16;      // an execution costs AFL++ as much as a dozen schedules
constexpr uint32_t kSplices = 4;  // one child in so many is a crossover, if there is a partner
constexpr uint32_t kStacked = 4;  // other children come of 2^0 to 2^(kStacked - 1) mutations

using Buffer = std::array<uint8_t, kMaxBytes>;

std::span<const uint8_t> Cut(const uint8_t* bytes, size_t size) {
  return {bytes, std::min(size, kMaxBytes)};
}

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  std::span<uint8_t> Next(std::span<const uint8_t> bytes, std::span<const uint8_t> partner,
                          size_t max_size) {
    const std::span<uint8_t> out(out_.data(), std::min(max_size, kMaxBytes));
    if (!partner.empty() && random_.Below(kSplices) == 0) {
      return out.first(CrossOver(bytes, partner, out, Seed()));
    }
    size_t size = std::min(bytes.size(), out.size());
    std::copy_n(bytes.begin(), size, out.begin());
    for (int left = 1 << random_.Below(kStacked); left > 0; --left) {
      size = Mutate(out, size, Seed(), nullptr);
    }
    return out.first(size);
  }

  // Trimming: candidates are made of the smallest bytes so far that still run the same way. After
  // a success the next candidates move into the place of the one that was removed.
  int32_t BeginTrim(std::span<const uint8_t> bytes) {
    trimmed_size_ = bytes.size();
    std::copy(bytes.begin(), bytes.end(), trimmed_.begin());
    step_ = 0;
    steps_ = static_cast<int32_t>(TrimSteps(Trimmed()));
    return steps_;
  }
  // Empty, which afl-fuzz does not run and counts as a failure, when it would not be smaller.
  std::span<uint8_t> TrimCandidate() {
    size_t size = TrimAt(Trimmed(), static_cast<size_t>(step_), out_);
    if (size >= trimmed_size_) size = 0;
    candidate_size_ = size;
    return {out_.data(), size};
  }
  // Returns the next step, or a step past the last.
  int32_t EndTrimCandidate(bool same) {
    if (same) {
      std::copy_n(out_.begin(), candidate_size_, trimmed_.begin());
      trimmed_size_ = candidate_size_;
    } else {
      ++step_;
    }
    return step_ < static_cast<int32_t>(TrimSteps(Trimmed())) ? step_ : steps_;
  }

 private:
  uint32_t Seed() { return static_cast<uint32_t>(random_.Next()); }
  std::span<const uint8_t> Trimmed() const { return {trimmed_.data(), trimmed_size_}; }

  Random random_;
  Buffer out_;      // what afl-fuzz was given last
  Buffer trimmed_;  // the smallest bytes so far
  size_t trimmed_size_ = 0;
  size_t candidate_size_ = 0;
  int32_t step_ = 0;
  int32_t steps_ = 0;  // as afl-fuzz was told
};

void ReadSettings() {
  Settings().members = kMembers;
  const char* policy = std::getenv("GATHERFUZZ_POLICY");
  const char* arch = std::getenv("GATHERFUZZ_ARCH");
  if (policy != nullptr && FindPolicy(policy) != nullptr) Settings().policy = FindPolicy(policy);
  if (arch != nullptr && FindArch(arch) != nullptr) Settings().arch = FindArch(arch);
  const char* memory = std::getenv("GATHERFUZZ_MEMORY");
  if (memory != nullptr) Settings().memory = ParseMemoryModel(memory).value_or(MemoryModel::kSc);
  const char* kernel = std::getenv("GATHERFUZZ_KERNEL");
  if (kernel != nullptr) Settings().kernel = ParseKernelVersion(kernel).value_or(kDefaultKernel);
}

Mutator& From(void* data) { return *static_cast<Mutator*>(data); }

}  // namespace
}  // namespace gatherfuzz

#define GATHERFUZZ_EXPORT extern "C" [[gnu::visibility("default")]]

GATHERFUZZ_EXPORT void* afl_custom_init(void*, unsigned seed) {
  gatherfuzz::ReadSettings();
  return new gatherfuzz::Mutator(seed);
}

GATHERFUZZ_EXPORT void afl_custom_deinit(void* data) { delete &gatherfuzz::From(data); }

GATHERFUZZ_EXPORT size_t afl_custom_fuzz(void* data, uint8_t* bytes, size_t size, uint8_t** out,
                                         uint8_t* partner, size_t partner_size, size_t max_size) {
  using namespace gatherfuzz;
  const auto mutated = From(data).Next(
      Cut(bytes, size), Cut(partner, partner == nullptr ? 0 : partner_size), max_size);
  *out = mutated.data();
  return mutated.size();
}

GATHERFUZZ_EXPORT const char* afl_custom_describe(void*, size_t) {
  return gatherfuzz::LastMutation();
}

GATHERFUZZ_EXPORT int32_t afl_custom_init_trim(void* data, uint8_t* bytes, size_t size) {
  return gatherfuzz::From(data).BeginTrim(gatherfuzz::Cut(bytes, size));
}

GATHERFUZZ_EXPORT size_t afl_custom_trim(void* data, uint8_t** out) {
  const auto candidate = gatherfuzz::From(data).TrimCandidate();
  *out = candidate.data();
  return candidate.size();
}

GATHERFUZZ_EXPORT int32_t afl_custom_post_trim(void* data, uint8_t same) {
  return gatherfuzz::From(data).EndTrimCandidate(same != 0);
}
