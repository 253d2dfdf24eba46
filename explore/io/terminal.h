// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// The terminal as a screen with keys: the whole window, a key at a time, and as it was in the end.
//
// Keys are read from the terminal itself, so standard input may be something else. The terminal is
// given back however the program ends, but for SIGKILL: at the end of the object's life, on Ctrl-Z
// until the program goes on, and before a signal ends it, also that of a crash.
#ifndef GATHERFUZZ_EXPLORE_IO_TERMINAL_H_
#define GATHERFUZZ_EXPLORE_IO_TERMINAL_H_

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace gatherfuzz {

// A key is the character that it types, or one of these.
enum TerminalKey : int {
  kNoKey = -1,
  kEnter = '\n',
  kEscape = 27,
  kBackspace = 127,
  kUp = 256,
  kDown,
  kRight,
  kLeft,
  kHome,
  kEnd,
  kPageUp,
  kPageDown,
  kResized,  // the window has another size, or has to be drawn again
  kClosed,   // there will be no more keys: Ctrl-C, SIGTERM, or the terminal is gone
};

// Takes the first key out of what a terminal sends. Sequences that stand for other keys are kNoKey.
int TakeKey(std::string& bytes);

struct WindowSize {
  int columns = 80, rows = 24;
};

class Terminal {
 public:
  // One at a time. If there is none, the error says so.
  static absl::StatusOr<std::unique_ptr<Terminal>> Open();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  WindowSize Size() const;
  void Write(std::string_view text);
  int ReadKey();
  // Set by Ctrl-C and SIGTERM; the second one ends the process.
  const std::atomic<bool>& ended() const;

 private:
  Terminal() = default;
  std::string bytes_;  // read, and not yet taken
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_EXPLORE_IO_TERMINAL_H_
