#!/usr/bin/env python3
"""A real Apache Flink on this machine for tests: a session cluster of one JobManager and some
TaskManagers, unpatched.

  flink.py start --home DIR [--version V] [--taskmanagers N] [--slots S] [--heap-mb M] [-D KEY=VALUE]…   writes DIR/env: source it to find it
  flink.py stop --home DIR
  flink.py kill --home DIR N|jobmanager                 kill -9 of TaskManager N, or of the JobManager
  flink.py revive --home DIR N|jobmanager               starts it again
  flink.py install --version V                          fetches the jars only, and prints their folder
  flink.py client --home DIR --version V --url URL      makes DIR/bin/flink, Flink's command line for that address

Everything listens on 127.0.0.1, on ports that the system chooses. The jars come from PyPI's
apache-flink-libraries and are kept in $WEIR_REAL_HOME (~/.cache/weir-real). If HADOOP_CONF_DIR is
set, as in the env file of tools/real/hdfs.py, checkpoints and savepoints can be on that HDFS. All
state, logs, uploaded jars and temporary files are in DIR. Another Flink is never mistaken for this
one: the configuration that the REST server shows must contain a random number of this start.
DIR/bin/flink is Flink's command line for this cluster.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import secrets
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any

import hdfs
import servers
from servers import HOST, die, free_ports, say

DEFAULT_VERSION = "2.3.0"
MARKER = "weir.test.marker"
# The jars in the distribution's lib/ that non-SQL jobs need; the dashboard is in flink-dist.
JARS = ("flink-dist-", "flink-connector-files-", "log4j-")
CLI = "org.apache.flink.client.cli.CliFrontend"
MAIN = {
    "jobmanager": "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
    "taskmanager": "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
}
# The packages that the distribution's config.yaml opens.
OPENED = [
    "java.lang",
    "java.net",
    "java.io",
    "java.nio",
    "sun.nio.ch",
    "java.lang.reflect",
    "java.text",
    "java.time",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "java.util.concurrent.locks",
]
FRAMEWORK_HEAP_MB = 128
NETWORK_MB = 64
LOG4J = """rootLogger.level = INFO
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss,SSS} %-5p %-60c %x - %m%n
logger.hadoop.name = org.apache.hadoop
logger.hadoop.level = OFF
"""


# --- jars


def jars(version: str) -> pathlib.Path:
    """The folder of Flink's jars."""
    with servers.fetched_once(f"flink-{version}", " ".join(JARS)) as (folder, missing):
        if missing:
            say(f"fetching Flink {version} into {folder} (some 300 MB)")
            with tempfile.TemporaryDirectory(dir=servers.cache_home()) as scratch:
                # A source package, of which nothing is built.
                command = [
                    sys.executable,
                    "-m",
                    "pip",
                    "download",
                    "--quiet",
                    "--no-deps",
                    "--no-binary",
                    "apache-flink-libraries",
                    "--dest",
                    scratch,
                    f"apache-flink-libraries=={version}",
                ]
                done = subprocess.run(
                    command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900
                )
                if done.returncode != 0:
                    die(
                        f"pip could not fetch Flink {version}: is PyPI reachable?\n"
                        + done.stdout.decode(errors="replace")[-2000:]
                    )
                unpack(next(pathlib.Path(scratch).glob("*.tar.gz")), folder)
    return folder


def unpack(archive: pathlib.Path, folder: pathlib.Path) -> None:
    with tarfile.open(archive) as package:
        for member in package:
            path = pathlib.PurePosixPath(member.name)
            if path.parts[1:3] == ("deps", "lib") and path.name.startswith(JARS):
                packed = package.extractfile(member)
                assert packed, f"{member.name} is no file"
                with open(folder / path.name, "wb") as out:
                    shutil.copyfileobj(packed, out)


def dashboard(version: str = DEFAULT_VERSION) -> pathlib.Path:
    """The folder with the files of Flink's dashboard."""
    artifact = f"org.apache.flink:flink-runtime-web:{version}"
    with servers.fetched_once(f"flink-dashboard-{version}", artifact) as (folder, missing):
        if missing:
            say(f"fetching Flink's dashboard {version} into {folder}")
            with tempfile.TemporaryDirectory(dir=servers.cache_home()) as scratch:
                servers.maven_copy(artifact, scratch)
                with zipfile.ZipFile(next(pathlib.Path(scratch).glob("*.jar"))) as jar:
                    jar.extractall(folder, [n for n in jar.namelist() if n.startswith("web/")])
    return folder / "web"


# --- configuration


def write_conf(home: servers.Home, arguments: argparse.Namespace) -> None:
    folder, ports = home.folder, home.state["ports"]
    for name in ("bin", "conf", "tmp", "upload"):
        (folder / name).mkdir(exist_ok=True)
    settings = {
        "jobmanager.rpc.address": HOST,
        "jobmanager.rpc.port": ports["rpc"],
        "jobmanager.bind-host": HOST,
        "blob.server.port": ports["blob"],
        "rest.address": HOST,
        "rest.port": ports["rest"],
        "rest.bind-address": HOST,
        "rest.bind-port": ports["rest"],
        "taskmanager.host": HOST,
        "taskmanager.bind-host": HOST,
        "taskmanager.numberOfTaskSlots": arguments.slots,
        "taskmanager.cpu.cores": 1.0,
        "taskmanager.memory.framework.heap.size": f"{FRAMEWORK_HEAP_MB}m",
        "taskmanager.memory.framework.off-heap.size": "64m",
        "taskmanager.memory.task.heap.size": f"{arguments.heap_mb - FRAMEWORK_HEAP_MB}m",
        "taskmanager.memory.task.off-heap.size": "32m",
        "taskmanager.memory.network.min": f"{NETWORK_MB}m",
        "taskmanager.memory.network.max": f"{NETWORK_MB}m",
        "taskmanager.memory.managed.size": "16m",
        "taskmanager.memory.jvm-metaspace.size": "160m",
        "taskmanager.memory.jvm-overhead.min": "192m",
        "taskmanager.memory.jvm-overhead.max": "192m",
        "heartbeat.interval": 1000,
        "heartbeat.timeout": 8000,
        "metrics.fetcher.update-interval": 1000,
        "web.refresh-interval": 10,
        "io.tmp.dirs": f"{folder}/tmp",
        "web.upload.dir": f"{folder}/upload",
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": 1000000,
        "restart-strategy.fixed-delay.delay": "200 ms",
        MARKER: home.state["marker"],
    }
    settings |= dict(setting.split("=", 1) for setting in arguments.settings)
    (folder / "conf" / "config.yaml").write_text(
        "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())
    )
    (folder / "conf" / "log4j.properties").write_text(LOG4J)
    # Ends in the same line as the distribution's bin/flink, which PyPI does not have.
    (folder / "bin" / "flink").write_text(
        '#!/bin/sh\nexport FLINK_CONF_DIR=%s\nexec %s "$@"\n'
        % (shlex.quote(f"{folder}/conf"), shlex.join(java(home, "flink", 256) + [CLI]))
    )
    (folder / "bin" / "flink").chmod(0o755)


# --- processes


def java(home: servers.Home, name: str, heap_mb: int) -> list[str]:
    classpath = (
        [f"{home.state['jars']}/*"]
        + ([home.state["hadoop_conf"]] if home.state["hadoop_conf"] else [])
        + [f"{home.state['hadoop']}/*"]
    )
    return (
        [
            "java",
            f"-Xmx{heap_mb}m",
            "-XX:MaxDirectMemorySize=256m",
            "-XX:-CreateCoredumpOnCrash",
            "-Djava.net.preferIPv4Stack=true",
            f"-Dlog.file={home.folder}/{name}.log",
            f"-Dlog4j.configurationFile={home.folder}/conf/log4j.properties",
        ]
        + home.state["java"]
        + [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
        + ["-cp", ":".join(classpath)]
    )


def command(home: servers.Home, name: str, kind: str, heap_mb: int) -> list[str]:
    return java(home, name, heap_mb) + [MAIN[kind], "--configDir", f"{home.folder}/conf"]


def start_jobmanager(home: servers.Home) -> None:
    home.spawn("jobmanager", command(home, "jobmanager", "jobmanager", 384))


def process_name(text: str) -> str:
    return text if text == "jobmanager" else f"taskmanager-{int(text)}"


def start_taskmanager(home: servers.Home, name: str) -> str:
    resource = f"{name}-{secrets.token_hex(3)}"  # a new id distinguishes this process from an earlier one in its place
    home.spawn(
        name,
        command(home, name, "taskmanager", home.state["heap_mb"])
        + ["-D", f"taskmanager.resource-id={resource}"],
    )
    return resource


def get(home: servers.Home, path: str) -> Any:
    with urllib.request.urlopen(
        f"http://{HOST}:{home.state['ports']['rest']}{path}", timeout=10
    ) as reply:
        return json.load(reply)


def has_slots(home: servers.Home, count: int | None = None) -> Callable[[], bool]:
    """A condition: this start's JobManager, and no other, answers, and has `count` slots if that
    is given.
    """

    def check() -> bool:
        try:
            shown = {entry["key"]: entry["value"] for entry in get(home, "/jobmanager/config")}
            if shown.get(MARKER) != home.state["marker"]:
                die(
                    f"somebody else's REST server answers on port {home.state['ports']['rest']}; nothing was sent to it"
                )
            return get(home, "/overview")["slots-total"] == count or count is None
        except (OSError, ValueError):
            return False

    return check


# --- commands


def start(home: servers.Home, arguments: argparse.Namespace) -> None:
    home.begin("a Flink")
    names = ["rest", "rpc", "blob"]
    home.state = {
        "jars": str(jars(arguments.version)),
        "hadoop": str(hdfs.jars()),
        "hadoop_conf": os.environ.get("HADOOP_CONF_DIR", ""),
        "ports": dict(zip(names, free_ports(len(names)), strict=False)),
        "marker": secrets.token_hex(12),
        "heap_mb": arguments.heap_mb,
        "java": ["-XX:+UseG1GC"]
        if arguments.fast
        else ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"],
        "slots": arguments.slots,
        "processes": {},
    }
    home.save()
    write_conf(home, arguments)
    try:
        start_jobmanager(home)
        for number in range(1, arguments.taskmanagers + 1):
            start_taskmanager(home, process_name(str(number)))
        home.wait(
            "all slots of the cluster",
            has_slots(home, arguments.taskmanagers * arguments.slots),
            *home.state["processes"],
        )
    except BaseException:
        stop(home, arguments)
        raise
    url = f"http://{HOST}:{home.state['ports']['rest']}"
    home.write_env(
        {
            "WEIR_TEST_FLINK": url,
            "WEIR_TEST_FLINK_HOME": home.folder,
            "WEIR_TEST_FLINK_TOOL": pathlib.Path(__file__).resolve(),
            "WEIR_TEST_FLINK_VERSION": arguments.version,
            "WEIR_TEST_FLINK_MARKER": home.state["marker"],
        }
    )
    say(f"Flink {arguments.version} at {url}; source {home.folder}/env")


def stop(home: servers.Home, arguments: argparse.Namespace) -> None:
    for name in reversed(list(home.state["processes"])):
        home.stop(name)


def kill(home: servers.Home, arguments: argparse.Namespace) -> None:
    if home.pid_of(arguments.process) is None:
        die(f"the {arguments.process} does not run in {home.folder}")
    home.kill(arguments.process)


def revive(home: servers.Home, arguments: argparse.Namespace) -> None:
    if home.pid_of(arguments.process) is not None:
        die(f"the {arguments.process} runs already")
    if arguments.process == "jobmanager":
        start_jobmanager(home)
        home.wait("the JobManager's REST server", has_slots(home), "jobmanager")
        return
    resource = start_taskmanager(home, arguments.process)
    running = [name for name in home.state["processes"] if home.pid_of(name)]
    home.wait(
        "the TaskManager",
        lambda: any(
            entry["id"] == resource for entry in get(home, "/taskmanagers")["taskmanagers"]
        ),
        *running,
    )
    # Until then Flink may still count the killed one.
    home.wait("its slots", has_slots(home, (len(running) - 1) * home.state["slots"]), *running)


def install(arguments: argparse.Namespace) -> None:
    print(jars(arguments.version))


def client(arguments: argparse.Namespace) -> None:
    """Starts nothing."""
    address = urllib.parse.urlsplit(arguments.url)
    folder = pathlib.Path(arguments.home).resolve()
    for name in ("bin", "conf"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    settings = {"rest.address": address.hostname, "rest.port": address.port}
    (folder / "conf" / "config.yaml").write_text(
        "".join(f"{key}: {json.dumps(value)}\n" for key, value in settings.items())
    )
    (folder / "conf" / "log4j.properties").write_text(LOG4J)
    command = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    command += [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    command += [f"-Dlog4j.configurationFile={folder}/conf/log4j.properties"]
    command += ["-cp", f"{jars(arguments.version)}/*", CLI]
    script = folder / "bin" / "flink"
    script.write_text(
        f"#!/bin/sh\nexport FLINK_CONF_DIR={shlex.quote(f'{folder}/conf')}\n"
        f'exec {shlex.join(command)} "$@"\n'
    )
    script.chmod(0o755)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ["start", "stop", "kill", "revive", "install", "client"]:
        part = commands.add_parser(name)
        if name != "install":
            part.add_argument("--home", required=True)
        if name in ("start", "install", "client"):
            part.add_argument("--version", default=DEFAULT_VERSION)
        if name == "start":
            part.add_argument("--taskmanagers", type=int, default=1)
            part.add_argument("--slots", type=int, default=2)
            part.add_argument("--heap-mb", type=int, default=384, help="of each TaskManager")
            part.add_argument(
                "--fast",
                action="store_true",
                help="the JVM compiles as well as it can, rather than little",
            )
            part.add_argument(
                "-D", dest="settings", action="append", default=[], metavar="KEY=VALUE"
            )
        elif name == "client":
            part.add_argument("--url", required=True, help="of the REST interface")
        elif name in ("kill", "revive"):
            part.add_argument("process", type=process_name)
    arguments = parser.parse_args()
    if arguments.command in ("install", "client"):
        {"install": install, "client": client}[arguments.command](arguments)
        return
    home = servers.Home(arguments.home)
    if arguments.command in ("kill", "revive") and not home.file.exists():
        die(f"no Flink was started in {home.folder}")
    {"start": start, "stop": stop, "kill": kill, "revive": revive}[arguments.command](
        home, arguments
    )


if __name__ == "__main__":
    main()
