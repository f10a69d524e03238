# SPDX-License-Identifier: MIT
"""Reads ext2 images: files, trees, links and holes, out of a run's disk and onto this machine."""
import mmap
import os
import stat
import struct

from .errors import Refused

ROOT = 2
DEPTH = 40  # symbolic links followed in a path
FAST_LINK = 60


class Inode:
    """What is wanted of one: type and permissions, size, times, and the 60 bytes of block numbers (or text)."""

    def __init__(self, number, raw):
        self.number = number
        self.mode, _, low, atime, _, mtime, _, _, self.links, self.sectors = struct.unpack_from("<HHIIIIIHHI", raw)
        self.where = raw[40:100]
        self.acl, high = struct.unpack_from("<II", raw, 104)
        self.size = low | (high << 32 if stat.S_ISREG(self.mode) else 0)
        extra = struct.unpack_from("<HHIII", raw, 128) if len(raw) >= 144 else (0,) * 5
        more = extra[2:] if extra[0] >= 16 else (0, 0, 0)
        self.mtime, self.atime = nanoseconds(mtime, more[1]), nanoseconds(atime, more[2])


def nanoseconds(seconds, extra):
    seconds = (seconds ^ 1 << 31) - (1 << 31) + ((extra & 3) << 32)
    return seconds * 10**9 + (extra >> 2)


class Ext2:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.disk = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        first, shift = struct.unpack_from("<II", self.disk, 1024 + 20)
        self.per_group, = struct.unpack_from("<I", self.disk, 1024 + 40)
        self.inode_size = struct.unpack_from("<H", self.disk, 1024 + 88)[0] if struct.unpack_from("<I", self.disk, 1024 + 76)[0] else 128
        self.block = 1024 << shift
        self.groups = (first + 1) * self.block

    def inode(self, number):
        table, = struct.unpack_from("<I", self.disk, self.groups + (number - 1) // self.per_group * 32 + 8)
        at = table * self.block + (number - 1) % self.per_group * self.inode_size
        return Inode(number, self.disk[at:at + self.inode_size])

    def runs(self, inode):
        """(index in the file, block on the disk, how many), in order; holes are left out."""
        last = [0, 0, 0]
        for index, block in self.blocks(inode):
            if index == last[0] + last[2] and block == last[1] + last[2]:
                last[2] += 1
                continue
            if last[2]:
                yield tuple(last)
            last = [index, block, 1]
        if last[2]:
            yield tuple(last)

    def blocks(self, inode):
        numbers, index = struct.unpack("<15I", inode.where), 12
        yield from ((i, block) for i, block in enumerate(numbers[:12]) if block)
        for depth, root in enumerate(numbers[12:], 1):
            yield from self.below(root, depth, index)
            index += (self.block // 4) ** depth

    def below(self, block, depth, index):
        """What a block of numbers, `depth` deep, leads to; `index` is the first that it covers."""
        if not block:
            return
        span = (self.block // 4) ** (depth - 1)
        for i, number in enumerate(struct.unpack_from(f"<{self.block // 4}I", self.disk, block * self.block)):
            if number and depth == 1:
                yield index + i, number
            elif number:
                yield from self.below(number, depth - 1, index + i * span)

    def data(self, inode):
        content = bytearray(inode.size)
        for index, block, count in self.runs(inode):
            at = index * self.block
            content[at:at + count * self.block] = self.disk[block * self.block:(block + count) * self.block][:max(0, inode.size - at)]
        return bytes(content)

    def names(self, inode):
        content, at = self.data(inode), 0
        while at < len(content):
            number, length, size = struct.unpack_from("<IHB", content, at)
            if number:
                yield content[at + 8:at + 8 + size], number
            at += max(length, 8)

    def link(self, inode):
        attributes = self.block // 512 if inode.acl else 0
        return inode.where[:inode.size] if inode.sectors == attributes and inode.size < FAST_LINK else self.data(inode)

    def find(self, path):
        """Follows symbolic links. None: there is no such file."""
        at, left, links = [ROOT], path.split(b"/")[::-1], 0
        while left:
            name = left.pop()
            if name in (b"", b"."):
                continue
            if name == b"..":
                at = at[:-1] or at
                continue
            here = self.inode(at[-1])
            number = dict(self.names(here)).get(name) if stat.S_ISDIR(here.mode) else None
            if number is None:
                return None
            inode = self.inode(number)
            if not stat.S_ISLNK(inode.mode):
                at.append(number)
                continue
            links += 1
            text = self.link(inode)
            if links > DEPTH:
                return None
            at = [ROOT] if text.startswith(b"/") else at
            left += text.split(b"/")[::-1]
        return self.inode(at[-1])

    # ---- out of the image ----

    def extract(self, inode, path, made):
        """One file or tree to `path` (bytes). made: what has been extracted already, by inode: hard links stay hard links."""
        if inode.number in made and not stat.S_ISDIR(inode.mode):
            remove(path)
            os.link(made[inode.number], path, follow_symlinks=False)
            return
        made[inode.number] = path
        if stat.S_ISDIR(inode.mode):
            self.extract_tree(inode, path, made)
        elif stat.S_ISREG(inode.mode):
            self.extract_file(inode, path)
        elif stat.S_ISLNK(inode.mode):
            remove(path)
            os.symlink(self.link(inode), path)
            os.utime(path, ns=(inode.atime, inode.mtime), follow_symlinks=False)
        elif stat.S_ISFIFO(inode.mode):
            remove(path)
            os.mkfifo(path, stat.S_IMODE(inode.mode))
        # sockets and devices mean nothing here

    def extract_tree(self, inode, path, made):
        os.makedirs(path, exist_ok=True)
        for name, number in self.names(inode):
            if name not in (b".", b".."):
                self.extract(self.inode(number), os.path.join(path, name), made)
        finish(path, inode)

    def extract_file(self, inode, path):
        if os.path.islink(path) or os.path.exists(path):
            remove(path)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.ftruncate(fd, inode.size)
            for index, block, count in self.runs(inode):
                piece = memoryview(self.disk)[block * self.block:(block + count) * self.block]
                left = inode.size - index * self.block
                if left > 0:
                    write_all(fd, piece[:left], index * self.block)
                piece.release()
        finally:
            os.close(fd)
        finish(path, inode)


def write_all(fd, data, at):
    while data:
        n = os.pwrite(fd, data, at)
        data, at = data[n:], at + n


def finish(path, inode):
    os.chmod(path, stat.S_IMODE(inode.mode))
    os.utime(path, ns=(inode.atime, inode.mtime))


def remove(path):
    if os.path.lexists(path) and not (os.path.isdir(path) and not os.path.islink(path)):
        os.unlink(path)


def get(image, spec):
    """--get guest:host: one file, or what is in one directory, out of an image."""
    guest, colon, host = spec.partition(":")
    if not colon or not guest.startswith("/"):
        raise Refused(f"--get {spec}: say /GUEST:HOST, with an absolute guest path")
    disk = Ext2(image)
    inode = disk.find(os.fsencode(guest))
    if inode is None or not (stat.S_ISDIR(inode.mode) or stat.S_ISREG(inode.mode)):
        raise Refused(f"--get {spec}: there is no such file on the image")
    try:
        disk.extract(inode, os.fsencode(host), {})
    except OSError as error:
        raise Refused(f"--get {spec}: {os.fsdecode(error.filename or host)}: {error.strerror}") from None
