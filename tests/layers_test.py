#!/usr/bin/env python3
"""Checks that includes follow the layers. The order of the modules is WEIR_MODULES in
CMakeLists.txt: a module includes only itself and earlier ones.

layers_test.py --source DIR
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator

# Third-party headers, and the only folders that may include them, never in a header.
THIRD_PARTY = {
    "curl/": ("src/http/",),
    "nlohmann/": (
        "src/fs/hdfs/",
        "src/fs/s3/",
        "src/checkpoint/",
        "src/ha/",
        "src/flink/",
        "src/kafka/",
        "src/connectors/avro/",
        "src/rest/",
        "src/tool/",
    ),
    "microhttpd.h": ("src/rest/",),
    "zip.h": ("src/flink/",),
    "simdjson.h": ("src/connectors/json/",),
    "zlib.h": ("src/connectors/",),
    "zstd.h": ("src/connectors/",),
    "snappy.h": ("src/checkpoint/",),
    "yaml-cpp/": ("src/config/",),
    "pugixml.hpp": ("src/fs/", "src/config/"),
    # The checksum of files and of their names; a single pure function.
    "xxhash.h": (
        "src/fs/hdfs/",
        "src/runtime/",
        "src/checkpoint/",
        "src/graph/",
        "src/ha/",
        "src/platform/",
        "src/offline/",
    ),
    "zookeeper/": ("src/ha/",),
    "openssl/": ("src/platform/", "src/kafka/", "src/fs/hdfs/", "src/fs/s3/"),
    "google/protobuf/": ("src/fs/hdfs/",),
    "gssapi/": ("src/fs/hdfs/",),
    "krb5.h": ("src/fs/hdfs/",),
    "librdkafka/": ("src/kafka/",),
    "libpq-fe.h": ("src/postgres/",),
}
# Headers of the operating system, and the folders that may touch it.
SYSTEM = r"(sys/.*|linux/.*|sanitizer/.*|ucontext|unistd|fcntl|pthread|sched|signal|poll|dirent|fnmatch|pwd|netdb|netinet/.*|arpa/.*|dlfcn|cxxabi|spawn|elf|link|execinfo)\.h"
SYSTEM_PLACES = {
    "src/platform/": "the machine",
    "src/fs/": "files",
    "src/config/secret_file": "who may read a file",
    "src/rest/http_server": "addresses for the HTTP library",
    "src/rest/static_files": "the files of the dashboard are on this machine",
    "src/postgres/connection": "the socket of libpq",
    "src/cluster/": "signals and the terminal of the embedded runner",
    "src/base/current_exception": "the type of what was thrown, and the unwinding of a thread",
    "src/state/page_arena.cc": "huge pages",
}
# Implementations that only their own folder may include: they are registered in one place.
LEAVES = {
    "fs/local/": "src/fs/",
    "fs/hdfs/": "src/fs/",
    "fs/s3/": "src/fs/",
    "fs/memory/": "src/fs/",
}


def modules_of(cmake_text: str) -> list[str]:
    match = re.search(r"^set\(WEIR_MODULES ([^)]*)\)", cmake_text, re.M)
    return match.group(1).split() if match else []


def is_test(path: str) -> bool:
    return (
        re.search(r"(_test|_bench|_conformance)\.(cc|h)$|(^|[/_])test_\w+\.(cc|h)$|/testing/", path)
        is not None
    )


def includes_of(text: str) -> Iterator[tuple[int, str, str]]:
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1), match.group(2)


def is_standard(name: str) -> bool:
    return re.fullmatch(r"[a-z_0-9]+", name) is not None


def findings(path: str, text: str, modules: list[str]) -> Iterator[tuple[int, str]]:
    """The errors in the includes of one file: (line, message)."""
    public = path.startswith("include/")
    module = path.split("/")[1]
    if not public and module not in modules:
        yield 1, f"src/{module} is not in WEIR_MODULES (CMakeLists.txt): give it its place there"
        return
    for line, quote, name in includes_of(text):
        if public:
            if not (
                name.startswith("weir/")
                if quote == '"'
                else is_standard(name) or name == "emmintrin.h"
            ):
                yield (
                    line,
                    f"a public header includes {name}: only weir/… and the standard library may be",
                )
            continue
        if quote == '"':
            top = name.split("/")[0]
            if "/" in name and top == "weir":
                continue
            if "/" not in name or top not in modules:
                yield (
                    line,
                    f"{name}: write a module's header from its root, module/…/file.h, or weir/…",
                )
            elif modules.index(top) > modules.index(module):
                yield (
                    line,
                    f"{module} includes {name}, but {top} comes after {module} in WEIR_MODULES: turn the dependency round",
                )
            for leaf, owner in LEAVES.items():
                if name.startswith(leaf) and not path.startswith(owner) and not is_test(path):
                    yield (
                        line,
                        f"{name} belongs to {owner} alone: use the registry (fs/file_system_registry.h)",
                    )
            continue
        wrapped = next((prefix for prefix in THIRD_PARTY if name.startswith(prefix)), None)
        if wrapped is not None:
            if not path.startswith(THIRD_PARTY[wrapped]):
                yield (
                    line,
                    f"<{name}> may be included in {', '.join(THIRD_PARTY[wrapped])} only: use what is there",
                )
            elif path.endswith(".h") and not is_test(path):
                yield line, f"<{name}> is included in a header: keep it in the .cc file"
        elif re.fullmatch(SYSTEM, name):
            if not path.startswith(tuple(SYSTEM_PLACES)) and not is_test(path):
                yield (
                    line,
                    f"<{name}> is the operating system's: only {', '.join(SYSTEM_PLACES)} touch it",
                )
        elif name.startswith(("gtest/", "gmock/", "benchmark/")):
            if not is_test(path):
                yield line, f"<{name}> in something that is not a test"
        elif not is_standard(name) and name not in ("emmintrin.h", "stdio.h"):
            yield (
                line,
                f"<{name}> is unknown to tests/layers_test.py: add it to THIRD_PARTY with the folder that wraps it",
            )


def check(root: str) -> list[str]:
    with open(os.path.join(root, "CMakeLists.txt"), encoding="utf-8") as file:
        modules = modules_of(file.read())
    if not modules:
        return ["CMakeLists.txt: there is no set(WEIR_MODULES …)"]
    errors = []
    for top in ("src", "include"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".cc", ".h")):
                    full = os.path.join(folder, name)
                    path = os.path.relpath(full, root)
                    with open(full, encoding="utf-8") as file:
                        errors += [
                            f"{path}:{line}: {message}"
                            for line, message in findings(path, file.read(), modules)
                        ]
    return errors


def self_check() -> list[str]:
    modules = modules_of(
        "project(x)\nset(WEIR_MODULES base platform http fs config graph checkpoint runtime)\n"
    )
    bad = [
        ("src/base/a.cc", '#include "fs/file_system.h"'),
        ("src/checkpoint/a.h", '  #  include "runtime/task.h"'),
        ("src/base/a_test.cc", '#include "runtime/task.h"'),
        ("src/base/a.cc", '#include "b.h"'),
        ("src/base/a.cc", '#include "sim/trace.h"'),
        ("src/nowhere/a.cc", ""),
        ("src/runtime/a.cc", '#include "fs/local/local_file_system.h"'),
        ("src/runtime/a.cc", "#include <curl/curl.h>"),
        ("src/fs/hdfs/a.h", "#include <curl/curl.h>"),
        ("src/base/a.cc", "#include <nlohmann/json.hpp>"),
        ("src/base/a.cc", "#include <yaml-cpp/yaml.h>"),
        ("src/runtime/a.cc", "#include <pugixml.hpp>"),
        ("src/base/a.cc", "#include <xxhash.h>"),
        ("src/runtime/a.cc", "#include <unistd.h>"),
        ("src/runtime/a.cc", "#include <sys/socket.h>"),
        ("src/runtime/a.cc", "#include <gtest/gtest.h>"),
        ("src/runtime/a.cc", "#include <absl/strings/str_cat.h>"),
        ("include/weir/a.h", '#include "base/strings.h"'),
        ("include/weir/a.h", "#include <xxhash.h>"),
        ("include/weir/a.h", "#include <unistd.h>"),
    ]
    good = [
        (
            "src/fs/a.cc",
            '#include "fs/local/local_file_system.h"\n#include "base/strings.h"\n#include "weir/status.h"\n#include <vector>',
        ),
        (
            "src/runtime/a_test.cc",
            '#include "fs/memory/memory_file_system.h"\n#include <gtest/gtest.h>\n#include <unistd.h>',
        ),
        ("src/http/a.cc", "#include <curl/curl.h>"),
        ("src/fs/hdfs/a.cc", "#include <nlohmann/json.hpp>\n#include <pugixml.hpp>"),
        ("src/base/a.cc", '/* #include "runtime/task.h" */\n// #include "runtime/task.h"'),
        ("src/platform/a.cc", "#include <sys/random.h>\n#include <pthread.h>"),
        ("include/weir/a.h", '#include "weir/detail/base/check.h"\n#include <string_view>'),
    ]
    errors = []
    for path, text in bad:
        if len(list(findings(path, text, modules))) != 1:
            errors.append(f"self-check: not exactly one objection to {text!r} in {path}")
    for path, text in good:
        for line, message in findings(path, text, modules):
            errors.append(f"self-check: {path}:{line}: {message}")
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", required=True)
    arguments = parser.parse_args()
    errors = self_check() + check(arguments.source)
    for error in errors:
        print(error)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
