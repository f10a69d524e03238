# SPDX-License-Identifier: MIT
"""One CPU: the waiter runs when the greedy one's time slice is over, and who is stopped in the middle of a hole holds the lock."""
about = "one greedy locker, one patient waiter"
law = 1
program = "starve"
args = ["400"]
cpus = 1
slice_ns = 4000000
policy = {"hung_us": "50000"}
sweep = {"pagelock": ("unfair", "fair", "bounded:5", "deadline:50")}
columns = ("holes_per_s", "syncs_per_s", "sync_p50_us", "sync_max_us", "handoffs", "steals", "lost_races", "hung_reports")


def verdict(policy, found):
    (metrics,) = found.values()
    longest = f"the longest sync took {metrics['sync_max_us']} us"
    if metrics.get("hung_reports"):
        return "broken", f"the watchdog reported {metrics['hung_reports']} times; {longest}"
    return "holds", f"no report of the watchdog; {longest}"
