"""Writes docs/validation.md from the results of the three parts.

Numbers come from the runs; the sentences around them are in explanations.md.
"""

import platform

import runner

EXPLANATIONS = runner.HERE / "explanations.md"
# Without recurrence a rounding of 1e-6 ms grows only within one neuron, where it nearly misses.
FARTHEST_MS = 1e-3
# Doubles near 500 ms are 6e-14 ms apart; a tick is 1e-6 ms.
LEFT_MS = 1e-9
PAGE = runner.PROJECT / "docs" / "validation.md"


def table(heads, rows):
    if not rows:
        return "Not run yet.\n"
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def grid_table(results):
    rows = []
    for result in results:
        if "different" not in result:
            continue
        first = result.get("first")
        where = (f"{first['time_ms']:.1f} ms, fired only in {first['fired_in']}, after "
                 f"{result['equal_before']} equal spikes") if first else "none"  # fmt: skip
        rows.append((result["case"], f"{result['rate_hz']:.1f}", result["spikes"], result["ours"],
                     result["common"], where, unexplained(result)))  # fmt: skip
    heads = ["case", "Hz", "NEST spikes", "ours", "identical", "first difference", "unexplained"]
    return table(heads, rows)


def unexplained(result):
    """How many spikes of either side nothing accounts for."""
    if not result["different"]:
        return 0
    if "unexplained_ours" not in result:
        return result["different"]
    return result["unexplained_ours"] + result["unexplained_nest"]


def exact_table(results):
    rows = []
    for result in results:
        if "horizon_ms" not in result:
            continue
        horizon = result["horizon_ms"]
        rows.append((result["case"], result["spikes"], result["ours"], result["common"],
                     "the whole run" if horizon is None else f"{horizon:.1f} ms",
                     f"{result['largest_gap_ms']:.1e} ms", result["apart"],
                     f"{result['farthest_ms']:.1e} ms", beyond_rounding(result)))  # fmt: skip
    heads = ["case", "NEST spikes", "ours", "equal up to the horizon", "horizon",
             "largest gap before it", "of the whole run, farther than 1e-5 ms", "farthest",
             "not due to rounding"]  # fmt: skip
    return table(heads, rows)


def beyond_rounding(result):
    """What is left of the gaps when rounding.py has explained its share."""
    if "ours_from_rounded_ms" not in result:
        return "not measured"
    return f"{max(result['ours_from_rounded_ms'], result['nest_from_unrounded_ms']):.0e} ms"


def ensemble_table(rows):
    lines = [
        (row["case"], row["population"], row["statistic"],
         f"{row['nest_mean']:.4g} ({row['nest_low']:.4g} to {row['nest_high']:.4g})",
         f"{row['ours_mean']:.4g} ({row['ours_low']:.4g} to {row['ours_high']:.4g})",
         f"{row['t']:.1f}", "yes" if row["agrees"] else "**no**")
        for row in rows
    ]  # fmt: skip
    heads = ["network", "population", "statistic", "NEST, mean (lowest to highest seed)",
             "ours", "t", "agrees"]  # fmt: skip
    return table(heads, lines)


def speed_table(results):
    rows = []

    def shown(side, key):
        return f"{side[key]:.3g}" if side else "-"

    for result in results:
        ours, theirs = result.get("ours"), result.get("nest")
        times = f"{result['times_faster']:.1f}" if "times_faster" in result else "-"
        rows.append((result["case"], shown(theirs, "wall_per_s"), shown(ours, "wall_per_s"), times,
                     shown(theirs, "events_per_s"), shown(ours, "events_per_s"),
                     shown(theirs, "rate_hz"), shown(ours, "rate_hz"), result["target"]))  # fmt: skip
    heads = ["network", "NEST, wall s per simulated s", "ours", "times faster",
             "NEST, synaptic events/s", "ours", "NEST Hz", "ours Hz", "asked for"]  # fmt: skip
    return table(heads, rows)


def failures(results):
    """What the page must not hide."""
    found = []
    for result in results.get("exact", []):
        if "different" in result and unexplained(result):
            found.append(f"{result['case']}: {unexplained(result)} spikes differ unexplained")
        left = max(result.get(k, 0) for k in ("ours_from_rounded_ms", "nest_from_unrounded_ms"))
        if left > LEFT_MS:
            found.append(f"{result['case']}: {left:.1e} ms are not due to rounding")
        if result.get("farthest_ms", 0) > FARTHEST_MS and result["case"].endswith("_forward"):
            found.append(f"{result['case']}: a spike {result['farthest_ms']:.1e} ms apart")
    for row in results.get("ensembles", []):
        if not row["agrees"]:
            found.append(f"{row['case']}, {row['population']}: {row['statistic']} differs")
    return found


def write(results):
    tables = {
        "{{GRID}}": grid_table(results.get("exact", [])),
        "{{EXACT}}": exact_table(results.get("exact", [])),
        "{{ENSEMBLES}}": ensemble_table(results.get("ensembles", [])),
        "{{SPEED}}": speed_table(results.get("speed", [])),
        "{{MACHINE}}": f"{platform.machine()}, {platform.system()}, "
        f"{len(__import__('os').sched_getaffinity(0))} processors",
    }
    page = EXPLANATIONS.read_text()
    for mark, text in tables.items():
        page = page.replace(mark, text)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page)
    for failure in failures(results):
        print("differs:", failure)
