#!/usr/bin/env python3
"""Computes the expected reports of online_regression.cc without weir: its lines in sorted order.

usage: reference.py [COUNT]
"""

from __future__ import annotations

import math
import sys

MASK = (1 << 64) - 1
FEATURES = 4


def mixed(i: int) -> int:
    i = ((i ^ i >> 30) * 0xBF58476D1CE4E5B9) & MASK
    i = ((i ^ i >> 27) * 0x94D049BB133111EB) & MASK
    return i ^ i >> 31


def uniform(bits: int) -> float:
    return (bits >> 11) * 2.0**-52 - 1.0


def sample(i: int) -> tuple[str, list[float], int]:
    """(model, features, label)"""
    bits = mixed(16 * i + 1)
    model = bits % 4
    features = [uniform(mixed(16 * i + 2 + k)) for k in range(FEATURES)]
    total = 0.2
    for k in range(FEATURES):
        total += 3.0 * uniform(mixed(~(FEATURES * model + k) & MASK)) * features[k]
    return f"m{model}", features, int((total > 0) != ((bits >> 8) % 10 == 0))


def expected_lines(count: int) -> list[str]:
    models: dict[str, tuple[float, list[float], int, int]] = {}
    lines = []
    for i in range(count):
        name, features, label = sample(i)
        bias, weights, steps, right = models.get(name, (0.0, [0.0] * FEATURES, 0, 0))
        z = bias
        for weight, feature in zip(weights, features, strict=False):
            z += weight * feature
        predicted = 1.0 / (1.0 + math.exp(-z))
        right += (predicted > 0.5) == (label == 1)
        step = 0.1 * (label - predicted)
        bias += step
        weights = [
            weight + step * feature for weight, feature in zip(weights, features, strict=False)
        ]
        steps += 1
        if steps % 100 == 0:
            parameters = " ".join(f"{number:.6f}" for number in [bias, *weights])
            lines.append(f"{name},{steps},{right},{parameters}")
            right = 0
        models[name] = bias, weights, steps, right
    return sorted(lines)


if __name__ == "__main__":
    print("\n".join(expected_lines(int(sys.argv[1]) if len(sys.argv) > 1 else 20000)))
