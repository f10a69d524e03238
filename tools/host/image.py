# SPDX-License-Identifier: MIT
"""ext2 images: made from a staging directory, the same bytes for the same files."""
import mmap
import os
import struct
import subprocess

from .errors import Refused

UUID = "fa017115-e000-4000-8000-000000000001"
STAMP = "1700000000"  # every time stamp in an image: a run must not depend on when it was made
ROOM = 64 << 20  # free space on an image, beyond what is put there: it costs nothing until it is written
FEATURES = "none,ext_attr,resize_inode,dir_index,filetype,sparse_super,large_file"  # Debian's for ext2, whatever this machine's mke2fs.conf says


def size_text(text):
    """'64M', '1G', '4096K' or plain MiB as a number of bytes."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    digits, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "M")
    if not digits.isdigit() or unit not in units:
        raise Refused(f"'{text}' is not a size; say 64M or 1G")
    return int(digits) * units[unit]


def put(root, spec):
    """--put host:guest: copies a file or a directory tree into the staging directory."""
    host, colon, guest = spec.partition(":")
    if not colon or not guest.startswith("/"):
        raise Refused(f"--put {spec}: say HOST:/GUEST, with an absolute guest path")
    target = os.path.join(root, guest.lstrip("/"))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.isdir(host):
        os.makedirs(target, exist_ok=True)
        copy = ["cp", "-a", "--", os.path.join(host, "."), target]  # keeps holes and links
    else:
        copy = ["cp", "-aL", "--", host, target]
    done = subprocess.run(copy, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Refused(f"--put {spec}: {done.stderr.strip().splitlines()[-1]}")


def usage(root):
    """Bytes of data and number of inodes below root, as ext2 will need them."""
    data, inodes = 0, 16
    for folder, folders, files in os.walk(root):
        inodes += len(folders) + len(files)
        data += 4096 * (len(folders) + 1)
        for name in files:
            info = os.lstat(os.path.join(folder, name))
            data += (min(info.st_size, info.st_blocks * 512 + 4096) + 4095) // 4096 * 4096 + 4096
    return data, inodes


def make(root, image, size=None, block=4096, room=ROOM):
    """Makes `image` from the tree at root. size in bytes; by default what the files need and `room`."""
    data, inodes = usage(root)
    free_inodes = max(64, (room if size is None else size) // 8192)
    need = data + data // 64 + (inodes + free_inodes) * 256 + room
    size = (need if size is None else size) + 4095 & ~4095
    command = ["mke2fs", "-q", "-F", "-t", "ext2", "-O", FEATURES, "-b", str(block), "-m", "0", "-I", "256",
               "-N", str(inodes + inodes // 4 + free_inodes),
               "-U", UUID, "-E", f"hash_seed={UUID},root_owner=0:0,nodiscard", "-d", root, image, f"{size // 1024}k"]
    env = dict(os.environ, E2FSPROGS_FAKE_TIME=STAMP, SOURCE_DATE_EPOCH=STAMP, PATH=os.environ.get("PATH", "") + ":/sbin:/usr/sbin")
    try:
        result = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    except FileNotFoundError:
        raise Refused("mke2fs is missing: run make setup") from None
    if result.returncode:
        raise Refused("mke2fs could not make the image: " + (result.stderr.strip().splitlines() or [str(result.returncode)])[-1])
    normalise(image)
    return os.path.getsize(image)


def normalise(image):
    """What mke2fs takes over from the staging directory and is nobody's business in the guest: owners become root, times become STAMP.

    Numbers are offsets into ext2's superblock, group descriptors and inodes; without metadata checksums nothing else depends on them."""
    with open(image, "r+b") as file, mmap.mmap(file.fileno(), 0) as disk:
        inodes, first = struct.unpack_from("<I", disk, 1024)[0], struct.unpack_from("<I", disk, 1024 + 20)[0]
        block = 1024 << struct.unpack_from("<I", disk, 1024 + 24)[0]
        per_group, = struct.unpack_from("<I", disk, 1024 + 40)
        size, = struct.unpack_from("<H", disk, 1024 + 88)
        for group in range(-(-inodes // per_group)):
            table, = struct.unpack_from("<I", disk, (first + 1) * block + group * 32 + 8)
            for at in range(table * block, table * block + per_group * size, size):
                if disk[at] or disk[at + 1]:
                    normalise_inode(disk, at, size)


def normalise_inode(disk, at, size):
    struct.pack_into("<H", disk, at + 2, 0)  # uid
    struct.pack_into("<III", disk, at + 8, *(int(STAMP),) * 3)  # atime, ctime, mtime
    struct.pack_into("<H", disk, at + 24, 0)  # gid
    struct.pack_into("<HH", disk, at + 120, 0, 0)  # uid, gid: high halves
    if size > 128 and struct.unpack_from("<H", disk, at + 128)[0] >= 24:
        struct.pack_into("<IIIII", disk, at + 132, 0, 0, 0, int(STAMP), 0)  # nanoseconds; time of creation


def skeleton(root):
    for name in ("bin", "dev", "proc", "tmp", "etc"):
        os.makedirs(os.path.join(root, name), exist_ok=True)


def e2fsck(options, image):
    env = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/sbin:/usr/sbin", LC_ALL="C")
    try:
        return subprocess.run(["e2fsck", options, image], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", check=False)
    except FileNotFoundError:
        raise Refused("e2fsck is missing: run make setup") from None


def repaired(image, to):
    """A copy as e2fsck leaves it when it may do what it likes."""
    subprocess.run(["cp", "--sparse=always", "--", image, to], check=True)
    done = e2fsck("-fy", to)
    if done.returncode > 2:
        raise Refused(f"e2fsck -fy could not repair the disk (status {done.returncode})")
    return to


def complaints(image):
    """What e2fsck finds wrong with an image, a line; None: nothing."""
    done = e2fsck("-fn", image)
    if not done.returncode:
        return None
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line and not line.startswith(("e2fsck ", "Pass "))]
    return lines[0] if lines else f"e2fsck ended with {done.returncode}"
