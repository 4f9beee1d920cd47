"""The networks that are compared, and how much of each is simulated.

All contestants simulate the same interval, from time 0 on, so that their rates can be compared;
it is short enough for the slowest of them to end within minutes.
"""

from pathlib import Path

SCENARIOS = Path(__file__).resolve().parent.parent.parent / "scenarios"


class Case:
    """A scenario with changes, pairs of a dotted path and a value."""

    def __init__(self, name, simulated_ms, *, scenario=None, changes=(), large=False,
                 exact=None, nest_threads=2, brian2=None):  # fmt: skip
        self.name, self.simulated_ms, self.large = name, simulated_ms, large
        self.path = SCENARIOS / f"{scenario or name}.toml"
        self.changes = list(changes)
        #: Why NEST's models with precise times or Brian2 are not asked, if they are not.
        self.without_exact, self.without_brian2 = exact, brian2
        self.nest_threads = nest_threads


MILLION = [("population.cells.size", 1_000_000)]
TWO_TIME_CONSTANTS = "NEST's lossless model has one synaptic time constant, the network two"
LONG = "it takes more than ten minutes"
STANDS = "it stands still after some seconds of processor time, whatever time it is given"
TOO_MANY_LISTED = "Brian2 has no such rule; lists of 3e8 synapses would not fit into memory"

CASES = [
    Case("brunel", 300),
    Case("cuba", 2000, exact=TWO_TIME_CONSTANTS),
    Case("cuba_jump", 2000),
    Case("sparse", 500),
    Case("sparse_kick", 200),
    Case("fly", 1000),
    Case("pd14", 1000, exact=STANDS),
    Case("hpc", 100, large=True),
    # Nothing fires in the first 400 ms.
    Case("sparse_1e6", 500, scenario="sparse", changes=MILLION, large=True, exact=LONG),
    Case("sparse_kick_1e6", 200, scenario="sparse_kick", changes=MILLION, large=True, exact=LONG),
    # At two threads NEST runs out of the addresses of one thread's synapses.
    Case("pd14_dc", 200, changes=[("scale.factor", 1)], large=True, nest_threads=4,
         brian2=TOO_MANY_LISTED),
]  # fmt: skip
CASES = [case for case in CASES if case.path.is_file()]
