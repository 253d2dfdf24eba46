// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "explore/io/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "explore/io/strings.h"

namespace gatherfuzz {
namespace {

// What the handlers use; async-signal-safe throughout.
int tty = -1;
termios given, taken;  // the terminal's modes as they were, and as keys need them
std::atomic<bool> asked_to_end{false}, resized{false};
static_assert(std::atomic<bool>::is_always_lock_free, "handlers store it");

// How long the rest of a sequence may take; what is alone is the key Escape.
constexpr int kSequenceMilliseconds = 50;

// The alternate screen, without a cursor; and back.
constexpr std::string_view kToScreen = "\033[?1049h\033[?25l";
constexpr std::string_view kFromScreen = "\033[0m\033[?25h\033[?1049l";

void Put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(tty, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
}

void Take() {
  tcsetattr(tty, TCSADRAIN, &taken);
  Put(kToScreen);
}
void GiveBack() {
  Put(kFromScreen);
  tcsetattr(tty, TCSADRAIN, &given);
}

extern "C" void OnFatal(int number) {
  GiveBack();
  signal(number, SIG_DFL);
  raise(number);
}
extern "C" void OnEnd(int number) {
  if (asked_to_end.exchange(true)) OnFatal(number);
}
extern "C" void OnResize(int) { resized = true; }
extern "C" void OnPause(int) {
  GiveBack();
  raise(SIGSTOP);
}
extern "C" void OnContinue(int) {
  Take();
  resized = true;
}

constexpr struct {
  int number;
  void (*handler)(int);
} kSignals[] = {{SIGINT, OnEnd},       {SIGTERM, OnEnd},   {SIGWINCH, OnResize}, {SIGTSTP, OnPause},
                {SIGCONT, OnContinue}, {SIGHUP, OnFatal},  {SIGQUIT, OnFatal},   {SIGSEGV, OnFatal},
                {SIGBUS, OnFatal},     {SIGABRT, OnFatal}, {SIGFPE, OnFatal},    {SIGILL, OnFatal}};

// The key of "ESC [ PARAMETERS FINAL".
int KeyOf(char final, absl::string_view parameters) {
  int number = 0;
  const std::vector<absl::string_view> parts = absl::StrSplit(parameters, ';');
  switch (final) {
    case 'A': return kUp;
    case 'B': return kDown;
    case 'C': return kRight;
    case 'D': return kLeft;
    case 'H': return kHome;
    case 'F': return kEnd;
    case '~': break;
    default: return kNoKey;
  }
  if (!absl::SimpleAtoi(parts[0], &number)) return kNoKey;
  switch (number) {
    case 1:
    case 7: return kHome;
    case 4:
    case 8: return kEnd;
    case 5: return kPageUp;
    case 6: return kPageDown;
    default: return kNoKey;
  }
}

// Where the final character of the sequence is that begins at `from`; the end if it is not there.
size_t FinalOf(std::string_view bytes, size_t from) {
  size_t end = from + 2;
  while (end < bytes.size() && (bytes[end] < '@' || bytes[end] > '~')) ++end;
  return std::min(end, bytes.size());
}

// Whether what was read stops within a sequence, of which the rest may be under way.
bool StopsWithinSequence(std::string_view bytes) {
  const size_t last = bytes.rfind('\033');
  if (last == bytes.npos) return false;
  const bool sequence =
      last + 1 == bytes.size() || bytes[last + 1] == '[' || bytes[last + 1] == 'O';
  return sequence && FinalOf(bytes, last) == bytes.size();
}

}  // namespace

int TakeKey(std::string& bytes) {
  const auto take = [&](size_t count) { bytes.erase(0, count); };
  const char first = bytes[0];
  if (first != kEscape || bytes.size() == 1 || (bytes[1] != '[' && bytes[1] != 'O')) {
    take(1);
    return first == '\r' ? kEnter : first == '\b' ? kBackspace : static_cast<unsigned char>(first);
  }
  const size_t end = FinalOf(bytes, 0);
  if (end == bytes.size()) {
    bytes.clear();
    return kNoKey;
  }
  const int key = KeyOf(bytes[end], Absl(std::string_view(bytes).substr(2, end - 2)));
  take(end + 1);
  return key;
}

absl::StatusOr<std::unique_ptr<Terminal>> Terminal::Open() {
  const char* name = getenv("TERM");
  if (isatty(STDOUT_FILENO) == 0) {
    return absl::InvalidArgumentError("standard output is no terminal");
  }
  if (name == nullptr || *name == '\0' || absl::string_view(name) == "dumb") {
    return absl::InvalidArgumentError("TERM names no terminal with a screen");
  }
  tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (tty < 0 || tcgetattr(tty, &given) != 0) {
    return absl::InvalidArgumentError("there is no terminal to read keys from");
  }
  taken = given;
  taken.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  taken.c_iflag &= ~static_cast<tcflag_t>(IXON);
  taken.c_cc[VMIN] = 1;
  taken.c_cc[VTIME] = 0;
  asked_to_end = resized = false;
  struct sigaction action{};
  sigfillset(&action.sa_mask);
  for (const auto& each : kSignals) {
    action.sa_handler = each.handler;
    sigaction(each.number, &action, nullptr);
  }
  Take();
  return std::unique_ptr<Terminal>(new Terminal);
}

Terminal::~Terminal() {
  GiveBack();
  for (const auto& each : kSignals) signal(each.number, SIG_DFL);
  close(tty);
  tty = -1;
}

WindowSize Terminal::Size() const {
  winsize size{};
  if (ioctl(tty, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

void Terminal::Write(std::string_view text) { Put(text); }

const std::atomic<bool>& Terminal::ended() const { return asked_to_end; }

int Terminal::ReadKey() {
  while (bytes_.empty()) {
    // Signals are heard only while this waits, so none comes between the look and the wait.
    sigset_t heard, before;
    sigemptyset(&heard);
    for (const int number : {SIGINT, SIGTERM, SIGWINCH, SIGCONT}) sigaddset(&heard, number);
    sigprocmask(SIG_BLOCK, &heard, &before);
    pollfd keys{.fd = tty, .events = POLLIN, .revents = 0};
    const bool waits = !asked_to_end && !resized;
    if (waits) ppoll(&keys, 1, nullptr, &before);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (asked_to_end) return kClosed;
    if (resized.exchange(false)) return kResized;
    if (keys.revents == 0) continue;
    do {
      std::array<char, 256> read_now{};
      const ssize_t count = read(tty, read_now.data(), read_now.size());
      if (count <= 0) return kClosed;
      bytes_.append(read_now.data(), static_cast<size_t>(count));
    } while (StopsWithinSequence(bytes_) && poll(&keys, 1, kSequenceMilliseconds) > 0);
  }
  return TakeKey(bytes_);
}

}  // namespace gatherfuzz
