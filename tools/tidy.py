#!/usr/bin/env python3
"""Runs clang-tidy (.clang-tidy) over the C++ of a build, and fails if it finds something. A source is
checked again only if it, a header of the project that it includes, its command line, or the checks
have changed.

Usage: tidy.py --build DIR [--headers] [--jobs N] [PART]…

Each public header is also checked alone. PART: only files whose path contains it. --headers: only
one source that includes all public headers, which needs no build; the test suite runs this.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import threading

from format import wheels

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Debian 12's clang-tidy cannot read the ranges of Debian 12's C++ library.
CLANG_TIDY = ["clang-tidy==23.1.4"]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


@functools.cache
def included(file: pathlib.Path, folders: tuple[pathlib.Path, ...]) -> frozenset[pathlib.Path]:
    """The headers of the project that a file includes itself."""
    found = set()
    for name in INCLUDE.findall(file.read_text(errors="replace")):
        for folder in (file.parent, *folders):
            if (header := folder / name).is_file():
                found.add(header.resolve())
                break
    return frozenset(found)


@functools.cache
def digest(file: pathlib.Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()


class Source:
    """A file to check, and how the build compiles it."""

    def __init__(self, file: pathlib.Path, command: list[str], folder: pathlib.Path) -> None:
        self.file, self.command, self.folder = file, command, folder
        self.name = os.path.relpath(file, ROOT)

    def key(self, checks: bytes) -> str:
        """Changes with everything that may change the findings."""
        folders = [word[2:] for word in self.command if word.startswith("-I")]
        places = tuple(self.folder / folder for folder in folders)
        seen, left = set(), [self.file]
        while left:
            file = left.pop()
            if file not in seen:
                seen.add(file)
                left += included(file, places)
        total = hashlib.sha256(checks + "\0".join(self.command).encode())
        for file in sorted(seen):
            total.update(digest(file))
        return total.hexdigest()


def command_of(entry: dict[str, str], scratch: pathlib.Path) -> list[str]:
    """The command without what only GCC understands."""
    words = shlex.split(entry["command"])
    kept = [words.pop(0)]
    while words:
        word = words.pop(0)
        if word == "-include" and words[0].endswith("cmake_pch.hxx"):
            # Beside the original, GCC's precompiled one would be taken.
            copy = scratch / "precompiled.h"
            copy.write_bytes(pathlib.Path(words.pop(0)).read_bytes())
            kept += ["-include", str(copy)]
        elif word in ("-o", "-c"):
            kept += ["-c"] if word == "-c" else []
            words[:1] = words[:1] if word == "-c" else []
        elif word not in ("-Winvalid-pch", "-fpch-preprocess"):
            kept.append(word)
    return kept


def sources(build: pathlib.Path, scratch: pathlib.Path) -> list[Source]:
    """Each file once, although several libraries compile it."""
    path = build / "compile_commands.json"
    if not path.exists():
        sys.exit(f"{path} is missing: run `cmake -S . -B {build} -G Ninja` first")
    found: dict[str, Source] = {}
    for entry in json.loads(path.read_text()):
        file = pathlib.Path(entry["file"])
        if file.is_relative_to(ROOT) and not file.is_relative_to(build):
            command = command_of(entry, scratch)
            source = Source(file, command, pathlib.Path(entry["directory"]))
            found.setdefault(entry["file"], source)
    return list(found.values())


def including(build: pathlib.Path, headers: list[str], file: pathlib.Path) -> Source:
    """A source that is made of headers."""
    text = "".join(f'#include "{header}"\n' for header in headers)
    if not file.exists() or file.read_text() != text:
        file.write_text(text)
    folders = [ROOT / "include", build / "include"]
    command = ["c++", "-std=c++20", *(f"-I{folder}" for folder in folders), "-c", str(file)]
    return Source(file, command, file.parent)


def public_headers() -> list[str]:
    return sorted(str(path.relative_to(ROOT / "include")) for path in ROOT.glob("include/**/*.h"))


def alone(build: pathlib.Path, scratch: pathlib.Path) -> list[Source]:
    """For each header that users include, a source that includes nothing else."""
    found = []
    for header in public_headers():
        if "/detail/" not in header:
            file = scratch / header.replace("/", "_").replace(".h", ".cc")
            found.append(including(build, [header], file))
    return found


class Tidy:
    """clang-tidy, and what it has found clean."""

    def __init__(self, scratch: pathlib.Path, before: list[str]) -> None:
        self.before = before
        self.program = wheels("clang-tidy", CLANG_TIDY) / "clang_tidy/data/bin/clang-tidy"
        self.scratch = scratch
        self.checks = (ROOT / ".clang-tidy").read_bytes() + CLANG_TIDY[0].encode()
        self.memory = scratch / "clean.json"
        self.clean = json.loads(self.memory.read_text()) if self.memory.exists() else {}
        self.lock = threading.Lock()

    def run(self, source: Source) -> tuple[Source, str]:
        """The findings; "" if there are none."""
        key = source.key(self.checks)
        if self.clean.get(source.name) == key:
            return source, ""
        done = subprocess.run(
            [*self.before, str(self.program), "--quiet", f"--config-file={ROOT}/.clang-tidy"]
            + [f"--header-filter={re.escape(str(ROOT))}/(include|src|sim|tests|bench|examples)/"]
            + [str(source.file), "--", *source.command[1:]],
            cwd=source.folder,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            return source, done.stdout + done.stderr
        with self.lock:
            self.clean[source.name] = key
            temporary = self.memory.with_suffix(".tmp")
            temporary.write_text(json.dumps(self.clean, indent=0))
            temporary.replace(self.memory)
        return source, ""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--headers", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("part", nargs="*")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    scratch = build / "tidy"
    scratch.mkdir(parents=True, exist_ok=True)
    if arguments.headers:
        wanted = [including(build, public_headers(), scratch / "public_headers.cc")]
    else:
        wanted = alone(build, scratch) + sources(build, scratch)
    if arguments.part:
        wanted = [s for s in wanted if any(part in s.name for part in arguments.part)]
    tidy = Tidy(scratch, [] if arguments.headers else ["nice", "-n", "15"])
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for source, found in pool.map(tidy.run, wanted):
            if found:
                failed += 1
                print(f"{source.name}:\n{found}", flush=True)
    print(f"{len(wanted) - failed} passed, {failed} failed")
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
