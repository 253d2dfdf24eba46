// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The mutator as libFuzzer asks for it. libFuzzer finds these functions by name, and then mutates
// by no other; its own mutation serves as the one for plain bytes, if the engine has one.
#include "fuzz/mutator.h"
#include "fuzz/subject.h"

extern "C" [[gnu::weak]] size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  static const bool set = [] {
    gatherfuzz::Settings().policy = &gatherfuzz::ThePolicy();
    gatherfuzz::Settings().arch = &gatherfuzz::TheArch();
    gatherfuzz::Settings().memory = gatherfuzz::TheMemory();
    return true;
  }();
  (void)set;
  return gatherfuzz::Mutate({data, max_size}, size, seed, LLVMFuzzerMutate);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b,
                                            size_t b_size, uint8_t* out, size_t max_size,
                                            unsigned seed) {
  return gatherfuzz::CrossOver({a, a_size}, {b, b_size}, {out, max_size}, seed);
}
