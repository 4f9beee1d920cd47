"""Writes initial.csv: 50 units as the source starts them, before any training.

    python3 scenarios/adaptation/initial.py

Rotations by angles uniform in (-pi, 0) between units, normal weights of the input with a standard
deviation of sqrt(2), outputs uniform within 0.1 (gain) and 0.01 (saturation) times
sqrt(6 / 51), no biases.
"""

import math
import random
from pathlib import Path

UNITS = 50


def main():
    draw = random.Random(200)
    recurrent = [[0.0] * UNITS for _ in range(UNITS)]
    for k in range(0, UNITS, 2):
        angle = draw.uniform(-math.pi, 0.0)
        recurrent[k][k] = recurrent[k + 1][k + 1] = math.cos(angle)
        recurrent[k][k + 1], recurrent[k + 1][k] = math.sin(angle), -math.sin(angle)
    bound = math.sqrt(6.0 / (UNITS + 1))
    numbers = []
    for row in recurrent:
        gain, saturation = (scale * draw.uniform(-bound, bound) for scale in (0.1, 0.01))
        numbers += [draw.gauss(0.0, math.sqrt(2.0)), 0.0, gain, saturation, *row]
    lines = ["value"] + [f"{number:.6g}" for number in numbers]
    (Path(__file__).parent / "initial.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
