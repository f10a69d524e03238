# SPDX-License-Identifier: MIT
about = "threads that write, fault and read the same few pages"
law = 1
program = "stutter"
threads = (2, 8, 32, 128)
args = [*map(str, threads)]
cpus = 4
slice_ns = 10000
policy = {"faultlock": "on"}
sweep = {"pagelock": ("unfair", "fair", "bounded:5", "deadline:50"), "grab": ("once", "relock")}
columns = ("ops_per_s", "writes_per_s", "wait_p50_us", "wait_p99_us", "wait_p999_us", "wait_max_us", "handoffs", "steals", "switches", "hung_reports")


def bound(pagelock, found):
    """What one place in the queue may take, in microseconds, by the statement in mm/page_lock.c; None: nothing is promised."""
    rule, _, number = pagelock.partition(":")
    once = found["section_max_us"] + found["switch_max_us"]
    return {"fair": once, "bounded": (int(number or 0) + 1) * once, "deadline": int(number or 0) + once}.get(rule)


def verdict(policy, found):
    if any(metrics.get("hung_reports") for metrics in found.values()):
        return "broken", "the watchdog reported"
    if "pagelock" not in policy or any("place_max_us" not in metrics for metrics in found.values()):
        return "inconclusive", "waits are not measured, or by no known policy"
    limits = {run: bound(policy["pagelock"], metrics) for run, metrics in found.items()}
    if None in limits.values():
        return "inconclusive", "this policy promises nothing"
    late = [run for run, metrics in found.items() if metrics["place_max_us"] > limits[run]]
    if late:
        return "broken", f"a wait was longer than its bound: {', '.join(late)}"
    least = max(found, key=lambda run: found[run]["place_max_us"] / limits[run])
    return "holds", f"no wait reached its bound; nearest, {least}: {found[least]['place_max_us']} us a place, the bound {limits[least]} us"
