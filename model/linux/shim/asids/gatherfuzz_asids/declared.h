/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Declared: names, types and constants that mean here what they mean in a kernel, as far as
 * context.c can tell. Much is for code of mmu_context.h that is compiled and never called.
 */
#ifndef GATHERFUZZ_ASIDS_DECLARED_H_
#define GATHERFUZZ_ASIDS_DECLARED_H_

#include <stdbool.h>
#include <stddef.h>

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;
typedef unsigned long phys_addr_t;
typedef struct {
  long counter;
} atomic64_t;
typedef struct {
  int refs;
} refcount_t;
typedef struct {
  unsigned long pgd;
} pgd_t;
typedef struct {
  unsigned long pgprot;
} pgprot_t;
struct cpumask {
  unsigned long bits[1];
};
typedef struct cpumask cpumask_t;
struct midr_range {
  int unused;
};

#define __init
#define __iomem
#define asmlinkage
#define fallthrough __attribute__((__fallthrough__))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define UL(x) x##ul
#define BIT(n) (1ul << (n))
#define GENMASK(high, low) ((~0ul << (low)) & (~0ul >> (63 - (high))))
#define GENMASK_ULL(high, low) GENMASK(high, low)
#define FIELD_PREP(mask, value) (((unsigned long)(value) << __builtin_ctzl(mask)) & (mask))
#define BITS_TO_LONGS(bits) (((bits) + 63) / 64)
#define READ_ONCE(x) (*(const volatile __typeof__(x)*)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x)*)&(x) = (value))
#define EXPORT_SYMBOL_GPL(name)
#define IS_ENABLED(option) 0
#define early_initcall(function)
#define arch_initcall(function)
#define GFP_KERNEL 0

/* asm/sysreg.h, asm/pgtable-hwdef.h. */
#define ID_AA64MMFR0_EL1 0
#define ID_AA64MMFR0_EL1_ASIDBITS_SHIFT 4
#define ID_AA64MMFR0_EL1_ASIDBITS_8 0
#define ID_AA64MMFR0_EL1_ASIDBITS_16 2
#define SYS_ID_AA64MMFR2_EL1 2
#define ID_AA64MMFR2_EL1_E0PD_SHIFT 60
#define TTBR_CNP_BIT 1ul
#define TTBRx_EL1_CnP TTBR_CNP_BIT /* 7.1 */
#define TTBRx_EL1_ASID_MASK (0xfffful << 48)
#define TCR_T0SZ_MASK 0x3ful
#define TCR_EL1_T0SZ_MASK TCR_T0SZ_MASK /* 7.1 */
#define TCR_T0SZ_OFFSET 0
#define TCR_T0SZ(bits) (64ul - (bits))
#define IDMAP_VA_BITS 48
#define vabits_actual 48

/* The hardware: 16 bits of ASID as far as anybody asks, no KPTI, no CnP, no workarounds. */
#define read_cpuid(id) 0ul
#define read_cpuid_id() 0u
#define read_sysreg_s(name) 0ul
#define cpuid_feature_extract_unsigned_field(value, shift) ID_AA64MMFR0_EL1_ASIDBITS_16
#define is_midr_in_range_list(id, list) false
enum { ARM64_UNMAP_KERNEL_AT_EL0 = 1 };
#define alternative_has_cap_unlikely(cap) false
#define cpus_have_const_cap(cap) false
#define cpus_have_final_cap(cap) false
#define system_supports_cnp() false

#ifdef GF_ARCH_riscv
typedef atomic64_t atomic_long_t;
#define __meminit
#define uintptr_t unsigned long
#define SATP_ASID_BITS 16
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK 0xfffful
#define asid_mask gf_context_asid_mask /* mm/tlbflush.c has one as well (facade.c) */
#endif

#include <asm/mmu.h> /* the tree's: mm_context_t, ASID() or cntx2asid() */

struct mm_struct {
  pgd_t* pgd;
  mm_context_t context;
  struct cpumask cpus; /* riscv: which nobody reads */
};
struct thread_info {
  unsigned long ttbr0, flags;
};
struct task_struct {
  struct thread_info thread_info;
  struct mm_struct* active_mm;
};
struct vm_area_struct;

#endif
