// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// SHA-1, because libFuzzer names the files of a corpus by it. Nothing rests on its strength.
#ifndef GATHERFUZZ_TRIAGE_CORPUS_SHA1_H_
#define GATHERFUZZ_TRIAGE_CORPUS_SHA1_H_

#include <string>
#include <string_view>

namespace gatherfuzz {

// In 40 hexadecimal digits (FIPS 180-4).
std::string Sha1(std::string_view content);

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_TRIAGE_CORPUS_SHA1_H_
