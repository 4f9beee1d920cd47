"""phold, side by side: ours, a bare binary heap, NeXosim and SimPy, in turn in one run.

    cargo build --release --example phold
    python3 validation/peers/phold.py [PROCESSES [START_EVENTS [REMOTE [ROUNDS]]]]

Default: 65536 processes, one start event, a quarter of the events remote, three rounds. All run the
same events, so that all must print one digest; medians over rounds are compared. Installs SimPy
into `validation/.venv` and builds NeXosim with cargo, in a project of its own.
"""

import statistics
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = HERE.parent / ".venv" / "bin" / "python"
OURS = ROOT / "target" / "release" / "examples" / "phold"
NEXOSIM = HERE / "nexosim" / "target" / "release" / "phold-nexosim"
# Simulated time units that are timed; the slowest peer needs some ten seconds for its share.
UNITS = {"ours": 60, "nexosim": 15, "simpy": 3}


def prepare():
    if not OURS.is_file():
        raise SystemExit("first: cargo build --release --example phold")
    if not PYTHON.is_file():
        venv.create(HERE.parent / ".venv", with_pip=True)
    if subprocess.run([PYTHON, "-c", "import simpy"], capture_output=True).returncode != 0:
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "simpy==4.1.2"], check=True)
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked"], cwd=HERE / "nexosim",
                   check=True)  # fmt: skip


def output(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr}")
    return done.stdout


def ours(load, units):
    """Events per second of our queue on one and two threads and of the two bare heaps; digest."""
    row = output(OURS, *load, units).strip().splitlines()[-1]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    return [float(cell) * 1e6 for cell in cells[3:7]], cells[-1]


def peer(*command):
    events, seconds, digest = output(*command).split()
    return float(events) / float(seconds), digest


def agree(load, units):
    """All simulate the same events: one digest for a short run of each."""
    digests = {
        "ours": ours(load, units)[1],
        "NeXosim": peer(NEXOSIM, *load, units, 1)[1],
        "SimPy": peer(PYTHON, HERE / "phold_simpy.py", *load, units)[1],
    }
    if len(set(digests.values())) > 1:
        raise SystemExit(f"they do not simulate the same events: {digests}")
    return digests["ours"]


def main():
    given = sys.argv[1:]
    load = (given + ["65536", "1", "0.25"][len(given):])[:3]
    rounds = int(given[3]) if len(given) > 3 else 3
    prepare()
    digest = agree(load, 1)
    names = ["ours, 1 thread", "ours, 2 threads", "bare heap, pop and push", "bare heap, replace",
             "NeXosim, 1 thread", "NeXosim, 2 threads", "SimPy"]  # fmt: skip
    rates = {name: [] for name in names}
    for _ in range(rounds):
        row = ours(load, UNITS["ours"])[0]
        for threads in (1, 2):
            row.append(peer(NEXOSIM, *load, UNITS["nexosim"], threads)[0])
        row.append(peer(PYTHON, HERE / "phold_simpy.py", *load, UNITS["simpy"])[0])
        for name, rate in zip(names, row, strict=True):
            rates[name].append(rate)
    first = rates[names[0]]
    print(f"{load[0]} processes, {load[1]} start events, remote {load[2]}; one digest: {digest}\n")
    print("| | million events/s, median (least - most) | ours, 1 thread, is faster by |")
    print("|---|---|---|")
    for name in names:
        million = [rate / 1e6 for rate in rates[name]]
        ratio = statistics.median(a / b for a, b in zip(first, rates[name], strict=True))
        print(f"| {name} | {statistics.median(million):.3f} ({min(million):.3f} - "
              f"{max(million):.3f}) | {ratio:.2f} |")  # fmt: skip


if __name__ == "__main__":
    main()
