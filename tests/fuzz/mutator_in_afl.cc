// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The mutator as afl-fuzz uses it: the calls, and what AFL++'s documents promise and ask of them.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fuzz/mutator.h"
#include "harness/bytes.h"
#include "harness/random.h"

extern "C" {
void* afl_custom_init(void*, unsigned seed);
void afl_custom_deinit(void* data);
size_t afl_custom_fuzz(void* data, uint8_t* bytes, size_t size, uint8_t** out, uint8_t* partner,
                       size_t partner_size, size_t max_size);
const char* afl_custom_describe(void*, size_t);
int32_t afl_custom_init_trim(void* data, uint8_t* bytes, size_t size);
size_t afl_custom_trim(void* data, uint8_t** out);
int32_t afl_custom_post_trim(void* data, uint8_t same);
}

namespace gatherfuzz {
namespace {

using ::testing::Not;
using Bytes = std::vector<uint8_t>;

// Bytes of a schedule that random bytes make.
Bytes ScheduleFrom(uint64_t seed) {
  Random random(seed);
  Bytes bytes(100 + random.Below(200));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Next());
  Schedule schedule;
  DecodeBytes(bytes, schedule);
  const EncodedBytes encoded = EncodeBytes(schedule);
  return {encoded.begin(), encoded.end()};
}

class Afl {
 public:
  explicit Afl(unsigned seed) : data_(afl_custom_init(nullptr, seed)) {}
  ~Afl() { afl_custom_deinit(data_); }

  Bytes Fuzz(Bytes bytes, Bytes partner, size_t max_size) {
    uint8_t* out = nullptr;
    const size_t size =
        afl_custom_fuzz(data_, bytes.data(), bytes.size(), &out,
                        partner.empty() ? nullptr : partner.data(), partner.size(), max_size);
    EXPECT_NE(out, nullptr);
    EXPECT_LE(size, max_size);
    return {out, out + size};
  }

  struct Trimmed {
    Bytes bytes;
    int run = 0;    // candidates
    int calls = 0;  // also those that afl-fuzz does not run
  };
  // As afl-fuzz trims: `same` says whether the candidate runs like the bytes before.
  Trimmed Trim(Bytes bytes, const std::function<bool(const Bytes&)>& same) {
    Trimmed result;
    const int32_t end = afl_custom_init_trim(data_, bytes.data(), bytes.size());
    int32_t at = 0;
    while (at < end && result.calls < 100'000) {
      ++result.calls;
      uint8_t* out = nullptr;
      const size_t size = afl_custom_trim(data_, &out);
      EXPECT_NE(out, nullptr);
      const Bytes candidate(out, out + size);
      EXPECT_LT(size, bytes.size());
      const bool success = size > 0 && same(candidate);
      result.run += size > 0;
      if (success) bytes = candidate;
      at = afl_custom_post_trim(data_, success);
      EXPECT_GE(at, 0);
    }
    EXPECT_LT(result.calls, 100'000);
    result.bytes = bytes;
    return result;
  }

 private:
  void* data_;
};

TEST(MutatorInAfl, IsDeterministicInItsSeed) {
  Afl one(7), same(7), other(8);
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const Bytes bytes = ScheduleFrom(i), partner = ScheduleFrom(i + 1);
    const Bytes child = one.Fuzz(bytes, partner, 4096);
    ASSERT_EQ(child, same.Fuzz(bytes, partner, 4096));
    differs |= child != other.Fuzz(bytes, partner, 4096);
  }
  EXPECT_TRUE(differs);
  EXPECT_THAT(std::string(afl_custom_describe(nullptr, 100)), Not(::testing::IsEmpty()));
}

TEST(MutatorInAfl, KeepsToTheSizeItIsGiven) {
  Afl afl(1);
  const Bytes huge(1 << 20, 0xa5);
  for (const size_t max_size : {1u, 4u, 12u, 16u, 100u, 1u << 20}) {
    for (int i = 0; i < 200; ++i) {
      afl.Fuzz({}, {}, max_size);
      afl.Fuzz({1}, {2}, max_size);
      afl.Fuzz(ScheduleFrom(i), huge, max_size);
      afl.Fuzz(huge, ScheduleFrom(i), max_size);
    }
  }
}

TEST(MutatorInAfl, TrimsToWhereNoCandidateIsSmaller) {
  Afl afl(1);
  const auto result = afl.Trim(ScheduleFrom(3), [](const Bytes&) { return true; });
  Bytes out(4096);
  for (size_t step = 0; step < TrimSteps(result.bytes); ++step) {
    const size_t size = TrimAt(result.bytes, step, out);
    EXPECT_TRUE(size == 0 || size >= result.bytes.size());
  }
  EXPECT_LT(result.bytes.size(), ScheduleFrom(3).size());
}

TEST(MutatorInAfl, TriesEachCandidateOnceWhenAllFail) {
  Afl afl(1);
  const Bytes bytes = ScheduleFrom(4);
  const auto result = afl.Trim(bytes, [](const Bytes&) { return false; });
  EXPECT_EQ(result.bytes, bytes);
  EXPECT_EQ(result.calls, static_cast<int>(TrimSteps(bytes)));
  EXPECT_GT(result.run, 0);
}

// Each candidate is made from what was kept last, never from what failed.
TEST(MutatorInAfl, GoesOnFromWhatWasKept) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Afl afl(1);
    Random random(seed);
    Bytes kept = ScheduleFrom(seed), out(4096);
    afl.Trim(kept, [&](const Bytes& candidate) {
      bool of_kept = false;
      for (size_t step = 0; step < TrimSteps(kept) && !of_kept; ++step) {
        const size_t size = TrimAt(kept, step, out);
        of_kept = std::equal(candidate.begin(), candidate.end(), out.begin(), out.begin() + size);
      }
      EXPECT_TRUE(of_kept);
      const bool success = random.Below(2) == 0;
      if (success) kept = candidate;
      return success;
    });
  }
}

}  // namespace
}  // namespace gatherfuzz
