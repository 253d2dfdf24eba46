// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The mutator as libFuzzer asks for it. libFuzzer finds these functions by name, and then mutates
// by no other; its own mutation serves as the one for plain bytes, if the engine has one.
//
// Three in five times what it gets is a small schedule from nothing, whatever it asked about. A
// run of these takes a fraction of the time of what fills the corpus, so they cost little, and many
// bugs take no more. libFuzzer mutates what it got last, several times in a row: after a small one
// the next mutation is of what the small one took the place of.
#include <algorithm>
#include <array>

#include "fuzz/mutator.h"
#include "fuzz/subject.h"
#include "harness/random.h"

extern "C" [[gnu::weak]] size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace gatherfuzz {
namespace {

// What was asked about when a small schedule was the answer; up to the next question.
class Aside {
 public:
  // What is asked about, if that small schedule is what `asked` is.
  std::span<const uint8_t> Instead(std::span<const uint8_t> asked) {
    const bool small =
        std::equal(asked.begin(), asked.end(), small_.begin(), small_.begin() + size_);
    return small && size_ != 0 ? std::span<const uint8_t>(kept_.data(), kept_size_) : asked;
  }
  bool Takes(std::span<const uint8_t> asked) {
    if (asked.size() > kept_.size()) return false;
    if (asked.data() != kept_.data()) std::copy(asked.begin(), asked.end(), kept_.begin());
    kept_size_ = asked.size();
    return true;
  }
  size_t Gives(std::span<uint8_t> out, uint32_t seed) {
    size_ = MakeSmall(out.first(std::min(out.size(), small_.size())), seed);
    std::copy_n(out.begin(), size_, small_.begin());
    return size_;
  }

 private:
  std::array<uint8_t, 4096> kept_, small_;
  size_t kept_size_ = 0, size_ = 0;
};

Aside& TheAside() {
  static Aside aside;
  return aside;
}

void SetOnce() {
  static const bool set = [] {
    Settings().policy = &ThePolicy();
    Settings().arch = &TheArch();
    Settings().memory = TheMemory();
    Settings().kernel = TheKernel();
    return true;
  }();
  (void)set;
}

// By another generator than the mutator has for that seed.
bool WantsSmall(uint32_t seed) { return Random(~seed).Below(5) < 3; }

}  // namespace
}  // namespace gatherfuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  using namespace gatherfuzz;
  SetOnce();
  const std::span<const uint8_t> asked = TheAside().Instead({data, size});
  if (WantsSmall(seed) && TheAside().Takes(asked)) return TheAside().Gives({data, max_size}, seed);
  const size_t kept = std::min(asked.size(), max_size);
  if (asked.data() != data) std::copy_n(asked.begin(), kept, data);
  return Mutate({data, max_size}, kept, seed, LLVMFuzzerMutate);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b,
                                            size_t b_size, uint8_t* out, size_t max_size,
                                            unsigned seed) {
  using namespace gatherfuzz;
  const std::span<const uint8_t> asked = TheAside().Instead({a, a_size});
  if (WantsSmall(seed) && TheAside().Takes(asked)) return TheAside().Gives({out, max_size}, seed);
  return CrossOver(asked, {b, b_size}, {out, max_size}, seed);
}
