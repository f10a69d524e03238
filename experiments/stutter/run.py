# SPDX-License-Identifier: MIT
about = "threads that write, fault and read the same few pages"
law = 1
program = "stutter"
threads = (2, 8, 32, 128)
args = [*map(str, threads)]
cpus = 4
slice_ns = 10000
policy = {"faultlock": "on", "journal_credits": "64"}
sweep = {"grab": ("once", "relock")}
columns = ("ops_per_s", "wait_p50_us", "wait_p99_us", "wait_p999_us", "wait_max_us", "handoffs", "steals", "switches", "hung_reports")


def verdict(policy, found):
    return "inconclusive", "no bound"
