#!/usr/bin/env python3
"""Compiles every C++ block of README.md and docs/.

A block may be followed or preceded by code that the reader does not need. It is in a comment before
the block, around the word BLOCK:

    <!-- around the block:
    void configure(weir::StreamExecutionEnvironment& env) {
    BLOCK
    }
    -->

All blocks are one file for the compiler, each in a namespace of its own, so that it reads the
headers once.

docs_code_test.py COMPILER SOURCE_DIR INCLUDE_DIR…
"""

from __future__ import annotations

import glob
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator

BLOCK = re.compile(
    r"(?:<!-- around the block:\n(?P<around>(?:(?!-->).)*)-->\n)?```cpp\n(?P<code>.*?)```", re.S
)


def blocks_of(name: str, text: str) -> Iterator[tuple[int, str]]:
    """(line, code) of each block, with what is around it."""
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("code")) + 1
        code = f'#line {line} "{name}"\n{match["code"]}'
        if match["around"] is not None:
            before, after = match["around"].split("BLOCK\n")
            code = before + code + after
        yield line, code


def program_of(blocks: list[tuple[int, str]]) -> str:
    includes = []
    parts = []
    for number, (_, code) in enumerate(blocks):
        lines = []
        for line in code.splitlines():
            if line.startswith("#include"):
                includes.append(line)
                line = ""
            lines.append(line)
        parts.append(f"namespace block_{number} {{\n" + "\n".join(lines) + "\n}\n")
    return "\n".join(dict.fromkeys(includes)) + "\n" + "".join(parts)


def compile_errors(compiler: str, includes: list[str], program: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "blocks.cc")
        with open(path, "w", encoding="utf-8") as file:
            file.write(program)
        flags = [f"-I{include}" for include in includes]
        done = subprocess.run(
            [compiler, "-std=c++20", "-fsyntax-only", *flags, path],
            capture_output=True,
            text=True,
            timeout=280,
        )
        return done.stderr if done.returncode != 0 else ""


def main() -> int:
    compiler, source, *includes = sys.argv[1:]
    names = ["README.md", *sorted(glob.glob("docs/**/*.md", root_dir=source, recursive=True))]
    blocks = []
    for name in names:
        with open(os.path.join(source, name), encoding="utf-8") as file:
            text = file.read()
        found = list(blocks_of(name, text))
        assert len(found) == len(re.findall(r"^```cpp$", text, re.M)), f"{name}: a block is lost"
        blocks += found
    assert blocks, f"{source} has no C++ block in its documents"
    errors = compile_errors(compiler, includes, program_of(blocks))
    print(errors or f"{len(blocks)} blocks compile")
    wrong = '#line 7 "wrong_block"\nint f() { return weir::no_such_name; }\n'
    refused = compile_errors(compiler, [], "namespace weir {}\n" + program_of([(7, wrong)]))
    if "wrong_block:7" not in refused:
        errors = f"a block that does not compile is not reported by its line: {refused}"
        print(errors)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
