#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damaged file systems that can be mounted: who touches the damage gets an error, everybody else goes on, and the log names the place."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import ARCHES, done, faultline, ok, program  # noqa: E402

TMP = tempfile.TemporaryDirectory()
ENV = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
BLOCK = 1024


def tool(*words):
    return subprocess.run(words, env=ENV, check=True, capture_output=True, text=True).stdout


def image(arch):
    """Two programs, a file of two pages and one of many blocks, a directory."""
    root = os.path.join(TMP.name, "root")
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("bin", "dev", "proc", "dir"):
        os.makedirs(os.path.join(root, folder))
    for name in ("hello", "cat"):
        shutil.copy2(program(arch, name), os.path.join(root, "bin", name))
    for name, size in (("sound", 100), ("small", 5000), ("large", 600000), ("dir/inside", 10)):
        with open(os.path.join(root, name), "wb") as file:
            file.write(name[:1].encode() * size)
    path = os.path.join(TMP.name, "image")
    tool("mke2fs", "-q", "-F", "-t", "ext2", "-b", str(BLOCK), "-d", root, path, "8M")
    return path


def field(path, inode, name, value):
    tool("debugfs", "-w", "-R", f"set_inode_field {inode} {name} {value}", path)


def patch(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def first_block(path, inode):
    return int(tool("debugfs", "-R", f"blocks {inode}", path).split()[0])


def run(arch, path, name, *args):
    result = faultline("exec", "--image", path, "--no-fsck", "--timeout", "60", "--log", program(arch, name), *args)
    return result.returncode, result.stdout, result.stderr.decode(errors="replace")


def expect(arch, what, ran, status, out, log):
    good = ran[0] == status and ran[1] == out and (not log or log in ran[2])
    if not ok(good, f"{arch}: {what}"):
        print(f"# status {ran[0]}, out {ran[1][:100]!r}, err {ran[2][-800:]!r}")


def files(arch):
    path = image(arch)
    field(path, "/small", "block[4]", 0x7ffffff)
    expect(arch, "a block number beyond the end", run(arch, path, "cat", "/sound", "/small"), 1, b"s" * 100 + b"s" * 4096, "block number in inode")
    path = image(arch)
    field(path, "/large", "block[IND]", 0x7fffffff)
    expect(arch, "an indirect block beyond the end", run(arch, path, "cat", "/large", "/sound"), 1, b"l" * 12288 + b"s" * 100,
           "block number in inode")
    path = image(arch)
    field(path, "/large", "mode", "0170000")
    expect(arch, "an inode of no type", run(arch, path, "cat", "/large", "/sound"), 1, b"s" * 100, "inode")


def directories(arch):
    path = image(arch)
    patch(path, first_block(path, "/dir") * BLOCK + 4, struct.pack("<H", 0))
    expect(arch, "an entry that leads nowhere", run(arch, path, "cat", "/dir/inside", "/sound"), 1, b"s" * 100, "the directory, inode")
    path = image(arch)
    field(path, "/dir", "size", 0x40000000)
    expect(arch, "a directory that has no end", run(arch, path, "cat", "/dir/outside", "/sound"), 1, b"s" * 100, "the directory, inode")
    path = image(arch)
    patch(path, 2 * BLOCK + 8, struct.pack("<I", 0x7fffffff))
    code, out, log = run(arch, path, "hello")
    ok(code == 125 and not out and "group" in log, f"{arch}: a group descriptor: nothing can be found")


def programs(arch):
    path = image(arch)
    field(path, "/bin/hello", "block[0]", 0x7ffffff)
    code, out, log = run(arch, path, "hello")
    ok(code == 125 and not out and "/bin/hello" in log, f"{arch}: a program whose first block is lost")
    path = image(arch)
    for block in range(4, 12):
        field(path, "/bin/hello", f"block[{block}]", 0x7ffffff)
    code, out, log = run(arch, path, "hello")
    ok(code == 135 and not out and "SIGBUS" in log, f"{arch}: a program whose text is lost: SIGBUS ({code})")


for machine in ARCHES:
    files(machine)
    directories(machine)
    programs(machine)
done()
