#!/usr/bin/env python3
"""Computes the expected alarms of fraud.cc without weir: its lines in sorted order.

usage: reference.py [COUNT]
"""

from __future__ import annotations

import sys

MASK = (1 << 64) - 1


def mixed(i: int) -> int:
    i = ((i ^ i >> 30) * 0xBF58476D1CE4E5B9) & MASK
    i = ((i ^ i >> 27) * 0x94D049BB133111EB) & MASK
    return i ^ i >> 31


def expected_lines(count: int) -> list[str]:
    rules = [60000 + mixed(~i & MASK) % 40000 for i in range(count * 100 // 50000 + 1)]
    by_account: dict[str, list[tuple[int, int, int]]] = {}
    for i in range(count):
        bits = mixed(i + 1)
        at = 100 * i + (bits >> 32) % 500
        by_account.setdefault(f"a{bits % 50}", []).append((at, i, (bits >> 8) % 10000))
    lines = []
    for account, transactions in by_account.items():
        transactions.sort()
        first = 0
        spent = 0
        for at, number, cents in transactions:
            spent += cents
            while transactions[first][0] <= at - 60000:
                spent -= transactions[first][2]
                first += 1
            most = rules[min(at // 50000, len(rules) - 1)]
            if spent > most:
                lines.append(f"{number},{account},{spent},{most}")
    return sorted(lines)


if __name__ == "__main__":
    print("\n".join(expected_lines(int(sys.argv[1]) if len(sys.argv) > 1 else 20000)))
