#!/usr/bin/env python3
"""Computes the expected alerts of shop.cc without weir: its lines in sorted order.

usage: reference.py [COUNT]
"""

from __future__ import annotations

import sys

MASK = (1 << 64) - 1
STOCK = 2000
LONGEST_MS = 15 * 60 * 1000


def mixed(i: int) -> int:
    i = ((i ^ i >> 30) * 0xBF58476D1CE4E5B9) & MASK
    i = ((i ^ i >> 27) * 0x94D049BB133111EB) & MASK
    return i ^ i >> 31


def expected_lines(count: int) -> list[str]:
    paid = []
    for i in range(count):
        bits = mixed(i + 1)
        ordered_at = 1000 * i + (bits >> 32) % 1000
        delay = (mixed(~i & MASK) >> 32) % 900000
        paid_at = ordered_at + (900001 + delay if i % 5 == 0 else delay)
        if paid_at - ordered_at <= LONGEST_MS:
            paid.append((paid_at, i, f"p{bits % 20}", 1 + (bits >> 8) % 9))
    stock: dict[str, int] = {}
    lines = []
    for _, order, product, units in sorted(paid):
        left = stock.get(product, STOCK)
        if left < units:
            lines.append(f"{order},{product},{units - left}")
        else:
            stock[product] = left - units
    return sorted(lines)


if __name__ == "__main__":
    print("\n".join(expected_lines(int(sys.argv[1]) if len(sys.argv) > 1 else 20000)))
