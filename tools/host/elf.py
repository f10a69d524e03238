# SPDX-License-Identifier: MIT
"""What the host has to know of a program: which machine it is for, and that it is static."""
import struct

from .errors import Refused

MACHINES = {62: "x86_64", 183: "arm64"}
PT_INTERP = 3


def architecture(path):
    """'x86_64' or 'arm64'; Refused, with what is wrong and what to do, if Faultline could not run it."""
    try:
        with open(path, "rb") as file:
            data = file.read(64)
            if data[:4] != b"\x7fELF":
                raise Refused(f"{path} is not an ELF program; build it for x86_64 or arm64, statically linked")
            if len(data) < 64:
                raise Refused(f"{path} is cut off inside its ELF header; copy it again")
            if data[4] != 2 or data[5] != 1:
                raise Refused(f"{path} is not a 64-bit little-endian program")
            kind, machine = struct.unpack_from("<HH", data, 16)
            if machine not in MACHINES:
                raise Refused(f"{path} is for ELF machine {machine}; only x86_64 and arm64 can be run")
            if kind not in (2, 3):
                raise Refused(f"{path} is not a program (ELF type {kind}); link it")
            check_static(path, file, data)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None
    return MACHINES[machine]


def check_static(path, file, header):
    offset, = struct.unpack_from("<Q", header, 32)
    size, count = struct.unpack_from("<HH", header, 54)
    file.seek(offset)
    table = file.read(size * count)
    if size < 56 or len(table) < size * count:
        raise Refused(f"{path} is cut off: its program headers are missing; copy it again")
    for i in range(count):
        if struct.unpack_from("<I", table, i * size)[0] == PT_INTERP:
            raise Refused(f"{path} is dynamically linked; link it with -static")
