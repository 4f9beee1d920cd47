"""Runs NEST in a process of its own, so that every run starts from nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy

HERE = Path(__file__).parent
PROJECT = HERE.parent
OUT = HERE / "out"
SCENARIOS = PROJECT / "scenarios"


def nest_run(job, out, timeout_s=900):
    """NEST's summary and spikes for one job (see nest_side.py)."""
    out.mkdir(parents=True, exist_ok=True)
    job = {"threads": 1, "exact": False, **job, "out": str(out / "spikes.npz")}
    (out / "job.json").write_text(json.dumps(job))
    command = [sys.executable, str(HERE / "nest_side.py"), str(out / "job.json")]
    # Threads that wait must sleep: where the machine is shared, spinning ones cost NEST minutes.
    environment = {**os.environ, "PYNEST_QUIET": "1", "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout_s, env=environment, cwd=out
    )
    if done.returncode != 0:
        raise RuntimeError(f"NEST failed on {job}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    summary = json.loads(done.stdout.strip().splitlines()[-1])
    (out / "summary.json").write_text(json.dumps(summary))
    with numpy.load(out / "spikes.npz") as file:
        return summary, {key: file[key] for key in file.files}
