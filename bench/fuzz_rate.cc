// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The fuzz target as it is, with features, mutator and families, on schedules of about 64 steps
// whatever libFuzzer asks for: its rate, beside that of an empty target, is what the harness costs
// inside the engine. Each mutation is made, and then thrown away.
#include <cstring>

#include "bench/workload.h"
#include "fuzz/mutator.h"

namespace gatherfuzz {
namespace {

const std::vector<EncodedBytes>& Workload() {
  static const auto workload =
      MakeWorkload(256, *FindPolicy("full-mm"), *FindArch("x86"), Settings().members);
  return workload;
}

}  // namespace
}  // namespace gatherfuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  using namespace gatherfuzz;
  Mutate({data, max_size}, size, seed, nullptr);
  const EncodedBytes& bytes = Workload()[seed % Workload().size()];
  const size_t written = std::min(bytes.size(), max_size);
  std::memcpy(data, bytes.begin(), written);
  return written;
}
