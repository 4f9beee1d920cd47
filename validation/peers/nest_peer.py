"""One timed run of NEST without recording, in a process of its own.

    python nest_peer.py JOB.json

The network is built by ../nest_side.py. The last line on standard output is one JSON object.
Spikes are counted by NEST's kernel.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import nest
import nest_side
import numpy
import scenario_file


def count_repeaters(scenario, populations):
    """Counts the spikes of the parrots that stand for sources; the kernel counts them too."""
    counters = []
    for name, population in scenario["population"].items():
        if population["model"] == "poisson":
            counters.append(nest.Create("spike_recorder"))
            nest.Connect(populations[name], counters[-1])
    return counters


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    scenario = scenario_file.load(job["scenario"], job["changes"])
    nest.ResetKernel()
    nest.set(resolution=0.1, local_num_threads=job["threads"], rng_seed=job["seed"] + 1000)
    started = time.perf_counter()
    populations, _ = nest_side.build(scenario, job, numpy.random.default_rng(job["seed"]))
    counters = count_repeaters(scenario, populations)
    nest.Prepare()
    built = time.perf_counter()
    nest.Run(job["simulated_ms"])
    done = time.perf_counter()
    spikes = nest.local_spike_counter - sum(counter.n_events for counter in counters)
    nest.Cleanup()
    print(json.dumps({"build_s": built - started, "simulate_s": done - built, "spikes": spikes}))


if __name__ == "__main__":
    main()
