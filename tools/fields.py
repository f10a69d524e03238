#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which lock guards which field: every member of every struct in mm/*.h says so.

A member says it with letters in its comment, (X) or (X,Y), whose meaning stands in the comment above the struct or at the head of the file;
or it is itself a lock or an rcu_head; or a blank line and a comment begin a group that names its guard; or the comment above the struct
covers all of it: it names a lock or says who owns it. --matrix prints docs/locking.md: the lock order, and the table of all fields; without
it, that the file is what would be printed is checked too.
"""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
STRUCT = re.compile(r"^struct (\w+) \{$")
LETTERS = re.compile(r"\(([A-Z](?:,[A-Z])*)\)")
MEANING = re.compile(r"\(([A-Z])\) ([^;.]+?)(?=,? \([A-Z]\) (?!to )|[;.]|,? two letters|\s*\*/|$)")
ITSELF = re.compile(r"^\s*struct (spinlock|mutex|rwsem|rcu_head|waitq|arch_mm)\b")
OWNED = re.compile(r"constant|\block|\bown|written by|on its stack|RCU", re.I)


def strip(text):
    return re.sub(r"\s+", " ", re.sub(r"^\s*/?\*+/?", " ", text, flags=re.M).replace("*/", " ")).strip()


class Struct:
    def __init__(self, path, name, at, about):
        self.path, self.name, self.at, self.about = path, name, at, about
        self.members = []  # (line number, declaration, comment, group comment)


def comments_above(lines, at):
    """The comment that ends on the line before `at`."""
    end = at
    while at > 0 and not lines[at - 1].lstrip().startswith("/*") and lines[at - 1].lstrip().startswith("*"):
        at -= 1
    if at > 0 and lines[at - 1].lstrip().startswith("/*") and lines[end - 1].rstrip().endswith("*/"):
        return strip("\n".join(lines[at - 1:end]))
    return ""


def members(lines, at):
    """Declarations of the struct that opens at lines[at], nested ones included, each with its comment and its group's."""
    depth, group, code, note, start, in_comment = 1, "", "", "", None, False
    for number in range(at + 1, len(lines)):
        line = lines[number]
        if not line.strip():
            group = ""
            continue
        notes = re.findall(r"/\*(.*?)(?:\*/|$)", line)
        bare = re.sub(r"/\*.*?(\*/|$)", "", line) if not in_comment else re.sub(r"^.*?(\*/|$)", "", line)
        if in_comment:
            notes = [line]
        in_comment = (in_comment or "/*" in line) and "*/" not in line[line.rfind("/*") + 1:]
        if not bare.strip():
            if lines[number].lstrip().startswith(("/*", "*")) and not code:
                group += " " + " ".join(notes)
            continue
        depth += bare.count("{") - bare.count("}")
        if depth == 0:
            return
        if bare.strip().endswith("{") or bare.strip() in ("};", "}"):
            code = ""
            continue
        start = number if not code else start
        code, note = code + " " + bare.strip(), (note if code else "") + " ".join(notes)
        if code.endswith(";"):
            yield start + 1, code.strip(), note.strip(), group.strip()
            code, note = "", ""


def structs(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for at, line in enumerate(lines):
        if match := STRUCT.match(line):
            found = Struct(os.path.relpath(path, TOP), match[1], at + 1, comments_above(lines, at))
            found.members = list(members(lines, at))
            yield found, lines


def head_of(lines):
    text = "\n".join(lines)
    match = re.search(r"/\*\n.*?\*/", text, re.S)
    return strip(match[0]) if match else ""


def meanings(struct, head):
    return {letter: what.strip(" ,") for text in (head, struct.about) for letter, what in MEANING.findall(text)}


def name_of(declaration):
    text = re.sub(r"\[[^]]*\]", "", declaration.rstrip(";"))
    if match := re.search(r"\(\*(\w+)\)\(", text):
        return match[1]
    return ", ".join(re.findall(r"(\w+)$", part.strip())[0] for part in text.split(",") if re.findall(r"(\w+)$", part.strip()))


def guard(struct, known, member):
    """What guards it, in words; None: it does not say."""
    _, code, note, group = member
    if struct.name.endswith("_ops"):
        return "constant"
    if found := LETTERS.findall(note):
        return "; ".join(known.get(letter, letter + "?") for letter in found[-1].split(","))
    if ITSELF.match(code):
        return "itself"
    if OWNED.search(note) or OWNED.search(group):
        return note if OWNED.search(note) else group
    if OWNED.search(struct.about) and not LETTERS.search(struct.about):
        return "see the comment above it"
    return None


HEAD = """# Locks

Written by `tools/fields.py --matrix`, out of `kernel/lock_order.h` and the letters of each field in `mm/*.h`; `tools/lint` checks that it is true.

## The order

A thread may take a lock only if its class stands below every class it holds (trylocks are exempt). Debug builds check it at run time, the page
lock included, and remember who takes what after what.

| class | may its holder sleep? | what it guards |
|---|---|---|"""
TABLE = """
## The fields of mm

| struct | field | guarded by |
|---|---|---|"""
CLASS = re.compile(r'^\tX\((\w+),\s*(true|false),\s*"([^"]*)"\)', re.M)


def document():
    with open(os.path.join(TOP, "kernel", "lock_order.h"), encoding="utf-8") as file:
        classes = CLASS.findall(file.read())
    order = [f"| {name} | {'yes' if sleeps == 'true' else 'no'} | {guards} |" for name, sleeps, guards in classes if name != "NONE"]
    rows = [f"| `{struct.name}` | `{name_of(member[1])}` | {guard(struct, meanings(struct, head_of(lines)), member) or '?'} |"
            for path in sorted(glob.glob(os.path.join(TOP, "mm", "*.h"))) for struct, lines in structs(path) for member in struct.members]
    return "\n".join([HEAD, *order, TABLE, *rows]) + "\n"


def document_is_true():
    with open(os.path.join(TOP, "docs", "locking.md"), encoding="utf-8") as file:
        if file.read() == document():
            return True
    print("docs/locking.md is out of date: tools/fields.py --matrix > docs/locking.md")
    return False


def main():
    missing, count = 0, 0
    for path in sorted(glob.glob(os.path.join(TOP, "mm", "*.h"))):
        for struct, lines in structs(path):
            known = meanings(struct, head_of(lines))
            for member in struct.members:
                count += 1
                by = guard(struct, known, member)
                if by is None or "?" in by:
                    missing += 1
                    print(f"{struct.path}:{member[0]}: struct {struct.name}: who may touch `{name_of(member[1])}`? ({by or 'nothing said'})")
    print(f"fields: {count} members in mm/*.h, {missing} without a guard")
    return missing + (not document_is_true())


if "--matrix" in sys.argv[1:]:
    print(document(), end="")
    sys.exit(0)
sys.exit(1 if main() else 0)
