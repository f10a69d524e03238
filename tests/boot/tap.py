# SPDX-License-Identifier: MIT
"""TAP for tests of the host command, and what they share."""
import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
FAULTLINE = os.path.join(TOP, "faultline")
ARCHES = ("x86_64", "arm64")

_count = [0, 0]


def ok(good, what):
    _count[0] += 1
    _count[1] += not good
    print(f"{'' if good else 'not '}ok {_count[0]} - {what}", flush=True)
    return good


def done():
    print(f"1..{_count[0]}")
    raise SystemExit(1 if _count[1] else 0)


def program(arch, name):
    return os.path.join(TOP, "build", f"{arch}-user", name)


def faultline(*words, stdin=None, limit=120):
    """Runs the host command; its output as bytes. A run that hangs fails its test instead of hanging it."""
    try:
        return subprocess.run([FAULTLINE, *words], input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                              capture_output=True, timeout=limit, check=False, cwd=TOP)
    except subprocess.TimeoutExpired as error:
        return subprocess.CompletedProcess(error.cmd, -1, error.stdout or b"", error.stderr or b"")


def run(arch, name, *args, options=(), **more):
    return faultline("exec", "--timeout", "60", *options, program(arch, name), *args, **more)


def refused(result, pattern, what):
    """Status 125, nothing on standard output, and one line on standard error that matches."""
    lines = [line for line in result.stderr.decode(errors="replace").splitlines() if line.strip()]
    good = result.returncode == 125 and not result.stdout and len(lines) == 1 and re.search(pattern, lines[0])
    if not ok(bool(good), what):
        print(f"# status {result.returncode}, out {result.stdout[:200]!r}, err {result.stderr[-600:]!r}")
