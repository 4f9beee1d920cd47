"""Builds a scenario in NEST, runs it, and leaves its spikes in a file.

    python nest_side.py JOB.json

The job is one object: scenario, changes, seed, threads, grid_ms, exact (use the models with
precise spike times), duration_ms, out. Standard output ends in one line of JSON with times and counts.
"""

import json
import sys
import time

import nest
import numpy

import scenario_file as scenarios

MODELS = {
    "lif_delta": ("iaf_psc_delta", "iaf_psc_delta_ps"),
    "lif_exp": ("iaf_psc_exp", "iaf_psc_exp_ps_lossless"),
    "lif_alpha": ("iaf_psc_alpha", "iaf_psc_alpha_ps"),
    "parrot": ("parrot_neuron", "parrot_neuron_ps"),
}
PARAMETERS = {
    "tau_m": "tau_m", "c_m": "C_m", "t_ref": "t_ref", "e_l": "E_L", "v_reset": "V_reset",
    "v_th": "V_th", "tau_syn_ex": "tau_syn_ex", "tau_syn_in": "tau_syn_in",
}  # fmt: skip
EDGES_AT_ONCE = 2_000_000


def law_in_nest(value):
    """A constant, or a NEST parameter that draws for each connection."""
    if not scenarios.is_law(value):
        return scenarios.quantity(value)
    name, first, second, low, high, outside = scenarios.law(value)
    drawn = {
        "uniform": lambda: nest.random.uniform(first, second),
        "normal": lambda: nest.random.normal(first, second),
        "lognormal": lambda: first * nest.random.lognormal(0.0, second),
        "exponential": lambda: first * nest.random.exponential(1.0),
    }[name]()
    if outside == "clip":
        drawn = nest.math.max(drawn, low) if numpy.isfinite(low) else drawn
        return nest.math.min(drawn, high) if numpy.isfinite(high) else drawn
    if numpy.isfinite(low) or numpy.isfinite(high):
        return nest.math.redraw(drawn, max(low, -1e300), min(high, 1e300))
    return drawn


def create_population(population, folder, exact, generator):
    size, model, params = population["size"], population["model"], population.get("params", {})
    if model == "poisson":
        generators = nest.Create("poisson_generator_ps" if exact else "poisson_generator", size,
                                 {"rate": scenarios.quantity(params["rate"])})  # fmt: skip
        # A generator sends another train to each target; a parrot makes it one train for all.
        parrots = nest.Create(MODELS["parrot"][exact], size)
        nest.Connect(generators, parrots, "one_to_one", {"delay": nest.resolution})
        return parrots
    if model == "spike_source":
        sources = nest.Create("spike_generator", size, {"precise_times": bool(exact)})
        trains = scenarios.source_times(population, folder)
        sources.set([{"spike_times": numpy.array(train, dtype=float)} for train in trains])
        return sources
    constant = {PARAMETERS[k]: scenarios.quantity(v) for k, v in params.items() if k != "i_e"}
    if model == "lif_exp" and exact:
        # NEST's lossless model knows only one time constant for both signs.
        assert constant.get("tau_syn_ex", 2.0) == constant.get("tau_syn_in", 2.0)
    constant["V_m"] = constant.get("E_L", -70.0)
    if model == "parrot":
        return nest.Create(MODELS[model][exact], size)
    # A model of its own: setting a value node by node takes minutes in a large population.
    nest.CopyModel(MODELS[model][exact], "model_of_" + population["name"], constant)
    neurons = nest.Create("model_of_" + population["name"], size)
    current = params.get("i_e", 0.0)
    if isinstance(current, dict) and "period" in current:
        periods = scenarios.draw(current["period"], size, generator)
        neurons.set({"I_e": scenarios.current_for_period(params, periods)})
    elif current != 0.0:
        neurons.set({"I_e": scenarios.draw(current, size, generator)})
    if "v_m" in population.get("init", {}):
        neurons.set({"V_m": scenarios.draw(population["init"]["v_m"], size, generator)})
    return neurons


def connect(projection, populations, folder):
    """Makes the projection and answers with its number of synapses."""
    source, target = populations[projection["source"]], populations[projection["target"]]
    spec = projection["connect"]
    if spec["rule"] == "edges":
        return connect_edges(projection, source, target, folder)
    rule = {
        "rule": spec["rule"],
        "allow_autapses": spec.get("autapses", True),
        "allow_multapses": spec.get("multapses", True),
    }
    for ours, theirs in (("indegree", "indegree"), ("outdegree", "outdegree"), ("p", "p"),
                         ("number", "N")):  # fmt: skip
        if ours in spec:
            rule[theirs] = law_in_nest(spec[ours]) if scenarios.is_law(spec[ours]) else spec[ours]
    if spec["rule"] in ("pairwise_bernoulli", "all_to_all", "one_to_one"):
        del rule["allow_multapses"]
    before = nest.num_connections
    synapse = {"weight": law_in_nest(projection["weight"]),
               "delay": law_in_nest(projection["delay"])}  # fmt: skip
    nest.Connect(source, target, rule, synapse)
    return nest.num_connections - before


def connect_arrays(source, target, pairs, weight, delay):
    """One synapse for each pair of indices; weight and delay are numbers or arrays."""
    sources = numpy.array(source.tolist())[pairs[0]]
    targets = numpy.array(target.tolist())[pairs[1]]
    for at in range(0, len(sources), EDGES_AT_ONCE):
        part = slice(at, at + EDGES_AT_ONCE)
        synapse = {
            "weight": numpy.broadcast_to(weight, len(sources))[part].copy(),
            "delay": numpy.broadcast_to(delay, len(sources))[part].copy(),
        }
        nest.Connect(sources[part], targets[part], "one_to_one", synapse)
    return len(sources)


def connect_edges(projection, source, target, folder):
    from_, to, weight, delay = scenarios.edges(projection, folder)
    weight = scenarios.quantity(projection["weight"]) if weight is None else weight
    delay = scenarios.quantity(projection["delay"]) if delay is None else delay
    return connect_arrays(source, target, (from_, to), weight, delay)


def add_background(background, scenario, populations, exact):
    name, chosen = scenarios.selection(background["target"], scenario)
    rate = scenarios.steps(background["rate"])
    if len(rate) == 1:
        generators = nest.Create("poisson_generator_ps" if exact else "poisson_generator",
                                 params={"rate": rate[0][1]})  # fmt: skip
    elif exact:
        # NEST has no stepped Poisson generator off the grid, but each may be on for a while.
        ends = [start for start, _ in rate[1:]] + [1e9]
        levels = [{"rate": level, "start": start, "stop": end}
                  for (start, level), end in zip(rate, ends) if level > 0]  # fmt: skip
        generators = nest.Create("poisson_generator_ps", len(levels))
        generators.set(levels)
    else:
        later = [(start, level) for start, level in rate if start > 0]
        generators = nest.Create("inhomogeneous_poisson_generator", params={
            "rate_times": [start for start, _ in later],
            "rate_values": [level for _, level in later],
        })  # fmt: skip
    targets = populations[name]
    if len(chosen) < len(targets):
        targets = targets[[int(k) for k in chosen]]
    synapse = {"weight": scenarios.quantity(background["weight"]), "delay": nest.resolution}
    nest.Connect(generators, targets, "all_to_all", synapse)


def build(scenario, job, generator):
    populations = {}
    for name, population in scenario["population"].items():
        populations[name] = create_population(
            population, scenario["folder"], job["exact"], generator
        )
    synapses = {}
    for index, projection in enumerate(scenario.get("projection", [])):
        synapses[index] = connect(projection, populations, scenario["folder"])
    for background in scenario.get("background", []):
        add_background(background, scenario, populations, job["exact"])
    return populations, synapses


def record(scenario, populations):
    """A recorder for each population that fires."""
    recorders = {}
    for name, population in scenario["population"].items():
        if population["model"] == "spike_source":
            continue
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(populations[name], recorders[name])
    return recorders


def collect(recorders, populations):
    """Population number, neuron and time of each spike."""
    columns = {"population": [], "neuron": [], "time_ms": []}
    for index, (name, nodes) in enumerate(populations.items()):
        if name not in recorders:
            continue
        events = recorders[name].events
        columns["population"].append(numpy.full(len(events["times"]), index))
        columns["neuron"].append(events["senders"] - nodes[0].global_id)
        columns["time_ms"].append(events["times"])
    return {key: numpy.concatenate(parts) for key, parts in columns.items()}


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    scenario = scenarios.load(job["scenario"], job.get("changes", []))
    nest.ResetKernel()
    nest.set(resolution=job.get("grid_ms", 0.1), local_num_threads=job.get("threads", 1),
             rng_seed=job["seed"] + 1000, overwrite_files=True)  # fmt: skip
    generator = numpy.random.default_rng(job["seed"])
    started = time.perf_counter()
    populations, synapses = build(scenario, job, generator)
    recorders = record(scenario, populations)
    built = time.perf_counter()
    nest.Prepare()
    prepared = time.perf_counter()
    nest.Run(job["duration_ms"])
    done = time.perf_counter()
    nest.Cleanup()
    spikes = collect(recorders, populations)
    numpy.savez(job["out"], **spikes)
    names = list(populations)
    events = 0
    for index, projection in enumerate(scenario.get("projection", [])):
        population = names.index(projection["source"])
        sent = numpy.count_nonzero(spikes["population"] == population)
        events += sent * synapses[index] / len(populations[projection["source"]])
    print(json.dumps({
        "nest": nest.__version__,
        "build_s": built - started,
        "prepare_s": prepared - built,
        "simulate_s": done - prepared,
        "synapses": sum(synapses.values()),
        "synaptic_events": events,
        "spikes": len(spikes["time_ms"]),
        "sizes": {name: len(nodes) for name, nodes in populations.items()},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
