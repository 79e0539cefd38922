#!/usr/bin/env python3
"""Sends malformed and hostile requests to the REST interface of a running job. The job must go on,
and answer well-formed requests, and its memory must not grow without bound.

Usage: rest_fuzz_test.py --build DIR [--only NAME]

WEIR_FUZZ_SECONDS and WEIR_FUZZ_SEED choose how long, and which requests; a failure prints the seed.
"""

from __future__ import annotations

import os
import random
import re
import socket
import sys
import time
import urllib.parse

from rest_test import Case, expect
from small_cases import run_cases

SECONDS = float(os.environ.get("WEIR_FUZZ_SECONDS", "15"))
SEED = int(os.environ.get("WEIR_FUZZ_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
TOKEN = "the token of the fuzz test"
MOST_GROWTH = 64 << 20  # bytes

METHODS = [b"GET", b"POST", b"PATCH", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"TRACE", b"get", b""]
JUNK = [
    b"%00", b"%", b"%zz", b"..", b"%2e%2e%2f", b"//", b"\x00", b"\xff\xfe", b"'", b'"', b"<script>",
    b"9999999999999999999999", b"-1", b"1e309", b"NaN", b"{}", b"A" * 5000, b"?a=b&a=c&&=", b"#x",
    b"%25%32%65", b";", b"\t", b"\r", b"*",
]  # fmt: skip
BODIES = [
    b"{}", b"[]", b"null", b"", b"{", b'{"a":' * 2000, b"[" * 60000, b'"', b'"\\ud800"', b"1e99999",
    b'{"triggerId":"../../etc/passwd"}', b'{"target-directory":5,"cancel-job":"no"}',
    b'{"checkpointType":null}', b'{"target-directory":"\\u0000"}', b"\xff" * 3000,
    b'{"savepoint-path":[]}', b'{"targetDirectory":"nosuch://x/y","drain":false}', b"x" * 70000,
]  # fmt: skip


class Fuzzer:
    def __init__(self, case: Case) -> None:
        self.random = random.Random(SEED)
        address = urllib.parse.urlsplit(case.url)
        assert address.hostname and address.port, case.url
        self.host, self.port = address.hostname, address.port
        job, vertices = case.id, [v["id"] for v in case.get(f"/jobs/{case.id}")["vertices"]]
        paths = [
            "",
            "config",
            "overview",
            "jobs",
            "jobs/overview",
            "taskmanagers",
            "livez",
            "weir/",
        ]
        paths += ["weir/status", "weir/page.js", "jobmanager/log", "jobmanager/config", "metrics"]
        paths += ["jobs/metrics", "taskmanagers/metrics", "savepoint-disposal", "jars/upload"]
        of_job = ["", "plan", "checkpoints", "checkpoints/details/1", "exceptions", "metrics"]
        of_job += ["savepoints", "checkpoints/config", "accumulators"]
        paths += [f"jobs/{job}/{below}" for below in of_job]
        for vertex in vertices:
            below = ["", "subtasks/0", "subtasks/metrics", "backpressure", "watermarks", "metrics"]
            paths += [f"jobs/{job}/vertices/{vertex}/{each}" for each in below]
        self.paths = [path.encode() for path in paths]

    def changed(self, text: bytes) -> bytes:
        """A text with up to three changes."""
        text = bytearray(text)
        for _ in range(self.random.randrange(4)):
            at = self.random.randrange(len(text) + 1)
            kind = self.random.randrange(4)
            if kind == 0:
                text[at:at] = self.random.choice(JUNK)
            elif kind == 1 and text:
                del text[at : at + self.random.randrange(1, 9)]
            elif kind == 2 and at < len(text):
                text[at] = self.random.randrange(256)
            else:
                text += self.random.choice([b"/", b"?"]) + self.random.choice(JUNK)
        return bytes(text)

    def request(self) -> bytes:
        pick = self.random
        method = pick.choice(METHODS if pick.random() < 0.5 else [b"GET", b"POST"])
        version = pick.choice([b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/9.9", b"", b"junk"])
        query = b"" if pick.random() < 0.6 else b"?get=" + pick.choice(JUNK) + b"&agg=sum,max"
        path = self.changed(b"/" + pick.choice([b"", b"v1/"]) + pick.choice(self.paths)) + query
        headers = [b"Host: " + pick.choice([b"localhost", b"127.0.0.1:1", b"evil.example", b""])]
        if pick.random() < 0.7 and method != b"PATCH":
            # A PATCH may cancel the job. All others may change what they want.
            headers.append(b"Authorization: Bearer " + TOKEN.encode())
        if pick.random() < 0.2:
            headers.append(
                b"Origin: http://" + pick.choice([b"localhost", b"evil.example", b"\x00"])
            )
        if pick.random() < 0.1:
            headers += [b"X-%d: %s" % (i, b"y" * 200) for i in range(pick.randrange(400))]
        if pick.random() < 0.1:
            headers.append(self.changed(b'If-None-Match: "x"'))
        body = pick.choice(BODIES) if pick.random() < 0.5 else self.changed(pick.choice(BODIES))
        length = len(body) if pick.random() < 0.8 else pick.choice([0, 5, 10**6, 2**63, -1])
        if pick.random() < 0.1:
            headers.append(b"Transfer-Encoding: chunked")
            body = pick.choice(
                [b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffff\r\n", b"zz\r\n", body]
            )
        elif method != b"GET" or pick.random() < 0.3:
            headers.append(b"Content-Length: %d" % length)
        else:
            body = b""
        if b"mode=" in path or b"yarn-cancel" in path or b"/stop" in path:
            path = b"/jobs"
        return (
            method
            + b" "
            + path
            + b" "
            + version
            + b"\r\n"
            + b"\r\n".join(headers)
            + b"\r\n\r\n"
            + body
        )

    def send(self) -> None:
        """One connection with one to three requests, or a part of one."""
        with socket.create_connection((self.host, self.port), timeout=5) as link:
            link.settimeout(0.05)
            try:
                for _ in range(self.random.choice([1, 1, 1, 2, 3])):
                    request = self.request()
                    if self.random.random() < 0.1:
                        request = request[: self.random.randrange(len(request))]
                    link.sendall(request)
                    if self.random.random() < 0.8:
                        link.recv(65536)
            except OSError:
                pass  # the server has closed the connection, or waits for the rest


def memory_of(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        (kib,) = re.findall(r"VmRSS:\s+(\d+)", file.read())
        return int(kib) << 10


def test_hostile_requests_leave_the_job_alone(case: Case) -> None:
    file = case.path("token")
    with open(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
        out.write(TOKEN)
    case.start("-D", f"weir.rest.token.file={file}")
    pid = case.job.process.pid
    fuzzer = Fuzzer(case)
    sent = 0
    before = 0
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            for _ in range(50):
                fuzzer.send()
            sent += 50
            expect(case.job.process.poll() is None, f"the job has ended\n{case.job.tail()}")
            expect(case.read(f"{case.url}/livez") == "ok\n", "no life")
            state = case.get("/jobs/overview")["jobs"][0]["state"]
            expect(state == "RUNNING", f"the job is {state}")
            before = before or memory_of(pid)
        growth = memory_of(pid) - before
        expect(growth < MOST_GROWTH, f"{growth} bytes more than at the beginning")
        expect(sent >= 100, f"only {sent} connections")
    except AssertionError as failure:
        raise AssertionError(f"WEIR_FUZZ_SEED={SEED}, {sent} connections: {failure}") from failure
    print(f"{sent} connections of seed {SEED}")


if __name__ == "__main__":
    sys.exit(run_cases(globals(), Case, 100_000))
