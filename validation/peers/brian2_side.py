"""Writes a scenario as a Brian2 C++ standalone program and compiles it.

    python brian2_side.py JOB.json

Steps of 0.1 ms, exact integration, no recording. Populations with the same parameters are one
NeuronGroup, of which they are subgroups; projections that differ in nothing but neighbouring
targets are one Synapses object: the fewer objects, the faster is Brian2.

Fixed in-degrees and total numbers become connection probabilities of the same mean, as Brian2
has no such rules and its own examples do so; its synapses then lie sorted by source, which its
delivery likes best. Where there are too many projections to compile, the synapses are drawn here
and handed over as lists. Bounds of a law clip instead of drawing again.

The program ends right after the simulation, with one line of JSON, instead of writing all of its
arrays to the disk.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import brian2
import numpy
import scenario_file as scenarios
from brian2 import Hz, NeuronGroup, PoissonGroup, PoissonInput, SpikeMonitor, Synapses, ms

#: Each Synapses object is five to ten files to compile.
MOST_SYNAPSES_OBJECTS = 16
#: External inputs are bundles of sources of about this rate (PoissonInput).
SOURCE_RATE_HZ = 10.0
MEMBRANE = "dv/dt = (e_l - v + r*({currents}))/tau_m : 1 (unless refractory)\n"
CURRENTS = {
    "lif_delta": {},
    "lif_exp": {"x": "d{x}/dt = -{x}/tau_{x} : 1\n"},
    "lif_alpha": {"x": "d{x}/dt = (h{x} - {x})/tau_{x} : 1\ndh{x}/dt = -h{x}/tau_{x} : 1\n"},
}
DEFAULTS = {"tau_syn_ex": 2.0, "tau_syn_in": 2.0}


def law_in_brian2(value, unit=""):
    """A constant, or an expression that Brian2 evaluates for each element."""
    if not scenarios.is_law(value):
        return repr(scenarios.quantity(value)) + unit
    name, first, second, low, high, _ = scenarios.law(value)
    drawn = {
        "uniform": f"{first!r} + {second - first!r}*rand()",
        "normal": f"{first!r} + {second!r}*randn()",
        "lognormal": f"{first!r}*exp({second!r}*randn())",
        "exponential": f"-{first!r}*log(rand())",
    }[name]
    if numpy.isfinite(low) or numpy.isfinite(high):
        drawn = f"clip({drawn}, {max(low, -1e30)!r}, {min(high, 1e30)!r})"
    return f"({drawn}){unit}"


class Neurons:
    """A NeuronGroup that holds all populations with these parameters, one after the other."""

    def __init__(self, model, params):
        self.model, self.params, self.members, self.size = model, params, [], 0
        self.one_current = params.get("tau_syn_ex", 2.0) == params.get("tau_syn_in", 2.0)

    def variable(self, weight):
        """What a synapse of this weight adds to, and times which factor."""
        if self.model == "lif_delta":
            return "v", 1.0
        x = "x" if self.one_current or weight > 0 else "y"
        return (f"h{x}", float(numpy.e)) if self.model == "lif_alpha" else (x, 1.0)

    def make(self, generator):
        p = {**DEFAULTS, **self.params}
        template = CURRENTS[self.model]
        names = [] if not template else ["x"] if self.one_current else ["x", "y"]
        current = constant_currents(self.members, generator)
        terms = names + ([] if current is None else ["i_e"])
        equations = MEMBRANE.format(currents=" + ".join(terms) or "0")
        equations += "".join(template["x"].format(x=x) for x in names)
        equations += "" if current is None else "i_e : 1 (constant)\n"
        space = {"e_l": p["e_l"], "r": p["tau_m"] / p["c_m"], "tau_m": p["tau_m"] * ms,
                 "v_th": p["v_th"], "v_reset": p["v_reset"], "tau_x": p["tau_syn_ex"] * ms,
                 "tau_y": p["tau_syn_in"] * ms}  # fmt: skip
        self.group = NeuronGroup(self.size, equations, threshold="v >= v_th", reset="v = v_reset",
                                 refractory=p["t_ref"] * ms, method="exact",
                                 namespace=space)  # fmt: skip
        if current is not None:
            self.group.i_e = current
        for population, start in self.members:
            members = self.group[start : start + population["size"]]
            members.v = law_in_brian2(population.get("init", {}).get("v_m", p["e_l"]))


def constant_currents(members, generator):
    """The current of each neuron of a group, or None if there is none at all."""
    parts = []
    for population, _ in members:
        params, size = population["params"], population["size"]
        current = params.get("i_e", 0.0)
        if isinstance(current, dict) and "period" in current:
            periods = scenarios.draw(current["period"], size, generator)
            parts.append(scenarios.current_for_period(params, periods))
        else:
            parts.append(scenarios.draw(current, size, generator))
    whole = numpy.concatenate(parts)
    return whole if whole.any() else None


class Network:
    """The Brian2 objects of a scenario."""

    def __init__(self, scenario, generator):
        self.scenario, self.generator = scenario, generator
        self.objects, self.groups, self.place = [], [], {}
        for name, population in scenario["population"].items():
            self.place_population(name, population)
        for neurons in self.groups:
            neurons.make(generator)
            self.objects.append(neurons.group)
        projections = merged(scenario.get("projection", []), self.place)
        if len(projections) > MOST_SYNAPSES_OBJECTS:
            self.connect_listed(projections)
        else:
            for projection in projections:
                self.connect(projection)
        for background in scenario.get("background", []):
            self.add_background(background)
        self.counters = [SpikeMonitor(n.group, record=False) for n in self.groups]
        self.objects += self.counters

    def place_population(self, name, population):
        if population["model"] == "poisson":
            rate = scenarios.quantity(population["params"]["rate"])
            sources = PoissonGroup(population["size"], rates=rate * Hz)
            self.objects.append(sources)
            self.place[name] = (sources, 0, population["size"])
            return
        params = {k: scenarios.quantity(v) for k, v in population["params"].items() if k != "i_e"}
        alike = [n for n in self.groups if (n.model, n.params) == (population["model"], params)]
        if not alike:
            alike = [Neurons(population["model"], params)]
            self.groups += alike
        (neurons,) = alike
        self.place[name] = (neurons, neurons.size, neurons.size + population["size"])
        neurons.members.append((population, neurons.size))
        neurons.size += population["size"]

    def members(self, place):
        holder, start, stop = place
        return holder.group[start:stop] if isinstance(holder, Neurons) else holder

    def synapses(self, source, target, projection, holder):
        """A Synapses object without synapses; and the expressions that will fill it."""
        weight, delay = projection["weight"], projection["delay"]
        variable, factor = holder.variable(scenarios.mean(weight))
        options, drawn = {}, {}
        if scenarios.is_law(weight):
            options["model"] = "w : 1 (constant)"
            drawn["w"] = f"{factor!r}*{law_in_brian2(weight)}"
        else:
            options["namespace"] = {"w": factor * scenarios.quantity(weight)}
        if scenarios.is_law(delay):
            drawn["delay"] = law_in_brian2(delay, "*ms")
        else:
            options["delay"] = scenarios.quantity(delay) * ms
        made = Synapses(source, target, on_pre=f"{variable}_post += w", **options)
        self.objects.append(made)
        return made, drawn

    def connect(self, projection):
        source, target = projection["from"], projection["to"]
        made, drawn = self.synapses(self.members(source), self.members(target), projection,
                                    target[0])  # fmt: skip
        spec, n_source = projection["connect"], source[2] - source[1]
        n_target = target[2] - target[1]
        if spec["rule"] == "one_to_one":
            made.connect(j="i")
        elif spec["rule"] == "fixed_outdegree":
            outdegree = f"int({law_in_brian2(spec['outdegree'])} + 0.5)"
            made.connect(j=f"k for k in sample(N_post, p=clip({outdegree}/{n_target}.0, 0, 1))")
        else:
            probability = {
                "pairwise_bernoulli": lambda: spec["p"],
                "fixed_indegree": lambda: spec["indegree"] / n_source,
                "fixed_total_number": lambda: spec["number"] / n_source / n_target,
            }[spec["rule"]]()
            made.connect(p=probability)
        for name, expression in drawn.items():
            setattr(made, name, expression)

    def connect_listed(self, projections):
        """All synapses within one group in one object, drawn here; laws are drawn exactly."""
        (neurons,) = self.groups
        assert neurons.variable(1.0) == neurons.variable(-1.0), "one current for both signs"
        columns = {"i": [], "j": [], "w": [], "delay": []}
        for projection in projections:
            assert projection["connect"]["rule"] == "fixed_total_number"
            count = projection["connect"]["number"]
            columns["i"].append(self.generator.integers(*projection["from"][1:], count))
            columns["j"].append(self.generator.integers(*projection["to"][1:], count))
            for name, key in (("w", "weight"), ("delay", "delay")):
                columns[name].append(scenarios.draw(projection[key], count, self.generator))
        i, j, w, delay = (numpy.concatenate(column) for column in columns.values())
        by_source = numpy.argsort(i, kind="stable")
        variable, factor = neurons.variable(1.0)
        made = Synapses(neurons.group, neurons.group, "w : 1 (constant)",
                        on_pre=f"{variable}_post += w")  # fmt: skip
        made.connect(i=i[by_source], j=j[by_source])
        made.w = factor * w[by_source]
        made.delay = delay[by_source] * ms
        self.objects.append(made)

    def add_background(self, background):
        name, chosen = scenarios.selection(background["target"], self.scenario)
        holder, start, _ = self.place[name]
        assert chosen == list(range(len(chosen))), "the first so many"
        target = holder.group[start : start + len(chosen)]
        weight, rate = scenarios.quantity(background["weight"]), scenarios.steps(background["rate"])
        variable, factor = holder.variable(weight)
        if len(rate) == 1:
            count = max(1, round(rate[0][1] / SOURCE_RATE_HZ))
            self.objects.append(PoissonInput(target, variable, count, rate[0][1] / count * Hz,
                                             weight=factor * weight))  # fmt: skip
            return
        ends = [later for later, _ in rate[1:]] + [1e12]
        law = " + ".join(
            f"{level!r}*Hz*int(t >= {at!r}*ms)*int(t < {end!r}*ms)"
            for (at, level), end in zip(rate, ends)
            if level > 0
        )
        sources = PoissonGroup(len(chosen), rates=law)
        made = Synapses(sources, target, on_pre=f"{variable}_post += w",
                        namespace={"w": factor * weight})  # fmt: skip
        made.connect(j="i")
        self.objects += [sources, made]


def merged(projections, place):
    """Projections with places; neighbours that differ only in their target become one."""
    result = []
    for projection in projections:
        spec = dict(projection["connect"])
        # A handful of synapses of a neuron with itself, or doubled ones, cost nobody any time.
        spec.pop("autapses", None), spec.pop("multapses", None)
        entry = {"from": place[projection["source"]], "to": place[projection["target"]],
                 "connect": spec, "weight": projection["weight"],
                 "delay": projection["delay"]}  # fmt: skip
        before = result[-1] if result else None
        same = ("from", "connect", "weight", "delay")
        alike = before and all(before[key] == entry[key] for key in same)
        if alike and spec["rule"] in ("pairwise_bernoulli", "fixed_indegree"):
            if before["to"][0] is entry["to"][0] and before["to"][2] == entry["to"][1]:
                before["to"] = (before["to"][0], before["to"][1], entry["to"][2])
                continue
        result.append(entry)
    return result


def print_and_leave(counters):
    """C++ that tells when the building was done, how long the simulation took and how many
    spikes there were."""
    arrays = [brian2.device.get_array_name(c.variables["count"]) for c in counters]
    sums = "".join(
        f"for (int k = 0; k < {len(c.source)}; k++) spikes += {array}[k];\n"
        for c, array in zip(counters, arrays)
    )
    brian2.device.insert_code("before_network_run", """
    timespec built;
    clock_gettime(CLOCK_REALTIME, &built);
    """)
    brian2.device.insert_code("after_network_run", f"""
    long spikes = 0;
    {sums}
    printf("\\n{{\\"built_at\\": %.6f, \\"simulate_s\\": %.6f, \\"spikes\\": %ld}}\\n",
           built.tv_sec + 1e-9 * built.tv_nsec, Network::_last_run_time, spikes);
    fflush(stdout);
    _Exit(0);
    """)  # fmt: skip


def main():
    job = json.loads(Path(sys.argv[1]).read_text())
    brian2.set_device("cpp_standalone", directory=job["folder"], build_on_run=False)
    # Without OpenMP at all a single thread is a little faster than with a team of one.
    brian2.prefs.devices.cpp_standalone.openmp_threads = job["threads"] if job["threads"] > 1 else 0
    brian2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    brian2.defaultclock.dt = 0.1 * ms
    brian2.seed(job["seed"])
    scenario = scenarios.load(job["scenario"], job["changes"])
    network = Network(scenario, numpy.random.default_rng(job["seed"]))
    whole = brian2.Network(network.objects)
    print_and_leave(network.counters)
    whole.run(job["simulated_ms"] * ms)
    brian2.device.build(directory=job["folder"], compile=True, run=False)


if __name__ == "__main__":
    main()
