#!/usr/bin/env python3
"""Installs the library into an empty folder, builds a job outside the tree against it, and runs that job.

Usage: package_test.py BUILD_DIR
"""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def run(*command, **kwargs):
    return subprocess.run(command, check=True, timeout=300, stdout=subprocess.PIPE, text=True, **kwargs).stdout


def main():
    build = sys.argv[1]
    work = tempfile.mkdtemp(prefix="weir-package-")
    try:
        prefix = os.path.join(work, "prefix")
        run("cmake", "--install", build, "--prefix", prefix)
        run("cmake", "-S", HERE, "-B", os.path.join(work, "build"), "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", os.path.join(work, "build"))
        printed = run(os.path.join(work, "build", "outside_job"))
        if "weir,2" not in printed.split():
            print(printed)
            print("the job's output lacks the line 'weir,2'")
            print("0 passed, 1 failed")
            return 1
        print("1 passed, 0 failed")
        return 0
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
