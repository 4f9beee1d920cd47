"""Writes edges.csv: the connections of celegans_chemical.csv with the sign of their source.

The weight of a connection is its number of synaptic contacts, negative where the sending neuron
is one of the 26 classical GABA neurons. Nothing is drawn: the same input gives the same bytes.

    python3 scenarios/celegans/signed_edges.py
"""

import csv
from pathlib import Path

HERE = Path(__file__).parent


def main():
    with open(HERE / "celegans_neurons.csv", newline="") as file:
        sign = {row["neuron"]: int(row["sign"]) for row in csv.DictReader(file)}
    with open(HERE / "celegans_chemical.csv", newline="") as file:
        edges = list(csv.DictReader(file))
    with open(HERE / "edges.csv", "w", newline="") as file:
        file.write("source,target,weight\n")
        for edge in edges:
            weight = sign[edge["source"]] * int(edge["synapses"])
            file.write(f"{edge['source']},{edge['target']},{weight}\n")


if __name__ == "__main__":
    main()
