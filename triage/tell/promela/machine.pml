/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* --- The machine and the kernel's paths: the same for every schedule --- */

/* Pages 0 to 3 have one PTE table, under one PMD table. A mapping is a number, which grows with
   each one that is made: it stands for its frame, too. */
#define PAGES 4
#define ALL_PAGES 15
#define ALL_CPUS ((1 << CPUS) - 1)
#define HAS(mask, bit) (((mask) >> (bit)) & 1)
#define NO_RANGE 64 /* where an empty range of a gather begins */
#define WHOLE_MM 255

/* Page tables, and what their frames are. */
byte pte[PAGES];                 /* the mapping; 0: none */
bool pmd_entry, pud_entry;       /* whether they point at the PTE table, the PMD table */
bool pte_table_freed, pmd_table_freed;
bool freed[MAPPINGS];            /* the frame of a mapping was given back */
byte next_mapping;
byte pte_lock, pmd_lock;         /* the holder, and one; 0: nobody */

/* The mm. VMAs are masks: the pages, and those that begin one. */
byte vma, vma_starts;
byte writer, readers, queued;    /* of mmap_lock; who queues to write */
byte tlb_flush_pending;
byte newest_ticket;              /* of epoch-sync */

/* Where a walk in flight reads next. */
#define NO_WALK 0
#define AT_ROOT 1
#define AT_PMD 2
#define AT_PTE 3
/* Whose it is. */
#define OWN 0
#define WALKER 1
/* What comes of a step of it. */
#define GOES_ON 0
#define FILLED 1
#define FAULTED 2

typedef Cpu {
  byte tlb[PAGES];               /* the mapping that is cached; 0: none */
  bool pte_cached, pmd_cached;   /* the walk cache points at the PTE table, at the PMD table */
  byte walk[2];
  byte inv_pages;                /* its invalidation: the pages it names, */
  bool inv_pte, inv_pmd;         /* whether it drops pointers to those tables, */
  byte inv_pending;              /* and on which CPUs it has not been delivered */
  byte ticket, waits_up_to       /* of epoch-sync */
}
Cpu cpu[CPUS];

/* --- Hardware --- */

/* From the deepest table that the walk cache has. */
inline begin_walk(whose) {
  cpu[me].walk[whose] =
    (cpu[me].pte_cached -> AT_PTE : (cpu[me].pmd_cached -> AT_PMD : AT_ROOT))
}

/* One level. What is read in a frame that is no table any more would be anything. */
inline advance(whose, of_page) {
  if
  :: cpu[me].walk[whose] == AT_ROOT ->
    if
    :: pud_entry -> cpu[me].pmd_cached = 1; cpu[me].walk[whose] = AT_PMD; came = GOES_ON
    :: else -> cpu[me].walk[whose] = NO_WALK; came = FAULTED
    fi
  :: cpu[me].walk[whose] == AT_PMD ->
    assert(!pmd_table_freed); /* walked-dead-table */
    if
    :: pmd_entry -> cpu[me].pte_cached = 1; cpu[me].walk[whose] = AT_PTE; came = GOES_ON
    :: else -> cpu[me].walk[whose] = NO_WALK; came = FAULTED
    fi
  :: else ->
    assert(!pte_table_freed); /* walked-dead-table */
    cpu[me].walk[whose] = NO_WALK;
    if
    :: pte[of_page] != 0 ->
      assert(!freed[pte[of_page]]); /* freed-page-cached */
      if
      :: cpu[me].tlb[of_page] == 0 -> cpu[me].tlb[of_page] = pte[of_page]
      :: else /* an entry that is there stays */
      fi;
      came = FILLED
    :: else -> came = FAULTED
    fi
  fi
}

/* An invalidation comes to a CPU, whenever that is: it drops what it names from the TLB and the
   walk cache, and ends walks that stand in a table it names. */
inline deliver(issuer) {
  p = 0;
  do
  :: p < PAGES ->
    if
    :: HAS(cpu[issuer].inv_pages, p) -> cpu[me].tlb[p] = 0
    :: else
    fi;
    p++
  :: else -> break
  od;
  if
  :: cpu[issuer].inv_pte ->
    cpu[me].pte_cached = 0;
    if :: cpu[me].walk[OWN] == AT_PTE -> cpu[me].walk[OWN] = NO_WALK :: else fi;
    if :: cpu[me].walk[WALKER] == AT_PTE -> cpu[me].walk[WALKER] = NO_WALK :: else fi
  :: else
  fi;
  if
  :: cpu[issuer].inv_pmd ->
    cpu[me].pmd_cached = 0;
    if :: cpu[me].walk[OWN] == AT_PMD -> cpu[me].walk[OWN] = NO_WALK :: else fi;
    if :: cpu[me].walk[WALKER] == AT_PMD -> cpu[me].walk[WALKER] = NO_WALK :: else fi
  :: else
  fi;
  p = 0;
  cpu[issuer].inv_pending = cpu[issuer].inv_pending & ~(1 << me)
}

/* --- The gather --- */

inline reset_range() {
  start = (fullmm -> WHOLE_MM : NO_RANGE);
  end_ = (fullmm -> WHOLE_MM : 0);
  freed_tables = 0;
  cleared_ptes = 0;
  cleared_pmds = 0;
  cleared_puds = 0
}

inline adjust_range(from_page, to_page) {
  start = (from_page < start -> from_page : start);
  end_ = (to_page > end_ -> to_page : end_)
}

/* The distance of the addresses that an invalidation names: of the smallest level cleared. */
#define STRIDE (cleared_ptes -> 1 : (cleared_pmds -> 4 : (cleared_puds -> 16 : 1)))

inline drop_everything() {
  cpu[me].inv_pages = ALL_PAGES;
  cpu[me].inv_pte = 1;
  cpu[me].inv_pmd = 1
}

/* --- Policy, architecture and schedule --- */

INSERT

/* --- Agents that have no thread --- */

/* The hardware walker: fills that nobody asked for, at any time. A walk that an invalidation has
   ended begins again; one that begins has evicted what was there. */
proctype walker(byte me) {
  byte fill, came, i;
  do
  :: atomic { next_fill() };
    if
    :: fill == PAGES -> break
    :: else
    fi;
    do
    :: atomic {
        if
        :: cpu[me].walk[WALKER] == NO_WALK -> cpu[me].tlb[fill] = 0; begin_walk(WALKER)
        :: else
        fi;
        advance(WALKER, fill)
      };
      if
      :: came != GOES_ON -> break
      :: else
      fi
    od
  od
}

proctype deliveries(byte me) {
  byte p, from;
end:
  do
  :: atomic {
      select_issuer();
      deliver(from);
      from = 0
    }
  od
}

/* --- How a gather flushes --- */

/* tlb_flush_mmu_tlbonly(): issues, then waits until every CPU has taken it. */
inline flush_tlb_only() {
  if
  :: NOTHING_TO_FLUSH
  :: else ->
    if
    :: ARCH_ISSUES ->
      atomic {
        cpu[me].inv_pages = 0;
        cpu[me].inv_pte = 0;
        cpu[me].inv_pmd = 0;
        tlb_flush();
        cpu[me].inv_pending = ALL_CPUS
      };
      atomic {
        cpu[me].inv_pending == 0;
        cpu[me].inv_pages = 0;
        cpu[me].inv_pte = 0;
        cpu[me].inv_pmd = 0
      }
    :: else
    fi;
    atomic { reset_range() }
  fi
}

/* The frame of a table is given back: nothing that walks may point at it. */
inline give_back_tables() {
  if
  :: pte_queued ->
    atomic {
      assert(!pte_table_freed && !pmd_entry); /* protocol-error */
      p = 0;
      do
      :: p < CPUS -> /* freed-table-cached */
        assert(!cpu[p].pte_cached && cpu[p].walk[OWN] != AT_PTE && cpu[p].walk[WALKER] != AT_PTE);
        p++
      :: else -> break
      od;
      p = 0;
      pte_table_freed = 1;
      pte_queued = 0
    }
  :: else
  fi;
  if
  :: pmd_queued ->
    atomic {
      assert(!pmd_table_freed && !pud_entry); /* protocol-error */
      p = 0;
      do
      :: p < CPUS -> /* freed-table-cached */
        assert(!cpu[p].pmd_cached && cpu[p].walk[OWN] != AT_PMD && cpu[p].walk[WALKER] != AT_PMD);
        p++
      :: else -> break
      od;
      p = 0;
      pmd_table_freed = 1;
      pmd_queued = 0
    }
  :: else
  fi
}

/* The frames of pages, in the order in which they were queued: no TLB may translate to one. */
inline give_back_pages() {
  do
  :: k < count ->
    atomic {
      assert(!freed[queue[k]]); /* protocol-error */
      p = 0;
      do
      :: p < CPUS -> /* freed-page-cached */
        assert(cpu[p].tlb[0] != queue[k] && cpu[p].tlb[1] != queue[k]);
        assert(cpu[p].tlb[2] != queue[k] && cpu[p].tlb[3] != queue[k]);
        p++
      :: else -> break
      od;
      p = 0;
      freed[queue[k]] = 1;
      queue[k] = 0;
      k++
    }
  :: else -> break
  od;
  atomic { k = 0; count = 0 }
}

/* tlb_flush_mmu(). */
inline flush() {
  flush_tlb_only();
  give_back_tables();
  give_back_pages()
}

/* --- A thread: system calls and accesses --- */

#define MAY_READ (writer == 0 && (readers == 0 || queued == 0))
#define MAY_WRITE (writer == 0 && readers == 0)

inline examined(page_) { moment[page_] = next_mapping }

proctype thread(byte me) {
  byte op, i, b, e;              /* the call, and its range */
  byte page, last, first;        /* of the piece of a VMA; where the lock was taken */
  byte vmas, starts;             /* as they were, of a range that is unmapped */
  byte start, end_;              /* struct mmu_gather, from here on */
  bool fullmm, need_flush_all, freed_tables, cleared_ptes, cleared_pmds, cleared_puds;
  byte caller_start, caller_end;
  byte queue[BATCH], count;      /* pages */
  bool pte_queued, pmd_queued;   /* tables */
  byte moment[PAGES];            /* the next mapping when the page was gone; 0: not looked at */
  bool yes, waits;
  byte came, p, k;

next_call:
  atomic { next_op(); page = b; p = 0 };
  if
  :: op == DONE -> goto stop
  :: op == READ -> goto access
  :: op == DONTNEED -> goto dontneed
  :: op == MUNMAP -> goto munmap
  fi;

/* madvise(MADV_DONTNEED): under the lock for reading, a gather for each piece of a VMA. */
dontneed:
  atomic { MAY_READ -> readers++; vmas = vma; starts = vma_starts };
  goto piece;

/* munmap(): detaches under the lock for writing, then lets others read. */
munmap:
  atomic {
    if
    :: MAY_WRITE -> writer = 1; waits = 0
    :: else -> queued++; waits = 1
    fi
  };
  if
  :: waits -> atomic { MAY_WRITE -> writer = 1; queued--; waits = 0 }
  :: else
  fi;
  atomic {
    vmas = vma;
    starts = vma_starts;
    p = b;
    yes = 0;
    do
    :: p < e -> yes = yes || HAS(vma, p); p++
    :: else -> break
    od;
    p = 0
  };
  if
  :: !yes -> atomic { writer = 0; goto returns }
  :: else
  fi;
  atomic { /* a VMA that goes on behind the range begins there now */
    if
    :: e < PAGES && HAS(vma, e) -> vma_starts = vma_starts | (1 << e)
    :: else
    fi;
    vma = vma & ~(((1 << e) - 1) & ~((1 << b) - 1));
    vma_starts = vma_starts & ~(((1 << e) - 1) & ~((1 << b) - 1))
  };
  atomic { writer = 0; readers++ };
  gather(b, e);

/* The next piece of a VMA in the range. */
piece:
  atomic {
    do
    :: page < e && !HAS(vmas, page) -> page++
    :: else -> break
    od;
    last = page;
    if
    :: page < e ->
      last++;
      do
      :: last < e && HAS(vmas, last) && !HAS(starts, last) -> last++
      :: else -> break
      od
    :: else
    fi
  };
  if
  :: page == e && op == DONTNEED -> goto unlock
  :: page == e && op == MUNMAP -> goto free_pgtables
  :: else
  fi;
  if
  :: op == DONTNEED -> gather(page, last)
  :: else
  fi;

/* Zaps it: the upper levels without a lock. */
  atomic {
    if
    :: pud_entry -> yes = 1
    :: else ->
      yes = 0;
      do
      :: page < last -> examined(page); page++
      :: else -> break
      od
    fi
  };
  if
  :: !yes -> goto zapped
  :: else
  fi;
zap_pmd:
  atomic {
    if
    :: pmd_entry -> yes = 1
    :: else ->
      yes = 0;
      do
      :: page < last -> examined(page); page++
      :: else -> break
      od
    fi
  };
  if
  :: !yes -> goto zapped
  :: else
  fi;
  atomic {
    pte_lock == 0;
    yes = pmd_entry; /* looks again */
    pte_lock = (yes -> me + 1 : 0);
    first = page
  };
  if
  :: !yes -> goto zap_pmd
  :: else
  fi;
zap_pte:
  if
  :: page == last || count == BATCH -> goto zap_stops
  :: else
  fi;
  atomic {
    if
    :: pte[page] == 0 -> examined(page); page++; yes = 0
    :: else -> yes = 1
    fi
  };
  if
  :: !yes -> goto zap_pte
  :: else
  fi;
  if
  :: atomic {
      assert(pte[page] != 0); /* protocol-error: removed twice */
      queue[count] = pte[page];
      count++;
      pte[page] = 0;
      examined(page);
      adjust_range(page, page + 1);
      cleared_ptes = 1;
      page++
    };
    goto zap_pte
  :: atomic { page != first -> skip } /* need_resched() */
  fi;
zap_stops:
  if
  :: count == BATCH -> flush_tlb_only()
  :: else
  fi;
  atomic { pte_lock = 0 };
  if
  :: count == BATCH -> flush()
  :: else
  fi;
  if
  :: page < last -> goto zap_pmd
  :: else
  fi;
zapped:
  if
  :: !MERGES_VMAS && !fullmm -> flush_tlb_only() /* tlb_end_vma() */
  :: else
  fi;
  if
  :: op == DONTNEED -> goto finish
  :: else -> goto piece
  fi;

/* Tables in whose span no VMA is left. */
free_pgtables:
  if
  :: pud_entry && pmd_entry && vma == 0 ->
    atomic {
      pmd_entry = 0;
      adjust_range(0, 1);
      cleared_pmds = 1;
      freed_tables = 1;
      pte_queued = 1
    }
  :: else
  fi;
  if
  :: pud_entry && vma == 0 ->
    atomic {
      pud_entry = 0;
      adjust_range(0, 1);
      cleared_puds = 1;
      freed_tables = 1;
      pmd_queued = 1
    }
  :: else
  fi;

/* tlb_finish_mmu(). */
finish:
  finishing();
  flush();
  before_dec();
  atomic {
    assert(tlb_flush_pending > 0); /* protocol-error */
    tlb_flush_pending--
  };
  after_dec();
  atomic { fullmm = 0; need_flush_all = 0; reset_range(); caller_start = 0; caller_end = 0 };
  if
  :: op == DONTNEED -> goto piece
  :: else
  fi;

unlock:
  atomic { readers-- };
/* Whatever the call has seen gone is gone for every CPU. */
returns:
  atomic {
    p = 0;
    do
    :: p < CPUS -> /* stale-after-return */
      assert(moment[0] == 0 || cpu[p].tlb[0] == 0 || cpu[p].tlb[0] >= moment[0]);
      assert(moment[1] == 0 || cpu[p].tlb[1] == 0 || cpu[p].tlb[1] >= moment[1]);
      assert(moment[2] == 0 || cpu[p].tlb[2] == 0 || cpu[p].tlb[2] >= moment[2]);
      assert(moment[3] == 0 || cpu[p].tlb[3] == 0 || cpu[p].tlb[3] >= moment[3]);
      p++
    :: else -> break
    od;
    p = 0;
    moment[0] = 0;
    moment[1] = 0;
    moment[2] = 0;
    moment[3] = 0
  };
  goto next_call;

/* A read: through the TLB, with the walks and page faults that it takes. */
access:
  atomic {
    if
    :: cpu[me].tlb[b] != 0 -> yes = 1
    :: else -> yes = 0; begin_walk(OWN)
    fi
  };
  if
  :: yes -> goto next_call
  :: else
  fi;
own_walk:
  atomic {
    if
    :: cpu[me].walk[OWN] == NO_WALK -> begin_walk(OWN); came = GOES_ON /* it was ended */
    :: else -> advance(OWN, b)
    fi
  };
  if
  :: came == GOES_ON -> goto own_walk
  :: came == FILLED -> goto access
  :: else
  fi;
  /* The page fault. */
  atomic { MAY_READ -> readers++; yes = HAS(vma, b) };
  if
  :: !yes -> atomic { readers--; goto next_call }
  :: else
  fi;
  atomic { yes = pud_entry };
  if
  :: !yes -> atomic { pud_entry = 1 }
  :: else
  fi;
  atomic { yes = pmd_entry };
  if
  :: !yes ->
    atomic { pmd_lock == 0 -> pmd_lock = me + 1 };
    atomic { pmd_entry = 1 };
    atomic { pmd_lock = 0 }
  :: else
  fi;
  atomic { pte_lock == 0 -> pte_lock = me + 1 };
  atomic { yes = pte[b] != 0 };
  if
  :: !yes -> atomic { pte[b] = next_mapping; next_mapping++ }
  :: else
  fi;
  atomic { pte_lock = 0 };
  atomic { readers-- };
  goto access;

stop:
  skip
}
