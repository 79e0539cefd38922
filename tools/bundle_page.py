#!/usr/bin/env python3
"""Makes the files of weir's own page, src/rest/page/bundle, of the sources beside them and of the
libraries that tools/page/package-lock.json names. Needs node and npm, and npm's registry. The
result is checked in, so that nobody else needs them.

Usage: bundle_page.py [--check] [--modules DIR]

--check: changes nothing, and fails if the result differs from what is checked in.
--modules: a folder with the installed libraries, or for them, which is kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join(ROOT, "src", "rest", "page")
BUNDLE = os.path.join(SOURCES, "bundle")
FILES = ("index.html", "page.css", "page.js")
MOST_BYTES = 200_000


def install(folder: str) -> bool:
    """Fetches the libraries, exactly those of the lock file. False: npm is missing, or its registry
    cannot be reached.
    """
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(ROOT, "tools", "page", name), folder)
    if shutil.which("npm") is None:
        return False
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
    return done.returncode == 0


def run_esbuild(modules: str, source: str, target: str) -> None:
    environment = dict(os.environ, NODE_PATH=os.path.join(modules, "node_modules"))
    subprocess.run(
        [os.path.join(modules, "node_modules", ".bin", "esbuild"), source, f"--outfile={target}"]
        + ["--bundle", "--minify", "--format=iife", "--target=es2022", "--legal-comments=none"]
        + ["--charset=utf8", "--log-level=warning"],
        check=True,
        env=environment,
    )


def bundle(modules: str, folder: str) -> None:
    run_esbuild(modules, os.path.join(SOURCES, "main.js"), os.path.join(folder, "page.js"))
    run_esbuild(modules, os.path.join(SOURCES, "style.css"), os.path.join(folder, "page.css"))
    shutil.copy(os.path.join(SOURCES, "index.html"), folder)


def content(folder: str, name: str) -> bytes:
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--modules")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        modules = options.modules or scratch
        os.makedirs(modules, exist_ok=True)
        esbuild = os.path.join(modules, "node_modules", ".bin", "esbuild")
        if not os.path.exists(esbuild) and not install(modules):
            print("npm cannot fetch the libraries of the page")
            if options.check:  # nothing can be compared here
                print("0 passed, 0 failed")
            sys.exit(0 if options.check else 1)
        made = os.path.join(scratch, "made")
        os.mkdir(made)
        bundle(modules, made)
        size = sum(len(content(made, name)) for name in FILES)
        if size > MOST_BYTES:
            sys.exit(f"the page has {size} bytes, more than {MOST_BYTES}")
        if options.check:
            old = [name for name in FILES if content(made, name) != content(BUNDLE, name)]
            if old:
                sys.exit(
                    f"{', '.join(old)} in src/rest/page/bundle is not made of the sources beside "
                    "it: run tools/bundle_page.py"
                )
        else:
            for name in FILES:
                shutil.copy(os.path.join(made, name), os.path.join(BUNDLE, name))
        print(f"{size} bytes")


if __name__ == "__main__":
    main()
