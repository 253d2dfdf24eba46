// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The least engine there is: main(), which runs the files that are named, each once. Whoever builds
// targets with an engine of their own can link this in its place (LIB_FUZZING_ENGINE) and see that
// target and inputs are right before they ask what is wrong with the engine. scripts/check_build
// does, where no engine can be linked (with libc++), and for the benchmarks.
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" {
int LLVMFuzzerInitialize(int* argc, char*** argv);
int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
}

int main(int argc, char** argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  for (int i = 1; i < argc; ++i) {
    std::ifstream in(argv[i], std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    if (!in) {
      std::fprintf(stderr, "cannot read %s; name files with inputs\n", argv[i]);
      return 2;
    }
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  std::fprintf(stderr, "ran %d inputs\n", argc - 1);
  return 0;
}
