"""What can two threads gain on this machine, and what do they gain?

    cargo build --release
    python3 benches/two_threads.py [NETWORK,NETWORK ...]

Method: simulation time, building and warm-up left out, of one run on one thread and one shard, one on one thread
and two shards, one on two of both, and two runs of one thread at the same time, which share nothing but the
memory and the third cache; five rounds in turns, median (least - most) of the ratios in a round. To cut a network
in two costs the second over the first; what threads gain is the second over the third; both together are what
a user sees. Nothing else may run. Result and decision: docs/performance.md.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "saltatory"
ROUNDS = 5
NETWORKS = {
    "brunel": "500 ms",
    "cuba": "5 s",
    "cuba_jump": "5 s",
    "hpc": "200 ms",
    "elise": "30 s",
    "sparse_kick": "1 s",
    "fly": "10 s",
}


def start(name, threads, shards, place):
    scenario = ROOT / "scenarios" / f"{name}.toml"
    cut = ["--threads", str(threads), "--shards", str(shards)]
    options = ["--duration", NETWORKS[name], *cut, "--out", place]
    command = [PROGRAM, "run", scenario, *options, "--no-spikes", "--json", "--quiet", "--force"]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)


def simulated(process):
    """Seconds of wall time that the simulation took."""
    text, _ = process.communicate()
    if process.returncode != 0:
        raise SystemExit("a run failed")
    return json.loads(text)["wall_s"]["simulate"]


def spread(ratios):
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})"


def main():
    names = sys.argv[1].split(",") if len(sys.argv) > 1 else list(NETWORKS)
    unknown = [name for name in names if name not in NETWORKS]
    if unknown:
        raise SystemExit(f"there is no {', '.join(unknown)}; allowed: {', '.join(NETWORKS)}")
    if not PROGRAM.is_file():
        raise SystemExit("first: cargo build --release")
    print("| network | two shards cost | threads gain | 2 threads against 1 | two runs at once against one |")
    print("|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        places = [f"{folder}/{k}" for k in range(2)]
        for name in names:
            rows = []
            for _ in range(ROUNDS):
                alone, cut, both = [
                    simulated(start(name, threads, shards, places[0]))
                    for threads, shards in [(1, 1), (1, 2), (2, 2)]
                ]
                at_once = [start(name, 1, 1, place) for place in places]
                slower = max(simulated(process) for process in at_once)
                rows.append([cut / alone, cut / both, alone / both, 2 * alone / slower])
            print(f"| {name} | {' | '.join(map(spread, zip(*rows)))} |", flush=True)


if __name__ == "__main__":
    main()
