"""hpc_benchmark with its plasticity, here and in NEST: rates, weights between excitatory neurons, time.

    cargo build --release
    python3 validation/hpc_plastic.py [--scale 1] [--seeds 3] [--ms 300] [--threads 2] [--static] [--grid]

Both sides run the network of scenarios/hpc.toml with the rule of NEST's example
(`stdp_pl_synapse_hom_hpc`; here `stdp` of the form `morrison`) on all synapses between excitatory neurons.

NEST writes a weight when its source fires, and says nothing of what the target did since. So at the
end a current makes every excitatory neuron fire, here and there: all weights are then as their last
arrival found them, and are read. Our run ends before the spikes of the targets that this causes reach
the synapses (their delay is all dendritic, as in NEST); in NEST nobody writes them.

Weights are those of the first sources, 100 at most, to all of their targets. Times are of the
simulation alone, with building, recording and reading left out, each side in a process of its own, in turn.
With `--static` no synapse learns, with `--grid` our side runs at NEST's resolution: so that it can be
told which of network, rule and grid is behind a difference.

Smaller scales draw the 9000 inputs of a neuron from fewer sources, several synapses for each, and are
networks of another kind. They fire in volleys in which all neurons take part. Inside a volley,
which is shorter than the delay, all pairs are potentiated: the delay lies behind the synapse, so
a spike of the target reaches it after those of its sources. Weights grow, volleys grow with them, and after a
time that differs from seed to seed the network runs away to hundreds of Hz, here and in NEST. The
mean of a run says when that happened (51 and 348 Hz have been seen side by side) and nothing
about the rule. Without plasticity the rates agree at these scales, too.

NEST's spread over seeds is the measure of a difference; the table says how many of NEST's standard deviations
(over its seeds, with that of the difference of means) apart the means are. Ends with exit code 1
if a mean differs by more than 4 of them and by more than 2 %.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import run

if __name__ == "__main__":
    run.enter_environment(__file__)

import numpy  # noqa: E402
import our_side  # noqa: E402
import runner  # noqa: E402

SCENARIO = runner.SCENARIOS / "hpc.toml"
RULE = {"tau_plus": 15.0, "tau_minus": 30.0, "lambda": 0.1, "alpha": 0.0513, "mu": 0.4}
DELAY_MS = 1.5
#: Strong enough to fire every neuron once: it lifts the membrane by more than its threshold.
KICK_PA = 8000.0
SOURCES = 100
QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)


def our_scenario(folder, job):
    """scenarios/hpc.toml, its excitatory synapses made plastic, and the kick."""
    scale, simulated_ms = job["scale"], job["ms"]
    text = SCENARIO.read_text()
    sizes = {9_000: "9_000", 2_250: "2_250"}
    for size, written in sizes.items():
        text = text.replace(f"size = {written}", f"size = {round(size * scale)}")
    first = 'target = "exc"\nconnect = { rule = "fixed_indegree", indegree = 9000 }\n'
    assert text.count(first) == 1
    rule = (
        'plasticity = { rule = "stdp", form = "morrison", tau_plus = "15 ms", tau_minus = "30 ms", '
        'lambda = 0.1, alpha = 0.0513, mu_plus = 0.4, w_ref = "1 pA", w_max = "100000 pA" }\n'
    )
    if not job["static"]:
        text = text.replace(first, first + rule)
    if job["grid"]:
        text = text.replace("seed = 1\n", 'seed = 1\nresolution = "0.1 ms"\n')
    for indegree in (9000, 2250):
        text = text.replace(f"indegree = {indegree} }}", f"indegree = {indegree}, autapses = false }}")
    text = text.replace('duration = "250 ms"', f'duration = "{simulated_ms + DELAY_MS:g} ms"')
    # A generator of NEST is heard after its delay; until then start potentials decay, and fewer neurons
    # fire at once.
    rate = 'rate = "20856 Hz"'
    assert text.count(rate) == 2
    text = text.replace(rate, f'rate = {{ steps = [["{DELAY_MS:g} ms", "20856 Hz"]] }}')
    text = text.replace('spikes = "all"', 'spikes = "all"\nweights = WEIGHTS')
    text += f"""
[population.kick]
model = "spike_source"
size = 1
params = {{ times = [["{simulated_ms - DELAY_MS:g} ms"]] }}

[[projection]]
source = "kick"
target = "exc"
connect = {{ rule = "all_to_all" }}
weight = "{KICK_PA:g} pA"
delay = "{DELAY_MS:g} ms"
"""
    tomllib.loads(text.replace("WEIGHTS", "true"))
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, value in (("weights", "true"), ("timed", "false")):
        paths[name] = folder / f"{name}.toml"
        paths[name].write_text(text.replace("WEIGHTS", value))
    return paths


def first_rows(path, name, count):
    """The first values of an array that is stored without compression in an npz file."""
    with zipfile.ZipFile(path) as archive, archive.open(name + ".npy") as file:
        version = numpy.lib.format.read_magic(file)
        header = getattr(numpy.lib.format, f"read_array_header_{version[0]}_{version[1]}")(file)
        kind = header[2]
        return numpy.frombuffer(file.read(count * kind.itemsize), kind)


def our_run(binary, scenario, seed, threads, out):
    """The summary of one run, which leaves its files in `out`."""
    command = [str(binary), "run", str(scenario), "--seed", str(seed), "--threads", str(threads),
               "--out", str(out), "--json", "--force", "--quiet"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-4000:])
    return json.loads(done.stdout)


def statistics_of(weights):
    """What is compared of the weights."""
    found = {"weights": len(weights), "mean": float(weights.mean()), "sd": float(weights.std())}
    for q in QUANTILES:
        found[f"{q:.0%}"] = float(numpy.quantile(weights, q))
    return found


def ours(binary, folder, job):
    """Rates before the kick, weights after it, and the time of a run without either being kept."""
    scale, seed, simulated_ms, threads = (job[key] for key in ("scale", "seed", "ms", "threads"))
    paths = our_scenario(folder, job)
    out = folder / "results"
    our_run(binary, paths["weights"], seed, threads, out)
    with numpy.load(out / "spikes.npz") as file:
        ticks, neurons = file["tick"], file["index"]
    sizes = [round(9000 * scale), round(2250 * scale)]
    before = neurons[ticks < simulated_ms * 1e6]
    counts = [numpy.sum(before < sizes[0]), numpy.sum((before >= sizes[0]) & (before < sum(sizes)))]
    rates = [count / size / simulated_ms * 1e3 for count, size in zip(counts, sizes)]
    rows = min(SOURCES, sizes[0]) * 3 * 11_250
    source = first_rows(out / "weights.npz", "source", rows)
    target = first_rows(out / "weights.npz", "target", rows)
    weight = first_rows(out / "weights.npz", "weight", rows)
    mine = (source < SOURCES) & (target < sizes[0])
    found = statistics_of(weight[mine].astype(float))
    (out / "weights.npz").unlink()
    summary = our_run(binary, paths["timed"], seed, threads, out)
    return found | {"rate_exc": float(rates[0]), "rate_inh": float(rates[1]),
                    "wall_s": summary["wall_s"]["simulate"]}  # fmt: skip


def theirs(job):
    """One run of NEST, in a process of its own, in which this is called."""
    import time

    import nest

    nest.ResetKernel()
    nest.set(resolution=0.1, local_num_threads=job["threads"], rng_seed=job["seed"] + 1000)
    with open(SCENARIO, "rb") as file:
        plain = tomllib.load(file)
    tau = float(plain["population"]["exc"]["params"]["tau_syn_ex"].split()[0])
    sizes = {"exc": round(9000 * job["scale"]), "inh": round(2250 * job["scale"])}
    constants = {"E_L": 0.0, "C_m": 250.0, "tau_m": 10.0, "t_ref": 0.5, "V_th": 20.0,
                 "V_reset": 0.0, "tau_syn_ex": tau, "tau_syn_in": tau,
                 "tau_minus": RULE["tau_minus"]}  # fmt: skip
    nodes = {}
    for name, size in sizes.items():
        nodes[name] = nest.Create("iaf_psc_alpha", size, constants)
        nodes[name].V_m = nest.math.redraw(nest.random.normal(5.7, 7.2), -1e300, 19.9)
    weight = 45.61
    nest.CopyModel("static_synapse_hpc", "syn_ex", {"weight": weight, "delay": DELAY_MS})
    nest.CopyModel("static_synapse_hpc", "syn_in", {"weight": -5 * weight, "delay": DELAY_MS})
    nest.CopyModel("static_synapse_hpc", "syn_kick", {"weight": KICK_PA, "delay": DELAY_MS})
    plastic = {key: RULE[key] for key in ("tau_plus", "lambda", "alpha", "mu")}
    nest.SetDefaults("stdp_pl_synapse_hom_hpc", plastic | {"weight": weight, "delay": DELAY_MS})
    plastic_model = "syn_ex" if job["static"] else "stdp_pl_synapse_hom_hpc"
    stimulus = nest.Create("poisson_generator", params={"rate": 20856.0})
    # The time at which the generator stands for a spike at its end of the delay.
    kick = nest.Create("spike_generator", params={"spike_times": [job["ms"] - DELAY_MS]})
    nest.Connect(kick, nodes["exc"], "all_to_all", {"synapse_model": "syn_kick"})
    for target in nodes.values():
        nest.Connect(stimulus, target, "all_to_all", {"synapse_model": "syn_ex"})
    for source, target, indegree, model in (
        ("exc", "exc", 9000, plastic_model), ("inh", "exc", 2250, "syn_in"),
        ("exc", "inh", 9000, "syn_ex"), ("inh", "inh", 2250, "syn_in"),
    ):  # fmt: skip
        nest.Connect(nodes[source], nodes[target],
                     {"rule": "fixed_indegree", "indegree": indegree, "allow_autapses": False,
                      "allow_multapses": True}, {"synapse_model": model})  # fmt: skip
    counters = {name: nest.Create("spike_recorder", params={"stop": float(job["ms"])})
                for name in nodes}  # fmt: skip
    for name, counter in counters.items():
        nest.Connect(nodes[name], counter)
    nest.Prepare()
    started = time.perf_counter()
    nest.Run(job["ms"])
    wall_s = time.perf_counter() - started
    # The kick's spikes are taken when a slice begins, which is as long as the delay; what they
    # make fire in turn, a delay later, must not be taken any more: it would change all weights again.
    nest.Run(DELAY_MS + 0.1)
    nest.Cleanup()
    some = nodes["exc"][: min(SOURCES, sizes["exc"])]
    found = nest.GetConnections(source=some, synapse_model=plastic_model)
    answer = statistics_of(numpy.array(found.weight))
    for name, counter in counters.items():
        answer[f"rate_{name}"] = counter.n_events / sizes[name] / job["ms"] * 1e3
    print(json.dumps(answer | {"wall_s": wall_s}))


def nest_run(job):
    command = [sys.executable, __file__, "--nest", json.dumps(job)]
    environment = {**os.environ, "PYNEST_QUIET": "1", "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-4000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def table(runs):
    """The page's table, and whether nothing differs."""
    print("| | here | NEST | apart, in NEST's standard deviations |\n|---|---|---|---|")
    fine = True
    for key in runs["ours"][0]:
        if key == "weights":
            continue
        here, there = ([run[key] for run in runs[side]] for side in ("ours", "nest"))
        means = [statistics.mean(values) for values in (here, there)]
        shown = [f"{mean:.4g} ({min(v):.4g} to {max(v):.4g})" for mean, v in zip(means, (here, there))]
        if key == "wall_s":
            print(f"| {key} | {shown[0]} | {shown[1]} | NEST takes {means[1] / means[0]:.1f} times as long |")
            continue
        spread = statistics.stdev(there) if len(there) > 1 else float("nan")
        spread = max(spread, 1e-12 * abs(means[1]))
        apart = abs(means[0] - means[1]) / (spread * (1 / len(here) + 1 / len(there)) ** 0.5)
        fine &= not (apart > 4 and abs(means[0] / means[1] - 1) > 0.02)
        print(f"| {key} | {shown[0]} | {shown[1]} | {apart:.1f} |")
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ms", type=float, default=300.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--static", action="store_true", help="no synapse learns")
    parser.add_argument("--grid", action="store_true", help="ours at 0.1 ms, as NEST")
    parser.add_argument("--nest", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.nest:
        return theirs(json.loads(chosen.nest))
    binary, folder = our_side.find_binary(), runner.OUT / "hpc_plastic"
    runs = {"ours": [], "nest": []}
    for seed in range(1, chosen.seeds + 1):
        print(f"seed {seed}", file=sys.stderr, flush=True)
        job = {"scale": chosen.scale, "seed": seed, "ms": chosen.ms, "threads": chosen.threads,
               "static": chosen.static, "grid": chosen.grid}  # fmt: skip
        runs["ours"].append(ours(binary, folder, job))
        print(runs["ours"][-1], file=sys.stderr, flush=True)
        runs["nest"].append(nest_run(job))
        print(runs["nest"][-1], file=sys.stderr, flush=True)
        (folder / "runs.json").write_text(json.dumps(runs, indent=1))
    sys.exit(0 if table(runs) else 1)


if __name__ == "__main__":
    main()
