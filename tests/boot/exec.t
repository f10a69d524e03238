#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./faultline exec: output, input, status, and one clear line for everything that is wrong."""
import os
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import ARCHES, FAULTLINE, TOP, done, faultline, ok, program, refused, run  # noqa: E402

TMP = tempfile.TemporaryDirectory()


def scratch(name, data):
    path = os.path.join(TMP.name, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def patched(arch, name, at, fmt, value):
    with open(program(arch, "hello"), "rb") as file:
        data = bytearray(file.read())
    struct.pack_into(fmt, data, at, value)
    return scratch(name, data)


def output(arch):
    result = run(arch, "hello", "a b", "", "ü%20")
    want = "hello, world\nargument 1: a b\nargument 2: \nargument 3: ü%20\n".encode()
    ok(result.returncode == 0 and result.stdout == want and not result.stderr, f"{arch}: output is the program's and nothing else")
    result = run(arch, "say", "3", "out", "err")
    ok((result.returncode, result.stdout, result.stderr) == (3, b"out\n", b"err\n"), f"{arch}: two streams and a status")
    result = run(arch, "bytes")
    ok(result.stdout == bytes(range(256)) * 300, f"{arch}: 76,800 bytes of all values come out as they are")


def statuses(arch):
    for kind, status in (("null", 139), ("text", 139), ("data", 139), ("illegal", 132), ("abort", 134), ("stack", 139)):
        result = run(arch, "crash", kind)
        ok(result.returncode == status, f"{arch}: crash {kind} ends with {status}")
        if result.returncode != status:
            print(f"# {result.returncode} {result.stderr!r}")


def standard_input(arch):
    data = bytes(range(256)) * 500
    result = run(arch, "copy", stdin=data)
    ok(result.returncode == 0 and result.stdout == data, f"{arch}: 128,000 bytes in and out, then end of file")
    ok(run(arch, "copy", stdin=b"").stdout == b"", f"{arch}: no input at all")
    ok(run(arch, "copy").returncode == 0, f"{arch}: input from /dev/null")


def limits(arch):
    refused(run(arch, "spin", options=("--timeout", "3")), "time limit", f"{arch}: a program that never ends")
    refused(run(arch, "hello", options=("--mem", "16M")), "too little memory.*--mem 64M", f"{arch}: 16 MiB are too little")
    ok(run(arch, "hello", options=("--mem", "64M")).returncode == 0, f"{arch}: 64 MiB are enough")
    refused(run(arch, "hello", options=("--set", "nonsense=1")), "'nonsense'.*around", f"{arch}: an unknown policy")
    refused(run(arch, "hello", options=("--set", "around=sideways")), "no value 'sideways'.*lockless trylock off", f"{arch}: an unknown value")
    refused(run(arch, "hello", options=("--append", "fl.bogus=1")), "fl.bogus", f"{arch}: an unknown word on the command line")


def images(arch):
    result = faultline("exec", "--image", scratch("garbage", os.urandom(1 << 20)), "--timeout", "60", program(arch, "hello"))
    refused(result, "not an ext2", f"{arch}: garbage for an image")
    refused(faultline("exec", "--image", "/none", program(arch, "hello")), "no such image", f"{arch}: no image")
    whole = os.path.join(TMP.name, "whole")
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", whole, "8M"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env=dict(os.environ, PATH=os.environ["PATH"] + ":/sbin"))
    with open(whole, "rb") as file:
        data = file.read()
    refused(faultline("exec", "--image", scratch("cut", data[:4 << 20]), program(arch, "hello")), "cut off", f"{arch}: half an image")
    refused(faultline("exec", "--image", whole, program(arch, "hello")), "/bin/hello", f"{arch}: an image without the program")
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", whole, "8M"], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env=dict(os.environ, PATH=os.environ["PATH"] + ":/sbin"))
    refused(faultline("exec", "--image", whole, program(arch, "hello")), "feature.*mke2fs -t ext2", f"{arch}: an ext4 image")


def programs():
    refused(faultline("exec", "/none"), "No such file", "no program")
    refused(faultline("exec", scratch("text", b"hello\n")), "not an ELF", "a text file")
    refused(faultline("exec", scratch("short", b"\x7fELF" + bytes(20))), "cut off", "half an ELF header")
    refused(faultline("exec", patched("x86_64", "mips", 18, "<H", 8)), "machine 8", "an ELF for another machine")
    refused(faultline("exec", patched("x86_64", "object", 16, "<H", 1)), "type 1", "an object file")
    refused(faultline("exec", "/bin/true"), "dynamically linked.*-static", "a dynamic program")
    for arch in ARCHES:
        with open(program(arch, "hello"), "rb") as file:
            data = file.read()
        result = faultline("exec", "--timeout", "60", scratch("cut", data[:6000]))
        ok(result.returncode in (125, 126, 127, 135, 137, 139), f"{arch}: half a program does not run ({result.returncode})")


def puts():
    folder = os.path.join(TMP.name, "tree", "sub")
    os.makedirs(folder)
    with open(os.path.join(folder, "file"), "w") as file:
        file.write("from the host\n")
    tree = os.path.join(TMP.name, "tree")
    result = faultline("exec", "--put", f"{tree}:/put", "--put", f"{folder}/file:/one", program("x86_64", "cat"), "/put/sub/file", "/one")
    ok(result.stdout == b"from the host\n" * 2, "--put of a tree and of a file")
    back = os.path.join(TMP.name, "back")
    faultline("exec", "--put", f"{tree}:/put", "--get", f"/put/sub/file:{back}", program("x86_64", "hello"))
    ok(os.path.exists(back) and open(back).read() == "from the host\n", "--get brings it back")
    refused(faultline("exec", "--put", "/none:/x", program("x86_64", "hello")), "--put /none:/x", "--put of nothing")
    refused(faultline("exec", "--put", "nowhere", program("x86_64", "hello")), "HOST:/GUEST", "--put without a place")


def blocks():
    for size in ("1024", "2048", "4096"):
        result = faultline("exec", "--block", size, "--put", f"{TOP}/Makefile:/Makefile", program("x86_64", "cat"), "/Makefile")
        with open(os.path.join(TOP, "Makefile"), "rb") as file:
            ok(result.stdout == file.read(), f"an image with blocks of {size} bytes")


def together():
    runs = [subprocess.Popen([FAULTLINE, "exec", program(arch, "say"), str(i), f"run {i}", ""], stdout=subprocess.PIPE,
                             stdin=subprocess.DEVNULL) for i, arch in enumerate(ARCHES * 2)]
    ends = [(process.communicate(timeout=120)[0], process.returncode) for process in runs]
    ok(ends == [(f"run {i}\n".encode(), i) for i in range(4)], "four runs at a time do not disturb each other")


def machinery(arch):
    result = run(arch, "hello", options=("--log",))
    ok(b"Faultline" in result.stderr and result.stdout == b"hello, world\n", f"{arch}: --log shows the kernel's log beside")
    result = run(arch, "hello", options=("--trace", "-", "--icount"))
    ok(b"fault.find-vma" in result.stdout and b"io.submit" in result.stdout, f"{arch}: --trace - shows the fault's steps and the I/O")
    first = run(arch, "hello", options=("--stats", "--icount")).stdout
    ok(b"first_user_ns" in first and first == run(arch, "hello", options=("--stats", "--icount")).stdout,
       f"{arch}: under --icount two runs have equal statistics")
    for line in first.splitlines():
        if line.startswith(b"first_user_ns"):
            ns = int(line.split()[1])
            ok(ns < 10_000_000, f"{arch}: power-on to first user instruction within 10 ms of guest time ({ns / 1e6:.3f})")


for machine in ARCHES:
    output(machine)
    statuses(machine)
    standard_input(machine)
    limits(machine)
    images(machine)
    machinery(machine)
programs()
puts()
blocks()
together()
done()
