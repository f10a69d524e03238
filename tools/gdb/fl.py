# SPDX-License-Identifier: MIT
"""What the kernel is doing, for gdb: fl help lists the commands. Only reads memory; works while every CPU is stopped. To be imported, not
sourced: scripts share one name space.

Tables are walked by hand, through the direct map: it is what the hardware sees, whatever our own functions would make of it.
"""
import gdb

DIRECT_MAP = 0xffff800000000000
PAGE_SHIFT, PAGE_SIZE = 12, 4096
FRAME = 0x0000fffffffff000
DEEPEST = 64  # frames of a stack shown

X86_BITS = ((0, "present"), (1, "write"), (2, "user"), (3, "write-through"), (4, "uncached"), (5, "accessed"), (6, "dirty"),
            (8, "global"), (9, "PROT_NONE"), (63, "no-exec"))
ARM_BITS = ((0, "valid"), (1, "table/page"), (6, "user"), (7, "read-only"), (10, "accessed"), (11, "not-global"), (53, "kernel-no-exec"),
            (54, "user-no-exec"), (58, "PROT_NONE"))


# ---- reading ----

def evaluate(text):
    return gdb.parse_and_eval(text)


def number(value):
    return int(value) & (1 << 64) - 1


def arm64():
    return "aarch64" in gdb.selected_inferior().architecture().name()


def word(address):
    return int.from_bytes(bytes(gdb.selected_inferior().read_memory(address, 8)), "little")


def string(value, most=64):
    return value.string(errors="replace", length=-1) if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR else \
        bytes(int(value[i]) & 255 for i in range(value.type.range()[1] + 1)).split(b"\0")[0].decode(errors="replace")[:most]


def pointer(address, name):
    return gdb.Value(address).cast(gdb.lookup_type(name).pointer())


def names_of(enum):
    return {int(field.enumval): field.name for field in gdb.lookup_type("enum " + enum).fields()}


def name_of(enum, value, prefix):
    return names_of(enum).get(int(value), str(int(value))).removeprefix(prefix)


def flags_of(enum, value, prefix):
    """Members of one bit each; the rest is shown as a number."""
    names = [(bit, name.removeprefix(prefix)) for bit, name in sorted(names_of(enum).items()) if bit and bit & bit - 1 == 0]
    found = [name for bit, name in names if value & bit]
    rest = value & ~sum(bit for bit, _ in names)
    return " ".join(found + ([f"{rest:#x}"] if rest else [])) or "-"


def symbol(address):
    """function+offset, or the bare number."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True).split(" in section")[0].strip()
    return f"{address:#x}" if text.startswith("No symbol") else text.replace(" + ", "+")


def threads():
    t = evaluate("all_threads")
    while number(t):
        yield t.dereference()
        t = t["all_next"]


def pid_of(t):
    return int(t["process"]["pid"]) if number(t["process"]) else 0


def thread_of(pid):
    """The thread with this tid, else the first one of that process."""
    found = [t for t in threads() if pid in (int(t["tid"]), pid_of(t))]
    for t in sorted(found, key=lambda t: int(t["tid"]) != pid):
        return t
    raise gdb.GdbError(f"no thread or process {pid}: fl ps lists them")


def space_of(pid):
    t = thread_of(pid)
    if not number(t["process"]) or not number(t["process"]["mm"]):
        raise gdb.GdbError(f"{pid} has no user memory")
    return t["process"]["mm"].dereference()


def mapping_name(mapping):
    """As the file's own ops->name would say, for the kinds we know by their ops."""
    ops = symbol(number(mapping["ops"])).split("+")[0]
    if ops == "shmem_ops":
        return "shared anonymous memory"
    if ops == "bdev_ops":
        return "block device"
    return string(container(mapping, "struct inode", "mapping")["name"]) or "a file without a name"


def container(member, name, field):
    kind = gdb.lookup_type(name)
    at = [f.bitpos // 8 for f in kind.fields() if f.name == field][0]
    return pointer(number(member) - at, name).dereference()


# ---- threads ----

def state_of(t):
    return "running" if int(t["on_cpu"]) else name_of("thread_state", t["state"], "THREAD_").lower()


def waits_for(t):
    why = t["why"]
    if int(t["on_cpu"]) or not number(why):
        return ""
    return f"{string(why['what'])} at {number(why['object']):#x}"


def ps(_):
    print(f"{'TID':>5} {'PID':>5} {'NAME':<16} {'STATE':<9} {'CPU':>3}  WAITS FOR")
    for t in sorted(threads(), key=lambda t: int(t["tid"])):
        print(f"{int(t['tid']):5} {pid_of(t) or '-':>5} {string(t['name']):<16} {state_of(t):<9} {int(t['cpu']):3}  {waits_for(t)}".rstrip())
    for cpu in range(evaluate("cpus").type.range()[1] + 1):
        c = evaluate(f"cpus[{cpu}]")
        if int(c["online"]) and number(c["running"]) == number(c["idle"]):
            print(f"    - {'-':>5} {string(c['idle']['name']):<16} {'running':<9} {cpu:3}")


def held_by(t):
    """(class, address, where) of each lock a thread has; debug kernels know."""
    classes, most = names_of("lock_class"), t["held"].type.range()[1] + 1
    for i in range(min(int(t["nheld"]), most)):
        held = t["held"][i]
        pcs = [number(held["site"]["pc"][k]) for k in range(held["site"]["pc"].type.range()[1] + 1)]
        yield classes[int(held["class"])].removeprefix("LOCK_"), number(held["what"]), " < ".join(symbol(pc - 1) for pc in pcs if pc)


def locks(_):
    if evaluate("sizeof(((struct thread *)0)->held) / sizeof(((struct thread *)0)->held[0])") == 1:
        raise gdb.GdbError("only a debug kernel knows who holds what: --debug")
    for t in sorted(threads(), key=lambda t: int(t["tid"])):
        for name, at, where in held_by(t):
            print(f"{int(t['tid'])} ({string(t['name'])}) has {name} at {at:#x}, taken at {where}")


def object_of(why):
    """What it waits for, if that is a page."""
    if not number(why["describe"]) or symbol(number(why["describe"])).split("+")[0] != "page_describe":
        return ""
    p = pointer(number(why["object"]), "struct page").dereference()
    flags = int(p["flags"])
    name = mapping_name(p["mapping"]) if number(p["mapping"]) else "no file"
    return f", {name}, index {number(p['index'])}, {name_of('page_state', flags & 3, 'PAGE_')} {flags_of('page_flags', flags & ~3, 'PG_')}"


def waiters(_):
    sleepers = [t for t in threads() if not int(t["on_cpu"]) and number(t["why"])]
    for t in sorted(sleepers, key=lambda t: number(t["since"])):
        why = t["why"].dereference()
        lasting = " (may last)" if int(why["lasting"]) else ""
        print(f"{int(t['tid'])} ({string(t['name'])}) waits since {number(t['since']) // 1000} us for {waits_for(t)}{object_of(why)}{lasting}")
        for u in threads():
            for name, at, where in held_by(u):
                if at and at == number(why["object"]):
                    print(f"    {int(u['tid'])} ({string(u['name'])}) has it ({name}), taken at {where}")


def frames_of(pc):
    """The function at pc, and those it has been inlined into, innermost first, with their lines."""
    place = gdb.find_pc_line(pc)
    where = f" at {place.symtab.filename}:{place.line}" if place.symtab else ""
    block = gdb.block_for_pc(pc)
    while block and block.function is None:
        block = block.superblock
    inlined = []
    while block and not block.is_global:
        if block.function is not None:
            inlined.append(block.function.name)
        block = block.superblock
    return " <- ".join(inlined[:-1] + [symbol(pc)]) + where


def bt(args):
    t = thread_of(args[0])
    if int(t["on_cpu"]):
        raise gdb.GdbError(f"it runs on CPU {int(t['cpu'])}: thread {int(t['cpu']) + 1}, then bt")
    low = number(t["kstack"])
    high = number(t["arch"]["stack_top"])
    # what switch_stacks saved lies at sp: the callee's registers, then frame pointer and return address (arch/*/thread.c)
    fp = number(t["arch"]["sp"]) + (10 if arm64() else 5) * 8
    print(f"{string(t['name'])}, tid {int(t['tid'])}, {state_of(t)} {waits_for(t)}".rstrip())
    for depth in range(DEEPEST):
        if not low <= fp <= high - 16 or fp % 8:
            break
        pc = word(fp + 8)
        if not pc:
            break
        print(f"#{depth:<2} {frames_of(pc - 1 if depth else pc)}")
        fp, last = word(fp), fp
        if fp <= last:
            break


# ---- memory ----

def ranges(node):
    """The tree's ranges in order."""
    if number(node):
        yield from ranges(node["left"])
        yield node["value"].cast(gdb.lookup_type("struct vma").pointer()).dereference()
        yield from ranges(node["right"])


def vma_line(vma):
    flags = int(vma["flags"])
    prot = "".join(letter if flags & bit else "-" for letter, bit in (("r", 1), ("w", 2), ("x", 4)))
    prot += "s" if flags & 8 else "p"
    special = "[stack]" if flags & 32 else "[heap]" if flags & 64 else "anonymous"
    mapping = vma["mapping"]
    name = f"{mapping_name(mapping)} at page {number(vma['pgoff'])}" if number(mapping) else special
    state = name_of("vma_state", vma["state"], "VMA_")
    return f"{number(vma['start']):012x}-{number(vma['end']):012x} {prot} {state:<6} {number(vma.address):#x} {name}"


def vmas(args):
    mm = space_of(args[0])
    for vma in ranges(mm["vmas"]["root"]):
        print(vma_line(vma))
    print(f"{int(mm['nr_vmas'])} mappings, {number(mm['mapped'])} pages of addresses, {int(mm['rss'])} of them in memory")


def bits(value, table):
    return " ".join(name for bit, name in table if value >> bit & 1)


def decode(value, level):
    if not value:
        return "nothing"
    text = f"frame {(value & FRAME) >> PAGE_SHIFT:#x}: " + bits(value, ARM_BITS if arm64() else X86_BITS)
    if arm64() and value & 1 and not level:
        text += f" attr={value >> 2 & 7} share={value >> 8 & 3}"
    return text


def goes_on(value, level):
    """Is this the entry of a table, and not of a page or a block?"""
    if not level or not value & 1:
        return False
    return bool(value & 2) if arm64() else not value & 0x80


def verdict(value):
    if not value & 1:
        return "not present, PROT_NONE" if value else "not present"
    write, run = (not value >> 7 & 1, not value >> 54 & 1) if arm64() else (value >> 1 & 1, not value >> 63 & 1)
    return ("present, writable" if write else "present, read-only") + (", executable" if run else ", no-exec")


def pte(args):
    pid, va = args
    mm = space_of(pid)
    if va >> 48:
        raise gdb.GdbError("a user address, please")
    table = number(mm["arch"]["root"]) & FRAME
    for level in (3, 2, 1, 0):
        slot = DIRECT_MAP + table + (va >> PAGE_SHIFT + 9 * level & 511) * 8
        value = word(slot)
        print(f"level {level} at {slot:#x}: {value:#018x} {decode(value, level)}")
        if not goes_on(value, level):
            break
        table = value & FRAME
    print(f"{va:#x}: {verdict(value)}")


def page_of(value):
    """A struct page pointer, an address in the direct map, or a page frame number."""
    size = gdb.lookup_type("struct page").sizeof
    table, first = number(evaluate("page_map")), number(evaluate("page_map_first"))
    at = value - table
    frames = number(evaluate("zone.end")) - first
    if 0 <= at < frames * size:
        return table + at // size * size, first + at // size
    pfn = value - DIRECT_MAP >> PAGE_SHIFT if value >= DIRECT_MAP else value
    if not first <= pfn < first + frames:
        raise gdb.GdbError(f"{value:#x} is no struct page, direct-map address or frame number of managed memory "
                           f"(frames {first:#x} to {first + frames - 1:#x})")
    return table + (pfn - first) * size, pfn


def page(args):
    at, pfn = page_of(args[0])
    p = pointer(at, "struct page").dereference()
    value, flags = number(p["word"]), int(p["flags"])
    print(f"struct page {at:#x}, frame {pfn:#x}, contents at {DIRECT_MAP + (pfn << PAGE_SHIFT):#x}")
    print(f"state {name_of('page_state', flags & 3, 'PAGE_')}, flags {flags_of('page_flags', flags & ~3, 'PG_')}")
    print(f"refs {value & (1 << 31) - 1}, maps {value >> 31 & (1 << 31) - 1}{', FROZEN' if value >> 63 else ''}")
    if number(p["mapping"]):
        print(f"mapping {number(p['mapping']):#x} ({mapping_name(p['mapping'])}), index {number(p['index'])}")
    else:
        print("mapping none")


# ---- what was counted, what was said ----

def stats(_):
    cpus = evaluate("stat_cpus")
    n = cpus.type.range()[1] + 1
    for at, name in sorted(names_of("stat").items()):
        total = sum(int(cpus[cpu]["count"][at]) for cpu in range(n)) & (1 << 64) - 1
        if name != "STAT_COUNT":
            print(f"{name.removeprefix('STAT_')} {total}")


def log(_):
    ring, end = evaluate("log_ring"), number(evaluate("log_end"))
    size = ring.type.sizeof
    data = bytes(gdb.selected_inferior().read_memory(number(ring.address), size))
    text = data[:end] if end <= size else data[end % size:] + data[:end % size]
    print(text.decode(errors="replace"), end="")


def show_help(_):
    for name, (_, form, what) in COMMANDS.items():
        print(f"{'fl ' + name + ' ' + form:<18} {what}")


COMMANDS = {
    "ps": (ps, "", "every thread: what it does, or waits for"),
    "bt": (bt, "PID", "the kernel stack of a thread that sleeps (a tid, or a pid)"),
    "waiters": (waiters, "", "who sleeps, longest first: for what, and who has it, taken where (debug kernels)"),
    "locks": (locks, "", "every lock that somebody has, and where it was taken (debug kernels)"),
    "vmas": (vmas, "PID", "the mappings of a process"),
    "pte": (pte, "PID VA", "the page-table entries of an address, level by level"),
    "page": (page, "ADDR", "a struct page: by its address, its contents' address in the direct map, or its frame number"),
    "stats": (stats, "", "the counters, summed over the CPUs"),
    "log": (log, "", "the end of the kernel's log"),
    "help": (show_help, "", "this list"),
}


class KernelEyes:
    """QEMU's arm64 lets gdb read what the CPU may read in its present mode. In user mode that is not the kernel, so meanwhile the CPU
    looks as if it were in EL1."""

    MODE, USER, EL1H = 0xf, 0, 5

    def __enter__(self):
        self.was = int(evaluate("(unsigned long)$cpsr")) if arm64() else self.EL1H
        if self.was & self.MODE == self.USER:
            gdb.execute(f"set $cpsr = {self.was | self.EL1H:#x}")

    def __exit__(self, *_):
        if self.was & self.MODE == self.USER:
            gdb.execute(f"set $cpsr = {self.was:#x}")


class Fl(gdb.Command):
    """What the kernel is doing: fl help lists the commands."""

    def __init__(self):
        super().__init__("fl", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION, True)
        for name in COMMANDS:
            FlOne(name)

    def invoke(self, argument, from_tty):
        if argument:
            raise gdb.GdbError(f"no such command: fl {argument}; fl help lists them")
        show_help(None)


class FlOne(gdb.Command):
    def __init__(self, name):
        self.run, self.form, self.__doc__ = COMMANDS[name]
        self.name = name
        super().__init__("fl " + name, gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        wanted = len(self.form.split())
        words = argument.split(None, max(wanted - 1, 0))  # the last expression may have blanks
        if len(words) != wanted:
            raise gdb.GdbError(f"fl {self.name} {self.form}".rstrip())
        try:
            with KernelEyes():
                self.run([number(evaluate(w)) for w in words])
        except gdb.MemoryError as error:
            raise gdb.GdbError(f"memory that cannot be read: {error}") from None


def on_exit(_):
    """The machine ends with gdb: let go, it would run on for a moment."""
    try:
        if gdb.selected_inferior().pid:
            gdb.execute("kill", to_string=True)
    except gdb.error:
        pass


gdb.events.gdb_exiting.connect(on_exit)
Fl()
