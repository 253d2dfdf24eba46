// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "triage/crashes/replay_all.h"

#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

#include "triage/crashes/read.h"

namespace gatherfuzz {
namespace {

// What decides how a replay ends: content, whether its name says text, and what the path says.
using ReplayKey = std::tuple<std::string, bool, std::string, std::string>;

class ReplayTable {
 public:
  explicit ReplayTable(const Said& flags) : flags_(flags) {}

  void Fill(SortedFile& file) {
    if (!file.found.unread.empty()) return Unread(file, file.found.unread);
    const absl::StatusOr<std::string> content = ReadRegular(file.found.path);
    if (!content.ok()) return Unread(file, std::string(content.status().message()));
    file.bytes = content->size();
    file.hash = ContentHash(*content);
    const bool named_as_text = file.found.path.ends_with(".gather");
    const auto [replayed, mine] =
        Claim({file.hash, named_as_text, file.found.said.policy, file.found.said.arch});
    file.replayed = replayed;
    if (!mine) return;
    // Large, and one for each thread.
    thread_local const auto execution = std::make_unique<Execution>();
    thread_local const auto schedule = std::make_unique<Schedule>();
    *replayed = Replay(*execution, {*content, named_as_text, flags_, file.found.said}, *schedule);
  }

 private:
  static void Unread(SortedFile& file, std::string why) {
    const auto replayed = std::make_shared<Replayed>();
    replayed->why = std::move(why);
    file.replayed = replayed;
  }

  // The first to ask fills it in; it is looked at when all threads are done.
  std::pair<std::shared_ptr<Replayed>, bool> Claim(ReplayKey key) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Replayed>& replayed = replays_[std::move(key)];
    const bool mine = replayed == nullptr;
    if (mine) replayed = std::make_shared<Replayed>();
    return {replayed, mine};
  }

  const Said& flags_;
  std::mutex mutex_;
  std::map<ReplayKey, std::shared_ptr<Replayed>> replays_;
};

}  // namespace

std::vector<SortedFile> ReplayAll(std::vector<FoundFile> files, const Said& flags,
                                  StoppableWork& work) {
  std::vector<SortedFile> sorted(files.size());
  for (size_t i = 0; i < files.size(); ++i) sorted[i].found = std::move(files[i]);
  ReplayTable table(flags);
  work.Each(sorted.size(), "files replayed", [&](size_t i) { table.Fill(sorted[i]); });
  return sorted;
}

}  // namespace gatherfuzz
