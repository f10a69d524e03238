#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the page lock costs in instructions, exactly (mm/lock_cost.c): lock and unlock of a free page; and that handing it over costs the same
whether 100 threads wait or 10,000, for one page or for 300 whose queues share a lock."""
import os
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
ARCHES = ("x86_64", "arm64")
WAITS = ((1, 1), (100, 1), (10000, 1), (10000, 300))  # waiters, pages
PAIR_MOST = 17
UNLOCK_FLAT = 1.05
HANDOFF_FLAT = 1.20  # with the switches between them, and the ends of 10,000 threads in between


class Tap:
    number = 0

    def ok(self, good, text):
        self.number += 1
        print(("" if good else "not ") + f"ok {self.number} - {text}", flush=True)


def measure(arch, waiters, pages):
    command = [os.path.join(TOP, "faultline"), "exec", "--icount", "--mem", "512M", "--timeout", "300", "--set", "pagelock=fair",
               os.path.join(TOP, "build", f"{arch}-user", "lockcost"), str(waiters), str(pages)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"Bail out! lockcost on {arch} ended with {done.returncode}: {done.stderr.strip()}")
    return {name: int(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def main():
    tap = Tap()
    for arch in ARCHES:
        unlock, handoff = {}, {}
        for waits in WAITS:
            is_ = measure(arch, *waits)
            unlock[waits] = is_["unlocks_ns"] / waits[0]
            handoff[waits] = is_["handoffs_ns"] / waits[0]
            print(f"# {arch} {waits[0]} waiters, {waits[1]} pages: unlock {unlock[waits]:.1f}, at most {is_['unlock_worst_ns']}, "
                  f"with the switch {handoff[waits]:.1f}")
        pair = is_["pairs_ns"] / is_["pairs"]
        tap.ok(pair <= PAIR_MOST, f"{arch}: lock and unlock of a free page: {pair:.1f} in {is_['pairs']} pairs, at most {PAIR_MOST}")
        for waits in WAITS[2:]:
            text = f"{arch}: {waits[0]} waiters over {waits[1]} pages, against 100 on one"
            tap.ok(unlock[waits] <= unlock[WAITS[1]] * UNLOCK_FLAT, f"{text}: unlock {unlock[waits]:.1f}, {unlock[WAITS[1]]:.1f}")
            tap.ok(handoff[waits] <= handoff[WAITS[1]] * HANDOFF_FLAT, f"{text}: with the switch {handoff[waits]:.1f}, {handoff[WAITS[1]]:.1f}")
    print(f"1..{tap.number}")


main()
