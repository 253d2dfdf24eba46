// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// A fuzz target whose every execution is a schedule of about 64 steps, whatever libFuzzer asks for:
// its rate, beside that of an empty target, is what the harness costs inside the engine.
#include <cstring>

#include "bench/workload.h"

namespace gatherfuzz {
namespace {

const std::vector<EncodedBytes>& Workload() {
  static const auto workload = MakeWorkload(256, *FindPolicy("full-mm"), *FindArch("x86"));
  return workload;
}

}  // namespace
}  // namespace gatherfuzz

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t, size_t max_size, unsigned seed) {
  const auto& workload = gatherfuzz::Workload();
  const gatherfuzz::EncodedBytes& bytes = workload[seed % workload.size()];
  const size_t size = bytes.size() < max_size ? bytes.size() : max_size;
  std::memcpy(data, bytes.begin(), size);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gatherfuzz;
  static Execution execution;
  static Schedule schedule;
  DecodeBytes({data, size}, schedule);
  execution.Execute(schedule, *FindPolicy("full-mm"), *FindArch("x86"));
  return 0;
}
