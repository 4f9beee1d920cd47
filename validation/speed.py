"""Speed of both simulators in one sitting, run by run in turn.

Only the simulation is timed, not the building; each contestant runs `ROUNDS` times and the
median counts. What is compared is wall time for a second of the same network, and synaptic events
per second, where an event is one spike arriving at one synapse (external Poisson input not counted).
"""

import json
import statistics

import our_side
import runner

ROUNDS = 3
THREADS = 2


class Case:
    """A scenario, our resolution, and the simulated time that each side is given."""

    def __init__(self, name, ours_ms, nest_ms, target, changes=()):
        self.name, self.ours_ms, self.nest_ms, self.target = name, ours_ms, nest_ms, target
        self.path = runner.SCENARIOS / f"{name}.toml"
        self.changes = list(changes)


CASES = [
    Case("brunel", 1000, 1000, "as many synaptic events per second as NEST"),
    Case("sparse", 500, 500, "20 times as fast as NEST"),
    Case("sparse_kick", 1000, 500, "20 times as fast as NEST"),
    # NEST is not asked: reading this network's edges into it was once stopped after five minutes.
    Case("fly", 10000, None, "faster than real time"),
]


def nest_once(case):
    job = {"scenario": str(case.path), "seed": 1, "threads": THREADS,
           "duration_ms": case.nest_ms}  # fmt: skip
    summary, _ = runner.nest_run(job, runner.OUT / "speed" / f"nest_{case.name}")
    simulated = case.nest_ms / 1e3
    return {
        "wall_per_s": summary["simulate_s"] / simulated,
        "events_per_s": summary["synaptic_events"] / summary["simulate_s"],
        "rate_hz": summary["spikes"] / sum(summary["sizes"].values()) / simulated,
        "build_s": summary["build_s"] + summary["prepare_s"],
    }


def ours_once(case, binary):
    summary, _ = our_side.run(binary, case.path, runner.OUT / "speed" / f"ours_{case.name}",
                              threads=THREADS, duration_ms=case.ours_ms)  # fmt: skip
    simulated = case.ours_ms / 1e3
    wall = summary["wall_s"]["simulate"] + summary["wall_s"].get("warmup", 0.0)
    return {
        "wall_per_s": wall / simulated,
        "events_per_s": summary["synaptic_events"] / wall,
        "rate_hz": summary["spikes"] / summary["neurons"] / simulated,
        "build_s": summary["wall_s"]["build"],
    }


def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def compare(case, binary):
    ours, theirs = [], []
    for _ in range(ROUNDS):
        if case.nest_ms:
            theirs.append(nest_once(case))
        if binary:
            ours.append(ours_once(case, binary))
    result = {"case": case.name, "target": case.target}
    if theirs:
        result["nest"] = medians(theirs)
    if binary:
        result["ours"] = medians(ours)
    if theirs and binary:
        result["times_faster"] = result["nest"]["wall_per_s"] / result["ours"]["wall_per_s"]
    return result


def run(binary, names=None):
    results = []
    for case in CASES:
        if not names or case.name in names:
            results.append(compare(case, binary))
            print(json.dumps(results[-1]), flush=True)
    return results


if __name__ == "__main__":
    import sys

    run(our_side.find_binary(required=False), sys.argv[1:])
