# SPDX-License-Identifier: MIT
"""--disk: disks besides the first."""
import os

from . import image
from .errors import Refused, RunFailed

MOST = 7


class Disk:
    """FILE or SIZE, and perhaps :/WHERE it is mounted. A file is what the guest leaves it; a size is a fresh ext2 that ends with the run."""

    def __init__(self, spec, number, folder):
        path, colon, mount = spec.partition(":/")
        self.number, self.mount, self.kept = number, "/" + mount if colon and mount else None, os.path.isfile(path)
        self.path = path if self.kept else os.path.join(folder, f"disk{number}.img")
        if not self.kept:
            empty = os.path.join(folder, f"empty{number}")
            os.makedirs(empty)
            try:
                image.make(empty, self.path, image.size_text(path))
            except Refused:
                raise Refused(f"--disk {spec}: neither a file nor a size; say FILE:/WHERE or 64M:/WHERE") from None
        self.size = os.path.getsize(self.path)

    def words(self, phys):
        return [f"fl.disk{self.number}={phys:#x},{self.size}"] + ([f"fl.mount={self.number}:{self.mount}"] if self.mount else [])


def make(specs, folder):
    if len(specs) > MOST:
        raise Refused(f"--disk: at most {MOST}")
    return [Disk(spec, number, folder) for number, spec in enumerate(specs, 1)]


def load(disks, ram):
    for disk, (at, size) in zip(disks, ram.more):
        ram.load(disk.path, at, size)


def words(disks, ram):
    return [word for disk, (at, _) in zip(disks, ram.more) for word in disk.words(ram.phys(at))]


def save(disks, ram, cut, fsck):
    """What the run has left on them. One that was mounted is clean, unless the power was cut."""
    for disk, (at, size) in zip(disks, ram.more):
        ram.save(disk.path, at, size)
        wrong = image.complaints(disk.path) if fsck and disk.mount and not cut else None
        if wrong:
            raise RunFailed(f"the run left disk {disk.number} ({disk.mount}) not clean: {wrong}")
