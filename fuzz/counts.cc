// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "fuzz/counts.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace gatherfuzz {
namespace {

// Null, with errno, if it cannot be had. Room is taken at once: on a full disk a write to the
// mapping would be a signal.
Counts* Map(const char* path) {
  const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return nullptr;
  errno = posix_fallocate(file, 0, sizeof(Counts));
  void* const mapped =
      errno != 0 ? MAP_FAILED
                 : mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int error = errno;
  close(file);
  errno = error;
  return mapped == MAP_FAILED ? nullptr : static_cast<Counts*>(mapped);
}

Counts* Open() {
  static Counts own;
  const char* path = std::getenv("GATHERFUZZ_COUNTS_FILE");
  if (path == nullptr) return &own;
  Counts* counts = Map(path);
  if (counts != nullptr && (counts->magic == 0 || counts->magic == kCountsMagic)) {
    counts->magic = kCountsMagic;
    return counts;
  }
  std::fprintf(stderr, "gatherfuzz: GATHERFUZZ_COUNTS_FILE: %s: %s; its numbers are lost\n", path,
               counts != nullptr ? "not a file of counts" : std::strerror(errno));
  return &own;
}

}  // namespace

Counts& TheCounts() {
  static Counts& counts = *Open();
  return counts;
}

}  // namespace gatherfuzz
