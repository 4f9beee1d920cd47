"""Rules of plasticity, spike by spike: one synapse, the same trains, here and in NEST.

    cargo build --release --example one_synapse
    python3 validation/plasticity.py

The synapse connects two parrot neurons in NEST; its weight is recorded whenever a spike is sent. Our side
runs the code of the rule itself, with weights stored in double precision (`examples/one_synapse.rs`; the
variable ONE_SYNAPSE may name another binary). In NEST all of the delay is dendritic.

The trains of source, target and modulator lie on different thirds of the grid, so nothing meets anything at
the synapse: NEST and this program define coincidences differently (docs of the rules). The coincident case
is run as well, apart, and its difference is reported, not judged. The first spike of the source comes
first of all, because some of NEST's rules pair earlier spikes of the target with time zero.

Prints a table and ends with exit code 1 if a weight differs by more than 1e-9 relative.
"""

import json
import os
import subprocess
import sys

import run

if __name__ == "__main__":
    run.enter_environment(__file__)

import numpy  # noqa: E402

TOLERANCE = 1e-9
GRID_MS = 0.1
STEP_NS = 100_000
DELAY_STEPS = 13
SEEDS = range(1, 6)
# A parrot repeats what its generator sent one step of the smallest delay later.
PARROT_STEPS = 10
MODULATOR_STEPS = 10

PAIRS = {"tau_plus": 17.0, "tau_minus": 31.0, "lambda": 0.03, "alpha": 1.1, "w_max": 2.0}


def pairs(nest_model, pairing, form, mu_plus=0.0, mu_minus=0.0):
    """A case of our `stdp` against one of NEST's synapses of the same parameters."""
    ours = {**PAIRS, "pairing": pairing, "form": form, "mu_plus": mu_plus, "mu_minus": mu_minus}
    nest_parameters = {
        "tau_plus": 17.0, "lambda": 0.03, "alpha": 1.1, "Wmax": 2.0,
        "mu_plus": mu_plus, "mu_minus": mu_minus,
    }  # fmt: skip
    if form in ("additive", "multiplicative"):
        exponent = {"additive": 0.0, "multiplicative": 1.0}[form]
        nest_parameters |= {"mu_plus": exponent, "mu_minus": exponent}
    return {
        "name": f"{pairing}, {form}", "rule": "stdp", "ours": ours, "model": nest_model,
        "nest": nest_parameters, "target": {"tau_minus": 31.0}, "weight": 0.9,
    }  # fmt: skip


def cases():
    """Every comparison."""
    models = {
        "all_to_all": "stdp_synapse",
        "nearest_symmetric": "stdp_nn_symm_synapse",
        "nearest_restricted": "stdp_nn_restr_synapse",
        "nearest_pre_centred": "stdp_nn_pre_centered_synapse",
    }
    for pairing, model in models.items():
        yield pairs(model, pairing, "additive")
        yield pairs(model, pairing, "multiplicative")
        yield pairs(model, pairing, "power", 0.3, 0.7)
    yield {
        "name": "all_to_all, morrison", "rule": "stdp",
        "ours": {**PAIRS, "form": "morrison", "mu_plus": 0.4, "w_ref": 1.0, "w_max": 1e6},
        "model": "stdp_pl_synapse_hom",
        "nest": {"tau_plus": 17.0, "lambda": 0.03, "alpha": 1.1, "mu": 0.4},
        "target": {"tau_minus": 31.0}, "weight": 45.0,
    }  # fmt: skip
    yield {
        "name": "triplets", "rule": "stdp_triplet",
        "ours": {"tau_plus": 16.8, "tau_x": 101.0, "tau_minus": 33.7, "tau_y": 125.0,
                 "a2_plus": 1e-3, "a2_minus": 7e-3, "a3_plus": 6.2e-3, "a3_minus": 2.3e-3,
                 "w_max": 2.0},
        "model": "stdp_triplet_synapse",
        "nest": {"tau_plus": 16.8, "tau_plus_triplet": 101.0, "Aplus": 2e-3, "Aminus": 14e-3,
                 "Aplus_triplet": 12.4e-3, "Aminus_triplet": 4.6e-3, "Wmax": 2.0},
        "target": {"tau_minus": 33.7, "tau_minus_triplet": 125.0}, "weight": 0.9,
    }  # fmt: skip
    for name, u, tau_rec, tau_fac in [
        ("depression", 0.5, 300.0, 0.0),
        ("facilitation", 0.1, 50.0, 800.0),
    ]:
        yield {
            "name": name, "rule": "short_term",
            "ours": {"u": u, "tau_rec": tau_rec, "tau_fac": tau_fac},
            "model": "tsodyks2_synapse",
            "nest": {"U": u, "u": u, "x": 1.0, "tau_rec": tau_rec, "tau_fac": tau_fac},
            "target": {}, "weight": 0.9,
        }  # fmt: skip
    yield {
        "name": "inhibition", "rule": "vogels_inhibitory",
        "ours": {"tau": 20.0, "eta": 0.02, "rate": 7.0, "w_max": -2.0},
        "model": "vogels_sprekeler_synapse",
        "nest": {"tau": 20.0, "eta": 0.04, "alpha": 2 * 0.007 * 20.0, "Wmax": -2.0},
        "target": {"tau_minus": 20.0}, "weight": -0.9,
    }  # fmt: skip
    for name, baseline, bounds in [
        ("dopamine", 0.0, (-20.0, 20.0)),
        ("dopamine with a baseline", 5.0, (-20.0, 20.0)),
        ("dopamine at its bounds", 5.0, (0.0, 1.5)),
    ]:
        yield {
            "name": name, "rule": "stdp_dopamine",
            "ours": {"a_plus": 0.02, "a_minus": 0.015, "tau_plus": 17.0, "tau_minus": 31.0,
                     "tau_c": 700.0, "tau_n": 150.0, "b": baseline,
                     "w_min": bounds[0], "w_max": bounds[1]},
            "model": "stdp_dopamine_synapse",
            "nest": {"A_plus": 0.02, "A_minus": 0.015, "tau_plus": 17.0, "tau_c": 700.0,
                     "tau_n": 150.0, "b": baseline / 1000.0,
                     "Wmin": bounds[0], "Wmax": bounds[1]},
            "target": {"tau_minus": 31.0}, "weight": 0.9,
        }  # fmt: skip


def trains(seed, coincide):
    """Steps of the spikes at the somata. Bursts and silences; thirds of the grid unless they meet."""
    generator = numpy.random.default_rng(seed)

    def train(third, rate_hz):
        gaps = generator.exponential(1000.0 / rate_hz / GRID_MS, 200)
        gaps *= generator.choice([0.05, 1.0, 3.0], 200)
        steps = PARROT_STEPS + 100 + numpy.cumsum(numpy.ceil(gaps)).astype(int)
        if coincide:
            return numpy.unique(steps)
        return numpy.unique(steps // 3 * 3 + third)

    source, target, modulator = train(0, 15.0), train(1, 15.0), train(2, 8.0)
    # As they reach the synapse: the target's spikes DELAY_STEPS later.
    target = target + (0 if coincide else 3 - DELAY_STEPS % 3)
    source = numpy.concatenate([[30], source])
    if coincide:
        target = numpy.unique(numpy.concatenate([target, source[5::4] - DELAY_STEPS]))
    return source, target[target > 40], modulator[modulator > 40]


def nest_weights(case, source, target, modulator):
    """What NEST's synapse sent with each spike."""
    import nest

    nest.ResetKernel()
    nest.set_verbosity("M_ERROR")
    nest.set(resolution=GRID_MS)
    recorder = nest.Create("weight_recorder")
    common = {"weight_recorder": recorder}
    if case["rule"] == "stdp_dopamine":
        # The transmitter hands its spikes on only after the end: NEST's synapses may otherwise
        # be moved past spikes that are still on their way to them.
        transmitter = nest.Create("volume_transmitter", params={"deliver_interval": 100_000})
        common["volume_transmitter"] = transmitter
    homogeneous = case["model"] in ("stdp_dopamine_synapse", "stdp_pl_synapse_hom")
    nest.CopyModel(case["model"], "plastic", {**common, **(case["nest"] if homogeneous else {})})
    neurons = nest.Create("parrot_neuron", 3)
    if case["target"]:
        neurons[1].set(case["target"])
    for neuron, steps in zip(neurons, (source, target, modulator), strict=True):
        times = (steps - PARROT_STEPS) / 10
        generator = nest.Create("spike_generator", params={"spike_times": times})
        nest.Connect(generator, neuron, syn_spec={"delay": PARROT_STEPS / 10})
    spec = {
        "synapse_model": "plastic", "weight": case["weight"], "delay": DELAY_STEPS / 10,
        "receptor_type": 1, **({} if homogeneous else case["nest"]),
    }  # fmt: skip
    nest.Connect(neurons[0], neurons[1], syn_spec=spec)
    if case["rule"] == "stdp_dopamine":
        nest.Connect(neurons[2], transmitter, syn_spec={"delay": MODULATOR_STEPS / 10})
    nest.Simulate((max(source[-1], target[-1], modulator[-1]) + 100) / 10)
    events = recorder.events
    return events["weights"][numpy.argsort(events["times"], kind="stable")]


def experiment(case, source, target, modulator):
    """The same for our side, as JSON."""
    return {
        "rule": case["rule"], "parameters": case["ours"], "weight": case["weight"],
        "axonal_ns": 0, "dendritic_ns": DELAY_STEPS * STEP_NS,
        "source_ns": (source * STEP_NS).tolist(), "target_ns": (target * STEP_NS).tolist(),
        "modulator_ns": ((modulator + MODULATOR_STEPS) * STEP_NS).tolist(),
    }  # fmt: skip


def our_weights(experiments):
    """What our synapse transmitted, for a list of experiments."""
    binary = os.environ.get("ONE_SYNAPSE", run.HERE.parent / "target/release/examples/one_synapse")
    done = subprocess.run([binary], input=json.dumps(experiments), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return [numpy.array(weights) for weights in json.loads(done.stdout)]


def compare(coincide):
    """For each case the largest difference, relative to the weight or, where spikes meet, to the
    largest weight; the number of weights and their range."""
    jobs = [(case, trains(seed, coincide)) for case in cases() for seed in SEEDS]
    ours = our_weights([experiment(case, *spikes) for case, spikes in jobs])
    rows = {}
    for (case, spikes), found in zip(jobs, ours, strict=True):
        expected = nest_weights(case, *spikes)
        assert len(found) == len(expected), (case["name"], len(found), len(expected))
        size = numpy.abs(expected)
        size = size.max() if coincide else numpy.maximum(size, 1e-6)
        largest = numpy.max(numpy.abs(found - expected) / size)
        row = rows.setdefault(case["name"], [case["model"], 0.0, 0, numpy.inf, -numpy.inf])
        row[1] = max(row[1], float(largest))
        row[2] += len(found)
        row[3], row[4] = min(row[3], expected.min()), max(row[4], expected.max())
    return rows


def eager(case, source, target):
    """Multiplicative steps, all to all, from the equations alone. A spike of the target that meets an
    arrival comes after it and makes a pair with it."""
    p = case["ours"]
    arrivals = source * GRID_MS
    spikes = (target + DELAY_STEPS) * GRID_MS
    # At one tick the arrival comes first.
    steps = sorted([(k, 0) for k in source] + [(k + DELAY_STEPS, 1) for k in target])
    weight, sent = case["weight"], []
    for step, is_target in steps:
        now = step * GRID_MS
        if is_target:
            x = numpy.exp((arrivals[source <= step] - now) / p["tau_plus"]).sum()
            weight = min(weight + p["lambda"] * (p["w_max"] - weight) * x, p["w_max"])
        else:
            y = numpy.exp((spikes[target + DELAY_STEPS < step] - now) / p["tau_minus"]).sum()
            weight = max(weight - p["lambda"] * p["alpha"] * weight * y, 0.0)
            sent.append(weight)
    return numpy.array(sent)


def nest_eager(case, source, target):
    """The same as NEST does it: what met an arrival has been taken before it, as a pair with
    the arrivals before, and not as a pair with this one in either direction."""
    p = case["ours"]
    weight, sent, last = case["weight"], [], -1
    for step in source:
        now = step * GRID_MS
        for spike in target[(target + DELAY_STEPS > last) & (target + DELAY_STEPS <= step)]:
            before = source[source <= last] * GRID_MS
            x = numpy.exp((before - (spike + DELAY_STEPS) * GRID_MS) / p["tau_plus"]).sum()
            weight = min(weight + p["lambda"] * (p["w_max"] - weight) * x, p["w_max"])
        earlier = (target[target + DELAY_STEPS < step] + DELAY_STEPS) * GRID_MS
        y = numpy.exp((earlier - now) / p["tau_minus"]).sum()
        weight = max(weight - p["lambda"] * p["alpha"] * weight * y, 0.0)
        sent.append(weight)
        last = step
    return numpy.array(sent)


def explain_coincidences():
    """Whether the definitions of both programs are the whole difference where spikes meet."""
    case = next(c for c in cases() if c["name"] == "all_to_all, multiplicative")
    largest = [0.0, 0.0]
    for seed in SEEDS:
        source, target, modulator = trains(seed, True)
        found = our_weights([experiment(case, source, target, modulator)])[0]
        for which, (weights, expected) in enumerate([
            (found, eager(case, source, target)),
            (nest_weights(case, source, target, modulator), nest_eager(case, source, target)),
        ]):  # fmt: skip
            difference = numpy.max(numpy.abs(weights / expected - 1.0))
            largest[which] = max(largest[which], float(difference))
    print(f"\nmultiplicative, from the equations with each definition: ours within {largest[0]:.1e},"
          f" NEST within {largest[1]:.1e}")  # fmt: skip
    return max(largest) < TOLERANCE


def main():
    failed = False
    for coincide in (False, True):
        print("\nspikes that meet at the synapse" if coincide else "\nspikes that do not meet")
        print(f"{'case':34} {'NEST':30} {'weights':>7} {'range':>18} {'largest difference':>19}")
        for name, (model, largest, count, low, high) in compare(coincide).items():
            bad = not coincide and not largest < TOLERANCE
            failed |= bad
            mark = "  DIFFERS" if bad else ""
            weights = f"{low:.4g} to {high:.4g}"
            print(f"{name:34} {model:30} {count:7} {weights:>18} {largest:19.1e}{mark}")
    failed |= not explain_coincidences()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
