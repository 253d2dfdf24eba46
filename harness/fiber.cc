// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "harness/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "model/check.h"

#ifdef GATHERFUZZ_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace gatherfuzz {
namespace {

#ifndef GATHERFUZZ_OWN_SWITCH
namespace context = boost::context::detail;
#endif

size_t PageSize() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

char* MapStack() {
  const size_t guard = PageSize();
  void* memory = mmap(nullptr, guard + kStackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, guard, PROT_NONE) != 0) {
    std::perror("gatherfuzz: cannot map a stack");
    std::abort();
  }
  return static_cast<char*>(memory) + guard;
}

}  // namespace

Fiber::~Fiber() {
  if (stack_ != nullptr) munmap(stack_ - PageSize(), PageSize() + kStackBytes);
}

void Fiber::Prepare(Entry entry, void* argument) {
  if (stack_ == nullptr) {
    stack_ = MapStack();
    bottom_ = stack_;
    size_ = kStackBytes;
  }
#ifdef GATHERFUZZ_ASAN
  __asan_unpoison_memory_region(stack_, kStackBytes);
  fake_stack_ = nullptr;
#endif
  entry_ = entry;
  argument_ = argument;
#ifdef GATHERFUZZ_OWN_SWITCH
  // As if Start() had been called from nowhere: above its address, the one that it returns to.
  auto* const top = reinterpret_cast<void**>(stack_ + kStackBytes);
  top[-1] = nullptr;
  top[-2] = reinterpret_cast<void*>(Start);
  context_ = top - 2;
#else
  context_ = context::make_fcontext(stack_ + kStackBytes, kStackBytes, Start);
#endif
}

void Fiber::PutBack(std::span<const char> live) {
  GATHERFUZZ_CHECK(stack_ != nullptr && live.size() <= kStackBytes);
  char* const lowest = stack_ + kStackBytes - live.size();
  std::memcpy(lowest, live.data(), live.size());
  context_ = lowest;
}

#ifdef GATHERFUZZ_OWN_SWITCH

void Fiber::Start(Fiber* self) {
  self->entry_(self->argument_);
  std::abort();  // an entry never returns
}

#else

void Fiber::Switch(Fiber& from, Fiber& to) {
#ifdef GATHERFUZZ_ASAN
  __sanitizer_start_switch_fiber(&from.fake_stack_, to.bottom_, to.size_);
#endif
  Fiber* const pair[2] = {&from, &to};
  from.Arrived(context::jump_fcontext(to.context_, static_cast<void*>(const_cast<Fiber**>(pair))));
}

// What every resumed fiber does first: the one that was left learns where it stands.
void Fiber::Arrived(context::transfer_t transfer) {
  Fiber* const left = static_cast<Fiber**>(transfer.data)[0];
  left->context_ = transfer.fctx;
#ifdef GATHERFUZZ_ASAN
  const void* bottom = nullptr;
  size_t size = 0;
  __sanitizer_finish_switch_fiber(fake_stack_, &bottom, &size);
  if (left->stack_ == nullptr) {
    left->bottom_ = bottom;
    left->size_ = size;
  }
#endif
}

void Fiber::Start(context::transfer_t transfer) {
  Fiber* const self = static_cast<Fiber**>(transfer.data)[1];
  self->Arrived(transfer);
  self->entry_(self->argument_);
  std::abort();  // an entry never returns
}

#endif

}  // namespace gatherfuzz
