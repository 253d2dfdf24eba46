// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/read.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace gatherfuzz {
namespace {

constexpr off_t kMaxFileBytes = 16 << 20;

absl::Status Failed(const char* what) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::string> ReadRegular(const std::string& path) {
  // A pipe that nobody writes to is opened without waiting, then told from a file.
  const int file = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file < 0) return Failed("cannot be opened");
  const absl::Cleanup closing = [file] { close(file); };
  struct stat status{};
  if (fstat(file, &status) != 0) return Failed("cannot be read");
  if (!S_ISREG(status.st_mode)) return absl::InvalidArgumentError("is not a regular file");
  std::string content;
  char buffer[1 << 14];
  for (;;) {
    const ssize_t got = read(file, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("cannot be read");
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
    if (status.st_size > kMaxFileBytes || content.size() > kMaxFileBytes) {
      return absl::InvalidArgumentError("is too large for a schedule (over 16 MiB)");
    }
  }
}

std::string ContentHash(std::string_view content) {
  const XXH128_hash_t hash = XXH3_128bits(content.data(), content.size());
  return absl::StrFormat("%016x%016x", hash.high64, hash.low64);
}

std::string ShortHash(std::string_view content) {
  return absl::StrFormat("%016x", XXH3_64bits(content.data(), content.size()));
}

std::string Shown(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    if (absl::ascii_isprint(static_cast<unsigned char>(c)) && c != '\\') {
      shown += c;
    } else {
      absl::StrAppendFormat(&shown, "\\x%02x", static_cast<unsigned char>(c));
    }
  }
  return shown;
}

}  // namespace gatherfuzz
