"""Spike-by-spike comparisons: the same edges and the same input in both simulators.

Each network is drawn here with numpy, written once as a scenario with its edge lists and input
trains, and read by both sides. Weights are multiples of 2^-6, so the f32 of our store holds
them without rounding.
"""

import json

import numpy

import between_points
import our_side
import rounding
import runner
import scenario_file as scenarios

GRID_MS = 0.1
TOLERANCE_MS = 1e-5

MEMBRANE = {
    "tau_m": "20 ms", "c_m": "250 pF", "t_ref": "2 ms",
    "e_l": "-65 mV", "v_reset": "-60 mV", "v_th": "-45 mV",
}  # fmt: skip


class Case:
    """What one comparison runs."""

    def __init__(self, name, model, *, exact=False, recurrent=True, extra=None, current="0 pA",
                 duration_ms=500, seed=1, input_hz=40.0, relay=False):  # fmt: skip
        self.name, self.model, self.exact, self.recurrent = name, model, exact, recurrent
        self.params = {**MEMBRANE, **(extra or {})}
        if current != "0 pA":
            self.params["i_e"] = current
        self.duration_ms, self.seed, self.input_hz, self.relay = duration_ms, seed, input_hz, relay


TWO_TIMES = {"tau_syn_ex": "2 ms", "tau_syn_in": "5 ms"}
ONE_TIME = {"tau_syn_ex": "2 ms", "tau_syn_in": "2 ms"}

CASES = [
    Case("grid_delta", "lif_delta"),
    Case("grid_delta_current", "lif_delta", current="270 pA", input_hz=5.0),
    Case("grid_exp", "lif_exp", extra=TWO_TIMES),
    Case("grid_exp_current", "lif_exp", extra=TWO_TIMES, current="270 pA", input_hz=5.0),
    Case("grid_alpha", "lif_alpha", extra=TWO_TIMES),
    Case("grid_parrot", "lif_delta", relay=True),
    Case("exact_delta_forward", "lif_delta", exact=True, recurrent=False),
    Case("exact_delta", "lif_delta", exact=True),
    Case("exact_delta_current_forward", "lif_delta", exact=True, recurrent=False,
         current="400 pA", input_hz=5.0),
    Case("exact_delta_current", "lif_delta", exact=True, current="400 pA", input_hz=5.0),
    Case("exact_exp_forward", "lif_exp", exact=True, recurrent=False, extra=ONE_TIME),
    Case("exact_exp", "lif_exp", exact=True, extra=ONE_TIME),
    Case("exact_exp_current", "lif_exp", exact=True, extra=ONE_TIME, current="270 pA",
         input_hz=5.0),
]  # fmt: skip

SIZES = {"exc": 320, "inh": 80}
INDEGREES = {"exc": 32, "inh": 8, "input": 50}
INPUTS = 100
# Mean charge of one excitatory synapse, as the jump it makes on a membrane of 250 pF: 0.5 mV.
MEAN_WEIGHT = {
    "lif_delta": {"exc": 0.5, "inh": -2.5, "input": 0.5},
    "lif_exp": {"exc": 62.5, "inh": -125.0, "input": 62.5},
    "lif_alpha": {"exc": 23.0, "inh": -46.0, "input": 23.0},
}


def input_trains(case, generator):
    """Poisson trains on the grid of the comparison, each time once, none at zero."""
    grid = 1e-6 if case.exact else GRID_MS
    neurons, times = [], []
    for source in range(INPUTS):
        count = generator.poisson(case.input_hz * case.duration_ms * 1e-3)
        steps = generator.integers(1, round(case.duration_ms / grid), count)
        # Division, not multiplication: k / 10 is the double nearest to the decimal.
        train = numpy.unique(steps) / round(1 / grid)
        neurons.append(numpy.full(len(train), source))
        times.append(train)
    return numpy.concatenate(neurons), numpy.concatenate(times)


def edge_list(case, source, source_size, target_size, generator):
    """A fixed in-degree, weights spread by a quarter around their mean, delays of 0.1 to 5 ms."""
    indegree = INDEGREES[source]
    mean = MEAN_WEIGHT[case.model][source]
    count = indegree * target_size
    share = generator.integers(48, 81, count) / 64
    return {
        "source": generator.integers(0, source_size, count),
        "target": numpy.repeat(numpy.arange(target_size), indegree),
        "weight": numpy.round(mean * share * 64) / 64,
        "delay_ms": delays(case, count, generator),
    }


def delays(case, count, generator):
    """0.1 to 5 ms. Jump synapses off the grid have multiples of 0.3 ms: then no sum of delays is
    t_ref = 2 ms, and no input arrives at the very end of refractoriness, where rounding decides."""
    if case.exact and case.model == "lif_delta":
        return generator.integers(1, 17, count) * 3 / 10
    return generator.integers(1, 51, count) / 10


def population_text(name, model, size, params):
    table = "".join(f'{key} = "{value}"\n' for key, value in params.items())
    return f'[population.{name}]\nmodel = "{model}"\nsize = {size}\n\n[population.{name}.params]\n{table}\n'


def projection_text(source, target, connect, rest=""):
    return f'[[projection]]\nsource = "{source}"\ntarget = "{target}"\nconnect = {connect}\n{rest}\n'


def write_network(case, folder):
    """The scenario file and the tables that it names."""
    generator = numpy.random.default_rng(case.seed)
    folder.mkdir(parents=True, exist_ok=True)
    neuron, time = input_trains(case, generator)
    numpy.savez(folder / "input.npz", neuron=neuron, time_ms=time)
    resolution = "1 ns" if case.exact else f"{GRID_MS} ms"
    text = [f'title = "{case.name}"\nduration = "{case.duration_ms} ms"\n'
            f'resolution = "{resolution}"\n\n']  # fmt: skip
    for name, size in SIZES.items():
        text.append(population_text(name, case.model, size, case.params))
    text.append(population_text("input", "spike_source", INPUTS, {"file": "input.npz"}))
    senders = {"input": INPUTS, **(SIZES if case.recurrent else {})}
    if case.relay:
        text.append(f'[population.relay]\nmodel = "parrot"\nsize = {INPUTS}\n\n')
        text.append(projection_text("input", "relay", '{ rule = "one_to_one" }',
                                    'weight = 1.0\ndelay = "0.7 ms"\n'))  # fmt: skip
    for target, target_size in SIZES.items():
        for source, source_size in senders.items():
            file = f"{source}_to_{target}.npz"
            table = edge_list(case, source, source_size, target_size, generator)
            numpy.savez(folder / file, **table)
            sender = "relay" if case.relay and source == "input" else source
            text.append(projection_text(sender, target, f'{{ rule = "edges", file = "{file}" }}'))
    (folder / "scenario.toml").write_text("".join(text))
    return folder / "scenario.toml"


def keyed(spikes, grid_ms):
    """Spikes as a set of (population, neuron, step)."""
    steps = numpy.rint(spikes["time_ms"] / grid_ms).astype(numpy.int64)
    columns = (spikes["population"].tolist(), spikes["neuron"].tolist(), steps.tolist())
    return set(zip(*columns))


def compare_on_grid(ours, theirs):
    """Both sides as sets of grid points; the first difference, if there is one."""
    a, b = keyed(ours, GRID_MS), keyed(theirs, GRID_MS)
    different = sorted(a ^ b, key=lambda key: (key[2], key))
    result = {"spikes": len(b), "ours": len(a), "common": len(a & b), "different": len(different)}
    if different:
        population, neuron, step = different[0]
        result["first"] = {"population": population, "neuron": neuron, "time_ms": step * GRID_MS,
                           "fired_in": "ours" if different[0] in a else "NEST"}  # fmt: skip
        before = sum(1 for key in b if key[2] < step)
        result["equal_before"] = before
    return result


def trains(spikes):
    """Sorted times by (population, neuron)."""
    by_neuron = {}
    order = numpy.argsort(spikes["time_ms"], kind="stable")
    columns = (spikes["population"][order], spikes["neuron"][order], spikes["time_ms"][order])
    for population, neuron, time in zip(*(column.tolist() for column in columns)):
        by_neuron.setdefault((population, neuron), []).append(time)
    return by_neuron


def distances(train, other):
    """For each spike of a sorted train the distance to the nearest spike of the other, in ms."""
    if not other:
        return numpy.full(len(train), numpy.inf)
    other, train = numpy.array(other), numpy.array(train)
    at = numpy.searchsorted(other, train)
    after = numpy.abs(other[numpy.minimum(at, len(other) - 1)] - train)
    before = numpy.abs(other[numpy.maximum(at - 1, 0)] - train)
    return numpy.minimum(after, before)


def compare_exact(ours, theirs):
    """The horizon: the time of the first spike without a partner within the tolerance."""
    a, b = trains(ours), trains(theirs)
    horizon, differences = numpy.inf, []
    for key in sorted(set(a) | set(b)):
        x, y = a.get(key, []), b.get(key, [])
        for k in range(max(len(x), len(y))):
            if k >= len(x) or k >= len(y) or abs(x[k] - y[k]) > TOLERANCE_MS:
                at = min(train[k] for train in (x, y) if k < len(train))
                horizon = min(horizon, at)
                break
            differences.append((y[k], abs(x[k] - y[k])))
    inside = [gap for time, gap in differences if time < horizon]
    total = len(theirs["time_ms"])
    apart = numpy.concatenate([distances(train, a.get(key, [])) for key, train in b.items()])
    return {
        "spikes": total,
        "ours": len(ours["time_ms"]),
        "apart": int((apart > TOLERANCE_MS).sum()),
        "farthest_ms": float(apart.max()),
        "common": len(inside),
        "horizon_ms": None if numpy.isinf(horizon) else horizon,
        "largest_gap_ms": max(inside, default=0.0),
    }


def run_case(case, binary):
    """One comparison; without a binary only NEST's side."""
    folder = runner.OUT / "exact" / case.name
    path = write_network(case, folder)
    job = {"scenario": str(path), "seed": 1, "exact": case.exact, "grid_ms": GRID_MS,
           "duration_ms": case.duration_ms}  # fmt: skip
    _, theirs = runner.nest_run(job, folder / "nest")
    rate = len(theirs["time_ms"]) / sum(SIZES.values()) / case.duration_ms * 1e3
    result = {"case": case.name, "rate_hz": rate, "nest_spikes": len(theirs["time_ms"])}
    if binary is None:
        return result
    _, ours = our_side.run(binary, path, folder / "ours")
    keep = theirs["time_ms"] < case.duration_ms
    theirs = {key: column[keep] for key, column in theirs.items()}
    compare = compare_exact if case.exact else compare_on_grid
    result.update(compare(ours, theirs))
    if result.get("different") and case.model == "lif_delta" and not case.relay:
        sets = keyed(ours, GRID_MS), keyed(theirs, GRID_MS)
        result.update(between_points.explain(path, case.duration_ms, *sets))
    if case.exact and case.model == "lif_delta" and not case.recurrent:
        sides = trains(ours), trains(theirs)
        result.update(rounding.explain(path, case.duration_ms, *sides))
    return result


def run(binary, names=None):
    results = []
    for case in CASES:
        if names and case.name not in names:
            continue
        result = run_case(case, binary)
        print(json.dumps(result), flush=True)
        results.append(result)
    return results


if __name__ == "__main__":
    assert scenarios.quantity("1 s") == 1000.0
    run(our_side.find_binary(required=False))
