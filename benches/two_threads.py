"""What can two threads gain on this machine, and what do they gain?

    cargo build --release
    python3 benches/two_threads.py [NETWORK,NETWORK ...]

Method: simulation time, building and warm-up left out, of one run on one thread, one on two threads, and two
runs of one thread at the same time, which share nothing but the memory and the third cache; three rounds in
turns, median (least - most). Nothing else may run. Result and decision: docs/performance.md.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target" / "release" / "saltatory"
ROUNDS = 3
NETWORKS = {
    "brunel": "500 ms",
    "cuba": "5 s",
    "hpc": "200 ms",
    "elise": "30 s",
    "sparse_kick": "1 s",
    "fly": "10 s",
}


def start(name, threads, place):
    scenario = ROOT / "scenarios" / f"{name}.toml"
    options = ["--duration", NETWORKS[name], "--threads", str(threads), "--out", place]
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
    print("| network | 2 threads against 1 | two runs of one thread at once against one alone |")
    print("|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        places = [f"{folder}/{k}" for k in range(2)]
        for name in names:
            gained, possible = [], []
            for _ in range(ROUNDS):
                alone = simulated(start(name, 1, places[0]))
                gained.append(alone / simulated(start(name, 2, places[0])))
                at_once = [start(name, 1, place) for place in places]
                possible.append(2 * alone / max(simulated(process) for process in at_once))
            print(f"| {name} | {spread(gained)} | {spread(possible)} |", flush=True)


if __name__ == "__main__":
    main()
