"""Runs examples/flights as a process that can be killed, and reads its committed results. For
the demo and the end-to-end tests.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
import xml.etree.ElementTree
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

HTTP_SECONDS = 30
LATE_MS = 1000  # how long HDFS may take with the request of a dead process


class LocalPlace:
    """A directory of this machine."""

    def __init__(self, directory: str) -> None:
        self.directory = os.path.abspath(directory)

    def uri(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def names(self, name: str) -> list[str]:
        path = os.path.join(self.directory, name)
        return sorted(os.listdir(path)) if os.path.isdir(path) else []

    def read(self, name: str, file: str) -> str:
        with open(os.path.join(self.directory, name, file)) as part:
            return part.read()

    def made_at(self, name: str) -> dict[str, int]:
        """The time when each file was made, in ms."""
        return self.closed_at(name)  # not later than that

    def closed_at(self, name: str) -> dict[str, int]:
        """The time of each file's last write, in ms."""
        path = os.path.join(self.directory, name)
        return {
            file: os.stat(os.path.join(path, file)).st_mtime_ns // 1000000
            for file in self.names(name)
        }


class HdfsPlace:
    """A directory of an HDFS, read over WebHDFS without weir's client."""

    def __init__(self, uri: str, http_address: str, user: str | None = None) -> None:
        self.base = uri.rstrip("/")
        self.path = urllib.parse.urlsplit(uri).path.rstrip("/")
        self.http = f"http://{http_address}/webhdfs/v1"
        self.user = user or os.environ.get("HADOOP_USER_NAME") or os.environ.get("USER") or "root"

    def uri(self, name: str) -> str:
        return f"{self.base}/{name}"

    def _get(self, path: str, op: str) -> str:
        query = urllib.parse.urlencode({"op": op, "user.name": self.user})
        with urllib.request.urlopen(
            f"{self.http}{urllib.parse.quote(path)}?{query}", timeout=HTTP_SECONDS
        ) as answer:
            return answer.read().decode()

    def _entries(self, name: str) -> list[dict[str, Any]]:
        try:
            answer = self._get(f"{self.path}/{name}", "LISTSTATUS")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise
        return json.loads(answer)["FileStatuses"]["FileStatus"]

    def names(self, name: str) -> list[str]:
        return sorted(entry["pathSuffix"] for entry in self._entries(name))

    def made_at(self, name: str) -> dict[str, int]:
        """The time when each file was made, in ms."""
        return {entry["pathSuffix"]: entry["accessTime"] for entry in self._entries(name)}

    def closed_at(self, name: str) -> dict[str, int]:
        """The time of each file's last write, in ms."""
        return {entry["pathSuffix"]: entry["modificationTime"] for entry in self._entries(name)}

    def read(self, name: str, file: str) -> str:
        return self._get(f"{self.path}/{name}/{file}", "OPEN")


Place = LocalPlace | HdfsPlace


def committed_lines(place: Place, output: str) -> list[str]:
    """All lines of the part files, sorted. Every part must end with a complete line."""
    lines = []
    for name in place.names(output):
        if not name.startswith("part-"):
            continue
        text = place.read(output, name)
        if not text.endswith("\n"):
            raise SystemExit(
                f"{place.uri(output)}/{name} does not end with a line break: it is torn"
            )
        lines += text.splitlines()
    return sorted(lines)


def orphans(place: Place, output: str, struck_at_ms: Iterable[int] = ()) -> str:
    """Describes the files that the job should have removed. "": there are none.

    HDFS may carry out the last request of a process that was killed or paused, at one of the given
    wall-clock times, after the next start has looked for such files. A file that is made then stays
    until a later start. One is excused.
    """
    made = {name: at for name, at in place.made_at(output).items() if not name.startswith("part-")}
    late = [at for at in made.values() if any(0 <= at - ms <= LATE_MS for ms in struck_at_ms)]
    if len(made) <= len(late) <= 1:
        return ""
    return f"orphans in the output directory: {made}"


def digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()[:16]


def first_difference(expected: Sequence[str], found: Sequence[str]) -> str:
    """A sentence, or "" if both are equal."""
    if expected == found:
        return ""
    missing = sorted(set(expected) - set(found))
    surplus = sorted(set(found) - set(expected))
    twice = len(found) - len(set(found))
    return (
        f"expected {len(expected)} lines and found {len(found)}; {len(missing)} missing, first {missing[:1]}; "
        f"{len(surplus)} that should not be there, first {surplus[:1]}; {twice} more than once"
    )


RUNNING: set[Run] = set()


@atexit.register
def kill_what_still_runs() -> None:
    for run in list(RUNNING):
        run.process.kill()


class Run:
    """One process of a job, in its own process group. Its standard error is kept, and shown if
    `show` is given.
    """

    def __init__(self, command: Sequence[str], show: Callable[[str], None] | None = None) -> None:
        self.command = command
        self.lines: list[str] = []
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.reader = threading.Thread(target=self._read, args=(show,), daemon=True)
        self.reader.start()
        RUNNING.add(self)

    def _read(self, show: Callable[[str], None] | None) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if show:
                show(self.lines[-1])

    def wait_for_line(self, beginning: str, seconds: float) -> bool:
        """Waits for a line of standard error that begins so. False: it ended, or the time was
        over.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if any(line.startswith(beginning) for line in self.lines):
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.02)
        return False

    def kill_after(self, seconds: float) -> bool:
        """Sends SIGKILL `seconds` after its start. False: the process had already ended."""
        try:
            self.process.wait(max(0.0, self.began + seconds - time.monotonic()))
            self.wait(0)
            return False
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.wait(30)
            return True

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> int | None:
        """Returns the exit code; None if it took too long and was killed."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
            code = None
        self.reader.join(10)
        RUNNING.discard(self)
        return code

    def last_checkpoint(self) -> int:
        """The largest id of a completed checkpoint in the progress lines; 0 if there is none."""
        return max(
            [int(n) for line in self.lines for n in re.findall(r"\bcheckpoint (\d+) \(", line)],
            default=0,
        )

    def tail(self, count: int = 15) -> str:
        return "\n".join("    | " + line for line in self.lines[-count:])


def flights_command(
    binary: str,
    source: str | Sequence[str],
    place: Place,
    *,
    parallelism: int = 1,
    rate: float = 0,
    interval: str = "1 s",
    retained: int = 3,
    extra: Iterable[str] = (),
) -> list[str]:
    """`source` is the directory of the flights, or the arguments that name input and output."""

    command = [
        binary,
        *(["--input", source, "--output", place.uri("out")] if isinstance(source, str) else source),
        "--parallelism",
        str(parallelism),
        "--from",
        "latest",
        "-D",
        f"execution.checkpointing.interval={interval}",
        "-D",
        f"execution.checkpointing.dir={place.uri('checkpoints')}",
        "-D",
        f"execution.checkpointing.num-retained={retained}",
    ]
    if rate:
        command += ["--rate", str(rate)]
    return command + list(extra)


def hdfs_place(environment: Mapping[str, str], directory: str) -> HdfsPlace:
    """A directory of the HDFS that WEIR_TEST_HDFS names (see tools/real/hdfs.py)."""
    site = xml.etree.ElementTree.parse(
        os.path.join(environment["HADOOP_CONF_DIR"], "hdfs-site.xml")
    )
    settings = {entry.findtext("name"): entry.findtext("value", "") for entry in site.getroot()}
    uri = environment["WEIR_TEST_HDFS"].rstrip("/") + directory
    return HdfsPlace(uri, settings["dfs.namenode.http-address"])
