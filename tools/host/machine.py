# SPDX-License-Identifier: MIT
"""One virtual machine: where its RAM and disks lie, QEMU's command line, and watching over it until it ends."""
import ctypes
import mmap
import os
import selectors
import signal
import subprocess
import sys
import termios
import time

from . import frames
from .errors import RunFailed, Refused

MIB = 1 << 20
RAM_BASE = {"x86_64": 0, "arm64": 1 << 30}
QEMU = {"x86_64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"}
X86_HOLE = 2048 * MIB  # q35 keeps at most this much RAM below 4 GiB when there is more
X86_HIGH = 4096 * MIB


def round_up(value, unit):
    return (value + unit - 1) // unit * unit


def extents(fd, size):
    """The parts of a file that are not holes."""
    end = 0
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
            end = os.lseek(fd, start, os.SEEK_HOLE)
        except OSError:  # a hole up to the end
            return
        yield start, min(end, size)


class Ram:
    """Guest RAM: [0, mem) is the kernel's, the disk follows; as offsets in the file behind it, and as physical addresses."""

    def __init__(self, arch, mem, disk):
        self.arch, self.disk = arch, disk
        self.disk_at = round_up(mem, 2 * MIB)
        if arch == "x86_64" and disk and self.disk_at + round_up(disk, MIB) > X86_HOLE:
            self.disk_at = max(self.disk_at, X86_HOLE)
        self.size = round_up(self.disk_at + disk, 2 * MIB)
        if arch == "x86_64" and X86_HOLE < self.size < X86_HOLE + X86_HOLE // 2:
            self.size = max(self.size, 3072 * MIB)  # from here on q35 puts the rest above 4 GiB
        self.fd = os.memfd_create("faultline-ram")
        os.ftruncate(self.fd, self.size)

    @property
    def disk_phys(self):
        if self.arch == "x86_64" and self.disk_at >= X86_HOLE:
            return X86_HIGH + self.disk_at - X86_HOLE
        return RAM_BASE[self.arch] + self.disk_at

    def load(self, path):
        """The image goes into the disk's place: before QEMU starts."""
        with open(path, "rb") as file:
            for start, end in extents(file.fileno(), self.disk):
                os.lseek(self.fd, self.disk_at + start, os.SEEK_SET)
                while start < end:
                    start += os.sendfile(self.fd, file.fileno(), start, end - start)

    def save(self, path):
        """And comes back out of it: after QEMU has ended."""
        with open(path, "wb") as file:
            for done in range(0, self.disk, 4 * MIB):
                file.write(os.pread(self.fd, min(4 * MIB, self.disk - done), self.disk_at + done))


def command(arch, ram, options, boot):
    """QEMU's words. boot: what to start, e.g. ['-kernel', path]."""
    machine = {"x86_64": "q35", "arm64": "virt,gic-version=3"}[arch]
    cpu = {"x86_64": "max", "arm64": "max,cntfrq=1000000000"}[arch]
    words = [QEMU[arch], "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
             "-M", f"{machine},memory-backend=ram", "-cpu", cpu, "-smp", str(options.smp), "-m", f"{ram.size // MIB}M",
             "-object", f"memory-backend-file,id=ram,size={ram.size},mem-path=/proc/self/fd/{ram.fd},share=on",
             "-chardev", "stdio,id=uart,signal=off", "-serial", "chardev:uart", "-monitor", "none"]
    if arch == "x86_64":
        words += ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
    if options.icount:
        words += ["-icount", "shift=0,sleep=off"]
    elif options.smp > 1:
        words += ["-accel", "tcg,thread=multi"]
    return words + boot


def die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Terminal:
    """Standard input, byte by byte if it is a terminal; always left as it was."""

    def __init__(self):
        self.saved = termios.tcgetattr(0) if os.isatty(0) else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.saved:
            termios.tcsetattr(0, termios.TCSADRAIN, self.saved)


class Run:
    """A QEMU process, its console decoded, its input fed, its end awaited."""

    def __init__(self, words, ram, sinks, log_path, timeout):
        self.sinks, self.log_path = sinks, log_path
        self.deadline = time.monotonic() + timeout if timeout else None
        self.decoder = frames.Decoder(self.put)
        self.interrupted = 0.0
        try:
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            pass_fds=[ram.fd], preexec_fn=die_with_parent, start_new_session=True)
        except FileNotFoundError:
            raise Refused(f"{words[0]} is missing: run make setup") from None

    def put(self, stream, data):
        sink = self.sinks.get(stream)
        if sink is None:
            return
        try:
            sink.write(data)
            sink.flush()
        except BrokenPipeError:
            self.sinks[stream] = None  # its reader has gone (| head): the run goes on

    def wait(self, give_input):
        """The run's exit status; RunFailed if there is none."""
        try:
            self.pump(give_input)
            self.process.wait()
        except KeyboardInterrupt:
            raise
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        if self.decoder.status is None:
            raise RunFailed(self.why())
        return self.decoder.status

    def why(self):
        noise = self.process.stderr.read().decode(errors="replace").strip()
        panic = [line for line in read_lines(self.log_path) if "panic: " in line]
        if panic:
            return "kernel " + panic[0][panic[0].index("panic: "):]
        if noise:
            return f"QEMU: {noise.splitlines()[-1]}"
        return f"the machine ended without giving a status (QEMU's was {self.process.returncode})"

    def pump(self, give_input):
        out, feed = self.process.stdout.fileno(), Feeder(self.process.stdin, give_input)
        heard = False  # the kernel has set up its UART, which loses what came before
        with selectors.DefaultSelector() as waits:
            waits.register(out, selectors.EVENT_READ)
            while True:
                if heard:
                    feed.arm(waits)
                ready = waits.select(self.time_left())
                if self.deadline and time.monotonic() >= self.deadline:
                    raise RunFailed("the time limit is over; --timeout SECONDS sets another")
                for key, _ in ready:
                    if key.fd != out:
                        feed.step(key.fd)
                        continue
                    data = os.read(out, 65536)
                    if not data:
                        return
                    heard = True
                    self.decoder.feed(data)

    def time_left(self):
        return max(0.0, self.deadline - time.monotonic()) if self.deadline else None


class Feeder:
    """Carries our standard input to the guest, never more than QEMU takes, end of file included."""

    def __init__(self, pipe, give_input):
        self.pipe = pipe.fileno()
        os.set_blocking(self.pipe, False)
        self.pending = b"" if give_input else frames.EOF_MARK
        self.open = give_input
        self.armed = None

    def arm(self, waits):
        want = (self.pipe, selectors.EVENT_WRITE) if self.pending else (0, selectors.EVENT_READ) if self.open else None
        if want == self.armed:
            return
        if self.armed:
            waits.unregister(self.armed[0])
        if want:
            try:
                waits.register(*want)
            except PermissionError:  # a plain file is always ready, and epoll says so this way
                self.fill()
                return self.arm(waits)
        self.armed = want

    def step(self, fd):
        if fd == 0:
            self.fill()
        else:
            self.drain()

    def fill(self):
        try:
            data = os.read(0, 4096)
        except OSError:
            data = b""
        self.pending = frames.encode_input(data) if data else frames.EOF_MARK
        self.open = bool(data)

    def drain(self):
        try:
            self.pending = self.pending[os.write(self.pipe, self.pending):]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.pending, self.open = b"", False


def read_lines(path):
    try:
        with open(path, errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def interrupt_guard():
    """Ctrl-C ends the run, QEMU too, and says nothing more than the shell expects."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def memory_view(ram):
    return mmap.mmap(ram.fd, ram.size)
