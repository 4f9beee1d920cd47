"""Runs whole networks here, in NEST and in Brian2, in turn, and writes docs/peers.md.

    python3 validation/peers/networks.py [--only brunel,sparse] [--rounds 3] [--large]

Makes its own environment in validation/peers/.venv (once) and installs NEST 3.10 and Brian2 2.9
into it from PyPI; Brian2 needs a C++ compiler and make. Needs `cargo build --release` first, or
the variable SALTATORY with the path of a binary. What was measured is kept in
validation/peers/results.json beside the page, so that `--only` replaces its networks in the page
and leaves the others.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import venv
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent.resolve()
ENVIRONMENT = HERE / ".venv"
PACKAGES = ["nest-simulator==3.10.0", "brian2==2.9.*", "numpy<2.4"]
WANTED = """
import importlib.metadata as m
import numpy
assert m.version('nest-simulator') == '3.10.0' and m.version('brian2').startswith('2.9.')
"""


def enter_environment():
    """Starts this file again with the interpreter of the environment, which it makes first."""
    python = ENVIRONMENT / "bin" / "python"
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    if not python.is_file():
        venv.create(ENVIRONMENT, with_pip=True)
    if subprocess.run([python, "-c", WANTED], capture_output=True).returncode != 0:
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    os.execv(python, [str(python), str(HERE / "networks.py"), *sys.argv[1:]])


def arguments(names):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(names)}")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--large", action="store_true", help="the networks of some gigabytes too")
    parser.add_argument("--timeout", type=float, default=900, metavar="S", help="for one run")
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    for name in chosen.only.split(",") if chosen.only else []:
        if name not in names:
            parser.error(f"there is no network {name!r}; there are {', '.join(names)}")
    return chosen


def in_turn(case, rounds, timeout_s):
    """The runs of each contestant and why one was refused, anew after each run, so that what was
    measured is kept if the rest is stopped. One that failed once is not asked again."""
    import contestants

    runs = {contestant: [] for contestant in contestants.of(case)}
    refused = {}
    for number in range(rounds):
        for contestant in runs:
            if contestant in refused:
                continue
            try:
                run = contestants.run(contestant, case, timeout_s)
            except contestants.NotRun as reason:
                refused[contestant] = str(reason)
                print(f"{case.name}, {contestant}: {reason}", flush=True)
            else:
                runs[contestant].append(run)
                told = json.dumps(run)
                print(f"{case.name}, round {number + 1}, {contestant}: {told}", flush=True)
            yield runs, refused


def table_rows(runs, refused):
    """A row of the table for each contestant."""
    for contestant, measured in runs.items():
        row = {"name": contestant.name, "threads": contestant.threads}
        if contestant in refused or not measured:
            yield row | {"refused": refused.get(contestant, "stopped before its turn")}
            continue
        row |= {key: statistics.median(run[key] for run in measured) for key in measured[0]}
        walls = [run["wall_per_s"] for run in measured]
        yield row | {"spread": [min(walls), max(walls)]}


def measure(case, rounds, timeout_s):
    """One network's rows so far, with the load of the machine before and after."""
    before = os.getloadavg()[0]
    for runs, refused in in_turn(case, rounds, timeout_s):
        yield {
            "day": date.today().isoformat(),
            "simulated_ms": case.simulated_ms,
            "rounds": rounds,
            "load": [before, os.getloadavg()[0]],
            "rows": list(table_rows(runs, refused)),
        }


def main():
    enter_environment()
    # Asked to end, it ends as after Ctrl-C, so that the run under way is stopped with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    import cases
    import page

    known = {case.name: case for case in cases.CASES}
    chosen = arguments(list(known))
    names = chosen.only.split(",") if chosen.only else [
        case.name for case in cases.CASES if chosen.large or not case.large
    ]  # fmt: skip
    kept = HERE / "results.json"
    results = json.loads(kept.read_text()) if kept.is_file() else {}
    for name in names:
        for results[name] in measure(known[name], chosen.rounds, chosen.timeout):
            kept.write_text(json.dumps(results, indent=1) + "\n")
            page.write(results, list(known))
    print(page.table({name: results[name] for name in names}, list(known)))


if __name__ == "__main__":
    main()
