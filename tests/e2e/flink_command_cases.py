"""Cases of flink_host_test.py: command lines, jars, and what refuses them."""

from __future__ import annotations

import contextlib
import http.server
import os
import re
import socket
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator

import flink_cluster
from flink_cluster import Failure
from flink_suite import RATE, Suite, check


def refused(command: list[str], *words: str) -> None:
    """Expects exit code 2 and a sentence on standard error that contains these words."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=90,
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    check(done.returncode == 2, f"exit code {done.returncode}:\n{done.stderr}")
    check(
        len(said) == 1 and all(word in said[0] for word in words),
        f"the sentence should have {words}:\n{done.stderr}",
    )


def bad_cases(suite: Suite) -> None:
    place = suite.place()
    command = suite.flights_command(place)
    with contextlib.closing(free_port()) as port:
        nobody = f"http://127.0.0.1:{port.getsockname()[1]}"
        refused(command + ["--target", "flink", "--rest", nobody], nobody)
    with no_flink() as url:
        refused(command + ["--target", "flink", "--rest", url], url, "Flink")
    refused(command + ["--target", "flink"], "--rest")
    refused(suite.flights_command(place, parallelism=9) + suite.target(), "9 slots", "4")
    refused(
        command + suite.target() + ["-D", f"weir.flink.bridge-jar={suite.scratch}/none.jar"],
        f"{suite.scratch}/none.jar",
    )
    check(not place.names("out"), "something was written")


def printed_line(suite: Suite, flink: flink_cluster.FlinkCluster, command: list[str]) -> str:
    """Writes the jar for that cluster, and returns the line that runs it."""
    jar = suite.scratch_file("job") + ".jar"
    done = subprocess.run(
        command + ["--target", "flink", "--rest", flink.url, "--jar-out", jar],
        check=True,
        timeout=60,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    check(
        done.stdout.startswith("flink run -d -m ") and done.stdout.endswith(f"{jar}\n"),
        f"it prints: {done.stdout}",
    )
    return done.stdout.strip()


def told(output: str, pattern: str) -> str:
    found = re.search(pattern, output)
    if not found:
        raise Failure(f"Flink's command line printed:\n{output}")
    return found[1]


def command_line(suite: Suite) -> None:
    """The line printed for a jar works unchanged. Flink's command line stops the job with a
    savepoint, and starts it from there.
    """
    place = suite.place()
    slow = suite.flights_command(
        place,
        "e2e_breaking_flights",
        parallelism=None,
        rate=RATE // 10,
        extra=["--hurry", suite.scratch_file("hurry")],
    )
    line = printed_line(suite, suite.flink, slow)

    def runs(line: str, parallelism: int) -> str:
        job = told(suite.flink.cli(line), r"JobID ([0-9a-f]{32})")
        suite.flink.wait_running(job)
        found = [vertex["parallelism"] for vertex in suite.flink.vertices(job)]
        check(found == [parallelism] * 2, f"`{line}` runs the job with {found}")
        return job

    job = runs(line, 1)
    suite.checkpointed(job)
    told(
        suite.flink.cli(f"flink savepoint {job} {place.uri('savepoints')}"),
        rf"({place.uri('savepoints')}/savepoint-\S+)",
    )
    savepoint = told(
        suite.flink.cli(f"flink stop -p {place.uri('savepoints')} {job}"), r"Path: (\S+)"
    )
    check(suite.flink.state(job) == "FINISHED", "it was not stopped")
    suite.hurry()
    suite.finished(runs(line.replace("flink run -d", f"flink run -d -p 3 -s {savepoint}"), 3))
    suite.check_output(place)


def uploads_refused(suite: Suite) -> None:
    """A JobManager that accepts no jars: the sentence gives the remedy, which works."""
    place = suite.place()
    with flink_cluster.FlinkCluster(
        suite.version, taskmanagers=0, options=["-D", "web.submit.enable=false"]
    ) as other:
        command = suite.flights_command(place)
        refused(
            command + ["--target", "flink", "--rest", other.url],
            other.url,
            "web.submit.enable",
            "--jar-out",
            "flink run",
        )
        check(not other.jobs(), "it was submitted")
        job = told(other.cli(printed_line(suite, other, command)), r"JobID ([0-9a-f]{32})")
        check(
            [vertex["parallelism"] for vertex in other.vertices(job)] == [2, 2],
            "it has not the jar's parallelism",
        )
        other.cli(f"flink cancel {job}")
        other.wait_end(job, "CANCELED", 30)


def other_processor(suite: Suite) -> None:
    """A jar whose executable is for another processor fails with a sentence."""
    place = suite.place()
    jar, other = os.path.join(suite.scratch, "job.jar"), os.path.join(suite.scratch, "other.jar")
    command = suite.flights_command(place) + ["--target", "flink", "--jar-out", jar]
    subprocess.run(
        command, check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with zipfile.ZipFile(jar) as old, zipfile.ZipFile(other, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "weir/plan.json":
                check(b'"amd64"' in content, "the plan names no processor")
                content = content.replace(b'"amd64"', b'"aarch64"')
            new.writestr(entry, content)
    try:
        job = suite.flink.run_java(other, "weir.flink.JobMain", [])
    except Failure as failure:
        check("aarch64" in str(failure), str(failure))
        return
    said = suite.failed_with(job)
    suite.flink.cancel(job)
    check("aarch64" in said and "amd64" in said, said[:2000])


def not_executable(suite: Suite) -> None:
    """io.tmp.dirs is on a file system mounted as noexec."""
    if not suite.tmpfs:
        return
    place = suite.place()
    subprocess.run(["mount", "-o", "remount,noexec", suite.tmpfs], check=True, timeout=10)
    try:
        job = flink_cluster.submit(suite.flights_command(place) + suite.target())
        said = suite.failed_with(job)
        suite.flink.cancel(job)
    finally:
        subprocess.run(["mount", "-o", "remount,exec", suite.tmpfs], check=True, timeout=10)
    check("cannot execute in " + suite.tmpfs in said, said[:2000])


def free_port() -> socket.socket:
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    return port


@contextlib.contextmanager
def no_flink() -> Iterator[str]:
    """The URL of a web server that is not Flink."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<html>hello</html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


CASES: list[Callable[[Suite], None]] = [
    bad_cases,
    command_line,
    uploads_refused,
    other_processor,
    not_executable,
]
