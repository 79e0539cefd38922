#!/usr/bin/env python3
"""Uses weir from outside: in separate folders, with the compiler that CMake finds.

Installs the library, moves it, and builds with it: the CMake lines and the first program of
README.md; by CMake and by pkg-config a job whose source, operator, sink and file system are its
own, and their unit tests. Then builds that job by add_subdirectory, by FetchContent, with
shared libraries, and with the Debian packages. These build weir again. ccache makes this cheap if
it is there.

Usage: package_test.py BUILD_DIR
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
OUTSIDE = os.path.join(HERE, "outside")
README = os.path.join(ROOT, "README.md")
# As in weir's own Release builds, so that ccache has the objects.
OF_WEIR = ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2"]
CORE_ONLY = [
    f"-DWEIR_WITH_{component}=OFF"
    for component in (
        "HDFS",
        "S3",
        "ZOOKEEPER",
        "REST",
        "JSON",
        "AVRO",
        "FLINK",
        "KAFKA",
        "POSTGRES",
    )
]


def run(*command: str, **kwargs: Any) -> str:
    done = subprocess.run(
        command, timeout=1500, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kwargs
    )
    if done.returncode != 0:
        raise AssertionError(
            f"{' '.join(command)} ends with {done.returncode}:\n{done.stdout[-4000:]}"
        )
    return done.stdout


def shown(language: str) -> str:
    """The first block of a language in README.md."""
    with open(README, encoding="utf-8") as file:
        found = re.search(rf"```{language}\n(.*?)```", file.read(), re.S)
        assert found, f"README.md has no block in {language}"
        return found[1]


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def cmake(source: str, build: str, *options: str, targets: Iterable[str] = ()) -> None:
    ccache = shutil.which("ccache")
    launcher = [f"-DCMAKE_CXX_COMPILER_LAUNCHER={ccache}"] if ccache else []
    run("cmake", "-G", "Ninja", "-S", source, "-B", build, *launcher, *options)
    named = [word for target in targets for word in ("--target", target)]
    run("cmake", "--build", build, "--parallel", str(os.cpu_count()), *named)


def build_readme(work: str, name: str, prefix: str, program: str) -> str:
    """A program, with the CMake lines of README.md."""
    folder = os.path.join(work, name)
    os.makedirs(folder)
    with open(os.path.join(folder, "CMakeLists.txt"), "w", encoding="utf-8") as file:
        file.write(shown("cmake"))
    with open(os.path.join(folder, "my_job.cc"), "w", encoding="utf-8") as file:
        file.write(program)
    cmake(folder, os.path.join(folder, "build"), f"-DCMAKE_PREFIX_PATH={prefix}")
    return os.path.join(folder, "build", "my_job")


def check_bridge(job: str, prefix: str, work: str) -> None:
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


def build_of_weir(work: str, name: str) -> str:
    """Beside the folder of the real build: with relative paths as there, ccache has the objects."""
    return f"{work}-{name}"


def check_job(path: str) -> None:
    printed = run(path)
    assert "each number once" in printed.splitlines(), printed


def the_outside_uses_only_public_headers(work: str, prefix: str) -> None:
    for name in sorted(os.listdir(OUTSIDE)):
        private = re.search(r".*\bdetail\b.*", read(os.path.join(OUTSIDE, name)))
        assert private is None, f"{name} uses a private part of weir: {private.group(0)}"


def readme_builds(work: str, prefix: str) -> None:
    explained = run(build_readme(work, "readme", prefix, shown("cpp")), "--explain")
    assert "counts" in explained or "flat_map" in explained, explained
    job = build_readme(work, "count", prefix, read(os.path.join(OUTSIDE, "word_count.cc")))
    printed = run(job)
    assert "weir,2" in printed.split(), printed
    check_bridge(job, prefix, work)


def by_find_package(work: str, prefix: str) -> None:
    build = os.path.join(work, "by_find_package")
    cmake(OUTSIDE, build, "-DWEIR_BY=find_package", f"-DCMAKE_PREFIX_PATH={prefix}")
    check_job(os.path.join(build, "own_parts_job"))
    run(os.path.join(build, "own_parts_test"))
    # It has the component: it looks for the server, and there is none at that port.
    keys = ["s3.endpoint=http://127.0.0.1:1", "s3.access-key=a", "s3.secret-key=b"]
    tried = subprocess.run(
        [os.path.join(build, "s3_job"), *[word for key in keys for word in ("-D", key)]],
        timeout=120,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "http://127.0.0.1:1 is not reachable" in tried.stderr, tried.stderr
    job = os.path.join(build, "jdbc_job")
    tried = subprocess.run([job], timeout=120, stderr=subprocess.PIPE, text=True)
    assert "cannot connect at PostgreSQL (127.0.0.1:1" in tried.stderr, tried.stderr


def by_pkg_config(work: str, prefix: str) -> None:
    folder = subprocess.run(
        ["find", prefix, "-name", "weir-core.pc"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    environment = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(folder)}
    flags = run("pkg-config", "--cflags", "--libs", "weir-core", env=environment).split()
    assert not any("/usr/local" in flag for flag in flags), flags
    job = os.path.join(work, "by_pkg_config")
    run("c++", "-std=c++20", os.path.join(OUTSIDE, "own_parts_job.cc"), "-o", job, *flags)
    check_job(job)


def by_add_subdirectory(work: str, prefix: str) -> None:
    build = build_of_weir(work, "by_add_subdirectory")
    options = ["-DWEIR_BY=add_subdirectory", f"-DWEIR_SOURCE={ROOT}", *OF_WEIR, *CORE_ONLY]
    cmake(OUTSIDE, build, *options, targets=["own_parts_job"])
    check_job(os.path.join(build, "own_parts_job"))


def by_fetch_content(work: str, prefix: str) -> None:
    build = build_of_weir(work, "by_fetch_content")
    options = ["-DWEIR_BY=FetchContent", f"-DWEIR_SOURCE={ROOT}", *OF_WEIR, *CORE_ONLY]
    cmake(OUTSIDE, build, *options, targets=["own_parts_job"])
    check_job(os.path.join(build, "own_parts_job"))


def with_shared_libraries(work: str, prefix: str) -> None:
    """Installed, moved, and used by CMake."""
    build = build_of_weir(work, "shared")
    parts = ["-DWEIR_BUILD_TESTS=OFF", "-DWEIR_BUILD_EXAMPLES=OFF", "-DWEIR_BUILD_BENCH=OFF"]
    cmake(ROOT, build, "-DBUILD_SHARED_LIBS=ON", "-DCMAKE_INSTALL_PREFIX=/usr", *parts)
    first = os.path.join(work, "shared_first")
    run("cmake", "--install", build, "--prefix", first)
    moved = os.path.join(work, "shared_moved")
    os.rename(first, moved)
    job = os.path.join(work, "by_shared_libraries")
    options = ["-DWEIR_BY=find_package", f"-DCMAKE_PREFIX_PATH={moved}"]
    cmake(OUTSIDE, job, *options, targets=["own_parts_job"])
    check_job(os.path.join(job, "own_parts_job"))
    linked = run("ldd", os.path.join(job, "own_parts_job"))
    assert f"=> {moved}/" in linked, linked


def as_debian_packages(work: str, prefix: str) -> None:
    """Made from the build of the test before, installed, used, and removed again."""
    packages = os.path.join(work, "packages")
    config = os.path.join(build_of_weir(work, "shared"), "CPackConfig.cmake")
    run("cpack", "--config", config, "-B", packages)
    files = sorted(glob.glob(os.path.join(packages, "*.deb")))
    names = [run("dpkg-deb", "--field", file, "Package").strip() for file in files]
    assert len(names) >= 2 and "libweir-dev" in names, names
    root = [] if os.geteuid() == 0 else ["sudo"]
    try:
        # Fails if a package that they depend on is not here.
        run(*root, "dpkg", "--install", *files)
        job = os.path.join(work, "by_debian_packages")
        cmake(OUTSIDE, job, "-DWEIR_BY=find_package", targets=["own_parts_job", "own_parts_test"])
        check_job(os.path.join(job, "own_parts_job"))
        run(os.path.join(job, "own_parts_test"))
        linked = run("ldd", os.path.join(job, "own_parts_job"))
        assert re.search(r"libweir_core\S* => /(usr/)?lib/", linked), linked
    finally:
        run(*root, "dpkg", "--purge", *names)
    left = [path for path in ("/usr/include/weir", "/usr/share/weir") if os.path.exists(path)]
    assert not left, f"removing the packages leaves {left}"


TESTS = [
    the_outside_uses_only_public_headers,
    readme_builds,
    by_find_package,
    by_pkg_config,
    by_add_subdirectory,
    by_fetch_content,
    with_shared_libraries,
    as_debian_packages,
]


def main() -> int:
    build = os.path.abspath(sys.argv[1])
    work = tempfile.mkdtemp(prefix="build-package-", dir=os.path.dirname(build))
    passed, failed = 0, 0
    try:
        first = os.path.join(work, "first")
        said = run("cmake", "--install", build, "--prefix", first)
        bridge = os.path.exists(os.path.join(first, "share", "weir", "weir-flink.jar"))
        assert bridge or "Not installed: the bridge to Flink" in said, said
        prefix = os.path.join(work, "moved", "there")  # nothing may depend on the original place
        os.makedirs(os.path.dirname(prefix))
        os.rename(first, prefix)
        for test in TESTS:
            begin = time.monotonic()
            try:
                test(work, prefix)
                passed += 1
                print(f"ok     {test.__name__}  {time.monotonic() - begin:.0f} s", flush=True)
            except AssertionError as failure:
                failed += 1
                print(f"FAILED {test.__name__}: {failure}", flush=True)
    finally:
        for folder in glob.glob(f"{work}*"):
            shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
