#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`./faultline exp`: what it says, that it says the same again, and that it can be stopped."""
import json
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from tap import FAULTLINE, TOP, done, faultline, ok, refused  # noqa: E402

ONE = ("exp", "starve", "--seeds", "1", "--set", "pagelock=fair")


def lines(result):
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


def figures():
    first = faultline(*ONE, "--set", "grab=relock", "--json")
    *found, last = lines(first) or [None]
    keys = {"experiment", "arch", "cpus", "policy", "metric", "value", "unit"}
    ok(first.returncode == 0 and found and all(keys <= line.keys() for line in found), "an object a line for each figure")
    ok(all(line["policy"].get("grab") == "relock" and isinstance(line["value"], int) for line in found), "with the policies and a number")
    ok(last and {"law", "verdict", "why"} <= last.keys() and last["verdict"] in ("holds", "broken", "inconclusive"), "a verdict comes last")
    ok(faultline(*ONE, "--set", "grab=relock", "--json").stdout == first.stdout, "the same again, to the digit")


def table():
    for columns in ("40", "200"):
        os.environ["COLUMNS"] = columns
        text = faultline(*ONE, "--sweep", "grab=once,relock").stdout.decode()
        ok("holes_per_s" in text and "grab=once: " in text and all(len(line) <= int(columns) for line in text.splitlines()),
           f"a table on {columns} columns")


def refusals():
    ok(b"starve" in faultline("exp").stdout, "no name: the list")
    refused(faultline("exp", "none"), "no experiment 'none'; there are: .*starve", "no such experiment")
    refused(faultline("exp", "starve", "--all"), "NAME or --all", "one and all")
    refused(faultline("exp", "starve", "--sweep", "grab"), "POLICY=VALUE", "a sweep without values")
    for words, pattern in ((("--set", "grab=twice"), "policy grab: no value 'twice'; there are: once relock"),
                           (("--sweep", "grip=once,relock"), "no policy 'grip'; there are: .*grab")):
        result = faultline(*ONE, "--json", *words)
        refused(result, pattern, f"{words[1]}: what would be good")


def stopped():
    """Ctrl-C of a terminal goes to all; here only the command itself gets the signal, and has to see to the rest."""
    process = subprocess.Popen([FAULTLINE, "exp", "stutter"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=TOP,
                               start_new_session=True)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    ok(process.returncode == 130 and b"Traceback" not in said, "SIGINT ends it with 130")
    left = subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True, check=False)
    ok(not left.stdout, "and nothing of it runs on")


refusals()
figures()
table()
stopped()
done()
