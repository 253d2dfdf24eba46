// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Prints the trace hash of every file named on the command line, under its own policy and
// architecture, and of 10,000 random inputs, under all of them in turns. The output has to be the
// same from every build; builds_agree.sh compares them. Also the libFuzzer build's own main, so to
// speak: there, libFuzzer calls LLVMFuzzerInitialize() first, and this ends the process in it.
#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <variant>

#include "harness/bytes.h"
#include "harness/execution.h"
#include "harness/random.h"
#include "harness/text.h"

namespace gatherfuzz {
namespace {

bool PrintFile(Execution& execution, const char* path) {
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const auto parsed = ParseText(text);
  if (const auto* error = std::get_if<TextError>(&parsed)) {
    std::fprintf(stderr, "%s\n", FormatError(path, *error).c_str());
    return false;
  }
  const auto& file = std::get<ScheduleFile>(parsed);
  const RunResult result =
      execution.Execute(file.schedule, *FindPolicy(file.policy), *FindArch(file.arch));
  std::printf("%016" PRIx64 " %u %s\n", result.trace_hash, result.steps, path);
  return true;
}

void PrintRandom(Execution& execution, uint64_t seed) {
  Random random(seed);
  std::array<uint8_t, 512> bytes;
  const size_t size = random.Below(bytes.size());
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(random.Next() >> 40);
  static Schedule schedule;
  DecodeBytes({bytes.data(), size}, schedule);
  const Policy& policy = *Policies()[seed % Policies().size()];
  const Arch& arch = *Archs()[seed / Policies().size() % Archs().size()];
  const RunResult result = execution.Execute(schedule, policy, arch);
  std::printf("%016" PRIx64 " %u %016" PRIx64 " random %" PRIu64 "\n", result.trace_hash,
              result.steps, Digest(execution.world()), seed);
}

int Main(int argc, char** argv) {
  const auto execution = std::make_unique<Execution>();
  for (int i = 1; i < argc; ++i) {
    if (!PrintFile(*execution, argv[i])) return 1;
  }
  for (uint64_t seed = 0; seed < 10'000; ++seed) PrintRandom(*execution, seed);
  return 0;
}

}  // namespace
}  // namespace gatherfuzz

#ifdef GATHERFUZZ_IN_LIBFUZZER
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const int status = gatherfuzz::Main(*argc, *argv);
  std::fflush(stdout);
  std::_Exit(status);
}
extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }
#else
int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
#endif
