#!/usr/bin/env python3
"""Formats every file of the project: C++ by clang-format (.clang-format), Python by ruff
(ruff.toml), Java by google-java-format. Checks the types of the Python by mypy (mypy.ini), and the
ends of all lines (.editorconfig).

The programs are fetched once, in fixed versions, because other versions format a little
differently.

Usage: format.py [--check]

--check changes nothing, and fails with the names of the files that differ and with the wrong types.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "real"))
import servers

FORMATTERS = ["clang-format==19.1.7", "ruff==0.9.10"]
MYPY = ["mypy==1.15.0"]
JAVA = "com.google.googlejavaformat:google-java-format:1.25.2"
JDK = "jdk.compiler/com.sun.tools.javac"


def wheels(name: str, wanted: list[str]) -> pathlib.Path:
    """The folder with programs that come from PyPI."""
    with servers.fetched_once(name, " ".join(wanted)) as (folder, missing):
        if missing:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--upgrade"]
            command += ["--root-user-action=ignore", "--target", str(folder), *wanted]
            subprocess.run(command, check=True, timeout=600)
    return folder


def files(*endings: str) -> list[str]:
    patterns = [f"*{ending}" for ending in endings]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return [name for name in listed.stdout.split() if (ROOT / name).exists()]


def clang_format(check: bool) -> list[list[str]]:
    mode = ["--dry-run", "--Werror"] if check else ["-i"]
    folder = wheels("formatters", FORMATTERS)
    return [[str(folder / "clang_format/data/bin/clang-format"), *mode, *files(".cc", ".h")]]


def ruff(check: bool) -> list[list[str]]:
    program = str(wheels("formatters", FORMATTERS) / "bin/ruff")
    if check:
        return [[program, "format", "--check", "."], [program, "check", "."]]
    return [[program, "check", "--fix", "--quiet", "."], [program, "format", "--quiet", "."]]


def java_format(check: bool) -> list[list[str]]:
    folder = servers.maven_jars("google-java-format", "google-java-format", [JAVA])
    mode = ["--dry-run", "--set-exit-if-changed"] if check else ["--replace"]
    parts = ["api", "code", "file", "parser", "tree", "util"]
    opened = [f"--add-exports={JDK}.{part}=ALL-UNNAMED" for part in parts]
    main = ["-cp", f"{folder}/*", "com.google.googlejavaformat.java.Main"]
    return [["java", *opened, *main, *mode, *files(".java")]]


def mypy(check: bool) -> list[list[str]]:
    if not check:
        return []
    folder = wheels("mypy", MYPY)
    return [["env", f"PYTHONPATH={folder}", sys.executable, "-m", "mypy", "--no-error-summary"]]


def wrong_ends() -> list[str]:
    """Text files that break .editorconfig."""
    found = []
    for name in files(""):
        content = (ROOT / name).read_bytes()
        lines = content.split(b"\n")
        spaces = any(line != line.rstrip() for line in lines)
        if b"\0" not in content and content and (spaces or lines[-1]):
            found.append(name)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    failed = 0
    for formatter in (clang_format, ruff, java_format, mypy):
        for command in formatter(arguments.check):
            failed += subprocess.run(command, cwd=ROOT, timeout=600).returncode != 0
    if arguments.check:
        for name in wrong_ends():
            failed += 1
            print(f"{name}: a line ends with spaces, or the last one without a break")
    if failed and arguments.check:
        print("format these files by `make format`, and mend wrong types by hand", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
