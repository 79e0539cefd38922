#!/usr/bin/env python3
"""Compiles one case twice: unchanged, which must fail with the text after `// expect: `, and with
-DMENDED, which must succeed. The second run proves that the case fails only for its own reason.

usage: must_not_compile_test.py COMPILER INCLUDE_DIR CASE.cc
"""

from __future__ import annotations

import re
import subprocess
import sys

compiler, include, case = sys.argv[1:]
(expected, *_) = re.findall(r"^// expect: (.*)$", open(case).read(), re.MULTILINE)


def compile_case(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [compiler, "-std=c++20", "-fsyntax-only", "-I", include, *flags, case]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


wrong = compile_case()
if wrong.returncode == 0:
    sys.exit(f"{case} compiles, and must not")
if expected not in wrong.stderr:
    sys.exit(f"{case} is refused, but not with '{expected}':\n{wrong.stderr}")
mended = compile_case("-DMENDED")
if mended.returncode != 0:
    sys.exit(f"{case} with -DMENDED must compile:\n{mended.stderr}")
