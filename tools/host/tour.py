# SPDX-License-Identifier: MIT
"""The tour: an image of real files with their checksums, booted the way other systems boot: through GRUB, or as a Linux Image."""
import os
import shutil
import subprocess
import zlib

from . import image, machine
from .errors import Refused

SIZES = (0, 1, 511, 4095, 4096, 4097, 65536, (1 << 20) + 1)
REAL = ("README.md", "Makefile", "docs", "arch", "kernel", "mm", "fs", "drivers", "init", "lib", "user", "tests", "tools")


def stage(root, top, programs):
    """Several hundred files: this tree's own, and some of awkward sizes; /tour.sums has what the host computed of each."""
    image.skeleton(root)
    shutil.copy2(os.path.join(programs, "tour"), os.path.join(root, "bin", "tour"))
    for name in REAL:
        source = os.path.join(top, name)
        target = os.path.join(root, "faultline", name)
        if os.path.isdir(source):
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        elif os.path.exists(source):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(source, target)
    folder = os.path.join(root, "sizes", "a", "deeper", "place")
    os.makedirs(folder)
    for size in SIZES:
        with open(os.path.join(folder, f"{size}-bytes"), "wb") as file:
            file.write(bytes((i * 131 >> 3) & 255 for i in range(size)))
    with open(os.path.join(folder, "sparse"), "wb") as file:
        file.seek(20 << 20)
        file.write(b"the end")
    write_sums(root)


def write_sums(root):
    lines = []
    for folder, _, files in os.walk(root):
        for name in sorted(files):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                continue
            with open(path, "rb") as file:
                data = file.read()
            lines.append(f"{zlib.crc32(data):08x} {len(data)} /{os.path.relpath(path, root)}\n")
    with open(os.path.join(root, "tour.sums"), "w") as file:
        file.writelines(lines)


def make_disk(folder, command, arch):
    programs = os.path.join(command.TOP, "build", f"{arch}-user")
    if not os.path.exists(os.path.join(programs, "tour")):
        raise Refused(f"the tour is not built: run make ARCH={arch}")
    root = os.path.join(folder, "root")
    stage(root, command.TOP, programs)
    disk = os.path.join(folder, "disk.img")
    image.make(root, disk)
    shutil.rmtree(root)
    return disk


def grub_iso(folder, kernel, disk, words):
    """A bootable disc: GRUB, the kernel by Multiboot2, the disk as its module."""
    root = os.path.join(folder, "iso")
    os.makedirs(os.path.join(root, "boot", "grub"))
    shutil.copy2(kernel, os.path.join(root, "boot", "faultline.elf"))
    os.link(disk, os.path.join(root, "boot", "disk.img"))
    quoted = words.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    with open(os.path.join(root, "boot", "grub", "grub.cfg"), "w") as file:
        file.write(f'set timeout=0\nmenuentry "Faultline" {{\n  multiboot2 /boot/faultline.elf "" {quoted}\n'
                   "  module2 /boot/disk.img disk0\n  boot\n}\n".replace('"" ', ""))
    iso = os.path.join(folder, "faultline.iso")
    try:
        done = subprocess.run(["grub-mkrescue", "-o", iso, root], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        raise Refused("grub-mkrescue is missing: run make setup") from None
    if done.returncode:
        raise Refused(f"grub-mkrescue failed: {done.stderr.strip().splitlines()[-1]}")
    shutil.rmtree(root)
    return iso


def run(options, command):
    """`make run`."""
    arch, folder = options.arch, command.run_folder()
    keep = False
    try:
        disk = make_disk(folder, command, arch)
        size = os.path.getsize(disk)
        kernel = command.kernel_path(arch, options)
        # The boot loader puts the disk where it likes, so there is room for it, and no fl.disk0.
        ram = machine.Ram(arch, image.size_text(options.mem) + size, 0)
        words = command.kernel_words(options, ram, "/bin/tour", [], give_input=False)
        if arch == "x86_64":
            boot = ["-cdrom", grub_iso(folder, kernel, disk, words), "-boot", "d"]
        else:
            boot = ["-kernel", kernel.replace(".elf", ".img"), "-initrd", disk, "-append", words]
        return command.run_machine(arch, options, ram, boot, folder, give_input=False)
    except command.RunFailed as error:
        keep = True
        raise command.RunFailed(f"{error}; {command.log_of(folder)}") from None
    finally:
        command.finish(folder, keep)


def make_iso(options, command):
    """A disc with the tour, for any machine; its console is plain text."""
    arch, folder = "x86_64", command.run_folder()
    target = os.path.join(command.TOP, "build", "faultline.iso")
    options.debug = False
    try:
        disk = make_disk(folder, command, arch)
        os.replace(grub_iso(folder, command.kernel_path(arch, options), disk, "init=/bin/tour"), target)
    finally:
        command.finish(folder, False)
    print(os.path.relpath(target))
    return 0
