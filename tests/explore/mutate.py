#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mutation of the page lock's sources: does some test see it?

Each memory order is weakened by a step, each condition taken for false and for true, each statement left out, each two neighbouring ones
exchanged, one mutant at a time; the explorer looks for a failing schedule. What survives must stand in mutants.txt with the reason why it may.

    tests/explore/mutate.py [-n] [FILE[:FIRST-LAST]]	-n: only lists them
"""
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OUT = os.path.join(TOP, "build", "explore", "mutants")
FILES = ("mm/page_lock.c", "mm/page_lock.h", "mm/page_queue.c", "mm/page_wait.c")
WEAKER = {"memory_order_acq_rel": ("memory_order_acquire", "memory_order_release"), "memory_order_acquire": ("memory_order_relaxed",),
          "memory_order_release": ("memory_order_relaxed",)}
HUNT = (("preemptions=1",), ("weak", "preemptions=1"), ("preemptions=2",), ("weak", "preemptions=2"),
        ("random", "weak", "runs=1000"))
SOUND, LIMIT = 0, 2
STATEMENT = re.compile(r"^(\t+)([a-z][^{}]*\(.*\);|[a-z][\w>\-.\[\]]* [-+]?= .*;|[a-z][\w>\-.]*(\+\+|--);)( /\*.*\*/)?$")
CONDITION = re.compile(r"^(\t+(?:\} else )?(?:if|while) \()(.*)(\)(?: \{)?)$")
NOT_CODE = re.compile(r"stat_(inc|add)|might_sleep|lock_note|page_note|assert")


def sites(path, lines):
    """(line number, what, new lines for [number, number + n), n)"""
    for i, line in enumerate(lines):
        for order, weaker in WEAKER.items():
            if order in line:
                for weak in weaker:
                    yield i, f"{order[13:]} -> {weak[13:]}", [line.replace(order, weak, 1)], 1
        condition = CONDITION.match(line)
        if condition:
            for value in ("false && ", "true || "):
                yield i, f"condition {value[:-4]}", [f"{condition[1]}{value}({condition[2]}){condition[3]}"], 1
        statement = STATEMENT.match(line)
        if not statement or NOT_CODE.search(line):
            continue
        yield i, "left out", [f"{statement[1]};"], 1
        after = STATEMENT.match(lines[i + 1]) if i + 1 < len(lines) else None
        if after and after[1] == statement[1] and not NOT_CODE.search(lines[i + 1]):
            yield i, "exchanged with the next", [lines[i + 1], line], 2


def seed(path, lines, i, new, n):
    source = os.path.join(OUT, "src")
    for folder in ("mm", "tests/explore"):
        os.makedirs(os.path.join(source, folder), exist_ok=True)
        for name in os.listdir(os.path.join(TOP, folder)):
            to = os.path.join(source, folder, name)
            if name.endswith(".c") and not os.path.exists(to):
                shutil.copy2(os.path.join(TOP, folder, name), to)
    for other in FILES:
        to = os.path.join(source, other)
        text = "\n".join(lines[:i] + new + lines[i + n:]) if other == path else None
        with open(os.path.join(TOP, other)) as file:
            text = text if text is not None else file.read()
        if other.endswith(".h") and other != path:
            if os.path.exists(to):
                os.unlink(to)
                shutil.rmtree(os.path.join(OUT, "world"), ignore_errors=True)
            continue
        if other.endswith(".h"):  # what was compiled depends on the header of the tree
            shutil.rmtree(os.path.join(OUT, "world"), ignore_errors=True)
        if not os.path.exists(to) or open(to).read() != text:
            with open(to, "w") as file:
                file.write(text)


def killed_by():
    made = subprocess.run(["make", "-s", "-C", TOP, "explore", f"EX={OUT}", f"EX_FROM={OUT}/src/", "EX_WARN=-w"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False)
    if made.returncode:
        return "the compiler"
    for words in HUNT:
        for program in ("pagelock", "pagestate"):
            binary = os.path.join(OUT, program)
            names = subprocess.run([binary, "list"], capture_output=True, text=True, check=True).stdout.splitlines()
            for name in (line.split("\t")[0] for line in names):
                run = subprocess.run([binary, name, "seconds=5", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                if run.returncode not in (SOUND, LIMIT):
                    return f"{name} {' '.join(words)}"
    return None


def explained():
    with open(os.path.join(HERE, "mutants.txt")) as file:
        return [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]


def wanted(words):
    name, _, span = (words[0] if words else "").partition(":")
    if name and name not in FILES:
        sys.exit(f"mutate.py: {name}: say one of {' '.join(FILES)}, and perhaps :FIRST-LAST; -n lists the mutants")
    first, _, last = span.partition("-")
    return [name] if name else FILES, int(first or 1), int(last or first or 1 << 30)


def main():
    words = [word for word in sys.argv[1:] if word != "-n"]
    reasons = {tuple(row[:3]) for row in explained()}
    files, first, last = wanted(words)
    count = survived = 0
    for path in files:
        with open(os.path.join(TOP, path)) as file:
            lines = file.read().split("\n")
        for i, what, new, n in sites(path, lines):
            if not first <= i + 1 <= last:
                continue
            count += 1
            if "-n" in sys.argv:
                print(f"{path}:{i + 1}: {what}: {lines[i].strip()}")
                continue
            seed(path, lines, i, new, n)
            by = killed_by()
            known = (path, what, lines[i].strip()) in reasons
            survived += not by and not known
            print(f"{path}:{i + 1}: {what}: {'killed by ' + by if by else 'explained' if known else 'SURVIVES: ' + lines[i].strip()}", flush=True)
    print(f"{count} mutants, {survived} survive unexplained")
    sys.exit(survived != 0)


main()
