#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gdb on a running kernel: every fl command, while a parent sleeps in wait4 and its child has just mapped and touched a file."""
import os
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import ARCHES, done, faultline, ok, program  # noqa: E402

MAPPED = 0x200000000  # user/sleeper.c
SCRIPT = """
thbreak *ENTRY
continue
python print("=== in user mode\\n" + gdb.execute("fl ps", to_string=True) + gdb.execute("info registers pc", to_string=True))
tbreak sys_getppid
continue
python
import re
def tell(words):
    try:
        text = gdb.execute(words, to_string=True)
    except gdb.error as error:
        text = "error: " + str(error)
    print(f"=== {words}\\n{text}")
    return text
threads = re.findall(r"^ *(\\d+) +(\\d+) sleeper", tell("fl ps"), re.M)
child = max(int(pid) for _, pid in threads)
for words in ("fl help", "fl", "fl vmas 1", "fl bt 1", f"fl bt {child}", "fl stats", "fl log", "fl waiters", "fl locks",
              "fl page 0xfffffffff", "fl vmas 99", "fl pte"):
    tell(words)
print("=== child")
print(gdb.execute(f"fl vmas {child}", to_string=True))
frames = {}
for name, va in (("mapped", MAPPED), ("untouched", MAPPED + 4096), ("hole", 0x1000), ("stack", 0)):
    if name == "stack":
        va = int(gdb.parse_and_eval("((struct task *)all_threads->task)->process->mm->stack_top")) - 4096
    text = gdb.execute(f"fl pte {child} {va:#x}", to_string=True)
    print(f"=== pte {name}\\n{text}")
    found = re.search(r"level 0 .* frame (0x[0-9a-f]+)", text)
    frames[name] = found and int(found[1], 16)
text_at = [line.split("-")[0] for line in gdb.execute("fl vmas 1", to_string=True).splitlines() if " r-xp " in line][0]
print("=== pte text\\n" + gdb.execute(f"fl pte 1 0x{text_at}", to_string=True))
pages = [gdb.execute(f"fl page {at}", to_string=True) for at in
         (frames["mapped"], 0xffff800000000000 + frames["mapped"] * 4096 + 8, f"page_map + ({frames['mapped']} - page_map_first)")]
print("=== page\\n" + pages[0])
print(f"=== same page\\n{len(set(pages))}")
print("=== page of stack\\n" + gdb.execute(f"fl page {frames['stack']}", to_string=True))
print("=== end")
end
continue
""".replace("MAPPED", hex(MAPPED))


def entry(path):
    with open(path, "rb") as file:
        return hex(int.from_bytes(file.read(32)[24:], "little"))


def session(arch, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".gdb") as script:
        script.write(SCRIPT.replace("ENTRY", entry(program(arch, "sleeper"))))
        script.flush()
        result = faultline("gdb", "--timeout", "100", *options, "--batch", "-x", script.name, program(arch, "sleeper"))
    return result, result.stdout.decode(errors="replace")


def check(arch, *options):
    result, text = session(arch, *options)
    parts = dict(part.split("\n", 1) for part in re.split(r"^=== ", text, flags=re.M)[1:] if "\n" in part)
    name = " ".join((arch, *options))

    def has(part, pattern, what):
        if not ok(re.search(pattern, parts.get(part, ""), re.M), f"{name}: {what}"):
            print("# " + parts.get(part, "nothing").replace("\n", "\n# "))

    if not ok(result.returncode == 0 and "slept" in text, f"{name}: gdb stops in kernel_main, and the program ends well afterwards"):
        print("# " + (text[-1500:] + result.stderr.decode(errors="replace")[-1500:]).replace("\n", "\n# "))
    ok(re.search(r"breakpoint 1, kernel_main \(info=0x[0-9a-f]+ <boot_info>\) at init/main.c", text, re.I), f"{name}: the first stop is in C")
    has("in user mode", r"^ +1 +1 sleeper +running", "fl ps at the program's first instruction")
    has("in user mode", entry(program(arch, "sleeper")), "... where it still is")
    has("fl ps", r"^ +1 +1 sleeper +parked +\d+  child at 0x", "fl ps: the parent waits for its child")
    has("fl ps", r"^ +\d+ +\d+ sleeper +running", "fl ps: the child runs")
    has("fl help", r"^fl pte PID VA", "fl help lists the commands")
    has("fl", r"^fl ps", "fl alone helps")
    has("fl vmas 1", r"^0*400000-[0-9a-f]+ r-.p LIVE .* sleeper at page 0$", "fl vmas: the file")
    has("fl vmas 1", r" r-xp LIVE .* sleeper at page \d+$", "fl vmas: the text")
    has("fl vmas 1", r" rw-p LIVE .* \[stack\]$", "fl vmas: the stack")
    has("child", rf"^0*{MAPPED:x}-0*{MAPPED + 8192:x} r--p LIVE .* sleeper at page 0$", "fl vmas: what the child has mapped")
    has("pte mapped", rf"^{MAPPED:#x}: present, read-only, no-exec", "fl pte: a mapped file is read-only")
    has("pte hole", r": not present$", "fl pte: a hole")
    has("pte stack", r"^level 0 .* frame 0x", "fl pte: the stack is there")
    has("pte text", r": present, read-only, executable", "fl pte: the text is read-only")
    has("fl bt 1", r"^#\d+ .*(wait4|wait_)", "fl bt: wait4")
    has("fl bt 1", r"^#\d+ .*thread_park", "fl bt: thread_park")
    has("fl bt 1", r"^#\d+ .*trap_syscall", "fl bt: down to the system call")
    has("page", r"^state READY, flags ", "fl page: ready")
    has("page", r"^refs [2-9], maps [1-9]\d*$", "fl page: referenced and mapped")
    has("page", r"^mapping 0x[0-9a-f]+ \(sleeper\), index 0$", "fl page: the first of the program's file")
    has("same page", r"^1$", "fl page: by number, address and pointer alike")
    has("page of stack", r"^state READY, flags .*ANON", "fl page: the stack is anonymous")
    has("fl stats", r"^faults [1-9]\d*$", "fl stats: faults were counted")
    has("fl log", r"^\[ *\d+\.\d+\] ", "fl log: lines with their times")
    has("fl waiters", r"^1 \(sleeper\) waits since \d+ us for child at 0x.* \(may last\)$", "fl waiters: the parent")
    has("fl waiters", r"^\d+ \(watchdog\) waits since ", "fl waiters: threads of the kernel")
    if "--debug" in options:
        ok("only a debug kernel" not in text, f"{name}: fl locks works")
    else:
        has("fl locks", r"^error: only a debug kernel knows", "fl locks: refuses what it cannot know")
    has("fl page 0xfffffffff", r"^error: 0xfffffffff is no ", "fl page: refuses what is none")
    has("fl vmas 99", r"^error: no thread or process 99", "fl vmas: refuses who is not there")
    has("fl pte", r"^error: fl pte PID VA", "fl pte: says what it wants")
    ok("error: it runs on CPU" in text, f"{name}: fl bt: refuses who runs")


for machine in ARCHES:
    check(machine)
    check(machine, "--debug")
result = faultline("gdb", "--batch", "--timeout", "60", "-x", "/nowhere/script")
ok(result.returncode == 125 and b"no such script" in result.stderr, "a script that is not there is refused")
done()
