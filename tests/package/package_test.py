#!/usr/bin/env python3
"""Installs the library into an empty folder and builds the CMake lines and the first program of
README.md with it, in a separate folder, with the compiler that CMake finds and none of its
variables set. Then builds another program with the same lines, and runs it.

Usage: package_test.py BUILD_DIR
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
README = os.path.join(HERE, "..", "..", "README.md")


def run(*command, **kwargs):
    done = subprocess.run(
        command, timeout=600, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kwargs
    )
    if done.returncode != 0:
        raise AssertionError(
            f"{' '.join(command)} ends with {done.returncode}:\n{done.stdout[-4000:]}"
        )
    return done.stdout


def shown(language):
    """The first block of a language in README.md."""
    with open(README, encoding="utf-8") as file:
        return re.search(rf"```{language}\n(.*?)```", file.read(), re.S).group(1)


def build_job(work, name, prefix, program):
    folder = os.path.join(work, name)
    os.makedirs(folder)
    with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
        file.write(shown("cmake"))
    with open(os.path.join(folder, "my_job.cc"), "w", encoding="utf-8") as file:
        file.write(program)
    run("cmake", "-S", folder, "-B", os.path.join(folder, "build"), f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", os.path.join(folder, "build"))
    return os.path.join(folder, "build", "my_job")


def check_bridge(job, prefix, work):
    """The program finds the bridge in the installed weir, or says that it is missing."""
    jar = os.path.join(prefix, "share", "weir", "weir-flink.jar")
    tried = subprocess.run(
        [job, "--target", "flink", "--jar-out", os.path.join(work, "job.jar")],
        timeout=120,
        stderr=subprocess.PIPE,
        text=True,
    )
    if os.path.exists(jar):
        assert tried.returncode == 0, tried.stderr
    else:
        assert (
            tried.returncode == 2
            and f"nor at {jar}: build it with `make flink-bridge`" in tried.stderr
        ), tried.stderr


def main():
    build = sys.argv[1]
    work = tempfile.mkdtemp(prefix="weir-package-")
    try:
        first = os.path.join(work, "first")
        said = run("cmake", "--install", build, "--prefix", first)
        bridge = os.path.exists(os.path.join(first, "share", "weir", "weir-flink.jar"))
        assert bridge or "Not installed: the bridge to Flink" in said, said
        prefix = os.path.join(work, "moved", "there")  # nothing may depend on the original place
        os.makedirs(os.path.dirname(prefix))
        os.rename(first, prefix)

        job = build_job(work, "readme", prefix, shown("cpp"))
        explained = run(job, "--explain")
        assert "counts" in explained or "flat_map" in explained, explained
        with open(os.path.join(HERE, "outside_job.cc"), encoding="utf-8") as file:
            job = build_job(work, "outside", prefix, file.read())
        printed = run(job)
        assert "weir,2" in printed.split(), printed
        check_bridge(job, prefix, work)
        print("1 passed, 0 failed")
        return 0
    except AssertionError as failure:
        print(failure)
        print("0 passed, 1 failed")
        return 1
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
