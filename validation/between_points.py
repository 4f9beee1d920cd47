"""Explains, to the last spike, where ours and NEST's iaf_psc_delta part on the same grid.

A third simulation of the same network, in numpy, step by step, with the one rule in question as a switch:

* NEST's rule: advance the membrane to the grid point, add what arrives there, then test.
* Our rule: the same, but a membrane that has crossed the threshold on its way to the grid point
  fires there, even if what arrives there would pull it back.

If the first rule gives NEST's spikes and the second gives ours, all of them, then the rule is the whole
difference. The two can part only where a constant current alone drives the neuron over the threshold.
"""

import numpy

import scenario_file as scenarios

GRID_MS = 0.1


def steps(milliseconds):
    return numpy.rint(numpy.asarray(milliseconds) / GRID_MS).astype(int)


class Network:
    """All neurons of a scenario of `lif_delta` populations, in the order of the file."""

    def __init__(self, path):
        self.scenario = scenarios.load(path)
        populations = self.scenario["population"]
        self.names = [n for n, p in populations.items() if p["model"] == "lif_delta"]
        sizes = [populations[name]["size"] for name in self.names]
        self.first = dict(zip(self.names, numpy.cumsum([0, *sizes])))
        self.size = sum(sizes)
        params = populations[self.names[0]]["params"]
        self.p = {key: scenarios.quantity(value) for key, value in params.items()}
        self.outgoing = {}
        for projection in self.scenario["projection"]:
            self.add(projection)

    def add(self, projection):
        source, target, weight, delay = scenarios.edges(projection, self.scenario["folder"])
        target = target + self.first[projection["target"]]
        for k in range(len(source)):
            key = (projection["source"], int(source[k]))
            self.outgoing.setdefault(key, []).append((target[k], weight[k], steps(delay[k])))

    def simulate(self, duration_ms, *, crossings_count):
        """Spikes as a set of (population, neuron, step)."""
        last = int(steps(duration_ms))
        arriving = numpy.zeros((last + 60, self.size))
        for name, population in self.scenario["population"].items():
            if population["model"] == "spike_source":
                trains = scenarios.source_times(population, self.scenario["folder"])
                for source, train in enumerate(trains):
                    for step in steps(train):
                        self.send(arriving, (name, source), step)
        return self.step_through(arriving, last, crossings_count)

    def send(self, arriving, key, step):
        for target, weight, delay in self.outgoing.get(key, ()):
            if step + delay < len(arriving):
                arriving[step + delay, target] += weight

    def step_through(self, arriving, last, crossings_count):
        p = self.p
        v_inf = p["e_l"] + p.get("i_e", 0.0) * p["tau_m"] / p["c_m"]
        decay = numpy.exp(-GRID_MS / p["tau_m"])
        v = numpy.full(self.size, p["e_l"])
        free_after = numpy.full(self.size, -1)
        found = set()
        for step in range(1, last):
            free = step > free_after
            v[free] = v_inf + (v[free] - v_inf) * decay
            crossed = free & (v >= p["v_th"])
            v[free] += arriving[step, free]
            fires = free & (v >= p["v_th"])
            if crossings_count:
                fires |= crossed
            for neuron in numpy.flatnonzero(fires):
                name = [n for n in self.names if self.first[n] <= neuron][-1]
                index = int(neuron - self.first[name])
                found.add((self.names.index(name), index, step))
                self.send(arriving, (name, index), step)
            v[fires] = p["v_reset"]
            free_after[fires] = step + steps(p["t_ref"])
        return found


def explain(path, duration_ms, ours, theirs):
    """How many spikes of each side the rule does not account for."""
    network = Network(path)
    nest_rule = network.simulate(duration_ms, crossings_count=False)
    our_rule = network.simulate(duration_ms, crossings_count=True)
    return {"unexplained_nest": len(nest_rule ^ theirs), "unexplained_ours": len(our_rule ^ ours)}
