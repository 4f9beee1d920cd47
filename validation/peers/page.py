"""Writes docs/peers.md from what was measured."""

import os
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "peers.md"
#: Contestants whose rates lie further apart from ours than this are named below the table.
RATE_TOLERANCE = 0.15
#: Why one of them does, where that is known, by network and contestant.
REASONS = {
    ("fly", "NEST, precise times"): (
        "NEST's `iaf_psc_exp_ps_lossless` looks for crossings in refractory neurons, too, from reset"
        " on, so that a current strong enough to reach threshold within a step of the grid makes them"
        " fire again: a kick of `fly` makes 1.8 spikes (`validation/peers/kicks.py`). With NEST's"
        " `iaf_psc_exp_ps`, which compares the potential itself, a kick makes one, and"
        " 300 ms of the network have 0.0268 Hz"
    ),
}
HEAD = """# Peers: whole networks, side by side

Written by `python3 validation/peers/networks.py`; see
[validation/README.md](../validation/README.md).

The same networks in this program, in NEST 3.10 and in Brian2 2.9 (C++ standalone, compiled before
the clock starts), run in turn on the same machine; medians. Ours at a resolution of 1 ns, that is,
with exact spike times; the others on a grid of 0.1 ms, but for "precise times": NEST's
`iaf_psc_delta_ps`, `iaf_psc_exp_ps_lossless` and `iaf_psc_alpha_ps`. All simulate the same interval
from time 0, without recording. "Wall" is wall seconds of the simulation alone per simulated second;
building and setting up are "build" (for ours without starting the threads, some milliseconds).
"CPU s" is the processor time of the whole process,
building included, of all threads. Peak memory is the whole process, for NEST with its Python; 9 MiB is the least that can be told.
The last two columns say how many times as long as ours, on one and on two threads, a row took: more
than 1 means that ours was faster.

Weights, delays and start values are drawn by each simulator itself; Brian2 has connection
probabilities in place of fixed numbers of inputs. Random numbers differ, so rates agree only in the
mean.

Ratios within a network are what this page is about; seconds say little about another machine.
"""


def number(value):
    """Three digits that matter, without an exponent."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def ours(result, threads):
    """Our row on so many threads, if it was measured."""
    for row in result["rows"]:
        mine = row["name"].startswith("Saltatory") and row["threads"] == threads
        if mine and "wall_per_s" in row:
            return row
    return None


def factor(row, reference):
    return number(row["wall_per_s"] / reference["wall_per_s"]) if reference else "-"


def row_cells(name, row, references):
    if "refused" in row:
        return [name, row["name"], row["threads"], "-", f"not run: {row['refused']}", *"-----"]
    wall = number(row["wall_per_s"])
    if row["spread"][0] != row["spread"][1]:
        wall += f" ({number(row['spread'][0])} to {number(row['spread'][1])})"
    return [name, row["name"], row["threads"], number(row["build_s"]), wall,
            number(row["cpu_s"]) if "cpu_s" in row else "-",
            number(row["rate_hz"]), number(row["peak_mib"]),
            *(factor(row, reference) for reference in references)]  # fmt: skip


def table(results, order):
    titles = ["network", "contestant", "threads", "build s", "wall s per simulated s", "CPU s in all",
              "rate Hz", "peak MiB", "times ours, 1 thread", "times ours, 2 threads"]  # fmt: skip
    lines = [titles, ["---"] * len(titles)]
    for name in (name for name in order if name in results):
        references = [ours(results[name], threads) for threads in (1, 2)]
        lines += [row_cells(name, row, references) for row in results[name]["rows"]]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def odd_rates(results, order):
    """A sentence for each row whose rate is not ours."""
    said = []
    for name in (name for name in order if name in results):
        reference = ours(results[name], 1)
        for row in results[name]["rows"] if reference else []:
            if "rate_hz" not in row or row is reference:
                continue
            apart = abs(row["rate_hz"] - reference["rate_hz"]) / max(reference["rate_hz"], 1e-9)
            if apart > RATE_TOLERANCE:
                reason = REASONS.get((name, row["name"]))
                said.append(f"- {name}, {row['name']}: {number(row['rate_hz'])} Hz, ours "
                            f"{number(reference['rate_hz'])} Hz"
                            + (f". {reason}." if reason else ""))  # fmt: skip
    return said


def machine():
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    model = re.search(r"model name\s*:\s*(.+)", text)
    return f"{model.group(1) if model else 'unknown processor'}, {os.cpu_count()} cores"


def conditions(results, order):
    cores = os.cpu_count()
    lines = ["| network | measured on | simulated ms | rounds | load before and after |",
             "|---|---|---|---|---|"]  # fmt: skip
    shared = False
    for name in (name for name in order if name in results):
        result = results[name]
        before, after = result["load"]
        shared = shared or before > cores / 4
        lines.append(f"| {name} | {result['day']} | {result['simulated_ms']:g} | {result['rounds']} | "
                     f"{before:.1f}, {after:.1f} |")  # fmt: skip
    text = f"Machine: {machine()}."
    if shared:
        text += (" **It was shared: other work was running** (the load before a network began, on"
                 f" {cores} cores, tells how much), so that even ratios are rough, and those of"
                 " contestants with two threads most of all, as threads that wait for one another"
                 " wait for the other work too. To be repeated on a quiet machine.")  # fmt: skip
    notes = [f"- {name}: {results[name]['note']}" for name in order
             if "note" in results.get(name, {})]  # fmt: skip
    return "\n\n".join(["\n".join(lines), text, *(["\n".join(notes)] if notes else [])])


def write(results, order):
    odd = odd_rates(results, order)
    rates = "Rates of all contestants lie within 15 % of ours."
    if odd:
        rates = "Rates that lie more than 15 % from ours:\n\n" + "\n".join(odd)
    PAGE.write_text(
        "\n".join([HEAD, table(results, order), "", "## Do they do the same?", "", rates, "",
                   "## Conditions", "", conditions(results, order), ""])
    )  # fmt: skip
