# SPDX-License-Identifier: MIT
"""A run under gdb: the machine halted before its first instruction, gdb attached, the first stop where C begins."""
import os
import signal
import subprocess
import threading

from . import elf, image, machine
from .errors import Refused

GDB = "gdb-multiarch"
FIRST_STOP = "kernel_main"


def shortest(path):
    """The name of a socket has room for 107 bytes."""
    return min(path, os.path.relpath(path), key=len)


def gdb_words(options, command, kernel, socket):
    words = [GDB, "-nx", "-q"] + (["-batch"] if options.batch else [])
    first = ["set confirm off", "set pagination off" if options.batch else "set print pretty on",
             f"python sys.dont_write_bytecode = True; sys.path.insert(0, {os.path.join(command.TOP, 'tools', 'gdb')!r}); import fl",
             f"target remote {socket}",
             f"thbreak {FIRST_STOP}", "continue"]
    words += [word for line in first for word in ("-ex", line)]
    if options.script:
        words += ["-x", options.script]
    return words + [kernel]


def choose(options, command):
    """The program and its machine: what was named, or hello on --arch."""
    words = options.command[options.command[:1] == ["--"]:]
    if words:
        return elf.architecture(words[0]), words
    hello = os.path.join(command.TOP, "build", f"{options.arch}-user", "hello")
    if not os.path.exists(hello):
        raise Refused(f"{os.path.relpath(hello)} is not built: run make ARCH={options.arch}, or name a program")
    return options.arch, [hello]


def watch(process, decoder):
    """Whatever the machine says is taken off its console, or it would stand still."""
    try:
        while data := os.read(process.stdout.fileno(), 1 << 16):
            decoder.feed(data)
    except machine.ReaderGone:
        process.kill()


def talk(words, limit):
    """gdb until it ends. Ctrl-C is gdb's: it stops the machine, not us."""
    old = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        gdb = subprocess.Popen(words, preexec_fn=machine.die_with_parent)
    except FileNotFoundError:
        raise Refused(f"{GDB} is missing: run make setup") from None
    try:
        return gdb.wait(limit)
    except subprocess.TimeoutExpired:
        raise Refused("the time limit is over; --timeout SECONDS sets another") from None
    finally:
        if gdb.poll() is None:
            gdb.kill()
            gdb.wait()
        signal.signal(signal.SIGINT, old)


def run(options, command):
    arch, (program, *args) = choose(options, command)
    if options.script and not os.path.isfile(options.script):
        raise Refused(f"{options.script}: no such script")
    init = "/bin/" + os.path.basename(program)
    kernel = command.kernel_path(arch, options)
    folder = command.run_folder()
    try:
        disk, size = command.stage(options, folder, program, init)
        ram = machine.Ram(arch, image.size_text(options.mem), size)
        ram.load(disk)
        socket = shortest(os.path.join(folder, "gdb"))
        boot = ["-kernel", kernel, "-append", command.kernel_words(options, ram, init, args, False),
                "-S", "-chardev", f"socket,id=gdb,path={socket},server=on,wait=off", "-gdb", "chardev:gdb"]
        if arch == "x86_64":
            boot += ["-bios", "qboot.rom"]
        vm = machine.Run(machine.command(arch, ram, options, boot), ram, command.sinks(options, folder), folder, None)
        return attach(vm, gdb_words(options, command, kernel, socket), socket, options)
    finally:
        command.finish(folder, keep=False)


def attach(vm, words, socket, options):
    """The status is the program's if it has ended, else gdb's."""
    watcher = threading.Thread(target=watch, args=(vm.process, vm.decoder))
    watcher.start()
    try:
        wait_for(socket, vm)
        status = talk(words, options.timeout or None)
    finally:
        vm.process.kill()
        vm.process.wait()
        watcher.join()
    return status if vm.decoder.status is None else vm.decoder.status


def wait_for(path, vm):
    while not os.path.exists(path):
        try:
            vm.process.wait(0.05)
            raise Refused(vm.why())
        except subprocess.TimeoutExpired:
            pass
