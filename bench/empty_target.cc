// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The ceiling: libFuzzer itself, with a target that does nothing.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t*, size_t) { return 0; }
