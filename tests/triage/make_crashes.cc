// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Writes a folder of crash files as a night of libFuzzer leaves it, to test and measure triage:
// random bytes that violate a policy, as FOLDER/POLICY_ARCH/crash-NUMBER.
//
//   make_crashes FOLDER [COUNT [BYTES]]
//
// The same on every build. COUNT files (1000) of BYTES bytes (200) are shared out over the
// published policies and architectures that random bytes break.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "harness/bytes.h"
#include "harness/execution.h"
#include "harness/family.h"
#include "harness/random.h"

namespace gatherfuzz {
namespace {

constexpr uint64_t kTries =
    300;  // for one crash, before a policy is given up as one that breaks too rarely

class Maker {
 public:
  Maker(const Policy& policy, const Arch& arch, uint64_t seed, size_t size)
      : policy_(policy), arch_(arch), random_(seed), bytes_(size) {}

  // The next input that violates; empty if there is none.
  std::string Next() {
    for (uint64_t tried = 0; tried < kTries; ++tried) {
      for (uint8_t& byte : bytes_) byte = static_cast<uint8_t>(random_.Next() >> 40);
      const int members = DecodeBytes(bytes_, schedule_);
      execution_.Load(schedule_);
      for (int number = 0; number < members; ++number) {
        if (!execution_.RunLoaded(policy_, arch_, MemberOf(schedule_, number)).clean()) {
          return {bytes_.begin(), bytes_.end()};
        }
      }
    }
    return {};
  }

  std::string folder() const {
    return std::string(policy_.name()) + "_" + std::string(arch_.name());
  }

 private:
  const Policy& policy_;
  const Arch& arch_;
  Random random_;
  std::vector<uint8_t> bytes_;
  Schedule schedule_;
  Execution execution_;
};

int Main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: make_crashes FOLDER [COUNT [BYTES]]\n");
    return 2;
  }
  const int count = argc > 2 ? std::atoi(argv[2]) : 1000;
  const auto size = static_cast<size_t>(argc > 3 ? std::atoi(argv[3]) : 200);
  std::vector<std::unique_ptr<Maker>> makers;
  for (const Policy* policy : Policies()) {
    for (const Arch* arch : Archs()) {
      if (policy->SafeOn(arch->name())) continue;
      makers.push_back(std::make_unique<Maker>(*policy, *arch, makers.size(), size));
    }
  }
  int written = 0;
  for (int round = 0; written < count && !makers.empty(); ++round) {
    for (size_t i = 0; i < makers.size() && written < count; ++i) {
      const std::string input = makers[i]->Next();
      if (input.empty()) {
        makers.erase(makers.begin() + static_cast<std::ptrdiff_t>(i--));
        continue;
      }
      const std::filesystem::path folder = std::filesystem::path(argv[1]) / makers[i]->folder();
      std::filesystem::create_directories(folder);
      char name[32];
      std::snprintf(name, sizeof name, "crash-%06d", round);
      std::ofstream(folder / name, std::ios::binary) << input;
      ++written;
    }
  }
  std::printf("%d crashes\n", written);
  return written == count ? 0 : 1;
}

}  // namespace
}  // namespace gatherfuzz

int main(int argc, char** argv) { return gatherfuzz::Main(argc, argv); }
