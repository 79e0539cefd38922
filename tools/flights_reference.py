#!/usr/bin/env python3
"""Computes the expected result of examples/flights.cc without weir: its lines in sorted order.

Usage: flights_reference.py DIRECTORY
"""

from __future__ import annotations

import csv
import datetime
import os
import sys


def number(value: float) -> str:
    """A number in the job's format: the fewest digits that read back as the same number."""
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def expected_lines(directory: str) -> list[str]:
    groups: dict[tuple[str, datetime.datetime], list[str]] = {}
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), newline="") as file:
            for row in csv.DictReader(file):
                hour = datetime.datetime.strptime(row["time_hour"], "%Y-%m-%dT%H:%M:%SZ").replace(
                    minute=0, second=0
                )
                groups.setdefault((row["carrier"], hour), []).append(row["dep_delay"])
    lines = []
    for (carrier, hour), of_group in groups.items():
        flights = len(of_group)
        canceled = of_group.count("NA")
        delays = [int(delay) for delay in of_group if delay != "NA"]
        mean = number(sum(delays) / len(delays)) if delays else ""
        largest = str(max(delays)) if delays else ""
        lines.append(f"{carrier},{hour:%Y-%m-%dT%H:%M:%SZ},{flights},{canceled},{mean},{largest}")
    return sorted(lines)


if __name__ == "__main__":
    sys.stdout.writelines(line + "\n" for line in expected_lines(sys.argv[1]))
