#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Thousands of files, in one large directory and in many, go in, are changed by busybox's programs, and come back: each byte, mode, link and time as
Linux leaves them, with blocks of 1, 2 and 4 KiB. (The host command checks the disk with e2fsck after each run.)"""
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import TOP, done, faultline, ok  # noqa: E402

sys.path.insert(0, os.path.join(TOP, "tools"))
from host import shell  # noqa: E402

LIMIT = 280
SCRIPT = os.path.join(TOP, "tests", "boot", "trees.sh")
RUNS = [("x86_64", 4096, "4"), ("x86_64", 1024, "1"), ("arm64", 2048, "2")]
LONG_AGO = 1700000000  # what each file of an image has
FLAT, DIRS, IN_EACH = 4200, 40, 50


def lines(seed, count):
    return "".join(f"line {i} of {seed}: {(i * 7919 + seed * 104729) % 100003}\n" for i in range(count))


def write(path, text, mode):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    os.utime(path, (LONG_AGO, LONG_AGO))


def make_tree(root):
    flat, nested = os.path.join(root, "flat"), os.path.join(root, "nested")
    os.makedirs(flat)
    for i in range(FLAT):
        write(os.path.join(flat, f"name-{i}"), lines(i, i * 31 % 97), 0o644 if i % 5 else 0o755)
    for d in range(DIRS):
        folder = os.path.join(nested, f"d{d:02}")
        os.makedirs(os.path.join(folder, "deeper", "still"))
        for i in range(IN_EACH):
            write(os.path.join(folder, f"file-{i}"), lines(d * 100 + i, i * 13 % 151), 0o640)
        write(os.path.join(folder, "deeper", "still", "bottom"), f"{d}\n", 0o444)
        os.symlink("deeper/still", os.path.join(folder, "down"))
        os.link(os.path.join(folder, "file-0"), os.path.join(folder, "again"))
    for folder, _, _ in os.walk(root, topdown=False):
        os.chmod(folder, 0o755)
        os.utime(folder, (LONG_AGO, LONG_AGO))


def look(root, start):
    """Names; types, permissions, links and times; contents and targets. Which names are one file. A time since the start is "now"."""
    found, first = {}, {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            info, name = os.lstat(path), os.path.relpath(path, root)
            if os.path.islink(path):
                found[name] = ("link", os.readlink(path))
                continue
            content = None
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
            when = "now" if start <= info.st_mtime <= time.time() else info.st_mtime
            found[name] = (oct(info.st_mode), info.st_nlink, when, content, first.setdefault(info.st_ino, name) if content is not None else "")
    return found


def one_name_each(found):
    """The name that a file with several is known by must not depend on the order of a walk."""
    groups = {}
    for name, facts in found.items():
        if len(facts) == 5 and facts[4]:
            groups.setdefault(facts[4], []).append(name)
    least = {one: min(names) for one, names in groups.items()}
    return {name: facts[:4] + (least.get(facts[4], ""),) if len(facts) == 5 else facts for name, facts in found.items()}


def on_linux(folder, tree):
    busybox, programs, work = shell.busybox(TOP, "x86_64"), os.path.join(folder, "programs"), os.path.join(folder, "work")
    os.makedirs(programs)
    for name in shell.applets(busybox):
        os.symlink(busybox, os.path.join(programs, name))
    subprocess.run(["cp", "-a", tree, work], check=True)
    start = time.time() - 1
    with open(SCRIPT, "rb") as script:
        result = subprocess.run([os.path.join(programs, "sh")], stdin=script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=work,
                                env={"PATH": programs}, timeout=LIMIT, check=False)
    return result, one_name_each(look(work, start))


def on_faultline(folder, tree, run):
    arch, block, cpus = run
    back, start = os.path.join(folder, f"{arch}-{block}"), time.time() - 1
    with open(SCRIPT, "rb") as script:
        text = b"cd /work\n" + script.read()
    result = faultline("shell", "--arch", arch, "--smp", cpus, "--block", str(block), "--timeout", str(LIMIT), "--disk-size", "192M",
                       "--put", f"{tree}:/work", "--get", f"/work:{back}", stdin=text, limit=LIMIT + 60)
    return result, one_name_each(look(back, start))


def compare(run, linux, here):
    (right, tree), (result, got) = linux, here
    name = f"{run[0]}, blocks of {run[1]}"
    if not ok(result.stdout == right.stdout and result.returncode == right.returncode, f"{name}: the script prints what it prints on Linux"):
        for line in set(right.stdout.splitlines()) ^ set(result.stdout.splitlines()):
            print(f"# {'only on Linux' if line in right.stdout.splitlines() else 'only here'}: {line!r}")
        print(f"# {result.returncode}, {result.stderr[-500:]!r}")
    different = sorted(n for n in set(tree) | set(got) if tree.get(n) != got.get(n))
    ok(len(tree) > 8000 and not different, f"{name}: {len(got)} files come back as Linux leaves them")
    for place in different[:10]:
        print(f"# {place}: {str(got.get(place))[:120]} and not {str(tree.get(place))[:120]}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        tree = os.path.join(folder, "tree")
        make_tree(tree)
        linux = on_linux(folder, tree)
        ok(linux[0].returncode == 0 and not linux[0].stderr, "the script runs on Linux")
        for run in RUNS:
            compare(run, linux, on_faultline(folder, tree, run))
    done()


main()
