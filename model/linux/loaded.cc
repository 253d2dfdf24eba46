// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// Kernel trees that are told of when a program starts, in place of when it is built:
//   GATHERFUZZ_LOAD=NAME=FILE:NAME=FILE    makes the policies linux@NAME
// A FILE is what compile_tree makes of one tree, linked as a shared object: its symbols are
// gf_tree_x86, gf_tree_arm64 and gf_tree_riscv, or some of them. It finds the functions of facade.h
// in the program that loads it. With no such variable nothing is loaded.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "model/linux/linux_protocol.h"
#include "model/policies/policy.h"

namespace gatherfuzz {
namespace {

[[noreturn]] void Refuse(const std::string& message) {
  std::fprintf(stderr, "gatherfuzz: GATHERFUZZ_LOAD: %s\n", message.c_str());
  std::exit(2);
}

// A tree and what is made of it, as long as the process lives.
struct Loaded {
  Loaded(const std::string& tree, const gf_tree* x86, const gf_tree* arm64, const gf_tree* riscv)
      : name("linux@" + tree),
        archs(std::string(arm64 != nullptr ? "arm64 " : "") + (riscv != nullptr ? "riscv " : "") +
              (x86 != nullptr ? "x86" : "")),
        protocol(Any(x86, arm64, riscv), Any(arm64, x86, riscv), riscv),
        policy(name, "what mm/mmu_gather.c of a kernel tree does", "a kernel tree", protocol,
               {.foreign = true, .loads = kTreeLoads, .runs_on = archs}),
        registered(&policy) {}

  // What is not there is not run either, so any stands for it.
  static const gf_tree& Any(const gf_tree* a, const gf_tree* b, const gf_tree* c) {
    return a != nullptr ? *a : b != nullptr ? *b : *c;
  }

  std::string name, archs;
  LinuxProtocol protocol;
  Policy policy;
  RegisterPolicy registered;
};

void Load(const std::string& item) {
  const size_t equals = item.find('=');
  if (equals == 0 || equals == item.npos) Refuse("'" + item + "' is not NAME=FILE");
  const std::string name = item.substr(0, equals), file = item.substr(equals + 1);
  if (FindPolicy("linux@" + name) != nullptr) Refuse("two trees are '" + name + "'");
  void* const object = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) Refuse(dlerror());
  const auto find = [object](const char* symbol) {
    return static_cast<const gf_tree*>(dlsym(object, symbol));
  };
  const gf_tree *const x86 = find("gf_tree_x86"), *const arm64 = find("gf_tree_arm64"),
                       *const riscv = find("gf_tree_riscv");
  if (x86 == nullptr && arm64 == nullptr && riscv == nullptr) Refuse(file + " has no tree");
  new Loaded(name, x86, arm64, riscv);
}

bool LoadAll() {
  const char* const variable = std::getenv("GATHERFUZZ_LOAD");
  std::string left = variable != nullptr ? variable : "";
  while (!left.empty()) {
    const size_t end = left.find(':');
    Load(left.substr(0, end));
    left = end == left.npos ? "" : left.substr(end + 1);
  }
  return true;
}

const bool kLoaded = LoadAll();

}  // namespace
}  // namespace gatherfuzz
