#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The host command's own parts, without QEMU: the console's decoder, sizes, where disks lie, which files are programs, images."""
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path += [os.path.join(TOP, "tools"), os.path.join(TOP, "tests", "boot")]
from host import elf, ext2, frames, image, machine  # noqa: E402
from host.errors import Refused  # noqa: E402
from tap import done, ok  # noqa: E402

MIB = 1 << 20


def decode(*pieces):
    """What each stream got, and the status."""
    streams = {}
    decoder = frames.Decoder(lambda stream, data: streams.setdefault(stream, bytearray()).extend(data))
    for piece in pieces:
        decoder.feed(piece)
    return {stream: bytes(data) for stream, data in streams.items()}, decoder.status


def said(stream, data):
    return bytes([frames.ESCAPE, stream]) + data.replace(b"\xff", b"\xff\xff")


def refuses(call, *words):
    try:
        call(*words)
    except Refused:
        return True
    return False


def decoder():
    ok(decode(b"boot\n") == ({frames.LOG: b"boot\n"}, None), "what comes first is the log")
    every = bytes(range(256)) * 3
    ok(decode(said(frames.STDOUT, every))[0] == {frames.STDOUT: every}, "every byte value passes")
    text = said(frames.STDOUT, b"\xff" * 9) + said(frames.STDERR, b"err") + said(frames.LOG, b"log") + b"\xff\x05\x2a"
    want = ({frames.STDOUT: b"\xff" * 9, frames.STDERR: b"err", frames.LOG: b"log"}, 42)
    ok(decode(text) == want, "streams and a status")
    ok(all(decode(text[:i], text[i:]) == want for i in range(len(text))), "the same, cut in two anywhere")
    ok(decode(*(text[i:i + 1] for i in range(len(text)))) == want, "the same, byte by byte")
    ok(decode(b"\xff\x05\xff")[1] == 255 and decode(b"\xff\x05\x00")[1] == 0, "statuses 255 and 0")
    panic = b"\xff\x03\xff\x03panic: x\n"
    ok(all(decode(said(frames.STDOUT, b"out")[:i] + panic)[0][frames.LOG].endswith(b"panic: x\n") for i in range(6)),
       "a panic that breaks into a frame is in the log all the same")
    noise = random.Random(1).randbytes(100000)
    whole, status = decode(noise)
    cut, again = decode(*(noise[i:i + 777] for i in range(0, len(noise), 777)))
    ok((whole, status) == (cut, again) and sum(map(len, whole.values())) < len(noise), "noise does not stop it, and cuts do not change it")
    decoder = frames.Decoder(lambda stream, data: None)
    decoder.feed(b"out\xff\x07")
    decoder.feed(b"\x02\xff\x07\xff")
    ok((decoder.take_credit(), decoder.take_credit(), decoder.status) == (257 * frames.CREDIT_BYTES, 0, None), "room for more input")
    ok(frames.encode_input(b"a\xff\xffb") == b"a\xff\xff\xff\xffb", "input is escaped")


def sizes():
    ok([image.size_text(text) for text in ("64M", "1g", "7", "512K")] == [64 * MIB, 1024 * MIB, 7 * MIB, MIB // 2], "sizes")
    ok(all(refuses(image.size_text, text) for text in ("", "M", "64Q", "-1M", "1.5G", "64MB")), "what is no size")


def places():
    def at(arch, mem, disk):
        ram = machine.Ram(arch, mem * MIB, disk * MIB)
        os.close(ram.fd)
        return ram.disk_phys // MIB, ram.size // MIB

    ok(at("x86_64", 256, 10) == (256, 266), "x86_64: the disk lies behind the kernel's memory")
    ok(at("x86_64", 2000, 100) == (4096, 3072), "x86_64: above 4 GiB if it does not fit below 2 GiB; then QEMU must have 3 GiB")
    ok(at("x86_64", 4096, 100) == (6144, 4196), "x86_64: with 4 GiB of memory, behind the part that is above 4 GiB")
    ok(at("arm64", 256, 10) == (1024 + 256, 266) and at("arm64", 4000, 10) == (5024, 4010), "arm64: behind it, without a hole")


def programs(folder):
    good = bytearray(b"\x7fELF\x02\x01" + bytes(58))
    good[16], good[18], good[54] = 2, 62, 56
    path = os.path.join(folder, "program")

    def arch(data):
        with open(path, "wb") as file:
            file.write(data)
        return elf.architecture(path)

    def changed(at, value):
        return good[:at] + bytes([value]) + good[at + 1:]

    ok(arch(good) == "x86_64" and arch(changed(18, 183)) == "arm64", "the machine is in the ELF header")
    ok(all(refuses(arch, data) for data in (b"", b"#!/bin/sh\n", good[:40], changed(4, 1), changed(5, 2), changed(16, 1), changed(18, 3))),
       "what is no program of ours")
    good[32], good[56] = 64, 1  # one program header, right behind
    ok(refuses(arch, good) and refuses(arch, good + bytes(55)), "program headers that are not there")
    ok(arch(good + b"\x01" + bytes(55)) == "x86_64" and refuses(arch, good + b"\x03" + bytes(55)), "an interpreter")


def images(folder):
    root = os.path.join(folder, "root")
    image.skeleton(root)
    for i in range(40):
        with open(os.path.join(root, "tmp", f"file{i}"), "wb") as file:
            file.write(bytes([i]) * i * 1000)
    os.symlink("file3", os.path.join(root, "tmp", "link"))
    data = []
    for size in (1024, 2048, 4096, 4096):
        path = os.path.join(folder, f"image{len(data)}")
        made = image.make(root, path, block=size)
        check = subprocess.run(["e2fsck", "-fn", path], env=dict(os.environ, PATH=os.environ["PATH"] + ":/sbin"), capture_output=True, check=False)
        ok(check.returncode == 0 and made == os.path.getsize(path), f"an image with blocks of {size} bytes is sound")
        os.utime(os.path.join(root, "tmp", "file1"), (len(data), len(data)))
        with open(path, "rb") as file:
            data.append(file.read())
    ok(data[2] == data[3], "the same files make the same bytes, whenever")
    back = os.path.join(folder, "back")
    ext2.get(os.path.join(folder, "image0"), f"/tmp:{back}")
    ok(subprocess.run(["diff", "-r", os.path.join(root, "tmp"), back], check=False).returncode == 0, "a tree comes back as it went in")
    ok(refuses(ext2.get, os.path.join(folder, "image0"), "/none:" + back), "what is not there does not come back")
    ok(all(refuses(image.put, root, spec) for spec in ("nowhere", "/none:/x", "/etc:relative")), "what cannot be put")
    ok(refuses(image.make, root, os.path.join(folder, "small"), 65536), "an image too small for its files")


decoder()
sizes()
places()
with tempfile.TemporaryDirectory() as scratch:
    programs(scratch)
    images(scratch)
done()
