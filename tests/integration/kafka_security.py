"""Cases of kafka_test.py: users, passwords, tokens and certificates, at a broker that demands them.
Every job is exactly-once, so its commits take weir's own connections, and its records librdkafka's.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import http.server
import json
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from kafka_world import Kafka, counted, numbered
from real_jobs import NOT_NOW, REFUSED, expect, expect_in

if TYPE_CHECKING:
    from kafka_test import Case

USER, PASSWORD = "weir", "secret-of-weir"
MESSAGES = 5


def properties(**values: str) -> str:
    return ";".join(f"{name.replace('__', '.')}={value}" for name, value in values.items())


def sasl(case: Case, mechanism: str, tls: bool = False, password: str = PASSWORD) -> str:
    login = {"security__protocol": "sasl_ssl" if tls else "sasl_plaintext"}
    if tls:
        login["ssl__ca__location"] = f"{case.kafka.env['WEIR_TEST_KAFKA_HOME']}/ca.pem"
    login["sasl__mechanisms"] = mechanism
    if mechanism == "OAUTHBEARER":
        login["enable__sasl__oauthbearer__unsecure__jwt"] = "true"
        login["sasl__oauthbearer__config"] = f"principal={USER} scope=a,b"
    else:
        login["sasl__username"] = USER
        login["sasl__password"] = password
    return properties(**login)


def fill(case: Case) -> None:
    case.kafka.topic(case.input, 2)
    case.kafka.topic(case.output, 1)
    case.kafka.produce(case.input, numbered(3, 0, MESSAGES))


def run(
    case: Case, listener: str, settings: str, *more: str, sink: str | None = None
) -> tuple[int, str]:
    """Exit code and output of a job at a listener."""
    return case.run(
        *["--servers", case.kafka.env[f"WEIR_TEST_KAFKA_{listener}"], "--stop", "latest"],
        *["--source-properties", settings, "--sink-properties", sink or settings],
        *more,
    )


def expect_results(case: Case, times: int = 1) -> None:
    found = sorted(case.kafka.values(case.output))
    expect(found == sorted(times * counted(3, MESSAGES)), f"other results: {found}")


def expect_refused(case: Case, listener: str, settings: str, sink: str, *parts: str) -> None:
    """The source may log in, the sink may not."""
    before = time.monotonic()
    code, out = run(case, listener, settings, "--from", "none", sink=sink)
    expect(code in (REFUSED, NOT_NOW), out)
    expect_in(out, *parts)
    expect(time.monotonic() - before < 60, "the refusal took too long")


def try_mechanisms(case: Case, mechanisms: Iterable[str]) -> int:
    fill(case)
    times = 0
    for listener, tls in (("SASL", False), ("SASLTLS", True)):
        for mechanism in mechanisms:
            code, out = run(case, listener, sasl(case, mechanism, tls), "--from", "none")
            expect(code == 0, f"{mechanism} at {listener}: {out}")
            times += 1
    expect_results(case, times)
    return times


def try_commit_of_a_dead_process(case: Case, mechanism: str, times: int) -> None:
    """Only the checkpoint knows the transaction; weir's own connections list and commit it."""
    settings = sasl(case, mechanism, tls=True)
    code, out = run(case, "SASLTLS", settings, "--die-at-commit", "1", "--from", "none")
    expect(code == -signal.SIGKILL, f"{code}: {out}")
    expect_results(case, times)
    code, out = run(case, "SASLTLS", settings, "--from", "latest")
    expect(code == 0, out)
    expect_results(case, times + 1)


def plain_and_oauthbearer(case: Case) -> None:
    times = try_mechanisms(case, ("PLAIN", "OAUTHBEARER"))
    try_commit_of_a_dead_process(case, "OAUTHBEARER", times)


def scram(case: Case) -> None:
    """At an older broker: brokers of version 4 do not let Debian's librdkafka in."""
    at_old = copy.copy(case)
    with Kafka("--version", "3.9.1") as at_old.kafka:
        times = try_mechanisms(at_old, ("SCRAM-SHA-256", "SCRAM-SHA-512"))
        try_commit_of_a_dead_process(at_old, "SCRAM-SHA-512", times)
        right = sasl(at_old, "SCRAM-SHA-256")
        wrong = sasl(at_old, "SCRAM-SHA-256", password="wrong")
        expect_refused(at_old, "SASL", right, wrong, "uthentication", "sasl.password")
    fill(case)
    code, out = run(case, "SASL", sasl(case, "SCRAM-SHA-256"))
    expect(code in (0, REFUSED), out)
    if code == REFUSED:
        expect_in(out, "before 2.6.1 it fails to log in by SCRAM at brokers of version 4")


def wrong_passwords_and_mechanisms(case: Case) -> None:
    fill(case)
    right = sasl(case, "PLAIN")
    wrong = sasl(case, "PLAIN", password="wrong")
    expect_refused(case, "SASL", right, wrong, "uthentication", "sasl.password")
    code, out = run(case, "SASL", right, sink="security.protocol=sasl_plaintext")
    expect(code == REFUSED, out)
    expect_in(out, "exactly-once cannot be used with sasl.mechanisms GSSAPI")
    code, out = run(
        case,
        "SASL",
        properties(security__protocol="sasl_plaintext", sasl__mechanisms="OAUTHBEARER"),
    )
    expect(code == REFUSED, out)
    expect_in(out, "OAUTHBEARER needs sasl.oauthbearer.method=oidc")


def certificates(case: Case) -> None:
    fill(case)
    home = case.kafka.env["WEIR_TEST_KAFKA_HOME"]
    trust = properties(security__protocol="ssl", ssl__ca__location=f"{home}/ca.pem")
    distrust = trust.replace("ca.pem", "server.crt")
    code, out = run(case, "TLS", trust)
    expect(code == 0, out)
    expect_refused(case, "TLS", trust, distrust, "certificate verify failed")
    proof = {
        "ssl__certificate__location": f"{home}/client.crt",
        "ssl__key__location": f"{home}/client.key",
        "ssl__key__password": PASSWORD,
    }
    mutual = f"{trust};{properties(**proof)}"
    code, out = run(case, "MUTUAL", mutual, "--from", "none")
    expect(code == 0, out)
    expect_results(case, 2)
    expect_refused(case, "MUTUAL", mutual, trust, "certificate", "ssl.* the broker's")
    locked = mutual.replace(PASSWORD, "wrong")
    expect_refused(case, "MUTUAL", mutual, locked, "ssl.key.location")


def unsigned_token(seconds: float) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    now = time.time()
    return f"{part({'alg': 'none'})}.{part({'sub': USER, 'iat': now, 'exp': now + seconds})}."


class TokenEndpoint(http.server.BaseHTTPRequestHandler):
    """Gives a token to whoever has the client's secret, as an identity provider does."""

    given = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        login = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic "))
        known = login == f"{USER}:{PASSWORD}".encode()
        if not known or body != "grant_type=client_credentials&scope=topics%20all":
            status, answer = 401, json.dumps({"error": "invalid_client"})
        else:
            token = {"access_token": unsigned_token(600), "expires_in": 600}
            status, answer = 200, json.dumps(token)
            TokenEndpoint.given += 1
        content = answer.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def token_endpoint() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/token"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tokens_of_an_identity_provider(case: Case) -> None:
    fill(case)
    login = {
        "security__protocol": "sasl_plaintext",
        "sasl__mechanisms": "OAUTHBEARER",
        "sasl__oauthbearer__method": "oidc",
        "sasl__oauthbearer__client__id": USER,
        "sasl__oauthbearer__client__secret": PASSWORD,
        "sasl__oauthbearer__scope": "topics all",
    }
    with token_endpoint() as url:
        right = properties(**login, sasl__oauthbearer__token__endpoint__url=url)
        code, out = run(case, "SASL", right)
        expect(code == 0, out)
        expect_results(case)
        # Clients share it: a checkpoint needs several of them.
        expect(TokenEndpoint.given == 1, f"{TokenEndpoint.given} tokens were asked for")
        wrong = right.replace(PASSWORD, "wrong")
        expect_refused(case, "SASL", right, wrong, f"cannot get a token from {url}", "status 401")


def tokens_in_files(case: Case) -> None:
    fill(case)
    path = os.path.join(case.folder, "token")
    login = properties(
        security__protocol="sasl_plaintext",
        sasl__mechanisms="OAUTHBEARER",
        sasl__oauthbearer__method="oidc",
        sasl__oauthbearer__token__endpoint__url=f"file://{path}",
    )
    with open(path, "w") as file:
        file.write(unsigned_token(600) + "\n")
    code, out = run(case, "SASL", login)
    expect(code == 0, out)
    expect_results(case)
    with open(path, "w") as file:
        file.write(unsigned_token(-1))
    right = sasl(case, "PLAIN")
    expect_refused(case, "SASL", right, login, f"the token in {path} has expired")
    with open(path, "w") as file:
        file.write("of-another-issuer")
    expect_refused(case, "SASL", right, login, "uthentication")


CASES = [
    plain_and_oauthbearer,
    scram,
    wrong_passwords_and_mechanisms,
    certificates,
    tokens_of_an_identity_provider,
    tokens_in_files,
]
