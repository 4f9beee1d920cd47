"""Writes pd14.toml and pd14_dc.toml, the microcircuit of Potjans and Diesmann 2014.

The tables below are the paper's; everything else follows from them. The same tables give the
same bytes.

    python3 scenarios/pd14.py
"""

import math
from pathlib import Path

HERE = Path(__file__).parent

NAMES = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
SIZES = [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]
EXTERNAL_INDEGREES = [1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100]
EXTERNAL_RATE_HZ = 8
DIRECT_CURRENT_PA = [561.97, 526.85, 737.59, 667.34, 702.47, 667.34, 1018.58, 737.59]
RATES_HZ = [0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829]
START_MEANS_MV = [-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43]
START_SDS_MV = [5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48]
WEIGHT_PA = 87.8085
WEIGHT_RELATIVE_SD = 0.1
INHIBITION = -4
# Row: target, column: source.
PROBABILITIES = [
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0000, 0.0076, 0.0000],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0000, 0.0042, 0.0000],
    [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0000],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0000, 0.1057, 0.0000],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0000],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0000],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
]

SOURCE = """\
# Source: T. C. Potjans and M. Diesmann 2014, Cerebral Cortex 24:785-806, doi
# 10.1093/cercor/bhs358. Weights, delays and start potentials as in the authors' NEST version; the
# number of synapses of two populations from their connection probability p by ln(1-p) / ln(1 -
# 1/(N_pre N_post)), drawn with repetition. Made by scenarios/pd14.py.
#
# Size: [scale] shrinks neurons and in-degrees by `factor`, strengthens the weights and replaces
# the lost mean input by a current (S. J. van Albada et al. 2015, doi
# 10.1371/journal.pcbi.1004490). `--set scale.factor=1` runs the whole model; it needs some
# gigabytes of memory.
#
# Delays come in steps of 0.1 ms, as in the authors' version, where the time grid rounds them. Spikes
# are at exact times all the same. Without `step` a synapse takes 12 bytes in place of 8, and the
# whole model three times as long.
#
# Rates to expect, full size: L23E 0.90, L23I 2.97, L4E 4.41, L4I 5.88, L5E 7.57, L5I 8.63, L6E
# 1.11, L6I 7.83 Hz (3.2 Hz over all)."""

HEADERS = {
    "pd14.toml": f"""\
# A square millimetre of cortex: 77,169 neurons in four layers, about 299 million synapses.
#
# What it shows: the standard model of a cortical microcircuit at full density, 8 populations and
# 55 projections, with Poisson input. Here at a tenth of its neurons and in-degrees unless told
# otherwise.
#
{SOURCE}
# At factor 0.1: measured over the 2 s, L23E 0.48, L23I 2.04, L4E 3.96, L4I 4.99, L5E 6.21, L5I
# 7.83, L6E 0.84, L6I 6.93 Hz (2.7 Hz over all; NEST's are in docs/validation.md).
""",
    "pd14_dc.toml": f"""\
# A square millimetre of cortex with constant drive: 77,169 neurons, about 299 million synapses.
#
# What it shows: pd14.toml with the Poisson input replaced by its mean, a constant current. All
# randomness is then in the wiring and the start, and all events are the network's own. Run it at
# full size: a tenth of it is nearly silent, in NEST as well.
#
{SOURCE}
# At factor 0.1: measured over the 2 s, L6I 3.4 Hz and all others below 0.01 Hz, 0.13 Hz over all
# (as in NEST: L6I 3.4 Hz, all others below 0.01 Hz).
""",
}


def is_excitatory(index):
    return index % 2 == 0


def synapse_number(probability, n_source, n_target):
    """How many pairs must be drawn with repetition so that a pair is connected with this
    probability."""
    return round(math.log1p(-probability) / math.log1p(-1 / (n_source * n_target)))


def population(index, current_pa):
    mean, sd = START_MEANS_MV[index], START_SDS_MV[index]
    drive = f'i_e = "{current_pa} pA"\n' if current_pa else ""
    return f"""
[population.{NAMES[index]}]
model = "lif_exp"
size = {SIZES[index]}
init = {{ v_m = {{ normal = {{ mean = "{mean} mV", sd = "{sd} mV" }} }} }}

[population.{NAMES[index]}.params]
tau_m = "10 ms"
c_m = "250 pF"
t_ref = "2 ms"
e_l = "-65 mV"
v_reset = "-65 mV"
v_th = "-50 mV"
tau_syn_ex = "0.5 ms"
tau_syn_in = "0.5 ms"
{drive}"""


def projection(source, target):
    number = synapse_number(PROBABILITIES[target][source], SIZES[source], SIZES[target])
    mean = WEIGHT_PA * (1 if is_excitatory(source) else INHIBITION)
    if (NAMES[source], NAMES[target]) == ("L4E", "L23E"):
        mean *= 2
    sd = abs(mean) * WEIGHT_RELATIVE_SD
    bound = 'min = "0 pA"' if is_excitatory(source) else 'max = "0 pA"'
    delay = 1.5 if is_excitatory(source) else 0.75
    return f"""
[[projection]]
source = "{NAMES[source]}"
target = "{NAMES[target]}"
connect = {{ rule = "fixed_total_number", number = {number} }}
weight = {{ normal = {{ mean = "{mean:.6g} pA", sd = "{sd:.6g} pA", {bound} }} }}
delay = {{ normal = {{ mean = "{delay} ms", sd = "{delay / 2} ms", min = "0.1 ms", step = "0.1 ms" }} }}
"""


def background(index):
    rate = EXTERNAL_RATE_HZ * EXTERNAL_INDEGREES[index]
    return f"""
[[background]]
target = "{NAMES[index]}"
rate = "{rate} Hz"
weight = "{WEIGHT_PA} pA"
"""


def scale():
    rates = "\n".join(f'{name} = "{rate} Hz"' for name, rate in zip(NAMES, RATES_HZ))
    return f"""
[scale]
factor = 0.1

[scale.rates]                                # expected at full size, for the lost mean input
{rates}
"""


def scenario(title, header, poisson):
    everyone = range(len(NAMES))
    parts = [header, f'\ntitle = "{title}"\nseed = 1\nduration = "2 s"\n', scale()]
    parts += [population(i, None if poisson else DIRECT_CURRENT_PA[i]) for i in everyone]
    parts += [
        projection(source, target)
        for target in everyone
        for source in everyone
        if PROBABILITIES[target][source] > 0
    ]
    if poisson:
        parts += [background(i) for i in everyone]
    parts.append('\n[record]\nspikes = "all"\n')
    return "".join(parts)


def main():
    title = "Potjans and Diesmann 2014, cortical microcircuit"
    for file, poisson in (("pd14.toml", True), ("pd14_dc.toml", False)):
        drive = "Poisson drive" if poisson else "constant drive"
        text = scenario(f"{title}, {drive}", HEADERS[file], poisson)
        (HERE / file).write_text(text)


if __name__ == "__main__":
    main()
