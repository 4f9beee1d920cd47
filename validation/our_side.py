"""Runs the built binary and reads its results."""

import csv
import json
import os
import subprocess
import tomllib
from pathlib import Path

import numpy

import runner


def find_binary(required=True):
    """`SALTATORY`, or the release build of this project."""
    path = Path(os.environ.get("SALTATORY", runner.PROJECT / "target" / "release" / "saltatory"))
    if path.is_file():
        return path
    if required:
        raise SystemExit(f"{path} is not there: cargo build --release, or set SALTATORY")
    return None


def run(binary, scenario, out, *, changes=(), seed=None, threads=1, duration_ms=None,
        timeout_s=600):  # fmt: skip
    """The summary and the spikes, as columns population (number), neuron, time_ms."""
    command = [str(binary), "run", str(scenario), "--out", str(out), "--threads", str(threads),
               "--csv", "--json", "--force", "--quiet"]  # fmt: skip
    if seed is not None:
        command += ["--seed", str(seed)]
    if duration_ms is not None:
        command += ["--duration", f"{duration_ms:g} ms"]
    for key, value in changes:
        command += ["--set", f"{key}={json.dumps(value)}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-1000:]}\n{done.stderr[-4000:]}")
    summary = json.loads(done.stdout)
    return summary, read_spikes(Path(out) / "spikes.csv", scenario)


def read_spikes(path, scenario):
    """spikes.csv without the given trains of spike sources; the time comes from the tick, which
    is exact, and populations are numbered as in the scenario."""
    with open(scenario, "rb") as file:
        populations = tomllib.load(file)["population"]
    number = {
        name: k
        for k, (name, population) in enumerate(populations.items())
        if population["model"] != "spike_source"
    }
    with open(path, newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        at = {name: header.index(name) for name in ("population", "neuron", "tick")}
        table = [(number[row[at["population"]]], int(row[at["neuron"]]), int(row[at["tick"]]))
                 for row in rows if row[at["population"]] in number]  # fmt: skip
    columns = numpy.array(table, dtype=numpy.int64).reshape(-1, 3)
    return {
        "population": columns[:, 0],
        "neuron": columns[:, 1],
        "time_ms": columns[:, 2] / 1e6,
    }
