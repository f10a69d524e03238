# SPDX-License-Identifier: MIT
"""What ./faultline shell has on its image: Debian's busybox with a link for each of its programs, and what a login looks at."""
import os
import shutil
import subprocess

from . import elf
from .errors import Refused

INSTALLED = ("/bin/busybox", "/usr/bin/busybox")
PACKAGE = {"x86_64": "busybox-static:amd64", "arm64": "busybox-static:arm64"}
PATH = "/bin:/sbin:/usr/bin:/usr/sbin"
ROOM = 32 << 20  # bytes left free on the image for what is done in the shell
ETC = {"passwd": "root:x:0:0:root:/root:/bin/sh\n", "group": "root:x:0:\n", "hostname": "faultline\n", "shells": "/bin/sh\n",
       "profile": f"export PATH={PATH}\nPS1='\\w # '\n"}


def usable(path, arch):
    try:
        return elf.architecture(path) == arch
    except (Refused, OSError):  # a dynamic one, another machine's, none
        return False


def busybox(top, arch):
    """The path of a static busybox: this system's, or Debian's unpacked into the build folder."""
    for path in INSTALLED:
        if usable(path, arch):
            return path
    folder = os.path.join(top, "build", "debian", f"busybox-{arch}")
    done = subprocess.run([os.path.join(top, "tools", "fetch-arm64"), folder, PACKAGE[arch]], stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Refused(f"busybox for {arch} cannot be had: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    for place in ("bin", "usr/bin"):
        if usable(path := os.path.join(folder, place, "busybox"), arch):
            return path
    raise Refused(f"the package {PACKAGE[arch]} has no static busybox")


def applets(path):
    """The names it answers to: a list in it that begins with the two of test, each with a NUL behind it, and ends with an empty one."""
    with open(path, "rb") as file:
        data = file.read()
    start = data.find(b"\0[\0[[\0") + 1
    if not start:
        raise Refused(f"{path}: no list of programs in it")
    return data[start:data.index(b"\0\0", start)].decode().split("\0")


def fill(root, path):
    target = os.path.join(root, "bin")
    shutil.copy2(path, os.path.join(target, "busybox"))
    os.chmod(os.path.join(target, "busybox"), 0o755)
    for name in applets(path):
        if name != "busybox":
            os.symlink("busybox", os.path.join(target, name))
    for folder in ("root", "sbin", "usr/bin", "usr/sbin", "var", "mnt"):
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    for name, text in ETC.items():
        with open(os.path.join(root, "etc", name), "w") as file:
            file.write(text)


def environment(given):
    """What a login would set, unless the user has."""
    wanted = {"HOME": "/root", "USER": "root", "LOGNAME": "root", "SHELL": "/bin/sh", "PATH": PATH, "TERM": os.environ.get("TERM", "vt100")}
    names = {pair.partition("=")[0] for pair in given}
    return [f"{name}={value}" for name, value in wanted.items() if name not in names]
