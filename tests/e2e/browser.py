"""Chromium without a window, steered through its pipe. Every error on its console and every request
that fails is kept.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from typing import Any, Self

ANSWER_SECONDS = 20


class Browser:
    def __init__(self) -> None:
        self.profile = tempfile.mkdtemp(prefix="weir-browser-")
        to_browser, self.out = os.pipe()
        self.into, from_browser = os.pipe()
        # Chromium reads commands from descriptor 3 and writes to 4.
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "sh", "chromium"]
            + ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile}"]
            + ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
            + ["--disable-background-networking", "--disable-component-update", "--no-proxy-server"]
            + ["about:blank"],
            pass_fds=[to_browser, from_browser],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.last = 0
        self.session = None
        self.requests: dict[str, str] = {}  # by id: the URLs that have no answer yet
        self.requested: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=1400,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.out)  # it ends with its pipe
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.into)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method: str, **parameters: Any) -> Any:
        """The result of a command of the DevTools protocol."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            reply = self.receive(deadline)
            if reply is None:
                raise AssertionError(f"the browser does not answer to {method}")
            if reply.get("id") == self.last:
                if "error" in reply:
                    raise AssertionError(f"{method}: {reply['error']['message']}")
                return reply["result"]

    def receive(self, deadline: float) -> dict[str, Any] | None:
        """The next message; none if the time is over. Events are noted."""
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.into], [], [], left)[0]:
                return None
            part = os.read(self.into, 1 << 20)
            if not part:
                raise AssertionError("the browser has ended")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        if "method" in message:
            self.note(message["method"], message["params"])
        return message

    def note(self, method: str, event: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests[event["requestId"]] = event["request"]["url"]
            self.requested.append(event["request"]["url"])
        elif method == "Network.responseReceived":
            if event["response"]["status"] >= 400:
                self.errors.append(f"{event['response']['status']} {event['response']['url']}")
        elif method == "Network.loadingFinished":
            self.requests.pop(event["requestId"], None)
        elif method == "Network.loadingFailed":
            url = self.requests.pop(event["requestId"], "?")
            if not event.get("canceled"):  # as when the page is left
                self.errors.append(f"{event['errorText']} {url}")
        elif method == "Runtime.exceptionThrown":
            details = event["exceptionDetails"]
            thrown = details.get("exception", {}).get("description", "")
            self.errors.append(f"exception: {details['text']} {thrown}")
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "assert"):
            said = " ".join(str(a.get("value", a.get("description"))) for a in event["args"])
            self.errors.append(f"console: {said}")
        elif method == "Log.entryAdded" and event["entry"]["level"] == "error":
            self.errors.append(f"log: {event['entry']['text']} {event['entry'].get('url', '')}")

    def listen(self, seconds: float) -> None:
        """Notes what happens for a while."""
        deadline = time.monotonic() + seconds
        while self.receive(deadline) is not None:
            pass

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']['text']}")
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float = 15) -> Any:
        """The first true value of the expression."""
        deadline = time.monotonic() + seconds
        while True:
            value = self.evaluate(expression)
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"never true: {expression}\n{self.text()}")
            self.listen(0.1)

    def text(self) -> str:
        return self.evaluate("document.body.innerText")

    def click(self, text: str) -> None:
        """Clicks on the last element that has exactly this text."""
        self.until(f"""(() => {{
          const all = [...document.querySelectorAll('a,button,span,div,li,td')];
          const found = all.filter(e => e.innerText && e.innerText.trim() === {json.dumps(text)});
          if (found.length) found[found.length - 1].click();
          return found.length > 0;
        }})()""")

    def screenshot(self, path: str) -> None:
        image = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(image))
