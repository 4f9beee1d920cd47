"""Reads a scenario file into plain numbers: ms, mV, pA, pF, Hz.

Knows only as much of the grammar as the comparisons need, and is written apart from the Rust
parser on purpose: where the two read a file differently, the comparison fails.
"""

import csv
import math
import re
import tomllib
from pathlib import Path

import numpy

UNITS = {
    "s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6,
    "V": 1e3, "mV": 1.0,
    "nA": 1e3, "pA": 1.0,
    "nF": 1e3, "pF": 1.0,
    "kHz": 1e3, "Hz": 1.0,
}  # fmt: skip


def quantity(value):
    """A number in the base unit of its kind."""
    if isinstance(value, (int, float)):
        return float(value)
    number, unit = re.fullmatch(r"\s*(\S+)\s+(\S+)\s*", value).groups()
    return float(number) * UNITS[unit]


def load(path, changes=()):
    """The file as a dictionary, after `changes`: pairs of a dotted path and a value."""
    with open(path, "rb") as file:
        scenario = tomllib.load(file)
    for key, value in changes:
        place = scenario
        *parents, last = key.split(".")
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place.setdefault(parent, {})
        place[last] = value
    scenario["folder"] = Path(path).parent
    for name, population in scenario["population"].items():
        population["name"] = name
    return scaled(scenario)


def is_law(value):
    return isinstance(value, dict) and bool(
        {"uniform", "normal", "lognormal", "exponential"} & set(value)
    )


def law(value):
    """A law as (name, first, second, low, high, outside)."""
    name = next(k for k in ("uniform", "normal", "lognormal", "exponential") if k in value)
    body = value[name]
    bounds = {**value, **(body if isinstance(body, dict) else {})}
    keys = {"normal": ("mean", "sd"), "lognormal": ("median", "sigma"), "exponential": ("mean",)}
    numbers = body if name == "uniform" else [body[key] for key in keys[name]]
    first, second = [quantity(number) for number in (*numbers, 0)[:2]]
    low = quantity(bounds["min"]) if "min" in bounds else -math.inf
    high = quantity(bounds["max"]) if "max" in bounds else math.inf
    return name, first, second, low, high, bounds.get("outside", "redraw")


def draw(value, size, generator):
    """`size` values of a constant, a list or a law."""
    if isinstance(value, dict) and "values" in value:
        return numpy.array([quantity(v) for v in value["values"]])
    if not is_law(value):
        return numpy.full(size, quantity(value))
    name, first, second, low, high, outside = law(value)
    sample = {
        "uniform": lambda n: generator.uniform(first, second, n),
        "normal": lambda n: generator.normal(first, second, n),
        "lognormal": lambda n: first * numpy.exp(second * generator.standard_normal(n)),
        "exponential": lambda n: generator.exponential(1.0, n) * first,
    }[name]
    drawn = sample(size)
    if outside == "clip":
        return numpy.clip(drawn, low, high)
    while True:
        wrong = (drawn < low) | (drawn > high)
        if not wrong.any():
            return drawn
        drawn[wrong] = sample(int(wrong.sum()))


def mean(value):
    """The mean of a constant or of an unbounded law; bounds are ignored."""
    if not is_law(value):
        return quantity(value)
    name, first, second, *_ = law(value)
    return {
        "uniform": (first + second) / 2,
        "normal": first,
        "lognormal": first * math.exp(second**2 / 2),
        "exponential": first,
    }[name]


def steps(value):
    """Pairs of a start and a value."""
    if isinstance(value, dict):
        return [(quantity(start), quantity(level)) for start, level in value["steps"]]
    return [(0.0, quantity(value))]


def selection(value, scenario):
    """The population's name and the indices that are meant."""
    if isinstance(value, str):
        value = {"population": value}
    size = scenario["population"][value["population"]]["size"]
    return value["population"], value.get("neurons", list(range(value.get("count", size))))


def edges(projection, folder):
    """Columns of an edge list; weight and delay are None where the file has none."""
    connect = projection["connect"]
    path = folder / connect["file"]
    if path.suffix == ".npz":
        table = dict(numpy.load(path))
    else:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        table = {key: numpy.array([float(row[key]) for row in rows]) for key in rows[0]}
    weight = table.get("weight")
    if weight is not None:
        weight = weight.astype(float) * connect.get("weight_scale", 1)
    return (table["source"].astype(int), table["target"].astype(int), weight,
            table.get("delay_ms"))  # fmt: skip


def source_times(population, folder):
    """Spike times of each source, in ms."""
    params = population["params"]
    if "times" in params:
        times = params["times"]
        if times and isinstance(times[0], str):
            times = [times]
        return [[quantity(t) for t in train] for train in times]
    table = numpy.load(folder / params["file"])
    trains = [[] for _ in range(population["size"])]
    for neuron, time in zip(table["neuron"], table["time_ms"]):
        trains[int(neuron)].append(float(time))
    return trains


def current_for_period(params, period_ms):
    """The constant current that makes an undriven neuron fire with this period, in pA."""
    p = {key: quantity(value) for key, value in params.items() if key != "i_e"}
    growth = numpy.expm1((period_ms - p["t_ref"]) / p["tau_m"])
    v_inf = p["v_th"] + (p["v_th"] - p["v_reset"]) / growth
    return (v_inf - p["e_l"]) * p["c_m"] / p["tau_m"]


def scaled(scenario):
    """Carries out [scale] as van Albada et al. 2015, doi 10.1371/journal.pcbi.1004490."""
    if "scale" not in scenario:
        return scenario
    factor = scenario["scale"]["factor"]
    root = math.sqrt(factor)
    rates = {k: quantity(v) for k, v in scenario["scale"]["rates"].items()}
    populations = scenario["population"]
    lost = {name: 0.0 for name in populations}

    def lose(target, indegree, weight, rate):
        params = populations[target]["params"]
        tau = quantity(params["tau_syn_ex" if weight > 0 else "tau_syn_in"])
        lost[target] += (1 - root) * indegree * weight * rate * tau * 1e-3

    for projection in scenario.get("projection", []):
        connect, target = projection["connect"], projection["target"]
        if connect["rule"] == "fixed_total_number":
            indegree = connect["number"] / populations[target]["size"]
            connect["number"] = round(connect["number"] * factor**2)
        else:
            indegree = connect["indegree"]
            connect["indegree"] = round(indegree * factor)
        lose(target, indegree, mean(projection["weight"]), rates[projection["source"]])
        projection["weight"] = divided(projection["weight"], root)
    for background in scenario.get("background", []):
        rate, weight = quantity(background["rate"]), quantity(background["weight"])
        lose(background["target"], 1, weight, rate)
        background["rate"], background["weight"] = rate * factor, weight / root
    for name, population in populations.items():
        population["size"] = math.floor(population["size"] * factor + 0.5)
        population["params"]["i_e"] = quantity(population["params"].get("i_e", 0)) + lost[name]
    return scenario


def divided(value, root):
    """A constant or a normal law over `root`, bounds included."""
    if not is_law(value):
        return quantity(value) / root
    name, first, second, low, high, outside = law(value)
    assert name == "normal", "only what pd14 needs"
    bounds = {"min": low / root, "max": high / root, "outside": outside}
    return {name: {"mean": first / root, "sd": second / root, **bounds}}
