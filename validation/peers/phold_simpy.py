"""phold on SimPy: the same events as `examples/phold.rs`, which says what they are.

    python phold_simpy.py PROCESSES START_EVENTS REMOTE UNITS

One SimPy process an event under way, which waits and then moves on to its next logical process: the
cheapest way to write it. Prints timed events, seconds and the digest.
"""

import math
import sys
import time

import simpy

UNIT, LOOKAHEAD, MEAN, SEED = 1_000_000, 100_000, 0.9, 1
MASK = (1 << 64) - 1
WINDOW = 1 << (LOOKAHEAD.bit_length() - 1)


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def delay(bits):
    return LOOKAHEAD + int(-math.log(((bits >> 12) + 0.5) / (1 << 52)) * (MEAN * UNIT))


def whole(ticks):
    return -(-int(ticks) // WINDOW) * WINDOW


def main():
    processes, start_events = int(sys.argv[1]), int(sys.argv[2])
    remote, units = float(sys.argv[3]), float(sys.argv[4])
    environment = simpy.Environment()
    states = [mix(process) for process in range(processes)]
    count = 0

    def walk(process, wait):
        nonlocal count
        while True:
            yield environment.timeout(wait)
            count += 1
            state = states[process] = mix(states[process] ^ environment.now)
            bits = mix((state + 0x9E3779B97F4A7C15) & MASK)
            if (bits >> 32) / 4294967296.0 < remote:
                other = (bits & 0xFFFFFFFF) * (processes - 1) >> 32
                process = other + (other >= process)
            wait = delay(state)

    for process in range(processes):
        for number in range(start_events):
            environment.process(walk(process, delay(mix(mix(SEED ^ process << 32) ^ number))))
    # SimPy stops before what happens at the given time.
    environment.run(until=whole(UNIT))
    before, start = count, time.perf_counter()
    environment.run(until=whole((1 + units) * UNIT))
    seconds = time.perf_counter() - start
    digest = 0
    for state in states:
        digest = mix(digest ^ state)
    print(count - before, seconds, f"{digest:016x}")


if __name__ == "__main__":
    main()
