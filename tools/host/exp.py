# SPDX-License-Identifier: MIT
"""`faultline exp`: runs experiments/NAME/run.py's program once for each set of policies and each seed, and says what came of it.

A description (run.py) has: about, law, program, args, cpus, slice_ns, policy {name: value}, sweep {name: (values)}, columns, and
verdict(policy, found) -> (verdict, why), found being {keys: {metric: value}}. The program's results are lines "key=value... metric value unit" on
the results channel. Of several seeds' values the median counts; of those called max the largest; of reports the sum."""
import collections
import concurrent.futures
import importlib.util
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from .errors import Refused, RunFailed

LINE = re.compile(r"^((?:\w+=\S+ )*)(\w+) (-?\d+) (\S+)$")
BAD_VALUE = re.compile(r"kernel panic: command line: (policy .*); the kernel's log is .*")
BAD_POLICY = re.compile(r"kernel panic: command line: '(.*)' means nothing; there are (.*); the kernel's log is .*")
GOOD, BAD, UNKNOWN = "holds", "broken", "inconclusive"
Value = collections.namedtuple("Value", "value unit least most")


def folder(top):
    return os.path.join(top, "experiments")


def names(top):
    base = folder(top)
    return sorted(name for name in os.listdir(base) if os.path.isfile(os.path.join(base, name, "run.py"))) if os.path.isdir(base) else []


def load(top, name):
    if name not in names(top):
        raise Refused(f"no experiment '{name}'; there are: {' '.join(names(top))}")
    spec = importlib.util.spec_from_file_location(f"experiment_{name}", os.path.join(folder(top), name, "run.py"))
    what = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(what)
    what.name = name
    return what


# ---- which policies ----

def pair(option, text):
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise Refused(f"{option} {text}: say POLICY={'VALUE,VALUE...' if option == '--sweep' else 'VALUE'}")
    return name, value


def policy_sets(what, options):
    """Every combination of what is swept; what is set is the same in all of them."""
    fixed = dict(what.policy)
    sweep = {name: list(values) for name, values in what.sweep.items()}
    asked = [pair("--sweep", text) for text in options.sweep]
    if asked:
        sweep = {name: value.split(",") for name, value in asked}
    for name, value in (pair("--set", text) for text in options.set):
        sweep.pop(name, None)
        fixed[name] = value
    for values in itertools.product(*sweep.values()):
        yield {**fixed, **dict(zip(sweep, values))}


# ---- one run ----

class Runs:
    """Several at a time; each is `faultline exec` in a process of its own."""

    def __init__(self, top, what, options):
        self.top, self.what, self.options = top, what, options
        self.scratch = tempfile.mkdtemp(prefix="exp-")
        self.running, self.ended = set(), False
        self.pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1)

    def words(self, policy, seed, results):
        o, what = self.options, self.what
        program = os.path.join(self.top, "build", f"{o.arch}-user", what.program)
        if not os.path.exists(program):
            raise Refused(f"{os.path.relpath(program)} is not built: run make ARCH={o.arch}")
        words = [os.path.join(self.top, "faultline"), "exec", "--icount", "--smp", str(o.smp or what.cpus), "--timeout", str(o.timeout),
                 "--results", results, "--append", f"fl.slice={what.slice_ns},{seed}"] + (["--debug"] if o.debug else [])
        for name, value in policy.items():
            words += ["--set", f"{name}={value}"]
        return words + [program, *what.args]

    def one(self, policy, seed):
        """[(keys, metric, value, unit)]"""
        handle, results = tempfile.mkstemp(dir=self.scratch)
        os.close(handle)
        if self.ended:
            return []
        process = subprocess.Popen(self.words(policy, seed, results), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True)
        self.running.add(process)
        said = process.communicate()[1].strip()
        self.running.discard(process)
        if process.returncode and not self.ended:
            self.failed(policy, seed, said, process.returncode)
        with open(results) as file:
            return [(match[1].strip(), match[2], int(match[3]), match[4]) for match in map(LINE.match, file) if match]

    def failed(self, policy, seed, said, status):
        if bad := BAD_VALUE.search(said):
            raise Refused(bad[1])
        if bad := BAD_POLICY.search(said):
            there = [name for name in bad[2].split() if name != "init" and not name.startswith("fl.")]
            raise Refused(f"no policy '{bad[1]}'; there are: {' '.join(there)}")
        last = said.splitlines()[-1] if said else f"the program ended with {status}"
        raise RunFailed(f"{self.what.name} with {text_of(policy)}, seed {seed}: {last.removeprefix('faultline: ')}")

    def start(self, policy):
        return [self.pool.submit(self.one, policy, seed) for seed in range(1, self.options.seeds + 1)]

    def end(self):
        self.ended = True
        for process in list(self.running):
            process.terminate()
        self.pool.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self.scratch, ignore_errors=True)


def text_of(policy):
    return " ".join(f"{name}={value}" for name, value in policy.items())


def combine(metric, values):
    if metric.endswith("_reports"):
        return sum(values)
    return max(values) if "_max" in metric else int(statistics.median(values))


def gather(futures):
    """{keys: {metric: Value}}, in the order in which the program said them."""
    found, units = {}, {}
    for future in futures:
        for keys, metric, value, unit in future.result():
            found.setdefault(keys, {}).setdefault(metric, []).append(value)
            units[metric] = unit
    return {keys: {metric: Value(combine(metric, values), units[metric], min(values), max(values)) for metric, values in metrics.items()}
            for keys, metrics in found.items()}


# ---- what is said ----

def number(text):
    return int(text) if text.isdigit() else text


class Json:
    def __init__(self, what, options):
        self.what, self.options = what, options

    def set_done(self, policy, found, verdict, why):
        head = {"experiment": self.what.name, "arch": self.options.arch, "cpus": self.options.smp or self.what.cpus, "policy": policy}
        for keys, metrics in found.items():
            more = {name: number(value) for name, value in (key.split("=", 1) for key in keys.split())}
            for metric, v in metrics.items():
                line = {**head, **more, "metric": metric, "value": v.value, "unit": v.unit}
                print(json.dumps({**line, "seeds": self.options.seeds, "least": v.least, "most": v.most}, separators=(",", ":")))
        print(json.dumps({"experiment": self.what.name, "law": self.what.law, "policy": policy, "verdict": verdict, "why": why},
                         separators=(",", ":")), flush=True)

    def end(self):
        pass


class Table:
    """Aligned columns if they fit into the terminal, else a paragraph for each line."""

    def __init__(self, what, options):
        self.what, self.rows, self.verdicts = what, [], []
        self.width = shutil.get_terminal_size((100, 24)).columns
        print(f"{what.name}: {what.about}", file=sys.stderr)

    def set_done(self, policy, found, verdict, why):
        for keys, metrics in found.items():
            self.rows.append((policy, keys, metrics))
        self.verdicts.append((policy, verdict, why))

    def end(self):
        differ = [name for name in (self.verdicts[0][0] if self.verdicts else ()) if len({policy[name] for policy, *_ in self.verdicts}) > 1]
        same = {name: value for name, value in self.verdicts[0][0].items() if name not in differ} if self.verdicts else {}
        columns = [metric for metric in self.what.columns if any(metric in metrics for *_, metrics in self.rows)]
        lines = [differ + ["run"] + columns]
        for policy, keys, metrics in self.rows:
            lines.append([policy[name] for name in differ] + [keys or "-"] + [str(metrics[m].value) if m in metrics else "-" for m in columns])
        self.print_lines(lines, len(differ) + 1)
        if same:
            self.wrap("in all: " + text_of(same))
        for policy, verdict, why in self.verdicts:
            shown = text_of({name: policy[name] for name in differ})
            self.wrap(f"{shown + ': ' if shown else ''}{verdict}: {why}")

    def print_lines(self, lines, names_end):
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        if sum(widths) + 2 * (len(widths) - 1) <= self.width:
            for line in lines:
                cells = [cell.ljust(w) if i < names_end else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))]
                print("  ".join(cells).rstrip())
            return
        for line in lines[1:]:
            self.wrap(" ".join([f"{name}={cell}" for name, cell in zip(lines[0][:names_end - 1], line)] + [line[names_end - 1]]))
            for name, cell in zip(lines[0][names_end:], line[names_end:]):
                print(f"  {name:<22}{cell:>12}"[:self.width])

    def wrap(self, text):
        line = ""
        for word in text.split(" "):
            if line and len(line) + 1 + len(word) > self.width:
                print(line)
                line = " "
            line += (" " if line else "") + word
        print(line, flush=True)


class Progress:
    """How far it is, on a terminal; nothing elsewhere."""

    def __init__(self, total):
        self.total, self.done, self.shown = total, 0, sys.stderr.isatty()

    def step(self, _):
        self.done += 1
        if self.shown:
            print(f"\r{self.done} of {self.total} runs", end="", file=sys.stderr, flush=True)

    def clear(self):
        if self.shown:
            print("\r" + " " * 30 + "\r", end="", file=sys.stderr, flush=True)


# ---- the command ----

def run(top, what, options):
    sets = list(policy_sets(what, options))
    report = (Json if options.json else Table)(what, options)
    runs, progress, bad = Runs(top, what, options), Progress(len(sets) * options.seeds), False
    try:
        started = [(policy, runs.start(policy)) for policy in sets]
        for future in itertools.chain.from_iterable(futures for _, futures in started):
            future.add_done_callback(progress.step)
        for policy, futures in started:
            found = gather(futures)
            verdict, why = what.verdict(policy, {keys: {m: v.value for m, v in metrics.items()} for keys, metrics in found.items()})
            if options.json:
                progress.clear()
            report.set_done(policy, found, verdict, why)
    finally:
        runs.end()
        progress.clear()
    report.end()


def listing(top):
    for name in names(top):
        print(f"{name:<12} {load(top, name).about}")
    return 0


def command(options, command):
    if not options.all and not options.name:
        return listing(command.TOP)
    if options.all and options.name:
        raise Refused("exp: say a NAME or --all")
    if options.seeds < 1:
        raise Refused("--seeds: at least 1")
    wanted = [load(command.TOP, name) for name in (names(command.TOP) if options.all else [options.name])]
    command.kernel_path(options.arch, options)  # built once, before several want it
    for what in wanted:
        run(command.TOP, what, options)
    return 0
