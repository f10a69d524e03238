# SPDX-License-Identifier: MIT
"""One virtual machine: where its RAM and disks lie, QEMU's command line, and watching over it until it ends."""
import contextlib
import ctypes
import os
import re
import select
import signal
import stat
import subprocess
import sys
import termios
import time
import tty

from . import frames
from .errors import RunFailed, Refused

MIB = 1 << 20
RAM_BASE = {"x86_64": 0, "arm64": 1 << 30}
QEMU = {"x86_64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"}
X86_HOLE = 2048 * MIB  # q35 keeps at most this much RAM below 4 GiB when there is more
X86_HIGH = 4096 * MIB

LOG, QEMU_SAYS = "kernel.log", "qemu.log"  # in a run's folder
PANIC = re.compile(r"^\[[ 0-9.]+\] (panic: .*)")
POWER_OFF = 30  # seconds that a machine may take from its status to its end, on a busy host
LEAVE = b"\x1d" * 3  # Ctrl-] three times ends a run at a terminal, whatever the guest does
INTERRUPT_AGAIN = 2  # seconds within which a second Ctrl-C is meant for the whole run


def round_up(value, unit):
    return (value + unit - 1) // unit * unit


def extents(fd, size, end=0):
    """The parts of a file that are not holes, from `end` on."""
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
            end = os.lseek(fd, start, os.SEEK_HOLE)
        except OSError:  # a hole up to the end
            return
        yield start, min(end, size)


class Ram:
    """Guest RAM: [0, mem) is the kernel's, the disk follows, then more disks; as offsets in the file behind it, and as physical addresses."""

    def __init__(self, arch, mem, disk, more=()):
        self.arch, self.disk = arch, disk
        self.disk_at = round_up(mem, 2 * MIB)
        whole = disk + sum(round_up(size, 2 * MIB) + 2 * MIB for size in more)
        if arch == "x86_64" and disk and self.disk_at + round_up(whole, MIB) > X86_HOLE:
            self.disk_at = max(self.disk_at, X86_HOLE)
        self.more, at = [], round_up(self.disk_at + disk, 2 * MIB)  # where each of the others lies, and its size
        for size in more:
            self.more.append((at, size))
            at = round_up(at + size, 2 * MIB)
        self.size = at
        if arch == "x86_64" and X86_HOLE < self.size < X86_HOLE + X86_HOLE // 2:
            self.size = max(self.size, 3072 * MIB)  # from here on q35 puts the rest above 4 GiB
        self.fd = os.memfd_create("faultline-ram")
        os.ftruncate(self.fd, self.size)

    def phys(self, at):
        if self.arch == "x86_64" and at >= X86_HOLE:
            return X86_HIGH + at - X86_HOLE
        return RAM_BASE[self.arch] + at

    @property
    def disk_phys(self):
        return self.phys(self.disk_at)

    def load(self, path, at=None, size=None):
        """The image goes into the disk's place, or another's: before QEMU starts."""
        at, size = at or self.disk_at, size or self.disk
        with open(path, "rb") as file:
            for start, end in extents(file.fileno(), size):
                os.lseek(self.fd, at + start, os.SEEK_SET)
                while start < end:
                    start += os.sendfile(self.fd, file.fileno(), start, end - start)

    def save(self, path, at=None, size=None):
        """And comes back out of it: after QEMU has ended."""
        at, size = at or self.disk_at, size or self.disk
        with open(path, "wb") as file:
            file.truncate(size)
            for start, end in extents(self.fd, at + size, at):
                os.lseek(file.fileno(), start - at, os.SEEK_SET)
                while start < end:
                    os.lseek(self.fd, start, os.SEEK_SET)
                    start += os.sendfile(file.fileno(), self.fd, None, end - start)


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


def cut_time(text):
    """--cut-after's value: fl.cut's."""
    if not re.fullmatch(r"[0-9]{1,9}(ms)?(,torn)?", text):
        raise Refused(f"--cut-after {text}: say N (completed device writes) or Nms (of guest time), and perhaps ,torn behind it")
    return text


LIBC = ctypes.CDLL(None, use_errno=True)


def has_input():
    """Whether standard input can have anything in it. If not, the guest is told at once: so the clock of --icount meets no input."""
    info = os.fstat(0)
    return not (stat.S_ISCHR(info.st_mode) and info.st_rdev == os.makedev(1, 3))


def has_terminal():
    """Whether the program's console is to be a terminal: ours is one, both ways."""
    return os.isatty(0) and os.isatty(1)


def window():
    """Rows and columns of our terminal; a terminal that has no size says 0."""
    size = os.get_terminal_size(1)
    return size.lines, size.columns


def die_with_parent():
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Output:
    """A descriptor that takes one of the guest's streams. `wanted`: without its reader (| head) there is no point in going on."""

    def __init__(self, fd, wanted=False):
        self.fd, self.wanted = fd, wanted

    def write(self, data):
        while data and self.fd is not None:
            try:
                data = data[os.write(self.fd, data):]
            except BlockingIOError:
                select.select([], [self.fd], [])
            except BrokenPipeError:
                self.fd = None
                if self.wanted:
                    raise ReaderGone from None


class ReaderGone(Exception):
    """What a program on this machine would get as SIGPIPE."""


class Interrupts:
    """SIGINT as something to wait for, not an exception out of nowhere; and the terminal left as it was."""

    def __init__(self, raw):
        self.raw = raw

    def __enter__(self):
        self.terminal = termios.tcgetattr(0) if os.isatty(0) else None
        self.fd, self.wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.old_wake = signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        self.old = signal.signal(signal.SIGINT, lambda *_: None)
        if self.raw:
            signal.signal(signal.SIGWINCH, lambda *_: None)
            tty.setraw(0, termios.TCSADRAIN)
        return self

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self.old)
        signal.set_wakeup_fd(self.old_wake)
        os.close(self.fd)
        os.close(self.wake)
        if self.terminal:
            with contextlib.suppress(termios.error):  # it has hung up
                termios.tcsetattr(0, termios.TCSADRAIN, self.terminal)

    def came(self):
        """The signals since the last time."""
        return set(os.read(self.fd, 64))


class Run:
    """A QEMU process, its console decoded, its input fed, its end awaited."""

    def __init__(self, words, ram, sinks, folder, timeout):
        self.sinks, self.folder = sinks, folder
        self.deadline = time.monotonic() + timeout if timeout else None
        self.decoder = frames.Decoder(self.put)
        self.interrupted, self.ending = -INTERRUPT_AGAIN, False
        try:
            with open(os.path.join(folder, QEMU_SAYS), "wb") as noise:
                self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=noise, bufsize=0,
                                                pass_fds=[ram.fd], preexec_fn=die_with_parent, start_new_session=True)
        except FileNotFoundError:
            raise Refused(f"{words[0]} is missing: run make setup") from None

    def put(self, stream, data):
        sink = self.sinks.get(stream)
        if sink:
            sink.write(data)

    def wait(self, give_input):
        """The run's exit status; RunFailed if there is none."""
        try:
            with Interrupts(give_input and has_terminal()) as interrupts:
                self.pump(interrupts, give_input)
            self.process.wait(POWER_OFF)
        except subprocess.TimeoutExpired:
            pass
        except ReaderGone:
            return 128 + signal.SIGPIPE
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
        if self.decoder.status is None or self.panic():
            raise RunFailed(self.why())
        return self.decoder.status

    def panic(self):
        """What the kernel's last words were, if it panicked; even behind a status: it may have been cut off, and then is none."""
        found = [match[1] for line in read_lines(os.path.join(self.folder, LOG)) if (match := PANIC.match(line))]
        return found[0] if found else None

    def why(self):
        if panic := self.panic():
            return f"kernel {panic}"
        if noise := read_lines(os.path.join(self.folder, QEMU_SAYS)):
            return f"QEMU: {noise[-1]}"
        return f"the machine ended without giving a status (QEMU's was {self.process.returncode})"

    def pump(self, interrupts, give_input):
        out, feed = self.process.stdout.fileno(), Feeder(self.process.stdin.fileno(), give_input, interrupts.raw)
        while True:
            waits = select.poll()
            waits.register(out, select.POLLIN)
            waits.register(interrupts.fd, select.POLLIN)
            feed.register(waits)
            ready = [fd for fd, _ in waits.poll(self.time_left())]
            came = interrupts.came() if interrupts.fd in ready else ()
            if signal.SIGINT in came:
                self.interrupt(feed, give_input)
            if signal.SIGWINCH in came and interrupts.raw:
                feed.pending += frames.window(*window())
            feed.step(ready)
            if out in ready:
                data = os.read(out, 1 << 16)
                if not data:
                    return
                self.decoder.feed(data)
                feed.room += self.decoder.take_credit()
                feed.ready = True
            self.watch_time()

    def interrupt(self, feed, give_input):
        """Ctrl-C is the guest's, from a terminal; twice in a row it ends the run."""
        now = time.monotonic()
        if not give_input or not os.isatty(0) or now - self.interrupted < INTERRUPT_AGAIN:
            raise KeyboardInterrupt
        self.interrupted = now
        feed.pending += frames.INTERRUPT

    def time_left(self):
        return max(0.0, self.deadline - time.monotonic()) * 1000 if self.deadline else None

    def watch_time(self):
        now = time.monotonic()
        if self.decoder.status is not None and not self.ending:
            self.ending, self.deadline = True, now + POWER_OFF
        if self.deadline is None or now < self.deadline:
            return
        if self.ending:
            raise RunFailed(f"the program ended with {self.decoder.status}, but the machine did not power off")
        panic = self.panic()
        raise RunFailed(f"kernel {panic}" if panic else "the time limit is over; --timeout SECONDS sets another")


class Feeder:
    """Carries our standard input to the guest, never more than QEMU takes, end of file included. Begins when the guest has said something:
    a UART loses what it has received when it is set up."""

    def __init__(self, pipe, give_input, raw):
        self.pipe, self.raw, self.last = pipe, raw, b""
        os.set_blocking(pipe, False)
        self.pending = b""
        self.open = give_input
        self.ready = False
        self.room = frames.AHEAD  # how much the guest has room for

    def register(self, waits):
        if not self.ready:
            return
        if self.pending:
            waits.register(self.pipe, select.POLLOUT)
        elif self.open and self.room:
            waits.register(0, select.POLLIN)

    def step(self, ready):
        if self.pipe in ready:
            self.drain()
        elif 0 in ready:
            self.fill()

    def fill(self):
        try:
            data = os.read(0, self.room)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.last = (self.last + data)[-len(LEAVE):]
        if self.raw and self.last == LEAVE:
            raise KeyboardInterrupt
        self.pending += frames.encode_input(data) if data else frames.EOF_MARK
        self.open = bool(data)
        self.room -= len(data)

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


def clean_start():
    """Descriptors 0 to 2 exist; a signal to end unwinds, so that QEMU and the run's folder go too; what is made is readable in the guest."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(fd)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    os.umask(0o022)
