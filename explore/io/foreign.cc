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
    {"\x04\x22\x4d\x18"sv, "compressed by lz4"},
    {"Rar!"sv, "a RAR archive"},
    {"\xd0\xcf\x11\xe0"sv, "a document of an old Office"},
    {"II*\0"sv, "a TIFF image"},
    {"MM\0*"sv, "a TIFF image"},
    {"RIFF"sv, "a RIFF file: an image, sound or film"},
    {"OggS"sv, "an Ogg file: sound or film"},
    {"\xca\xfe\xba\xbe"sv, "a Java class or a Mach-O program"},
    {"\xcf\xfa\xed\xfe"sv, "a Mach-O program"},
    {"\xd4\xc3\xb2\xa1"sv, "a recording of network packets"},
    {"\x0a\x0d\x0d\x0a"sv, "a recording of network packets"},
};

// What text begins with that is in a language of its own.
constexpr Magic kTexts[] = {
    {"diff --git "sv, "a patch, which 'scripts/fuzz --kernel PATH --patch FILE' takes"},
    {"--- a/"sv, "a patch, which 'scripts/fuzz --kernel PATH --patch FILE' takes"},
    {"From "sv, "a mail, and a patch in one is for 'scripts/fuzz --kernel PATH --patch FILE'"},
    {"---- MODULE "sv, "a module of TLA+"},
    {"#!"sv, "a script"},
    {"<!DOCTYPE html"sv, "a page of HTML"},
    {"<!doctype html"sv, "a page of HTML"},
    {"<html"sv, "a page of HTML"},
    {"<?xml"sv, "XML"},
    {"<svg"sv, "an SVG image"},
    {"{\""sv, "JSON"},
    {"{\n"sv, "JSON"},
    {"[{"sv, "JSON"},
};

// A file of tar has its mark behind the name of the first that is in it.
constexpr size_t kTarMark = 257;

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

std::string WhatText(std::string_view content) {
  if (IsLitmus(content)) return "it is a litmus test, which herd7 runs";
  for (const auto& [begins, what] : kTexts) {
    if (content.starts_with(begins)) return absl::StrCat("it is ", what);
  }
  return "it is text, but not that of a schedule, which begins 'gatherfuzz 1'";
}

}  // namespace

std::string WhyNoSchedule(std::string_view content) {
  for (const auto& [begins, what] : kMagic) {
    if (content.starts_with(begins)) return absl::StrCat("it is ", what);
  }
  if (content.size() > kTarMark && content.substr(kTarMark).starts_with("ustar")) {
    return "it is a tar archive";
  }
  if (IsText(content)) return WhatText(content);
  if (content.size() <= kMostBytes) return "";
  return absl::StrCat("it has ", content.size(), " bytes, and a schedule at most ",
                      kMaxEncodedBytes);
}

}  // namespace gatherfuzz
