"""Does a kick make one spike in NEST? Why `fly` fires twice as often with NEST's lossless model.

    validation/peers/.venv/bin/python validation/peers/kicks.py

The driven neurons of scenarios/fly.toml alone: 200 of them, a second of kicks at 150 Hz, each a
pulse of 0.1 ms that takes the membrane from rest over threshold within 0.01 ms. They are
refractory until the pulse is over, so a kick makes one spike, or none if it falls into another.
Then a single neuron that is kicked once by a current nobody takes away, and is refractory for 20 ms.
"""

import nest

NEURON = {"tau_m": 20.0, "C_m": 20.0, "tau_syn_ex": 5.0, "tau_syn_in": 5.0, "E_L": -52.0,
          "V_reset": -52.0, "V_th": -45.0, "V_m": -52.0}  # fmt: skip
KICK_PA, END_PA = 13922.82, -13647.13
MODELS = [
    ("iaf_psc_exp", "poisson_generator", "parrot_neuron"),
    ("iaf_psc_exp_ps", "poisson_generator_ps", "parrot_neuron_ps"),
    ("iaf_psc_exp_ps_lossless", "poisson_generator_ps", "parrot_neuron_ps"),
]


def counted(population):
    recorder = nest.Create("spike_recorder")
    nest.Connect(population, recorder)
    return recorder


def start():
    nest.ResetKernel()
    nest.set(resolution=0.1, rng_seed=7)


def driven(model, generator, parrot, size=200):
    """Kicks and spikes of each neuron in a second."""
    start()
    generators = nest.Create(generator, size, {"rate": 150.0})
    kicks = nest.Create(parrot, size)
    neurons = nest.Create(model, size, NEURON | {"t_ref": 0.1})
    nest.Connect(generators, kicks, "one_to_one", {"delay": 0.1})
    nest.Connect(kicks, neurons, "one_to_one", {"weight": KICK_PA, "delay": 1.8})
    nest.Connect(kicks, neurons, "one_to_one", {"weight": END_PA, "delay": 1.9})
    recorders = counted(kicks), counted(neurons)
    nest.Simulate(1000.0)
    return [recorder.n_events / size for recorder in recorders]


def refractory(model):
    """Spikes within 15 ms of a kick, in a neuron that is refractory for 20 ms."""
    start()
    neuron = nest.Create(model, 1, NEURON | {"t_ref": 20.0})
    source = nest.Create("spike_generator", 1, {"spike_times": [10.0]})
    nest.Connect(source, neuron, syn_spec={"weight": KICK_PA, "delay": 1.0})
    recorder = counted(neuron)
    nest.Simulate(26.0)
    return recorder.n_events


def main():
    nest.verbosity = nest.VerbosityLevel.ERROR
    print("| model | kicks | spikes | spikes in 15 ms, refractory for 20 ms |")
    print("|---|---|---|---|")
    for model, generator, parrot in MODELS:
        kicks, spikes = driven(model, generator, parrot)
        print(f"| {model} | {kicks:.1f} | {spikes:.1f} | {refractory(model)} |")


if __name__ == "__main__":
    main()
