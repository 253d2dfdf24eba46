/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Declared: names, types and constants that mean here what they mean in a kernel, as far as tlb.c
 * can tell. Structures have the members that it touches and no others.
 */
#ifndef GATHERFUZZ_CPU_DECLARED_H_
#define GATHERFUZZ_CPU_DECLARED_H_

#include <stdbool.h>
#include <stddef.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef short s16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long ssize_t;
typedef long loff_t;
typedef unsigned long pteval_t;

typedef struct {
  int counter;
} atomic_t;
typedef struct {
  long counter;
} atomic64_t;
#define ATOMIC64_INIT(value) {(value)}
typedef struct {
  unsigned long pte;
} pte_t;
typedef struct {
  unsigned long pmd;
} pmd_t;
typedef struct {
  unsigned long pgd;
} pgd_t;
#define pte_flags(entry) ((entry).pte & 0xffful)
#define pmd_flags(entry) ((entry).pmd & 0xffful)
#define pte_pfn(entry) ((entry).pte >> 12)
#define pmd_pfn(entry) ((entry).pmd >> 12)

#define __always_inline inline __attribute__((__always_inline__))
#define noinline __attribute__((__noinline__))
#define __user
#define __init
#define __read_mostly
#define __ro_after_init
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
/* asid_transition of an mm is the model's (changed.h). */
#define READ_ONCE(x) (*(const volatile __typeof__(x)*)gf_once(&(x)))
#define WRITE_ONCE(x, value)                         \
  (gf_is_in(&(x)) ? gf_write_mm(&(x), (long)(value)) \
                  : (void)(*(volatile __typeof__(x)*)&(x) = (value)))
#define BIT(n) (1ul << (n))
#define BIT_ULL(n) BIT(n)
#define min(a, b)              \
  ({                           \
    __typeof__(a) gf_a = (a);  \
    __typeof__(b) gf_b = (b);  \
    gf_a < gf_b ? gf_a : gf_b; \
  })
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)
#define EXPORT_SYMBOL(name)
#define EXPORT_SYMBOL_GPL(name)
#define EXPORT_SYMBOL_FOR_KVM(name)
#define EXPORT_PER_CPU_SYMBOL(name)
#define late_initcall(function)
#define EFAULT 14
#define EINVAL 22

struct mutex {
  int unused;
};
struct rw_semaphore {
  int unused;
};
struct vdso_image;
struct ldt_struct;
struct cpumask {
  unsigned long bits[1];
};
typedef struct cpumask cpumask_t;

#include <asm/mmu.h> /* the tree's: mm_context_t */

struct mm_struct {
  pgd_t* pgd;
  mm_context_t context;
  struct cpumask cpu_bitmap; /* only its address counts */
};
struct vm_area_struct {
  struct mm_struct* vm_mm;
  unsigned long vm_flags;
};
struct mmu_gather {
  struct mm_struct* mm;
  unsigned long start, end;
  unsigned int fullmm : 1, need_flush_all : 1, freed_tables : 1;
};
#define tlb_get_unmap_shift(tlb) PAGE_SHIFT /* nobody calls what does */
struct file;
struct dentry;
struct callback_head {
  void (*func)(struct callback_head* head);
};
struct thread_info {
  unsigned long flags;
};
struct task_struct {
  int pid;
  struct thread_info thread_info;
  struct mm_struct* mm;
  struct callback_head l1d_flush_kill;
};
struct file_operations {
  ssize_t (*read)(struct file*, char*, size_t, loff_t*);
  ssize_t (*write)(struct file*, const char*, size_t, loff_t*);
  loff_t (*llseek)(struct file*, loff_t, int);
};

/* arch/x86/include/uapi/asm/processor-flags.h, asm/processor-flags.h, asm/msr-index.h. */
#define X86_CR3_PCID_BITS 12
#define X86_CR3_LAM_U57_BIT 61
#define X86_CR3_LAM_U57 BIT(61)
#define X86_CR3_LAM_U48 BIT(62)
#define X86_CR3_PTI_PCID_USER_BIT 11
#define CR3_PCID_MASK 0xffful
#define CR3_NOFLUSH BIT(63)
#define CR3_ADDR_MASK 0x000ffffffffff000ul
#define X86_CR4_PGE BIT(7)
#define X86_CR4_PCE BIT(8)
#define X86_CR4_PCIDE BIT(17)
#define MSR_IA32_FLUSH_CMD 0x10b
#define L1D_FLUSH 1ul
#define TIF_SPEC_IB 9
#define TIF_SPEC_L1D_FLUSH 10
#define SIGBUS 7
#define TWA_RESUME 1
#define S_IRUSR 0400
#define S_IWUSR 0200

#define _PAGE_PRESENT BIT(0)
#define _PAGE_RW BIT(1)
#define _PAGE_USER BIT(2)
#define _PAGE_PWT BIT(3)
#define _PAGE_PCD BIT(4)
#define _PAGE_ACCESSED BIT(5)
#define _PAGE_DIRTY BIT(6)
#define _PAGE_PSE BIT(7)
#define _PAGE_PAT _PAGE_PSE
#define _PAGE_GLOBAL BIT(8)
#define _PAGE_SOFTW1 BIT(9)
#define _PAGE_SOFTW2 BIT(10)
#define _PAGE_SOFTW3 BIT(11)
#define _PAGE_PAT_LARGE BIT(12)
#define _PAGE_SOFTW4 BIT(57)
#define _PAGE_SOFTW5 BIT(58)
#define _PAGE_SAVED_DIRTY _PAGE_SOFTW5
#define _PAGE_PKEY_BIT0 BIT(59)
#define _PAGE_PKEY_BIT1 BIT(60)
#define _PAGE_PKEY_BIT2 BIT(61)
#define _PAGE_PKEY_BIT3 BIT(62)
#define _PAGE_NX BIT(63)

#define VM_HUGETLB 0x400000ul
#define HZ 250
enum {
  TLB_FLUSH_ON_TASK_SWITCH,
  TLB_REMOTE_SHOOTDOWN,
  TLB_LOCAL_SHOOTDOWN,
  TLB_LOCAL_MM_SHOOTDOWN,
  TLB_REMOTE_SEND_IPI,
  TLB_REMOTE_WRONG_CPU
};

#endif
