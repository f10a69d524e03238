#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long functions, files and lines are, and what every line keeps to. Functions over 35 lines are listed with --notes."""
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
FUNCTION_MOST, FUNCTION_NOTE, FILE_MOST, LINE_MOST = 60, 35, 450, 150
LICENCE = "SPDX-License-Identifier: MIT"
HEAD = re.compile(r"^[A-Za-z_].*\b([a-z_A-Z]\w*)\(")


def sources():
    """What git knows or would take: C, assembly, Python, shell; newlib's flags and the like are data."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in names:
        if name.endswith((".c", ".h", ".S", ".py", ".t")) and os.path.isfile(os.path.join(TOP, name)):
            yield name


def c_functions(lines):
    """(name, first line, length): from the line of the name, parameters included, to the closing brace in the first column."""
    head = None
    for at, line in enumerate(lines, 1):
        if match := HEAD.match(line):
            head = (match[1], at)
        if line.startswith("}") and head:
            if line.rstrip() == "}":
                yield head[0], head[1], at - head[1] + 1
            head = None
        elif line.rstrip().endswith(";") and line[:1] not in "\t {" and head and head[1] == at:
            head = None


def line_fault(line, tabs):
    """What is wrong with this line's layout, or None."""
    if line != line.rstrip():
        return "blanks at the end"
    if len(line.expandtabs(8)) > LINE_MOST:
        return f"{len(line.expandtabs(8))} columns, at most {LINE_MOST}"
    lead = line[:len(line) - len(line.lstrip())]
    if tabs and (" \t" in lead or " " * 8 in lead):
        return "indent with tabs"
    if not tabs and "\t" in lead:
        return "indent with blanks"
    return None


def layout_faults(name, lines):
    if lines and LICENCE not in "".join(lines[:2]):
        yield 1, "no licence line"
    if lines and not lines[-1].strip():
        yield len(lines), "an empty line at the end"
    for at, line in enumerate(lines, 1):
        if what := line_fault(line, name.endswith((".c", ".h", ".S"))):
            yield at, what


def main():
    notes, failed, lengths = "--notes" in sys.argv[1:], 0, []
    for name in sources():
        with open(os.path.join(TOP, name), encoding="utf-8") as file:
            lines = file.read().split("\n")[:-1]
        if len(lines) > FILE_MOST:
            failed += 1
            print(f"{name}: {len(lines)} lines, at most {FILE_MOST}")
        for at, what in layout_faults(name, lines):
            failed += 1
            print(f"{name}:{at}: {what}")
        if not name.endswith((".c", ".h")):
            continue
        for function, at, length in c_functions(lines):
            lengths.append(length)
            if length > FUNCTION_MOST:
                failed += 1
                print(f"{name}:{at}: {function} has {length} lines, at most {FUNCTION_MOST}")
            elif length > FUNCTION_NOTE and notes:
                print(f"{name}:{at}: note: {function} has {length} lines")
    lengths.sort()
    print(f"shape: {len(lengths)} functions, median {lengths[len(lengths) // 2]} lines, 90 % within {lengths[len(lengths) * 9 // 10]}")
    return failed


sys.exit(1 if main() else 0)
