// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/io/foreign.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "explore/io/strings.h"
#include "harness/bytes.h"

namespace gatherfuzz {
namespace {

using std::string_view_literals::operator""sv;

struct Magic {
  std::string_view begins;
  const char* what;
};
constexpr Magic kMagic[] = {
    {"\x89PNG"sv, "a PNG image"},
    {"\xff\xd8\xff"sv, "a JPEG image"},
    {"GIF8"sv, "a GIF image"},
    {"%PDF-"sv, "a PDF document"},
    {"\x7f"
     "ELF"sv,
     "an ELF file: a program or an object"},
    {"!<arch>\n"sv, "an archive of objects"},
    {"BC\xc0\xde"sv, "LLVM bitcode"},
    {"\0asm"sv, "a WebAssembly module"},
    {"\x1f\x8b\x08"sv, "compressed by gzip"},
    {"BZh"sv, "compressed by bzip2"},
    {"\xfd"
     "7zXZ"sv,
     "compressed by xz"},
    {"\x28\xb5\x2f\xfd"sv, "compressed by zstd"},
    {"PK\x03\x04"sv, "a ZIP archive"},
    {"7z\xbc\xaf"sv, "a 7z archive"},
    {"SQLite format 3"sv, "an SQLite database"},
    {"PERFILE2"sv, "a recording of perf"},
};

constexpr size_t kLeastText = 8;         // bytes; engines make less that happens to be letters
constexpr size_t kMostBytes = 64 << 10;  // far above what a schedule can hold or engines make

bool IsText(std::string_view content) {
  const auto odd = [](unsigned char c) { return c < 0x20 ? c < '\t' || '\r' < c : c == 0x7f; };
  const auto is_ascii = [](unsigned char c) { return c < 0x80; };
  const auto ascii = std::count_if(content.begin(), content.end(), is_ascii);
  return content.size() >= kLeastText && std::none_of(content.begin(), content.end(), odd) &&
         static_cast<size_t>(ascii) * 10 >= content.size() * 9;
}

// herd7's tests begin with an architecture and a name, and end with what is asked.
bool IsLitmus(std::string_view content) {
  static constexpr std::string_view kArchs[] = {"AArch64", "ARM", "C",     "BPF",    "LISA",
                                                "MIPS",    "PPC", "RISCV", "X86_64", "X86"};
  const std::string_view word = content.substr(0, std::min(content.find(' '), content.size()));
  const auto asks = [&](std::string_view what) { return content.find(what) != content.npos; };
  return std::find(std::begin(kArchs), std::end(kArchs), word) != std::end(kArchs) &&
         (asks("exists") || asks("forall"));
}

}  // namespace

std::string WhyNoSchedule(std::string_view content) {
  for (const auto& [begins, what] : kMagic) {
    if (content.starts_with(begins)) return absl::StrCat("it is ", what);
  }
  if (IsText(content)) {
    return IsLitmus(content)
               ? "it is a litmus test, in the language of herd7"
               : "it is text, but not that of a schedule, which begins 'gatherfuzz 1'";
  }
  if (content.size() <= kMostBytes) return "";
  return absl::StrCat("it has ", content.size(), " bytes, and a schedule at most ",
                      kMaxEncodedBytes);
}

}  // namespace gatherfuzz
