# SPDX-License-Identifier: MIT
"""Two CPUs. The watchdog's limit is well below the time that each run is given."""
about = "seeded defects of waiting, and what the watchdog says of them"
law = 6
program = "hang"
args = ["1000"]
cpus = 2
slice_ns = 1000000
policy = {"hung_us": "200000"}
sweep = {"waitbug": ("off", "lost-wakeup", "cycle", "livelock")}
columns = ("hung_reports", "hung_cycle", "hung_lost_wakeup", "hung_livelock", "hung_request", "ended_well")
EXPECTED = {"off": ((), ("hung_request",)), "lost-wakeup": (("hung_lost_wakeup",), ("hung_request",)),
            "cycle": (("hung_cycle",), ("hung_request",)), "livelock": ((), ("hung_request", "hung_livelock"))}


def verdict(policy, found):
    """The law holds if the watchdog told what was there, by its name, and nothing else."""
    said = []
    for run, kinds in zip(("plain", "hold"), EXPECTED[policy["waitbug"]]):
        told = tuple(name for name, n in found[f"run={run}"].items() if name.startswith("hung_") and n and name != "hung_reports")
        names = " and ".join(kinds) or "nothing"
        if sorted(told) != sorted(kinds):
            return "broken", f"run={run}: expected {names}, told {' and '.join(told) or 'nothing'}"
        said.append(f"run={run}: told {names}")
    return "holds", "; ".join(said)
