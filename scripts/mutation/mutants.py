# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The mutants of a kernel tree, with their numbers."""
import os

import mutate

from lib.subjects import gather_files, kernel_archs

# The functions that are used of files of which not all are.
HELPERS = ("inc_tlb_flush_pending,dec_tlb_flush_pending,mm_tlb_flush_pending,"
           "mm_tlb_flush_nested")
CPU_SIDE = ("kern_pcid,build_cr3,build_cr3_noflush,choose_new_asid,load_new_mm_cr3,"
            "switch_mm_irqs_off,enter_lazy_tlb,flush_tlb_func,should_flush_tlb,"
            "native_flush_tlb_multi,get_flush_tlb_info,put_flush_tlb_info,flush_tlb_mm_range,"
            "native_flush_tlb_one_user,native_flush_tlb_local,arch_tlbbatch_flush")
BATCH = "inc_mm_tlb_gen,arch_tlbbatch_should_defer,arch_tlbbatch_add_pending,arch_tlbbatch_add_mm"
# The files, in the order that gives mutants their numbers; a tree may lack the last two.
ITEMS = ("mm/mmu_gather.c", "include/asm-generic/tlb.h", "arch/x86/include/asm/tlb.h",
         "arch/arm64/include/asm/tlb.h", "arch/arm64/include/asm/tlbflush.h",
         f"include/linux/mm_inline.h:{HELPERS}", f"include/linux/mm_types.h:{HELPERS}",
         f"arch/x86/mm/tlb.c:{CPU_SIDE}", f"arch/x86/include/asm/tlbflush.h:{BATCH}")


class Mutants:
    def __init__(self, kernel):
        self.kernel = kernel
        self.all = list(mutate.mutants(kernel, [
            item for item in ITEMS if os.path.exists(f"{kernel}/{item.partition(':')[0]}")]))
        self.listing = "".join(mutant.line() + "\n" for mutant in self.all)

    def write_list(self, path):
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(self.listing)

    def chosen(self, first, last, archs):
        """(mutant, architecture) of these numbers, each on those that its file is for."""
        return [(mutant, arch) for mutant in self.all if first <= mutant.number <= last
                for arch in archs if is_for(mutant.file, arch)]


def is_for(file, arch):
    return not file.startswith("arch/") or file.startswith(f"arch/{arch}/")


def link_tree(kernel, folder):
    """A tree of links to the files that a build takes."""
    for file in gather_files(kernel_archs()):
        if os.path.exists(f"{kernel}/{file}"):
            os.makedirs(os.path.dirname(f"{folder}/{file}"), exist_ok=True)
            os.symlink(f"{kernel}/{file}", f"{folder}/{file}")
