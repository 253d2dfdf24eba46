// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// --junit FILE: what was checked, as JUnit's XML, which CI systems show. No times: equal results
// are equal files.
#ifndef GATHERFUZZ_COMMAND_JUNIT_H_
#define GATHERFUZZ_COMMAND_JUNIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace gatherfuzz {

class JUnit {
 public:
  explicit JUnit(std::string suite) : suite_(std::move(suite)) {}

  // A case that is as expected, until it is said to fail or to be open.
  void Begin(std::string name) { cases_.push_back({std::move(name), {}, {}, {}}); }
  // `details`, of some lines: what a person looks at next.
  void Fail(std::string why, std::string details = "") {
    cases_.back().failures.push_back({std::move(why), std::move(details)});
  }
  void Skip(const std::string& why) { cases_.back().skipped = why; }
  // A case of its own: what could not be checked, such as a file that cannot be read.
  void Error(std::string name, const std::string& why) {
    cases_.push_back({std::move(name), {}, {}, why});
  }

  // Nothing if `path` is empty.
  absl::Status Write(const std::string& path) const;

 private:
  struct Failure {
    std::string why, details;
  };
  struct Case {
    std::string name;
    std::vector<Failure> failures;
    std::string skipped, error;
  };
  std::string suite_;
  std::vector<Case> cases_;
};

}  // namespace gatherfuzz

#endif  // GATHERFUZZ_COMMAND_JUNIT_H_
