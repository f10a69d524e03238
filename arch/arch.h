/* SPDX-License-Identifier: MIT */
/*
 * The whole contract between a machine and the kernel.
 *
 * Everything above this floor reaches the machine through the names below and nothing else; the machine
 * calls back only through arch/upcall.h. A port is a directory arch/NAME with the same file names as the
 * others. Its isa.h comes first: types, constants and the inlines that must be inlines. Every function is
 * declared here after it, so an inline of the wrong type does not compile, and an absent one does not link.
 *
 * Context words used below: "any" = any context, interrupts on or off; "irq off" = caller has them off;
 * "thread" = thread context, interrupts on, no spinlock. Nothing here sleeps unless it says so.
 */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thread;

typedef uint64_t phys_t; /* a physical address */
typedef uint64_t pfn_t;	 /* a physical frame number: phys_t >> PAGE_SHIFT */

/* What a leaf entry allows. Before isa.h, whose inlines use it. */
enum pte_prot {
	PTE_READ = 1,
	PTE_WRITE = 2,
	PTE_EXEC = 4,
	PTE_USER = 8,	  /* leaf entries of an address space always have it; PROT_NONE ones do not */
	PTE_ACCESSED = 16, /* make it "young" */
};

/*
 * isa.h provides
 *   PAGE_SHIFT PAGE_SIZE PTES_PER_TABLE	geometry of the leaf table
 *   USER_TOP		first address no user mapping may reach
 *   DIRECT_MAP		virtual address of physical 0: all RAM is mapped there, writable, not executable
 *   KSTACK_BASE KSTACK_END	where kernel stacks are mapped; a page fault between them on a hole is a stack overflow
 *   MAX_CPUS KSTACK_SIZE ARCH_NAME ("x86_64") ARCH_ELF_MACHINE
 *   pte_t		struct { uint64_t v; }: one leaf entry; v == 0 is "nothing here"
 *   irqflags_t
 *   struct arch_regs	what trap entry saves; the user's registers when it came from user mode
 *   struct arch_mm	root table, address-space id, CPUs that may hold its TLB entries
 *   struct arch_thread	first member of struct thread: saved stack pointer, FPU state, user TLS register, and
 *			`_Atomic uint32_t work` (WORK_*), which the exit to user mode tests
 */
#include "isa.h"

/* ---- boot and CPUs ---- */

#define BOOT_RANGES 32

struct phys_range {
	phys_t start;
	phys_t end; /* exclusive */
};

/* What firmware and boot loader told us. Filled once, before kernel_main, constant afterwards. */
struct boot_info {
	const char *cmdline;	/* "" if there was none */
	const char *loader;	/* "pvh", "multiboot2", "fdt", "host" */
	unsigned cpus;		/* how many could run, this one included; at most MAX_CPUS */
	unsigned nr_ram;	/* usable RAM, ascending, not overlapping */
	unsigned nr_reserved;	/* inside RAM, not ours to use: kernel image, early tables, firmware, module */
	struct phys_range ram[BOOT_RANGES];
	struct phys_range reserved[BOOT_RANGES];
	struct phys_range module; /* initrd or Multiboot2 module; empty if none */
};

/* Starts CPU `cpu` (1..cpus-1), which will call cpu_main(cpu) on the stack of `idle`. Thread. Returns 0, or
 * -EIO if the machine refused. Does not wait for it. */
int arch_cpu_start(unsigned cpu, struct thread *idle);

/* Makes `idle` the current thread of the CPU we boot on. Called once, first thing in kernel_main. */
void arch_cpu_adopt(struct thread *idle);

/* A hint that we spin: pause / yield. Any. Under -icount the vCPUs take turns, and only this ends a turn. */
static inline void arch_cpu_relax(void);

/* Irq off. Enables interrupts and waits for one in one step, so that none is missed; returns with them off. */
void arch_cpu_idle(void);

/* Stops every other CPU for good, even those with interrupts off if the machine can. Any; used by panic. */
void arch_cpu_stop_others(void);

/* Ends the machine. ok: the run's status has been given; otherwise the host sees a failure. Any. */
_Noreturn void arch_poweroff(bool ok);

/* Cold reset, for reboot(2). */
_Noreturn void arch_reset(void);

/* ---- interrupts ---- */

static inline irqflags_t arch_irq_save(void);		/* off; returns what was. A compiler barrier. */
static inline void arch_irq_restore(irqflags_t flags);	/* as it was. A compiler barrier. */
static inline void arch_irq_enable(void);
static inline void arch_irq_disable(void);
static inline bool arch_irq_enabled(void);

enum arch_irq {
	ARCH_IRQ_TIMER,	  /* the deadline of arch_timer_arm has come */
	ARCH_IRQ_RESCHED, /* IPI: look at your run queue */
	ARCH_IRQ_CALL,	  /* IPI: work in your call queue */
	ARCH_IRQ_CONSOLE, /* arch_console_getc has something */
};

/* Any. Interrupts another CPU with ARCH_IRQ_RESCHED or ARCH_IRQ_CALL. Stores before it are visible to the
 * handler. */
void arch_ipi_send(unsigned cpu, enum arch_irq irq);

/* ---- time ---- */

/* Any. Nanoseconds since power-on; never goes back, the same on all CPUs. */
static inline uint64_t arch_clock_ns(void);

/* Irq off. One shot on this CPU: ARCH_IRQ_TIMER at or soon after `when` (clock_ns scale), at once if past.
 * Replaces what was armed before. UINT64_MAX disarms. */
void arch_timer_arm(uint64_t when);

/* ---- threads ---- */

/* The running thread. Any. Never changes under the caller's feet (a thread stays itself when it migrates). */
static inline struct thread *arch_current(void);

/* Prepares `t` so that the first switch to it calls entry(arg) on the stack ending at stack_top, interrupts
 * off (the scheduler's lock hand-over turns them on). entry never returns. */
void arch_thread_init(struct arch_thread *t, void *stack_top, void (*entry)(void *), void *arg);

/* Switches stacks from prev to next; returns when something switches back to prev. Irq off. Saves and
 * restores FPU state and the user TLS register of threads that have been in user mode. Does not touch the
 * address space: that is arch_pt_activate. */
void arch_switch(struct thread *prev, struct thread *next);

/* Frees what arch_thread_init or arch_user_* allocated for t (FPU area). The thread never runs again. */
void arch_thread_destroy(struct arch_thread *t);

/* Enters user mode with these registers and never returns; the kernel stack is empty afterwards. Thread. */
_Noreturn void arch_user_enter(const struct arch_regs *regs);

/* Clears *regs for a fresh program: entry point, stack pointer, user mode, interrupts on, everything else 0. */
void arch_regs_init_user(struct arch_regs *regs, uintptr_t entry, uintptr_t stack);

/* current gets fresh FPU state and a zero TLS register (execve). */
void arch_user_reset(void);

/* `child` (arch_thread_init done) gets a copy of current's FPU state and TLS register; fork and clone.
 * Returns 0 or -ENOMEM. */
int arch_user_copy(struct arch_thread *child);

/* current's FPU state in a signal frame, in Linux's layout: x86_64: an XSAVE area with Linux's marks (64-byte aligned), arm64: a
 * struct fpsimd_context. arch_fpu_load_user checks what it reads, and changes nothing if it fails; 0 for `from` is fresh state (x86_64's
 * null fpstate). 0, -EFAULT, -EINVAL: not such a state, -ENOMEM. Thread. */
size_t arch_fpu_frame_size(void);
int arch_fpu_save_user(uintptr_t to);
int arch_fpu_load_user(uintptr_t from);

/* What AT_HWCAP, AT_HWCAP2 and AT_MINSIGSTKSZ say: only what programs may really use. */
struct arch_hwcap {
	uint64_t hwcap, hwcap2;
	size_t signal_stack; /* bytes that the largest signal frame may take */
};
struct arch_hwcap arch_hwcap(void);

/* The user's TLS register of a thread that is not running, or current's. */
int arch_tls_set(struct arch_thread *t, uintptr_t tls); /* 0, or -EPERM: the register takes no such address */
uintptr_t arch_tls_get(const struct arch_thread *t);

/* arch_prctl(2) of current, where the machine has it: codes that set something, codes that ask. 0, -EINVAL: not such a code, -EPERM. */
int arch_prctl_set(unsigned code, uintptr_t value);
int arch_prctl_get(unsigned code, uintptr_t *value);

/* What an exception of a user program was about. */
enum user_trap { USER_TRAP_ILLEGAL, USER_TRAP_FP, USER_TRAP_BREAK, USER_TRAP_STEP, USER_TRAP_ALIGN, USER_TRAP_PROT,
		 USER_TRAP_STACK, USER_TRAP_UNMAPPED, USER_TRAP_ACCESS, USER_TRAP_BUS };

/* current has just caused one: si_code as on Linux; *addr becomes si_addr. Notes for the signal's frame what the machine says of it. Thread. */
int arch_trap_code(const struct arch_regs *regs, enum user_trap kind, uintptr_t *addr);

enum { WORK_RESCHED = 1, WORK_SIGNAL = 2 }; /* bits of arch_thread.work; other bits are the kernel's to add */

/* ---- registers at a trap ---- */

static inline uintptr_t arch_regs_pc(const struct arch_regs *regs);
static inline uintptr_t arch_regs_sp(const struct arch_regs *regs);
static inline uintptr_t arch_regs_fp(const struct arch_regs *regs);
static inline bool arch_regs_user(const struct arch_regs *regs);
static inline long arch_regs_sysno(const struct arch_regs *regs);
static inline uint64_t arch_regs_arg(const struct arch_regs *regs, unsigned n); /* system-call argument 0..5 */
static inline void arch_regs_set_pc(struct arch_regs *regs, uintptr_t pc);
static inline void arch_regs_set_sp(struct arch_regs *regs, uintptr_t sp);
static inline void arch_regs_set_ret(struct arch_regs *regs, long value);

/* Undoes the way into a system call, so that it is made again with the arguments it had. number: another call in its place
 * (restart_syscall), or -1. */
static inline void arch_regs_repeat_call(struct arch_regs *regs, long number);
static inline long arch_regs_ret(const struct arch_regs *regs); /* what arch_regs_set_ret put there */

/* Return addresses, innermost first, following frame pointers from fp while they stay inside one kernel
 * stack. Any. Returns how many. */
unsigned arch_backtrace(uintptr_t fp, uintptr_t *pcs, unsigned max);
uintptr_t arch_thread_fp(const struct arch_thread *sleeping); /* where a switched-out thread's chain starts */
static inline uintptr_t arch_fp(void);			      /* the caller's own */

/* Prints every register through log(); for fatal traps. */
void arch_regs_log(const struct arch_regs *regs);

/* ---- signals: frames as Linux lays them out ---- */

#define SIGINFO_SIZE 128

/* What a frame is made of. stack: the end of the alternate stack, or 0: below what the program uses now. The frame must begin above
 * stack_low. info: SIGINFO_SIZE bytes. */
struct arch_signal {
	unsigned sig;
	bool want_info; /* SA_SIGINFO */
	uintptr_t handler;
	uintptr_t restorer; /* 0: none was given */
	uintptr_t stack, stack_low;
	uint64_t mask;	       /* uc_sigmask */
	uint64_t altstack[3];  /* uc_stack: address, flags, size */
	const void *info;
};

/* A frame on the user's stack with all that the interrupted program had in registers, FPU included; *regs then enter the handler. Thread;
 * faults and sleeps. 0; -EFAULT: no room, or not writable, *regs unchanged. */
int arch_signal_enter(struct arch_regs *regs, const struct arch_signal *s);

/* The way back. Reads the frame that the user's stack pointer shows; *regs and the FPU become what it says, as far as user mode may
 * choose; and mask and altstack. Thread; faults and sleeps. -EFAULT: it cannot be read or says what it may not, *regs unchanged. */
int arch_signal_return(struct arch_regs *regs, uint64_t *mask, uint64_t altstack[3]);

/* Where a program returns to from a handler that was installed without a restorer: code for every address space, to be mapped readable and
 * executable. Size 0: this machine has none. */
extern const void *const arch_trampoline;
extern const size_t arch_trampoline_size;

/* ---- user memory ---- */

/* Both return how many bytes were NOT copied, counted from the first that could not be. The caller has checked
 * that the range lies below USER_TOP. A fault goes through trap_page_fault like any other (which may sleep);
 * if that declines (or faults are disabled for the thread) the copy ends short. */
size_t arch_copy_from_user(void *to, const void *user_from, size_t n);
size_t arch_copy_to_user(void *user_to, const void *from, size_t n);
size_t arch_clear_user(void *user_to, size_t n);

/* An aligned user word in one load: 0 with *seen set, or -EFAULT. As arch_copy_*. */
int arch_user_load32(const uint32_t *user, uint32_t *seen);

/* Atomic compare-and-exchange on an aligned user word: 0 with *seen set, or -EFAULT. As arch_copy_*. */
int arch_user_cmpxchg32(uint32_t *user, uint32_t expected, uint32_t desired, uint32_t *seen);

/* ---- page tables ----
 *
 * Four levels; only the last is visible here. Which locks serialise what is mm's business (mm/pt.h); the
 * machine needs: table pages reachable from a walk stay allocated while the walker is in an RCU read section.
 */

/* An empty address space, kernel half included. Returns 0 or -ENOMEM. */
int arch_pt_create(struct arch_mm *am);

/* Frees the root and every table still hanging on it. No CPU may have it active. */
void arch_pt_destroy(struct arch_mm *am);

/* Makes it this CPU's address space; am == NULL: kernel threads, no user half. Irq off. */
void arch_pt_activate(struct arch_mm *am);

/* The leaf slot of va, or NULL if no table is there. RCU read section. Its load of the last table's address is an acquire and
 * pairs with the release store by which arch_pte_alloc hooked that table in: mm/pt.h relies on it. */
static inline pte_t *arch_pte_find(struct arch_mm *am, uintptr_t va);

/* The same, allocating missing tables with table_alloc() of upcall.h. The caller serialises allocators and
 * removers of tables of this address space. NULL: no memory; tables made on the way stay. */
pte_t *arch_pte_alloc(struct arch_mm *am, uintptr_t va);

/* The leaf slot of the lowest address >= *va and < end that has a table; *va is moved there. NULL: none. */
pte_t *arch_pte_next(struct arch_mm *am, uintptr_t *va, uintptr_t end);

struct arch_unhook {
	uintptr_t start, end;			/* tables over any of this			*/
	uintptr_t low, high;			/* that serve nothing outside of this		*/
	void (*gone)(phys_t table, void *arg);
	void *arg;
};

/* Unhooks those tables and gives each to gone(); the caller flushes with last_level = false before it frees any, and frees by RCU.
 * Serialised like arch_pte_alloc. */
void arch_pt_unhook(struct arch_mm *am, const struct arch_unhook *u);

static inline pte_t arch_pte_make(pfn_t pfn, unsigned prot);
static inline pte_t arch_pte_read(const pte_t *slot);	     /* one relaxed load */
static inline void arch_pte_set(pte_t *slot, pte_t pte);     /* one release store: what the page holds is seen by
								who finds the entry */
static inline pte_t arch_pte_replace(pte_t *slot, pte_t pte); /* one exchange; never from one frame to another
								without a flush between (break before make) */
static inline bool arch_pte_none(pte_t pte);
static inline bool arch_pte_present(pte_t pte); /* hardware may use it; PROT_NONE pages count as present */
static inline pfn_t arch_pte_pfn(pte_t pte);
static inline unsigned arch_pte_prot(pte_t pte);
static inline bool arch_pte_accessed(pte_t pte);
static inline bool arch_pte_test_clear_accessed(pte_t *slot); /* atomic; no flush */

/* On return no CPU holds an entry of [start, end) that is older than the call. last_level: no table page went
 * away, only leaf entries changed. Thread, or irq on with spinlocks held: it may wait for other CPUs, so never
 * under a lock that is taken with interrupts off. */
void arch_tlb_flush_range(struct arch_mm *am, uintptr_t start, uintptr_t end, bool last_level);
void arch_tlb_flush_mm(struct arch_mm *am);

/* A valid entry turned more permissive, or a spurious fault: forgets va on this CPU only. */
static inline void arch_tlb_flush_local(struct arch_mm *am, uintptr_t va);

/* ---- kernel memory ---- */

/* Fresh code in a page (exec'd through the cache): makes instruction fetch see it. No-op where caches are coherent. */
void arch_icache_sync(void *kernel_va, size_t n);

/* One page, both in the direct map, page aligned. The fastest this machine has (x86: rep movsq / rep stosq). */
void arch_page_copy(void *to, const void *from);
void arch_page_zero(void *to);

/* Maps one page of the kernel half at va, for good (kernel stacks between KSTACK_BASE and KSTACK_END, whose guard pages are
 * the holes). The caller serialises. Returns 0 or -ENOMEM. */
int arch_kernel_map(uintptr_t va, pfn_t pfn, unsigned prot);

/* ---- console: one UART ---- */

void arch_console_write(const char *bytes, size_t n); /* any; the caller keeps writers apart */
int arch_console_getc(void);			      /* -1: nothing there */
void arch_console_irq_enable(void);		      /* from now on ARCH_IRQ_CONSOLE arrives on the boot CPU */

#endif
