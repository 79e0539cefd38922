#!/usr/bin/env python3
"""Computes the expected sessions of sessions.cc without weir: its lines in sorted order.

usage: reference.py [COUNT]
"""

from __future__ import annotations

import collections
import sys
from collections.abc import Iterable, Iterator

MASK = (1 << 64) - 1
GAP_MS = 30000
VISITORS = 200
EXTRA_OUTPUT = "late"


def mixed(i: int) -> int:
    i = ((i ^ i >> 30) * 0xBF58476D1CE4E5B9) & MASK
    i = ((i ^ i >> 27) * 0x94D049BB133111EB) & MASK
    return i ^ i >> 31


def clicks(count: int) -> Iterator[tuple[str, int, int]]:
    for i in range(count):
        bits = mixed(i + 1)
        at = 200 * i + (bits >> 32) % 2000
        if i % 50 == 49:
            yield f"phone-{i}", bits % 90, at - 600000
        else:
            yield f"v{(bits >> 8) % VISITORS}", bits % 90, at


def expected_lines(count: int, late: Iterable[str] = ()) -> list[str]:
    """`late`: the lines of the clicks that came too late. Only phones send some, and whether they
    come too late depends on how fast the job runs. Each is either in a session or among these."""
    not_counted = collections.Counter(late)
    by_visitor = collections.defaultdict(list)
    for visitor, page, at in clicks(count):
        line = f"{visitor},{page},{at}"
        if visitor.startswith("phone-") and not_counted[line] > 0:
            not_counted[line] -= 1
        else:
            by_visitor[visitor].append((at, page))
    lines = [f"late, but not expected: {line}" for line in not_counted.elements()]
    for visitor, visited in by_visitor.items():
        session: list[tuple[int, int]] = []
        for at, page in [*sorted(visited), (1 << 62, 0)]:
            if session and at - session[-1][0] > GAP_MS:
                lines.append(
                    f"{visitor},{session[0][0]},{session[-1][0] + GAP_MS},{len(session)},"
                    f"{max(page for _, page in session)}"
                )
                session = []
            session.append((at, page))
    return sorted(lines)


if __name__ == "__main__":
    print("\n".join(expected_lines(int(sys.argv[1]) if len(sys.argv) > 1 else 20000)))
