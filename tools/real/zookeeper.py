#!/usr/bin/env python3
"""A real ZooKeeper on this machine for tests: one server, or an ensemble of three.

  zookeeper.py start --home DIR [--servers 1|3]   writes DIR/env: source it to find the servers
  zookeeper.py stop --home DIR
  zookeeper.py kill --home DIR [SERVER]           kill -9 (of server 1, unless another is named)
  zookeeper.py revive --home DIR [SERVER]         starts a killed one again, with its data, on its port
  zookeeper.py pause|resume --home DIR [SERVER]   SIGSTOP, SIGCONT
  zookeeper.py env --home DIR                     prints DIR/env

Everything listens on 127.0.0.1, on ports the system gives. Jars come from Maven and are kept in $WEIR_REAL_HOME
(~/.cache/weir-real). All state is in DIR; a process is known by its pid and its start time, never by its name.
"""
import argparse, contextlib, fcntl, hashlib, json, os, pathlib, shlex, signal, socket, subprocess, sys, time

VERSION = "3.9.4"
HOST = "127.0.0.1"
TICK_MS = 500  # the least session time-out is two of it, the most twenty times; see maxSessionTimeout
READY_SECONDS = 60
# The server wants snappy and the metrics at its start, though its pom calls them provided, and logback to write its log.
ARTIFACTS = ["org.apache.zookeeper:zookeeper:" + VERSION, "org.xerial.snappy:snappy-java:1.1.10.5", "io.dropwizard.metrics:metrics-core:4.1.12.1",
             "ch.qos.logback:logback-classic:1.3.15"]
MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"


def say(text):
    print(text, file=sys.stderr, flush=True)


def die(text):
    sys.exit(f"zookeeper.py: {text}")


def jars():
    """The folder of ZooKeeper's jars, fetched once; two runs at the same time fetch them once, too."""
    cache = pathlib.Path(os.environ.get("WEIR_REAL_HOME") or pathlib.Path.home() / ".cache" / "weir-real") / "jars"
    folder = cache / f"zookeeper-{VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f"zookeeper-{VERSION}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        dependencies = "".join("<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(*a.split(":"))
                               for a in ARTIFACTS)
        stamp, wanted = folder / ".stamp", hashlib.sha256(dependencies.encode()).hexdigest()
        if not stamp.exists() or stamp.read_text() != wanted:
            pom = folder / ".pom"
            pom.mkdir(parents=True, exist_ok=True)
            (pom / "pom.xml").write_text(
                '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>weir.real</groupId>'
                f"<artifactId>zookeeper</artifactId><version>1</version><packaging>pom</packaging><dependencies>{dependencies}</dependencies></project>")
            say(f"fetching ZooKeeper {VERSION} into {folder}")
            done = subprocess.run(["mvn", "-B", "-q", "-ntp", "-Dstyle.color=never", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies",
                                   "-DincludeScope=runtime", f"-DoutputDirectory={folder}"], cwd=pom, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
            if done.returncode != 0:
                die("maven could not fetch ZooKeeper: is Maven Central reachable?\n" + done.stdout.decode(errors="replace")[-2000:])
            stamp.write_text(wanted)
    return folder


def start_time(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(") ")[2].split()[19]
    except OSError:
        return None


class Home:
    """The folder of one ZooKeeper: state.json says what runs and where."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.file = self.folder / "state.json"
        self.state = json.loads(self.file.read_text()) if self.file.exists() else {"processes": {}}

    def save(self):
        temporary = self.file.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.state, indent=1))
        temporary.replace(self.file)

    def pid_of(self, server):
        entry = self.state["processes"].get(server)
        return entry["pid"] if entry and start_time(entry["pid"]) == entry["started"] else None

    def signal(self, server, number):
        pid = self.pid_of(server)
        if pid is None:
            die(f"server {server} does not run in {self.folder}")
        os.kill(pid, number)

    def spawn(self, server):
        log = open(self.folder / f"server-{server}.log", "ab")
        command = ["java", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.net.preferIPv4Stack=true",
                   "-cp", f"{self.folder / ('conf-' + server)}:{self.state['jars']}/*", MAIN, str(self.folder / f"conf-{server}" / "zoo.cfg")]
        process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.state["processes"][server] = {"pid": process.pid, "started": start_time(process.pid)}
        self.save()

    def end(self, server):
        """SIGKILL, and waits until it is gone. A server keeps what it has acknowledged."""
        pid = self.pid_of(server)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + 10
            while self.pid_of(server) is not None and time.monotonic() < deadline:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
                time.sleep(0.02)
        self.state["processes"].pop(server, None)
        self.save()

    def wait_ready(self, servers):
        deadline = time.monotonic() + READY_SECONDS
        for server in servers:
            while not serves(self, server):
                if self.pid_of(server) is None:
                    log = (self.folder / f"server-{server}.log").read_text(errors="replace").splitlines()[-8:]
                    die(f"server {server} ended:\n" + "\n".join(log))
                if time.monotonic() > deadline:
                    die(f"server {server} did not serve within {READY_SECONDS} s; see {self.folder}/server-{server}.log")
                time.sleep(0.05)


def four_letters(port, word):
    try:
        with socket.create_connection((HOST, port), timeout=2) as connection:
            connection.sendall(word)
            reply = b""
            while piece := connection.recv(65536):
                reply += piece
        return reply.decode(errors="replace")
    except OSError:
        return ""


def serves(home, server):
    """Whether the server takes requests, and is the process that was started and not another that took the port first."""
    port = home.state["ports"][server]["client"]
    if "Mode: " not in four_letters(port, b"srvr"):
        return False
    return f"dataDir={home.folder}/data-{server}/" in four_letters(port, b"conf")


def free_ports(count):
    """Ports that nobody has. They are all held until the last is known, so that none is given twice."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(count):
            s = stack.enter_context(socket.socket())
            s.bind((HOST, 0))
            ports.append(s.getsockname()[1])
        return ports


def write_conf(home, server):
    conf, data, ports = home.folder / f"conf-{server}", home.folder / f"data-{server}", home.state["ports"]
    conf.mkdir(exist_ok=True)
    data.mkdir(exist_ok=True)
    lines = [f"tickTime={TICK_MS}", "maxSessionTimeout=60000", f"dataDir={data}", f"clientPortAddress={HOST}", f"clientPort={ports[server]['client']}",
             "admin.enableServer=false", "4lw.commands.whitelist=*", "maxClientCnxns=0"]
    if len(ports) > 1:
        lines += ["initLimit=20", "syncLimit=10"] + [f"server.{n}={HOST}:{p['peer']}:{p['election']}" for n, p in ports.items()]
        (data / "myid").write_text(server)
    (conf / "zoo.cfg").write_text("\n".join(lines) + "\n")
    (conf / "logback.xml").write_text('<configuration><appender name="C" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d{ISO8601} %p %c{1}: %m%n'
                                      '</pattern></encoder></appender><root level="INFO"><appender-ref ref="C"/></root></configuration>')


def start(home, arguments):
    if any(home.pid_of(server) for server in home.state["processes"]):
        die(f"a ZooKeeper runs in {home.folder} already: stop it first")
    if home.folder.exists() and any(home.folder.iterdir()) and not home.file.exists():
        die(f"{home.folder} holds other things: give an empty folder, or one of this tool")
    home.folder.mkdir(parents=True, exist_ok=True)
    servers = [str(n + 1) for n in range(arguments.servers)]
    ports = iter(free_ports(3 * len(servers)))
    home.state = {"jars": str(jars()), "processes": {}, "ports": {s: {"client": next(ports), "peer": next(ports), "election": next(ports)} for s in servers}}
    home.save()
    try:
        for server in servers:
            subprocess.run(["rm", "-rf", str(home.folder / f"data-{server}")], check=True)
            write_conf(home, server)
        for server in servers:
            home.spawn(server)
        home.wait_ready(servers)
    except BaseException:
        stop(home, arguments)
        raise
    quorum = ",".join(f"{HOST}:{home.state['ports'][server]['client']}" for server in servers)
    environment = {"WEIR_TEST_ZOOKEEPER": quorum, "WEIR_TEST_ZOOKEEPER_HOME": home.folder, "WEIR_TEST_ZOOKEEPER_TOOL": pathlib.Path(__file__).resolve()}
    (home.folder / "env").write_text("".join(f"export {k}={shlex.quote(str(v))}\n" for k, v in environment.items()))
    say(f"ZooKeeper at {quorum}; source {home.folder}/env")


def stop(home, arguments):
    for server in list(home.state["processes"]):
        home.end(server)


def kill(home, arguments):
    home.end(arguments.server)


def revive(home, arguments):
    if home.pid_of(arguments.server) is not None:
        die(f"server {arguments.server} runs already")
    home.spawn(arguments.server)
    home.wait_ready([arguments.server])


def pause(home, arguments):
    home.signal(arguments.server, signal.SIGSTOP)


def resume(home, arguments):
    home.signal(arguments.server, signal.SIGCONT)


def env(home, arguments):
    print((home.folder / "env").read_text(), end="")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ["start", "stop", "kill", "revive", "pause", "resume", "env"]:
        command = commands.add_parser(name)
        command.add_argument("--home", required=True)
        if name == "start":
            command.add_argument("--servers", type=int, choices=[1, 3], default=1)
        elif name in ("kill", "revive", "pause", "resume"):
            command.add_argument("server", nargs="?", default="1")
    arguments = parser.parse_args()
    home = Home(arguments.home)
    if arguments.command not in ("start", "stop"):
        if not home.file.exists():
            die(f"no ZooKeeper was started in {home.folder}")
        if arguments.command != "env" and arguments.server not in home.state["ports"]:
            die(f"there is no server {arguments.server} in {home.folder}")
    {"start": start, "stop": stop, "kill": kill, "revive": revive, "pause": pause, "resume": resume, "env": env}[arguments.command](home, arguments)


if __name__ == "__main__":
    main()
