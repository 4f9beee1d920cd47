"""The model `glif` beside the neurons of NEST that it generalises, spike by spike.

    cargo build --release
    python3 validation/glif.py

`mat2_psc_exp` and `iaf_psc_exp_htum` obey the same equations: on a grid of 0.1 ms, with input on the
grid, every spike must stand in the same step. Two things differ by definition. NEST looks at the
threshold on the grid only, so a membrane that crosses and falls back within a step fires here and
not there; and a membrane within rounding of its threshold may fall on either side. A train is
compared up to its first difference, and one that differs is reported with the step.

`glif_psc` averages its spike-triggered currents over each step and has alpha-shaped synapses. It is
driven by a constant current alone; its spikes must come within two steps of ours per spike, and
the difference must shrink with the step (0.1, 0.01 and 0.001 ms).

Prints a table and ends with exit code 1 if something differs that should not.
"""

import math
import sys
import tempfile
from pathlib import Path

import run

if __name__ == "__main__":
    run.enter_environment(__file__)

import numpy  # noqa: E402

import our_side  # noqa: E402

DURATION_MS = 2000
SEEDS = range(1, 9)
E_L = -70.0
ASC = [(-300.0, 100.0), (150.0, 20.0)]
THRESHOLD = (6.0, 30.0)
REFRACTORY_MS = 2.0
CURRENT_PA = 700.0


def volley(seed):
    """Steps of 0.1 ms and weights in pA of an excitatory and an inhibitory train."""
    generator = numpy.random.default_rng(seed)

    def train(rate_hz, low, high):
        steps = numpy.unique(generator.integers(20, DURATION_MS * 10 - 20,
                                                int(rate_hz * DURATION_MS / 1e3)))  # fmt: skip
        # Multiples of 1/8, which our store of weights holds without rounding.
        return steps, numpy.round(generator.uniform(low, high, len(steps)) * 8) / 8

    return train(900.0, 50.0, 700.0), train(250.0, -600.0, -50.0)


MAT = {
    "name": "mat2_psc_exp",
    "nest": {"tau_m": 5.0, "C_m": 100.0, "E_L": E_L, "tau_syn_ex": 1.0, "tau_syn_in": 3.0,
             "t_ref": 2.0, "tau_1": 10.0, "tau_2": 200.0, "alpha_1": 37.0, "alpha_2": 2.0,
             "omega": -51.0, "V_m": E_L},
    "ours": {"tau_m": "5 ms", "c_m": "100 pF", "e_l": "-70 mV", "v_th": "-51 mV",
             "tau_syn_ex": "1 ms", "tau_syn_in": "3 ms", "t_ref": "0 ms", "t_silent": "2 ms",
             "v_keep": "1", "th_jump": ["37 mV", "2 mV"], "tau_th": ["10 ms", "200 ms"]},
}  # fmt: skip
HTUM = {
    "name": "iaf_psc_exp_htum",
    "nest": {"tau_m": 10.0, "C_m": 250.0, "E_L": E_L, "V_m": E_L, "V_th": -55.0,
             "V_reset": -65.0, "tau_syn_ex": 2.0, "tau_syn_in": 5.0, "t_ref_abs": 1.5,
             "t_ref_tot": 4.0},
    "ours": {"tau_m": "10 ms", "c_m": "250 pF", "e_l": "-70 mV", "v_th": "-55 mV",
             "v_reset": "-65 mV", "tau_syn_ex": "2 ms", "tau_syn_in": "5 ms", "t_ref": "1.5 ms",
             "t_silent": "4 ms"},
}  # fmt: skip


def params(table):
    """The parameters as TOML; pure numbers stand without quotes, lists of texts as they are."""
    return ", ".join(
        f"{key} = {value}" if key == "v_keep" or isinstance(value, list) else f'{key} = "{value}"'
        for key, value in table.items()
    )


def our_spikes(binary, table, resolution_ms, current_pa, trains=()):
    """Steps of the spikes of one neuron of ours."""
    with tempfile.TemporaryDirectory() as folder:
        text = [f'duration = "{DURATION_MS} ms"\nresolution = "{round(resolution_ms * 1e6)} ns"\n'
                f'[population.cell]\nmodel = "glif"\nsize = 1\n'
                f'params = {{ {params(table)}, i_e = "{current_pa} pA" }}\n']  # fmt: skip
        if trains:
            # Each spike of a volley has a weight of its own, so it has a source of its own.
            times = [f'["{step / 10} ms"]' for steps, _ in trains for step in steps]
            weights = [f'"{weight} pA"' for _, values in trains for weight in values]
            count = len(times)
            # A delay of 1 ms is taken off on the way in.
            text.append(f'[population.input]\nmodel = "spike_source"\nsize = {count}\n'
                        f'params = {{ times = [{", ".join(times)}] }}\n'
                        f'[[projection]]\nsource = "input"\ntarget = "cell"\n'
                        f'connect = {{ rule = "edges", source = {list(range(count))}, '
                        f'target = {[0] * count}, weight = [{", ".join(weights)}] }}\n'
                        f'delay = "1 ms"\n')  # fmt: skip
        path = Path(folder) / "scenario.toml"
        path.write_text("".join(text))
        _, spikes = our_side.run(binary, path, Path(folder) / "out")
    return numpy.rint(spikes["time_ms"] / resolution_ms).astype(int)


def nest_spikes(model, parameters, resolution_ms, trains=()):
    """Steps of the spikes of one neuron of NEST."""
    import nest

    nest.ResetKernel()
    nest.set_verbosity("M_ERROR")
    nest.set(resolution=resolution_ms)
    neuron = nest.Create(model, params=parameters)
    recorder = nest.Create("spike_recorder")
    nest.Connect(neuron, recorder)
    for steps, weights in trains:
        generator = nest.Create("spike_generator", params={
            "spike_times": steps / 10, "spike_weights": weights})  # fmt: skip
        nest.Connect(generator, neuron, syn_spec={"delay": 1.0})
    nest.Simulate(DURATION_MS)
    steps = numpy.rint(recorder.events["times"] / resolution_ms).astype(int)
    return steps[steps < round(DURATION_MS / resolution_ms)]


def same_equations(binary):
    """Step for step; whether all trains agree."""
    agree = True
    print(f"{'NEST':18} {'seed':>4} {'current':>8} {'spikes':>7}  difference")
    for case in (MAT, HTUM):
        for seed in SEEDS:
            current = 150.0 if seed % 2 else 250.0
            trains = volley(seed)
            ours = our_spikes(binary, case["ours"], 0.1, current, trains)
            nest = nest_spikes(case["name"], {**case["nest"], "I_e": current}, 0.1, trains)
            shorter = min(len(ours), len(nest))
            parts = numpy.flatnonzero(ours[:shorter] != nest[:shorter])
            same = len(ours) == len(nest) and len(parts) == 0
            where = parts[0] if len(parts) else shorter
            words = "none" if same else f"spike {where} of {len(ours)} and {len(nest)}"
            agree &= same and len(ours) > 10
            print(f"{case['name']:18} {seed:4} {current:8} {len(ours):7}  {words}")
    return agree


def glif_psc(binary):
    """With a constant current, at three steps; whether the trains come together."""
    late = math.exp(REFRACTORY_MS / THRESHOLD[1])
    ours = {"tau_m": "10 ms", "c_m": "250 pF", "e_l": "-70 mV", "v_reset": "-70 mV",
            "v_th": "-55 mV", "t_ref": f"{REFRACTORY_MS} ms",
            "asc_jump": [f"{amplitude * math.exp(REFRACTORY_MS / tau)!r} pA"
                         for amplitude, tau in ASC],
            "tau_asc": [f"{tau} ms" for _, tau in ASC],
            "th_jump": [f"{THRESHOLD[0] * late!r} mV"],
            "tau_th": [f"{THRESHOLD[1]} ms"]}  # fmt: skip
    # It has no constant current: that lifts the resting potential by I / g instead.
    lift = CURRENT_PA / 25.0
    nest = {"C_m": 250.0, "g": 25.0, "E_L": E_L + lift, "V_m": E_L, "V_th": -55.0, "V_reset": -70.0,
            "t_ref": REFRACTORY_MS, "spike_dependent_threshold": True,
            "after_spike_currents": True, "adapting_threshold": False,
            "th_spike_add": THRESHOLD[0], "th_spike_decay": 1.0 / THRESHOLD[1],
            "voltage_reset_fraction": 0.0, "voltage_reset_add": -lift,
            "asc_init": [0.0] * len(ASC), "asc_decay": [1.0 / tau for _, tau in ASC],
            "asc_amps": [amplitude for amplitude, _ in ASC], "asc_r": [1.0] * len(ASC)}  # fmt: skip
    exact = our_spikes(binary, ours, 1e-6, CURRENT_PA) * 1e-6
    print(f"\nglif_psc, {len(exact)} spikes of ours: the largest distance to NEST's, in ms")
    found = []
    for resolution in (0.1, 0.01, 0.001):
        theirs = nest_spikes("glif_psc", nest, resolution) * resolution
        count = min(len(theirs), len(exact))
        distance = numpy.max(numpy.abs(theirs[:count] - exact[:count]))
        found.append((distance, abs(len(theirs) - len(exact)) <= 1 and count > 20))
        print(f"  step {resolution:5} ms: {len(theirs)} spikes, {distance:.5f} ms")
    (coarse, _), _, (fine, _) = found
    return all(enough for _, enough in found) and fine < 0.02 * coarse + 1e-3


def main():
    binary = our_side.find_binary()
    agree = same_equations(binary)
    agree &= glif_psc(binary)
    print("\nall as it should be" if agree else "\nDIFFERS")
    sys.exit(0 if agree else 1)


if __name__ == "__main__":
    main()
