#!/usr/bin/env python3
"""Checks that nothing outside src/platform uses clocks, threads, sleeps, sockets or random devices,
because such code cannot run in the simulator.

Checks both the source (src/ and include/, without comments and literals) and the imports of the
modules' object files. Each exception is listed with its reason; an unused exception is an error
too.

    tidy_test.py --source DIR [--build DIR]
"""

from __future__ import annotations

import argparse
import glob
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator

# Folders without restrictions.
FREE = ("src/platform/",)

SOURCE_RULES = {
    "clock": r"\b(steady_clock|system_clock|high_resolution_clock|utc_clock)\s*::\s*now\b|\b(clock_gettime|gettimeofday|timespec_get)\s*\(|\btime\s*\(\s*(nullptr|NULL|0|&)",
    "thread": r"\bstd\s*::\s*(jthread|thread|async)\b|\bpthread_(create|kill|cancel)\b",
    "sleep": r"\bsleep_(for|until)\s*\(|\b(nanosleep|usleep)\s*\(|(?<![\w.>:])sleep\s*\(",
    "blocking wait": r"\bstd\s*::\s*(condition_variable|condition_variable_any|future|promise|counting_semaphore|binary_semaphore|latch|barrier)\b",
    "socket": r"#\s*include\s*<(sys/socket|netinet/\w+|arpa/inet|netdb|sys/epoll)\.h>|(?<![\w.>:])(::)?(socket|getaddrinfo|epoll_create1?)\s*\(",
    "random device": r"\brandom_device\b|\b(getrandom|getentropy|arc4random)\b|(?<![\w.>:])s?rand\s*\(|/dev/u?random",
    # A hash or an order of addresses differs between two runs of the same seed.
    "pointers as keys": r"\bstd\s*::\s*(unordered_)?(map|set|multimap|multiset)\s*<\s*(const\s+)?[\w:]+(\s+const)?\s*\*",
}
# (file or folder, rule) -> why it is harmless
SOURCE_EXCEPTIONS = {
    (
        "src/base/log.cc",
        "clock",
    ): "the time in front of a log line is for people; nothing is decided by it",
    (
        "src/connectors/epoch_file.h",
        "blocking wait",
    ): "on the I/O pool only, for another thread of the pool; the simulator runs one piece of work at a time, so it never waits there",
    (
        "src/ha/zookeeper_client.cc",
        "blocking wait",
    ): "on the I/O pool, for a thread of ZooKeeper's library, up to the connection timeout",
    (
        "src/kafka/open_transaction.cc",
        "sleep",
    ): "on the I/O pool, between two requests to a broker; the simulator has no brokers",
    (
        "src/postgres/row_writer.cc",
        "sleep",
    ): "on the I/O pool, between two tries; the simulator has no database",
    ("src/config/yaml.cc", "pointers as keys"): "looked up only, never gone through",
    (
        "src/rest/http_server.cc",
        "socket",
    ): "addresses for the HTTP library; only processes have such a server, the simulator has none",
}
# Rules that also hold for tests of modules. Tests may do the rest: a test of an HDFS client needs a
# server in a thread.
TEST_RULES = ("sleep", "random device")
TEST_EXCEPTIONS: dict[tuple[str, str], str] = {}

BANNED_SYMBOLS = {
    "clock": r"(clock_gettime|gettimeofday|timespec_get|time|ftime)$|_ZNSt6chrono3_V2\d+(steady|system)_clock3nowEv$",
    "thread": r"(pthread_create|thrd_create|fork|vfork)$|_ZNSt6thread15_M_start_thread",
    "sleep": r"(nanosleep|clock_nanosleep|usleep|sleep)$|_ZNSt11this_thread11__sleep_for",
    "blocking wait": r"pthread_cond_(timed|clock)?wait$|_ZNSt18condition_variable4waitE|_ZNSt28__atomic_futex_unsigned_base",
    "socket": r"(socket|socketpair|connect|bind|listen|accept4?|getaddrinfo|epoll_create1?|epoll_wait|poll|ppoll|select)$",
    "random device": r"(getrandom|getentropy|arc4random\w*|rand|srand|rand_r|random|drand48)$|_ZNSt13random_device",
}
SYMBOL_EXCEPTIONS = {
    (
        "src/base/log.cc",
        "clock",
    ): "the time in front of a log line is for people; nothing is decided by it",
    ("src/connectors/epoch_file.cc", "blocking wait"): "see its header above",
    ("src/ha/zookeeper_client.cc", "blocking wait"): "see above",
    ("src/ha/zookeeper_client.cc", "clock"): "within that wait",
    ("src/rest/http_server.cc", "socket"): "see above",
    ("src/kafka/open_transaction.cc", "sleep"): "see above",
    ("src/postgres/connection.cc", "socket"): "the socket of libpq, on the I/O pool",
}


def is_test(path: str) -> bool:
    return (
        re.search(r"(_test|_bench|_conformance)\.(cc|h)$|(^|[/_])test_\w+\.(cc|h)$", path)
        is not None
    )


def without_comments_and_literals(text: str) -> str:
    """Blanks them, keeping the lines. Includes keep their <names>."""
    token = re.compile(
        r"""//[^\n]*|/\*.*?\*/|R"([^()\\\s]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""",
        re.S,
    )
    # A ' between digits separates thousands.
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text)
    return token.sub(lambda m: "\n" * m.group(0).count("\n") or " ", text)


def findings_in_source(path: str, text: str) -> Iterator[tuple[str, int, str]]:
    rules = TEST_RULES if is_test(path) else SOURCE_RULES
    clean = without_comments_and_literals(text)
    for rule in rules:
        for match in re.finditer(SOURCE_RULES[rule], clean):
            yield rule, clean.count("\n", 0, match.start()) + 1, match.group(0).strip()


def findings_in_symbols(nm_output: str) -> Iterator[tuple[str, str, str]]:
    """Parses `nm -A -u` of object files into (object, rule, symbol)."""
    for line in nm_output.splitlines():
        match = re.match(r"(.*?):\s+[Uw] (\S+)$", line)
        if not match:
            continue
        symbol = match.group(2).split("@")[0]
        for rule, pattern in BANNED_SYMBOLS.items():
            if re.match(pattern, symbol):
                yield match.group(1), rule, symbol


def covered(
    exceptions: Iterable[tuple[str, str]], path: str, rule: str, used: set[tuple[str, str]]
) -> bool:
    for key in exceptions:
        place, excepted = key
        if excepted == rule and (path == place or (place.endswith("/") and path.startswith(place))):
            used.add(key)
            return True
    return False


def check_source(root: str) -> list[str]:
    errors: list[str] = []
    used: set[tuple[str, str]] = set()
    for top in ("src", "include"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if not name.endswith((".cc", ".h")):
                    continue
                full = os.path.join(folder, name)
                path = os.path.relpath(full, root)
                if path.startswith(FREE):
                    continue
                with open(full, encoding="utf-8") as file:
                    text = file.read()
                exceptions = TEST_EXCEPTIONS if is_test(path) else SOURCE_EXCEPTIONS
                for rule, line, what in findings_in_source(path, text):
                    if not covered(exceptions, path, rule, used):
                        errors.append(
                            f"{path}:{line}: {rule}: {what}: take it from Platform (src/platform)"
                        )
    for key in list(SOURCE_EXCEPTIONS) + list(TEST_EXCEPTIONS):
        if key not in used:
            errors.append(
                f"tests/tidy_test.py: the exception {key} is not needed any more: remove it"
            )
    return errors


def objects_of(build: str) -> list[tuple[str, str]]:
    """[(object file, source path)] of the modules. Skips objects of deleted sources, left over
    from earlier builds.
    """
    found = []
    for path in sorted(
        glob.glob(
            os.path.join(build, "CMakeFiles", "weir_*.dir", "src", "**", "*.o"), recursive=True
        )
    ):
        source = "src/" + path.split(".dir/src/", 1)[1][: -len(".o")]
        found.append((path, source))
    return found


def undefined_symbols(objects: list[str]) -> str:
    return subprocess.run(
        ["nm", "-A", "-u", *objects], capture_output=True, text=True, check=True
    ).stdout


def check_symbols(root: str, build: str) -> list[str]:
    sources = {
        object_: source
        for object_, source in objects_of(build)
        if os.path.exists(os.path.join(root, source))
    }
    if not sources:
        return [f"{build} holds no object files of the modules: build the library first"]
    errors: list[str] = []
    used: set[tuple[str, str]] = set()
    seen_in_platform: set[str] = set()
    for object_, rule, symbol in findings_in_symbols(undefined_symbols(list(sources))):
        source = sources[object_]
        if source.startswith(FREE):
            seen_in_platform.add(rule)
        elif not covered(SYMBOL_EXCEPTIONS, source, rule, used):
            errors.append(
                f"{source}: imports {symbol} ({rule}): take it from Platform (src/platform)"
            )
    # The same check must find the real platform's symbols, otherwise it would find nothing
    # elsewhere either.
    if any(source.startswith(FREE) for source in sources.values()):
        for rule in ("clock", "thread", "random device", "blocking wait"):
            if rule not in seen_in_platform:
                errors.append(
                    f"tests/tidy_test.py: no {rule} symbol found in src/platform, which has one: the pattern is wrong"
                )
    for key in SYMBOL_EXCEPTIONS:
        if key not in used and key[0] in sources.values():
            errors.append(
                f"tests/tidy_test.py: the exception {key} is not needed any more: remove it"
            )
    return errors


def self_check() -> list[str]:
    """Each rule matches what it is for, and accepts similar-looking text."""
    bad = {
        "clock": [
            "auto t = std::chrono::steady_clock::now();",
            "system_clock :: now()",
            "clock_gettime(CLOCK_REALTIME, &t);",
            "x = time(nullptr);",
        ],
        "thread": [
            "std::thread worker;",
            "std :: jthread t;",
            "std::async(f)",
            "pthread_create(&t, 0, f, 0);",
        ],
        "sleep": [
            "std::this_thread::sleep_for(1s);",
            "usleep(5);",
            "  sleep(1);",
            "nanosleep(&t, 0);",
        ],
        "blocking wait": [
            "std::condition_variable c;",
            "std::future<int> f;",
            "std::promise<void> p;",
        ],
        "socket": [
            "int s = socket(AF_INET, 0, 0);",
            "#include <sys/socket.h>",
            "::socket(1, 2, 3)",
            "getaddrinfo(a, b, c, d);",
        ],
        "random device": [
            "std::random_device d;",
            "getrandom(&x, 8, 0);",
            "int x = rand();",
            "srand(1);",
        ],
        "pointers as keys": [
            "std::map<const Task*, int> m;",
            "std::unordered_set<Channel *> s;",
            "std::set<weir::Task*> t;",
        ],
    }
    good = [
        "// std::thread is not used here",
        "/* sleep(1)\n rand() */",
        'auto s = "std::thread";',
        "clock_.now();",
        "platform.random.next();",
        "std::chrono::steady_clock::time_point p;",
        "options.sleep(3);",
        "grand();",
        "int64_t wall_time(int x);",
        "std::map<int, Task*> m;",
        "event_time(x)",
        "strand(4);",
        "this->rand(1)",
        "options.sleep = sleep_for;",
        "1'000'000; // don't sleep(1)",
        'R"(socket(1))";',
        "// don't\nstd::vector<int> v;",
        "std::map<std::pair<int, int>, Task*> m;",
    ]
    if set(bad) != set(SOURCE_RULES):
        return ["self-check: every source rule needs a sample"]
    errors = []
    for rule, samples in bad.items():
        for sample in samples:
            if rule not in {found for found, _, _ in findings_in_source("src/a/a.cc", sample)}:
                errors.append(f"self-check: {rule} does not find {sample!r}")
    for sample in good:
        for rule, _, _ in findings_in_source("src/a/a.cc", sample):
            errors.append(f"self-check: {rule} objects to {sample!r}")
    if [line for _, line, _ in findings_in_source("src/a/a.cc", "/* a\n b */\nstd::thread t;")] != [
        3
    ]:
        errors.append("self-check: line numbers are wrong")
    if list(findings_in_source("src/a/a_test.cc", "std::thread t;")) or not list(
        findings_in_source("src/a/a_test.cc", "sleep_for(1s);")
    ):
        errors.append("self-check: tests are judged by the wrong rules")
    symbols = {
        "clock": [
            "clock_gettime@GLIBC_2.17",
            "_ZNSt6chrono3_V212steady_clock3nowEv",
            "_ZNSt6chrono3_V212system_clock3nowEv",
            "time",
        ],
        "thread": [
            "pthread_create",
            "_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
        ],
        "sleep": ["nanosleep", "clock_nanosleep", "sleep"],
        "blocking wait": [
            "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE",
            "pthread_cond_clockwait",
        ],
        "socket": ["socket", "connect", "poll", "accept4"],
        "random device": ["getrandom", "rand", "_ZNSt13random_device9_M_getvalEv"],
    }
    if set(symbols) != set(BANNED_SYMBOLS):
        errors.append("self-check: every symbol rule needs a sample")
    for rule, samples in symbols.items():
        for symbol in samples:
            if [
                (o, r) for o, r, _ in findings_in_symbols(f"/b/a.o:                 U {symbol}\n")
            ] != [("/b/a.o", rule)]:
                errors.append(f"self-check: {rule} does not find the symbol {symbol}")
    for symbol in (
        "timegm",
        "gmtime_r",
        "pthread_mutex_lock",
        "connect_to",
        "_ZN4weir6randomEv",
        "mktime",
    ):
        if list(findings_in_symbols(f"/b/a.o: U {symbol}\n")):
            errors.append(f"self-check: {symbol} is objected to")
    if covered({("src/a/", "clock"): ""}, "src/ab/c.cc", "clock", set()) or not covered(
        {("src/a/", "clock"): ""}, "src/a/c.cc", "clock", set()
    ):
        errors.append("self-check: exceptions reach the wrong files")
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", required=True)
    parser.add_argument("--build")
    arguments = parser.parse_args()
    errors = self_check() + check_source(arguments.source)
    if arguments.build:
        errors += check_symbols(arguments.source, arguments.build)
    for error in errors:
        print(error)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
