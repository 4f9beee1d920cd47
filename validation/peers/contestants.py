"""Who is compared, and how one run of each is started and timed.

Every run is a process of its own; its peak memory is what the kernel says about that process
(for NEST with the Python around it). A run answers with build_s, wall_per_s (wall seconds of the
simulation per simulated second), rate_hz (all neurons), peak_mib and cpu_s (of the
whole process, building included).
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import our_side
import scenario_file

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
SOURCES = ("poisson", "spike_source")
# Threads that wait must sleep: where the machine is shared, spinning ones cost minutes.
SLEEPING = {"OMP_WAIT_POLICY": "passive", "PYNEST_QUIET": "1"}


class Contestant(NamedTuple):
    kind: str
    name: str
    threads: int

    def __str__(self):
        return f"{self.name}, {self.threads} threads" if self.threads > 1 else self.name


class NotRun(Exception):
    """Why there is no measurement."""


def of(case):
    """Those that are asked about a network, in the order of their turns."""
    return [
        Contestant("ours", "Saltatory, 1 ns", 1),
        Contestant("ours", "Saltatory, 1 ns", 2),
        Contestant("nest", "NEST, grid", case.nest_threads),
        Contestant("nest_exact", "NEST, precise times", case.nest_threads),
        Contestant("brian2", "Brian2 C++", 1),
        Contestant("brian2", "Brian2 C++", 2),
    ]


def run(contestant, case, timeout_s):
    start = {"ours": ours, "nest": nest, "nest_exact": nest, "brian2": brian2}[contestant.kind]
    return start(contestant, case, timeout_s)


def child(command, folder, timeout_s):
    """Lines that a process wrote, its peak memory and CPU time, and when it started.

    It is started by launch.py, which measures it, in a session of its own, so that it
    can be stopped together with whatever it started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started = time.time()
    with open(folder / "stdout", "w+") as out, open(folder / "stderr", "w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", HERE / "launch.py", *map(str, command)],
            stdout=out, stderr=errors, cwd=folder, env={**os.environ, **SLEEPING},
            start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(timeout_s)
        except BaseException as reason:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(reason, subprocess.TimeoutExpired):
                raise NotRun(f"stopped after {timeout_s:g} s") from None
            raise
        out.seek(0), errors.seek(0)
        said, complaint = out.read(), errors.read()
    if process.returncode != 0:
        last = (complaint.strip() or said.strip()).splitlines()[-1:] or ["no message"]
        raise NotRun(f"failed (exit {process.returncode}): {last[0][:160]}")
    *said, measured = (line for line in said.splitlines() if line.strip())
    peak_kib, cpu_s = measured.split()
    return said, {"peak_mib": int(peak_kib) / 1024, "cpu_s": float(cpu_s)}, started


def answer(case, build_s, simulate_s, spikes, neurons, process):
    simulated_s = case.simulated_ms / 1e3
    return {
        "build_s": build_s,
        "wall_per_s": simulate_s / simulated_s,
        "rate_hz": spikes / neurons / simulated_s,
        **process,
    }


def neurons(case):
    """How many neurons there are; sources of spikes are none."""
    scenario = scenario_file.load(case.path, case.changes)
    return sum(p["size"] for p in scenario["population"].values() if p["model"] not in SOURCES)


def ours(contestant, case, timeout_s):
    folder = OUT / f"ours_{case.name}_{contestant.threads}"
    command = [our_side.find_binary().resolve(), "run", case.path, "--out", folder / "results",
               "--threads", contestant.threads, "--duration", f"{case.simulated_ms:g} ms",
               "--no-spikes", "--json", "--force", "--quiet",
               "--set", 'record.spikes="none"']  # fmt: skip
    for key, value in case.changes:
        command += ["--set", f"{key}={json.dumps(value)}"]
    said, process, _ = child(command, folder, timeout_s)
    summary = json.loads("\n".join(said))
    model = {name: p["model"] for name, p in scenario_file.load(case.path)["population"].items()}
    spikes = sum(
        population["spikes"]
        for population in summary["populations"]
        if model[population["name"]] not in SOURCES
    )
    wall = summary["wall_s"]
    return answer(case, wall["build"], wall["simulate"], spikes, neurons(case), process)


def nest(contestant, case, timeout_s):
    exact = contestant.kind == "nest_exact"
    if exact and case.without_exact:
        raise NotRun(case.without_exact)
    folder = OUT / f"{contestant.kind}_{case.name}"
    folder.mkdir(parents=True, exist_ok=True)
    job = {"scenario": str(case.path), "changes": case.changes, "seed": 1, "exact": exact,
           "threads": contestant.threads, "simulated_ms": case.simulated_ms}  # fmt: skip
    (folder / "job.json").write_text(json.dumps(job))
    command = [sys.executable, HERE / "nest_peer.py", "job.json"]
    said, process, _ = child(command, folder, timeout_s)
    told = json.loads(said[-1])
    return answer(
        case, told["build_s"], told["simulate_s"], told["spikes"], neurons(case), process
    )


def brian2(contestant, case, timeout_s):
    """Generates and compiles the program before its first turn; that is in no figure."""
    if case.without_brian2:
        raise NotRun(case.without_brian2)
    folder = OUT / f"brian2_{case.name}_{contestant.threads}"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "program" / "main"
    job = {"scenario": str(case.path), "changes": case.changes, "seed": 1,
           "threads": contestant.threads, "simulated_ms": case.simulated_ms,
           "folder": str(program.parent)}  # fmt: skip
    if not compiled(folder, program, job):
        child([sys.executable, HERE / "brian2_side.py", "job.json"], folder, 2 * timeout_s)
        (folder / "compiled.json").write_text((folder / "job.json").read_text())
    said, process, started = child([program], program.parent, timeout_s)
    told = json.loads(said[-1])
    return answer(case, told["built_at"] - started, told["simulate_s"], told["spikes"],
                  neurons(case), process)  # fmt: skip


def compiled(folder, program, job):
    """Whether the program is there and was made from the same job, scenario and translator."""
    sources = [Path(job["scenario"]), HERE / "brian2_side.py", HERE.parent / "scenario_file.py"]
    text = json.dumps({**job, "made_from": [source.read_text() for source in sources]})
    (folder / "job.json").write_text(text)
    made = folder / "compiled.json"
    return program.is_file() and made.is_file() and made.read_text() == text
