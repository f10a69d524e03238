# SPDX-License-Identifier: MIT
"""`faultline explore`: builds the explorer, runs its tests, seeds defects, shows and replays schedules."""
import os
import re
import shutil
import subprocess
import sys
import time

from .errors import Refused

PROGRAMS = ("pagelock", "pagestate")
SOUND, FOUND, LIMIT = 0, 1, 2
PC = re.compile(r"@0x([0-9a-f]+)")


class Explorer:
    def __init__(self, top):
        self.top = top
        self.out = os.path.join(top, "build", "explore")

    def make(self, *variables):
        made = subprocess.run(["make", "-s", "-C", self.top, "explore", *variables], stdout=subprocess.DEVNULL, check=False)
        if made.returncode:
            raise Refused("the explorer did not build")

    def tests(self):
        """test -> (program, what it is about), in order."""
        found = {}
        for program in PROGRAMS:
            listed = subprocess.run([os.path.join(self.out, program), "list"], capture_output=True, text=True, check=True)
            for line in listed.stdout.splitlines():
                name, _, about = line.split("\t")
                found[name] = (program, about)
        return found

    def run(self, folder, program, name, *words):
        """Status and output."""
        done = subprocess.run([os.path.join(folder, program), name, *words], capture_output=True, text=True, check=False)
        if done.returncode not in (SOUND, FOUND, LIMIT):
            raise Refused(done.stderr.strip().splitlines()[0] if done.stderr.strip() else f"the explorer ended with {done.returncode}")
        return done.returncode, done.stdout.replace(os.path.join(folder, "src", ""), "")

    def with_places(self, folder, program, text):
        """Addresses of the program become functions and lines."""
        addresses = list(dict.fromkeys(PC.findall(text)))
        if not addresses or not shutil.which("addr2line"):
            return text
        words = ["addr2line", "-f", "-s", "-e", os.path.join(folder, program), *[f"{int(a, 16) - 1:x}" for a in addresses]]
        lines = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
        places = {a: f"{lines[2 * i]} {lines[2 * i + 1].split(' ')[0]}" for i, a in enumerate(addresses)} if len(lines) >= 2 * len(addresses) else {}
        return PC.sub(lambda match: places.get(match[1], match[0]), text)


WAYS = (("sequential", ("preemptions=3",)), ("weak memory", ("weak", "preemptions=2")),
        ("random, weak memory, data races", ("random", "weak", "runs=5000", "seconds=10")))
WHOLE = ("lock2_", "unpinned2", "truncate1")  # two threads: every schedule, in both memory models
# A defect is looked for with few preemptions first: most need one.
HUNT = (("sequential", ("preemptions=1",)), ("weak memory", ("weak", "preemptions=1")), ("sequential", ("preemptions=2",)),
        ("weak memory", ("weak", "preemptions=2")), ("random, weak memory, data races", ("random", "weak", "runs=2000", "seconds=5")))
SUMMARY = re.compile(r"states (\d+) schedules (\d+) steps \d+: (.*)$")


def row(name, way, seconds, output):
    states, schedules, result = SUMMARY.search(output.rstrip().splitlines()[-1]).groups()
    count = f"{states} states" if int(states) else f"{schedules} schedules"
    print(f"{name:<20} {way:<42} {count:>18} {seconds:6.1f} s  {result}", flush=True)


def one(explorer, name, words):
    tests = explorer.tests()
    if name not in tests:
        raise Refused(f"no test '{name}'; there are: {' '.join(tests)}")
    program = tests[name][0]
    schedule = os.path.join(explorer.out, f"{name}.schedule")
    status, output = explorer.run(explorer.out, program, name, f"save={schedule}", *words)
    print(explorer.with_places(explorer.out, program, output), end="")
    if status == FOUND:
        print(f"again: ./faultline explore --replay {os.path.relpath(schedule)}")
    return status


def replay(explorer, path, gdb):
    try:
        with open(path) as file:
            name = file.readline().split(" ")[0]
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from None
    tests = explorer.tests()
    if name not in tests:
        raise Refused(f"{path}: no schedule of a test that there is")
    program = tests[name][0]
    if gdb:
        binary = os.path.join(explorer.out, program)
        os.execvp("gdb", ["gdb", "-q", "-ex", "break world_step", "-ex", "run", "--args", binary, name, f"replay={path}"])
    status, output = explorer.run(explorer.out, program, name, f"replay={path}")
    print(explorer.with_places(explorer.out, program, output), end="")
    return status


def clean_code(explorer):
    good = True
    for name, (program, _) in explorer.tests().items():
        for way, words in WAYS:
            if name.startswith(WHOLE):
                words = tuple(word for word in words if not word.startswith("preemptions"))
            start = time.monotonic()
            status, output = explorer.run(explorer.out, program, name, "seconds=60", *words)
            row(name, " ".join((way, *(word for word in words if word.startswith("preemptions")))), time.monotonic() - start, output)
            good = good and status == SOUND
    return good


def seeded_source(explorer, defect):
    """A copy of the sources with the defect in it."""
    folder = os.path.join(explorer.out, "defects", defect.name)
    with open(os.path.join(explorer.top, defect.path)) as file:
        text = file.read()
    if text.count(defect.old) != 1:
        raise Refused(f"defect {defect.name}: its old text stands {text.count(defect.old)} times in {defect.path}")
    for path in set(glob_world(explorer.top)) | {defect.path}:
        to = os.path.join(folder, "src", path)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copyfile(os.path.join(explorer.top, path), to)
    with open(os.path.join(folder, "src", defect.path), "w") as file:
        file.write(text.replace(defect.old, defect.new))
    return folder


def glob_world(top):
    for folder in ("mm", "kernel", "lib", os.path.join("tests", "explore")):
        for name in os.listdir(os.path.join(top, folder)):
            if name.endswith(".c"):
                yield os.path.join(folder, name)


def find_defect(explorer, defect):
    folder = seeded_source(explorer, defect)
    explorer.make(f"EX={folder}", f"EX_FROM={folder}/src/")
    start = time.monotonic()
    for way, words in HUNT:
        for name, (program, _) in explorer.tests().items():
            status, output = explorer.run(folder, program, name, "seconds=10", *words)
            if status == FOUND:
                row(defect.name, f"{name}: {way}", time.monotonic() - start, output)
                return True
    print(f"{defect.name:<20} NOT FOUND: {defect.why}")
    return False


def seeded(explorer):
    sys.path.insert(0, os.path.join(explorer.top, "tests", "explore"))
    from defects import DEFECTS
    return all([find_defect(explorer, defect) for defect in DEFECTS])


def command(options, top):
    explorer = Explorer(top)
    explorer.make()
    if options.replay:
        return replay(explorer, options.replay, options.gdb)
    if options.all:
        clean, found = clean_code(explorer), seeded(explorer)
        print(f"the clean code {'survives' if clean else 'DOES NOT SURVIVE'}, {'every' if found else 'NOT every'} defect is found")
        return 0 if clean and found else 1
    if options.name:
        return one(explorer, options.name, options.word)
    for name, (_, about) in explorer.tests().items():
        print(f"{name:<20} {about}")
    return 0
