"""Explains how far ours and NEST's precise model part in a network without recurrence.

Each neuron of a `lif_delta` scenario once more, event by event in closed form, with one rule as a switch: a
spike's time is kept as it is (NEST), or rounded up to the next nanosecond (ours). If the first gives
NEST's times and the second gives ours, rounding is the whole difference, however far it has grown:
after a reset the membrane is late by the rounding, and where it passes the threshold with a
smaller slope than it left the reset with, it is later still at the next spike.
"""

import math

import between_points
import scenario_file as scenarios

TICK_MS = 1e-6


def arrivals(network):
    """Sorted (time, weight) for each neuron of a feed-forward network."""
    inputs = [[] for _ in range(network.size)]
    for name, population in network.scenario["population"].items():
        if population["model"] != "spike_source":
            continue
        trains = scenarios.source_times(population, network.scenario["folder"])
        for source, train in enumerate(trains):
            for target, weight, steps in network.outgoing.get((name, source), ()):
                inputs[target] += [(round(t / TICK_MS) + steps * 100_000, weight) for t in train]
    return [sorted(one) for one in inputs]


def neuron_spikes(p, inputs, end, round_up):
    """Spike times in ticks, whole ones if they are rounded up; `end` in ticks."""
    v_inf = p["e_l"] + p.get("i_e", 0.0) * p["tau_m"] / p["c_m"]
    tau, t_ref = p["tau_m"] / TICK_MS, p["t_ref"] / TICK_MS
    at, v, free_at, spikes = 0.0, p["e_l"], 0.0, []

    def crossing():
        if v_inf <= p["v_th"]:
            return math.inf
        exact = at + tau * math.log((v_inf - v) / (v_inf - p["v_th"]))
        return math.ceil(exact) if round_up else exact

    for tick, weight in [*inputs, (end, 0.0)]:
        while crossing() < min(tick, end):
            spikes.append(crossing())
            at = free_at = spikes[-1] + t_ref
            v = p["v_reset"]
        if tick >= end or (spikes and tick <= free_at):
            continue
        v = v_inf + (v - v_inf) * math.exp((at - tick) / tau)
        v, at = v + weight, tick
        if v >= p["v_th"]:
            spikes.append(tick)
            at = free_at = tick + t_ref
            v = p["v_reset"]
    return spikes


def trains(path, duration_ms, round_up):
    """Times in ms by (population, neuron)."""
    network = between_points.Network(path)
    result = {}
    for neuron, inputs in enumerate(arrivals(network)):
        spikes = neuron_spikes(network.p, inputs, round(duration_ms / TICK_MS), round_up)
        name = [n for n in network.names if network.first[n] <= neuron][-1]
        key = (network.names.index(name), int(neuron - network.first[name]))
        if spikes:
            result[key] = [tick * TICK_MS for tick in spikes]
    return result


def farthest(a, b):
    """The largest distance of the k-th spikes of two sets of trains; infinite if counts differ."""
    if {key: len(train) for key, train in a.items()} != {k: len(train) for k, train in b.items()}:
        return math.inf
    return max(abs(x - y) for key in a for x, y in zip(a[key], b[key]))


def explain(path, duration_ms, ours, theirs):
    """How far each side is from the rule that is said to be its own, in ms."""
    return {
        "nest_from_unrounded_ms": farthest(theirs, trains(path, duration_ms, False)),
        "ours_from_rounded_ms": farthest(ours, trains(path, duration_ms, True)),
    }
