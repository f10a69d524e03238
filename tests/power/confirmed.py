# SPDX-License-Identifier: MIT
"""What tests/power/powercut has been promised, read from what it said on the console, and whether a disk keeps it.

A promise is made when fsync (of a file: its bytes; of a directory: its names) or sync is done, and ends when the program begins to change the
thing. What may be there after a power cut is what was promised, or what any operation begun since has made or would have made of it."""

NOTHING = 0


class Thing:
    """A file or a directory."""

    def __init__(self, directory):
        self.directory, self.ino = directory, None
        self.now = bytearray()  # contents, as the program sees them
        self.promised = None    # contents when they were synced; None: never
        self.since = []         # what has begun to change them: (where, bytes)
        self.cut = None         # ... and the shortest it has been

    def promise(self):
        self.promised, self.since, self.cut = bytes(self.now), [], None


class Worker:
    """One process's files: what its lines say, one after the other."""

    def __init__(self, ino, pattern):
        self.pattern = pattern
        self.things = {1: Thing(True)}
        self.things[1].ino = ino
        self.names = {}     # (directory, number): thing, as the program sees it
        self.promised = {}  # the same as synced
        self.since = {}     # what else that name has led to or may lead to
        self.held = []      # [thing, names, the last of them]: it has been promised under the first; renames may have moved it to the others
        self.doing = None

    # ---- lines ----

    def begin(self, operation, args):
        self.doing = (operation, args)
        handler = getattr(self, "begin_" + operation, None)
        if handler:
            handler(*args)

    def end(self, result):
        operation, args = self.doing
        self.doing = None
        handler = getattr(self, "end_" + operation, None)
        if handler and (result >= 0):
            handler(result, *args)

    def may(self, name, thing):
        self.since.setdefault(name, []).append(thing)

    def begin_make(self, thing, directory, folder, number, *_):
        self.things[thing] = Thing(bool(directory))
        self.may((folder, number), thing)

    def end_make(self, ino, thing, _, folder, number, *__):
        self.things[thing].ino = ino
        self.names[folder, number] = thing

    def begin_write(self, thing, at, size, stamp, *_):
        self.things[thing].since.append((at, self.pattern(at + stamp * 40503, size)))

    def end_write(self, done, thing, at, _, stamp, *__):
        put(self.things[thing].now, at, self.pattern(at + stamp * 40503, done))

    def begin_truncate(self, thing, size, *_):
        cut = self.things[thing].cut
        self.things[thing].cut = size if cut is None else min(cut, size)

    def end_truncate(self, _, thing, size, *__):
        now = self.things[thing].now
        if size < len(now):
            del now[size:]
        else:
            now.extend(bytes(size - len(now)))

    def begin_punch(self, thing, at, size, *_):
        self.things[thing].since.append((at, bytes(size)))

    def end_punch(self, _, thing, at, size, *__):
        now = self.things[thing].now
        size = min(size, len(now) - at)
        if size > 0:
            put(now, at, bytes(size))

    def begin_link(self, thing, folder, number, *_):
        self.may((folder, number), thing)

    def end_link(self, _, thing, folder, number, *__):
        self.names[folder, number] = thing

    def begin_unlink(self, _, folder, number, *__):
        self.may((folder, number), NOTHING)
        self.held = [held for held in self.held if held[2] != (folder, number)]

    def end_unlink(self, _, __, folder, number, *___):
        del self.names[folder, number]

    def begin_rename(self, thing, folder, number, to_folder, to_number, _):
        name, to = (folder, number), (to_folder, to_number)
        self.may(name, NOTHING)
        self.may(to, thing)
        self.held = [held for held in self.held if held[2] != to]
        for held in self.held:
            if held[2] == name:
                held[1].append(to)

    def end_rename(self, _, thing, folder, number, to_folder, to_number, __):
        name, to = (folder, number), (to_folder, to_number)
        del self.names[name]
        self.names[to] = thing
        for held in self.held:
            if held[2] == name:
                held[2] = to

    def end_syncfile(self, _, thing, *__):
        self.things[thing].promise()

    def end_syncdir(self, _, folder, *__):
        for name in [name for name in {**self.promised, **self.since} if name[0] == folder]:
            self.promised.pop(name, None)
            self.since.pop(name, None)
        self.held = [held for held in self.held if held[2][0] != folder]
        for name, thing in self.names.items():
            if name[0] == folder:
                self.promised[name] = thing
                self.held.append([thing, [name], name])

    def end_sync(self, *_):
        for thing in self.things.values():
            thing.promise()
        for folder, thing in self.things.items():
            if thing.directory:
                self.end_syncdir(0, folder)

    # ---- the disk ----

    def wrong(self, disk, root):
        """What is not as promised, a line each."""
        folders = {}
        walk(disk, root, folders)
        for name in {**self.promised, **self.since}:
            yield from self.wrong_name(name, folders)
        for thing, names, _ in self.held:
            if not any(self.leads_to(name, folders) == self.things[thing].ino for name in names):
                yield f"thing {thing} (inode {self.things[thing].ino}), once at {names[0]}, is nowhere of {names}"
        found = {ino for names in folders.values() for ino in names.values()}
        for number, thing in self.things.items():
            if not thing.directory and thing.promised is not None and thing.ino in found and self.only(number):
                yield from wrong_bytes(number, thing, disk.data(disk.inode(thing.ino)))

    def only(self, number):
        """Has no other thing had the same inode number?"""
        return sum(thing.ino == self.things[number].ino for thing in self.things.values()) == 1

    def leads_to(self, name, folders):
        names = folders.get(self.things[name[0]].ino)
        return names.get(b"n%d" % name[1], NOTHING) if names is not None else None

    def wrong_name(self, name, folders):
        there = self.leads_to(name, folders)
        may = [self.promised.get(name, NOTHING)] + self.since.get(name, [])
        inos = [self.things[thing].ino if thing else NOTHING for thing in may]
        if there is None and self.promised.get(name) and self.kept(name[0]) and NOTHING not in may:
            yield f"{name}: its directory is not there"
        elif there is not None and there not in inos and None not in inos:
            yield f"{name} leads to inode {there}, which may be {inos}"

    def kept(self, folder):
        return folder == 1 or any(held[0] == folder for held in self.held)


def put(contents, at, data):
    if not data:
        return
    if len(contents) < at:
        contents.extend(bytes(at - len(contents)))
    contents[at:at + len(data)] = data


def walk(disk, ino, folders):
    names = dict(disk.names(disk.inode(ino)))
    folders[ino] = names
    for name, number in names.items():
        if name not in (b".", b"..") and number not in folders and disk.inode(number).mode & 0o170000 == 0o040000:
            walk(disk, number, folders)


def wrong_bytes(number, thing, data):
    size = len(thing.promised) if thing.cut is None else min(len(thing.promised), thing.cut)
    if len(data) < size:
        yield f"file {number} (inode {thing.ino}) has {len(data)} bytes, {size} were promised"
        return
    if data[:size] == thing.promised[:size]:
        return
    bad = [at for at in range(size) if data[at] != thing.promised[at] and
           not any(start <= at < start + len(change) and change[at - start] == data[at] for start, change in thing.since)]
    if bad:
        yield f"file {number} (inode {thing.ino}): {len(bad)} bytes of {size} are not what was promised, from {bad[0]} to {bad[-1]}: " \
              f"{data[bad[0]]:#x}, not {thing.promised[bad[0]]:#x}"


def make_pattern():
    """As powercut's fill."""
    table, x = bytearray(), 12345
    for _ in range(65536):
        x = (x * 1103515245 + 12345) & 0x7fffffff
        table.append(1 + (x >> 16) % 255)
    table = bytes(table) * 2

    def pattern(start, size):
        out = b""
        while len(out) < size:
            at = (start + len(out)) % 65536
            out += table[at:at + min(65536, size - len(out))]
        return out
    return pattern


def read(text, pattern):
    """The workers, by number, of whatever lines are whole; and the lines that are none of theirs."""
    workers, other = {}, []
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        head, *words = line.split()
        number, what = head[:-1], head[-1:]
        if what == "=":
            workers[number] = Worker(int(words[0]), pattern)
        elif what == "^":
            workers[number].kept_root = True
        elif what == "<" and number in workers:
            workers[number].begin(words[0], [int(word) for word in words[1:]])
        elif what == ">" and number in workers:
            workers[number].end(int(words[0]))
        else:
            other.append(line.rstrip())
    return workers, other
