#!/usr/bin/env python3
"""Doxygen's filter for Markdown files: gives headings the identifiers that GitHub gives them, and
points links at these, because Doxygen knows neither.

doxygen_markdown.py FILE.md
"""

from __future__ import annotations

import os
import re
import sys


def slug(title: str) -> str:
    """GitHub's identifier of a heading."""
    text = re.sub(r"[`*]|\[|\]\([^)]*\)", "", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def identifier(path: str, fragment: str) -> str:
    """Unique in the site: the path of the file belongs to it."""
    return re.sub(r"\W", "-", os.path.relpath(path).removesuffix(".md")) + "--" + fragment


def rewrite(path: str, text: str) -> str:
    def link(match: re.Match[str]) -> str:
        target, fragment = match[1], match[2]
        file = os.path.join(os.path.dirname(path), target) if target else path
        return f"](@ref {identifier(file, fragment)})"

    lines = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            heading = re.fullmatch(r"(##+) (.*)", line)
            if heading:
                line += f" {{#{identifier(path, slug(heading[2]))}}}"
            line = re.sub(r"\]\(([^()#:\s]*\.md|)#([\w-]+)\)", link, line)
        lines.append(line)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(rewrite(sys.argv[1], file.read()))
