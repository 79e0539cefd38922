#!/usr/bin/env python3
"""Runs etl on generated orders, kills it several times, and compares its results with an
independent computation.

Usage: check.py --build DIR [--orders N] [--kills N] [--seed N]
"""

from __future__ import annotations

import argparse
import collections
import datetime
import glob
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

REGIONS = {"de": "europe", "fr": "europe", "jp": "asia", "us": "america"}
START = datetime.datetime(2024, 3, 1)
SECONDS = 2.0  # of a run that is not killed


def order_line(chance: random.Random, number: int) -> str:
    """One line of the input. About every tenth is no valid order."""
    ordered = START + datetime.timedelta(milliseconds=chance.randrange(5 * 86_400_000))
    order = {
        "id": number,
        "customer": f'c{chance.randrange(1000)} "é\n{chance.choice("xyz")}',
        "country": chance.choice(list(REGIONS)),
        "cents": chance.randrange(1, 10**9),
        "ordered": ordered.isoformat(timespec="milliseconds") + chance.choice(["Z", "", "+00:00"]),
        "coupon": chance.choice([None, "SPRING"]),
        "unknown": [{"a": number}, 1e300],
    }
    if chance.random() < 0.5:
        del order["coupon"]
    fault = chance.randrange(80)
    if fault == 0:
        return json.dumps(order)[: chance.randrange(1, 40)]
    if fault == 1:
        del order[chance.choice(["id", "customer", "country", "cents", "ordered"])]
    elif fault == 2:
        order["cents"] = chance.choice([0, -5, 1.5, "7", None, 2**63])
    elif fault == 3:
        order["country"] = "atlantis"
    elif fault == 4:
        order["ordered"] = chance.choice(["yesterday", "2024-02-30T00:00:00Z", 5])
    elif fault == 5:
        order["customer"] = ""
    elif fault == 6:
        return json.dumps(order)[:-1] + ', "id": 1}'
    elif fault == 7:
        return chance.choice(["", "null", "[]", "{}", "nonsense", json.dumps(order) + "}"])
    return json.dumps(order, ensure_ascii=chance.random() < 0.5)


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "a key comes twice"
    return dict(pairs)


def clean(line: str) -> tuple[str, tuple[Any, ...]] | None:
    """(day, clean order) of a line; None if it is no valid order."""
    try:
        order = json.loads(line, object_pairs_hook=once)
        ordered = datetime.datetime.fromisoformat(order["ordered"].replace("Z", ""))
        assert type(order["id"]) is int and type(order["cents"]) is int
        assert 0 < order["cents"] < 2**63 and order["customer"]
        assert order.get("coupon") is None or type(order["coupon"]) is str
        region = REGIONS[order["country"]]
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError):
        return None
    ordered = ordered.replace(tzinfo=None)
    shown = ordered.isoformat(timespec="milliseconds" if ordered.microsecond else "seconds") + "Z"
    return f"day={ordered:%Y-%m-%d}", (
        order["id"],
        order["customer"],
        region,
        order["cents"],
        shown,
        order.get("coupon") is not None,
    )


def write_input(folder: str, lines: list[str]) -> None:
    """Several files, one of them compressed."""
    os.makedirs(folder)
    for part in range(4):
        text = "".join(line + "\n" for line in lines[part::4]).encode()
        path = os.path.join(folder, f"{part}.json")
        if part == 1:
            path, text = path + ".gz", gzip.compress(text)
        with open(path, "wb") as file:
            file.write(text)


def records(pattern: str) -> Iterator[tuple[str, Any]]:
    for path in glob.glob(pattern):
        opened = gzip.open(path) if path.endswith(".gz") else open(path, "rb")
        with opened as file:
            for line in file.read().decode().split("\n")[:-1]:
                yield path, json.loads(line)


def run(
    binary: str, work: str, parallelism: int, rate: float, compress: bool, kill_after: float | None
) -> int | None:
    """Returns the exit code, or None if the run was killed."""
    command = [
        binary,
        f"--input={work}/orders",
        f"--output={work}/clean",
        f"--rejects={work}/rejects",
        f"--rate={rate}",
        "--parallelism",
        str(parallelism),
        "-D",
        "execution.checkpointing.interval=100 ms",
        "-D",
        f"execution.checkpointing.dir={work}/checkpoints",
        "--from",
        "latest",
    ]
    if compress:
        command.append("--compress=true")
    with open(f"{work}/log", "ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        if kill_after is None:
            return process.wait(300)
        try:
            return process.wait(kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None


def differences(expected: collections.Counter[Any], found: collections.Counter[Any]) -> list[str]:
    missing = list((expected - found).elements())[:3]
    extra = list((found - expected).elements())[:3]
    return [f"missing: {m}" for m in missing] + [f"too many: {e}" for e in extra]


def check(work: str, lines: list[str]) -> list[str]:
    expected_clean: collections.Counter[Any] = collections.Counter()
    expected_rejects: collections.Counter[Any] = collections.Counter()
    for line in lines:
        result = clean(line)
        if result is None:
            expected_rejects[line] += 1
        else:
            expected_clean[result] += 1
    found_clean: collections.Counter[Any] = collections.Counter()
    found_rejects: collections.Counter[Any] = collections.Counter()
    for path, order in records(f"{work}/clean/day=*/orders-*"):
        found_clean[(os.path.basename(os.path.dirname(path)), tuple(order.values()))] += 1
    for _, reject in records(f"{work}/rejects/part-*"):
        assert reject["reason"], reject
        found_rejects[reject["line"]] += 1
    assert len(expected_rejects) > 20 and len(expected_clean) > 1000, "the input shows too little"
    hidden = [n for n in os.listdir(f"{work}/clean") if n.startswith(".")]
    return (
        differences(expected_clean, found_clean)
        + differences(expected_rejects, found_rejects)
        + [f"orphan: {name}" for name in hidden]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    chance = random.Random(arguments.seed)
    binary = os.path.join(os.path.abspath(arguments.build), "bin", "etl")
    work = tempfile.mkdtemp(prefix="weir-etl-")
    lines = [order_line(chance, number) for number in range(arguments.orders)]
    write_input(f"{work}/orders", lines)
    kills = 0
    compress = chance.random() < 0.5
    deadline = time.monotonic() + 240
    while True:
        moment = chance.uniform(0.1, SECONDS) if kills < arguments.kills else None
        code = run(binary, work, chance.randint(1, 3), arguments.orders / SECONDS, compress, moment)
        if code is None:
            kills += 1
            assert time.monotonic() < deadline
            continue
        if code != 0:
            with open(f"{work}/log", encoding="utf-8", errors="replace") as log:
                sys.exit(f"exit code {code}:\n{log.read()[-3000:]}")
        break
    found = check(work, lines)
    if found:
        sys.exit("\n".join([*found, f"the results are in {work}"]))
    shutil.rmtree(work)
    print(f"etl: OK, each of {len(lines)} lines once, after {kills} kills")


if __name__ == "__main__":
    main()
