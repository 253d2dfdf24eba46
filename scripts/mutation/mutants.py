# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""The mutants of a kernel tree, with their numbers."""
import os

import mutate

# The files, in the order that gives mutants their numbers, and those that are not for all
# architectures. Of the last two, the build takes only the helpers of the counter.
FILES = ("mm/mmu_gather.c", "include/asm-generic/tlb.h", "arch/x86/include/asm/tlb.h",
         "arch/arm64/include/asm/tlb.h", "arch/arm64/include/asm/tlbflush.h",
         "include/linux/mm_inline.h", "include/linux/mm_types.h")
HELPERS = ("inc_tlb_flush_pending,dec_tlb_flush_pending,mm_tlb_flush_pending,"
           "mm_tlb_flush_nested")


class Mutants:
    def __init__(self, kernel):
        self.kernel = kernel
        self.all = list(mutate.mutants(kernel, [*FILES[:5], f"{FILES[5]}:{HELPERS}",
                                                f"{FILES[6]}:{HELPERS}"]))
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
    for file in (*FILES, "include/linux/kconfig.h"):
        if os.path.exists(f"{kernel}/{file}"):
            os.makedirs(os.path.dirname(f"{folder}/{file}"), exist_ok=True)
            os.symlink(f"{kernel}/{file}", f"{folder}/{file}")
