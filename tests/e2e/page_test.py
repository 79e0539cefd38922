#!/usr/bin/env python3
"""Opens weir's own page on running jobs, in Chromium. A failed request or an error on the browser's
console fails the test.

Usage: page_test.py --build DIR [--only NAME]

WEIR_TEST_PICTURES names a folder for screenshots, light and dark, wide and narrow.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request

from browser import Browser
from rest_test import Case, expect, expect_in, flights_job
from small_cases import run_cases

PICTURES = os.environ.get("WEIR_TEST_PICTURES")
TOKEN = "a token of the page's test"


class PageCase(Case):
    """A page in a browser, with what it shows."""

    def open(self, browser: Browser) -> None:
        browser.open(self.url)
        browser.until("document.querySelector('.card') !== null")
        expect(browser.evaluate("location.pathname") == "/weir/", "the root does not lead there")

    def tile(self, browser: Browser, key: str) -> str:
        return browser.evaluate(f"document.querySelector('[data-key={key}]').innerText")

    def start_busy(self) -> None:
        """A job that uses all the CPU time that it gets, for much longer than the test lasts."""
        self.job = flights_job.Run(
            [os.path.join(self.bin, "exchange"), "job", "--records", str(10**12)]
            + ["--parallelism", "2", "--workers", "2", "-D", "rest.port=0"]
        )
        self.url = self.said(r"REST interface listens on (http://\S+)")
        self.until(lambda: self.get("/jobs")["jobs"][0]["status"] == "RUNNING")

    def a_worker(self) -> int:
        """The process id of one worker."""
        pid = self.job.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return int(file.read().split()[-1])

    def picture(self, browser: Browser, name: str, scheme: str, width: int, height: int) -> None:
        if not PICTURES:
            return
        os.makedirs(PICTURES, exist_ok=True)
        set_view(browser, scheme, width, height)
        browser.listen(1)
        browser.screenshot(os.path.join(PICTURES, f"page-{name}-{scheme}-{width}.png"))


def set_view(browser: Browser, scheme: str, width: int, height: int) -> None:
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=False,
    )
    browser.call(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-color-scheme", "value": scheme}],
    )


def click_on_the_last_checkpoint(browser: Browser, box: dict[str, float]) -> None:
    last = browser.evaluate("document.querySelector('.plots .legend').innerText")
    expect_in(last, "#")
    # The plot has room for twelve at least, and begins at the left.
    done = browser.evaluate(
        "fetch('status').then(r => r.json()).then(s => window.seen = s.checkpoints.recent.length), 0"
    )
    expect(done == 0, "no status")
    count = browser.until("window.seen")
    shown = min(count, max(12, int(box["width"]) // 8))
    x = box["x"] + box["width"] * (shown - 0.5) / max(shown, 12)
    y = box["y"] + box["height"] / 2
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    browser.listen(0.3)  # the plot follows the pointer with the next frame
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def nothing_has_failed(browser: Browser, case: PageCase) -> None:
    expect(not browser.errors, "\n".join(browser.errors))
    foreign = [url for url in browser.requested if not url.startswith((case.url, "data:"))]
    expect(not foreign, f"the page asks other servers: {foreign}")


def press_button(browser: Browser, action: str) -> None:
    browser.evaluate(f"document.querySelector('[data-action={action}]').click()")


def press(browser: Browser, key: str) -> None:
    for kind in ("keyDown", "keyUp"):
        browser.call(
            "Input.dispatchKeyEvent", type=kind, key=key, text=key if kind == "keyDown" else ""
        )


def test_the_page_answers_what_an_operator_asks(case: PageCase) -> None:
    case.start("--workers", "2")
    case.until(lambda: len(case.get("/taskmanagers")["taskmanagers"]) == 2)
    job = case.get(f"/jobs/{case.id}")
    with Browser() as browser:
        case.open(browser)
        # Is it healthy?
        browser.until("document.querySelector('.verdict').innerText.includes('Healthy')")
        # How far behind, how fast, where is it slow, when was the last checkpoint, what failed?
        browser.until("/[1-9].*\\/s/.test(document.querySelector('[data-key=rate]').innerText)")
        expect_in(case.tile(browser, "rate"), "Throughput", "records read")
        browser.until("document.querySelector('[data-key=checkpoint]').innerText.includes('took')")
        expect_in(case.tile(browser, "checkpoint"), "ago", "#")
        expect_in(case.tile(browser, "failures"), "0", "no failure")
        # The graph has a card for each vertex, with its parallelism.
        cards = browser.evaluate(
            "[...document.querySelectorAll('.card')].map(e => e.dataset.vertex)"
        )
        expect(sorted(cards) == sorted(v["id"] for v in job["vertices"]), f"cards: {cards}")
        shown = browser.text()
        expect_in(shown, job["name"], "×2", "2 workers", "Nothing has failed.")
        edges = browser.evaluate("document.querySelectorAll('path.edge').length")
        inputs = sum(len(n.get("inputs", [])) for n in job["plan"]["nodes"])
        expect(edges == inputs, f"{edges} edges instead of {inputs}")
        # A click selects a vertex, and its subtasks and the state of its operators follow.
        keyed = next(v for v in job["vertices"] if not v["name"].startswith("Source"))
        browser.evaluate(f"document.querySelector('[data-vertex=\"{keyed['id']}\"]').click()")
        browser.until("document.querySelectorAll('.subtasks > div').length === 2")
        browser.until(
            "/state\\s+[0-9.]+ KiB/.test(document.querySelector('.inspector .facts').innerText)"
        )
        # Plots have been drawn.
        browser.until("document.querySelectorAll('.uplot canvas').length === 2")
        browser.until("document.querySelector('.plots .legend').innerText.includes('write')")
        # A click on a checkpoint shows how each vertex took part.
        box = browser.evaluate(
            "JSON.stringify(document.querySelector('.plots .u-over').getBoundingClientRect())"
        )
        click_on_the_last_checkpoint(browser, json.loads(box))
        browser.until("document.querySelectorAll('dialog.middle[open] tbody tr').length > 1", 20)
        details = browser.evaluate("document.querySelector('dialog.middle[open]').innerText")
        expect_in(details, "Checkpoint", "2 of 2", "iB", " ms")
        case.picture(browser, "checkpoint", "light", 1500, 940)
        browser.click("Close")
        # Keys.
        before = browser.evaluate(
            "document.querySelector('.card[aria-pressed=true]').dataset.vertex"
        )
        press(browser, "]")
        after = browser.evaluate(
            "document.querySelector('.card[aria-pressed=true]').dataset.vertex"
        )
        expect(before != after, "the key ] does not select the next vertex")
        press(browser, "f")
        browser.until("document.querySelector('[data-figure=back]').ariaSelected === 'true'")
        for scheme, width, height in [
            ("light", 1500, 940),
            ("dark", 1500, 940),
            ("light", 420, 2200),
            ("dark", 1900, 1000),
        ]:
            case.picture(browser, "job", scheme, width, height)
        nothing_has_failed(browser, case)


def test_buttons_steer_the_job(case: PageCase) -> None:
    case.start("-D", f"execution.checkpointing.savepoint-dir={case.scratch}/savepoints")
    with Browser() as browser:
        case.open(browser)
        browser.until("document.querySelector('[data-action=savepoint]').offsetParent !== null")
        press_button(browser, "savepoint")
        browser.until("document.querySelector('dialog[open]') !== null")
        browser.evaluate("document.querySelector('dialog[open] .primary').click()")
        browser.until("document.querySelector('.notice.good') !== null", 30)
        expect_in(browser.evaluate("document.querySelector('.notice').innerText"), "savepoint-")
        case.picture(browser, "savepoint", "light", 1500, 940)
        nothing_has_failed(browser, case)
        press_button(browser, "cancel")
        browser.until("document.querySelector('dialog[open]') !== null")
        browser.evaluate("document.querySelector('dialog[open] .primary').click()")
        case.job.wait(30)
        browser.until("document.body.innerText.includes('does not answer')")


def test_a_profile_shows_what_a_worker_runs(case: PageCase) -> None:
    case.start_busy()
    with Browser() as browser:
        case.open(browser)
        browser.until("document.querySelectorAll('.workers .small').length === 2")
        browser.evaluate("document.querySelector('.workers .small').click()")
        browser.until("document.querySelector('.flame button') !== null", 30)
        expect_in(browser.evaluate("document.querySelector('.flame').innerText"), "shard", "weir::")
        browser.evaluate("document.querySelectorAll('.flame button')[1].click()")
        browser.until("document.querySelector('.flame button.above') !== null")
        case.picture(browser, "profile", "light", 1500, 940)
        nothing_has_failed(browser, case)


def test_a_failure_is_shown_with_its_cause(case: PageCase) -> None:
    case.start("--workers", "2")
    case.until(lambda: len(case.get("/taskmanagers")["taskmanagers"]) == 2)
    with Browser() as browser:
        case.open(browser)
        os.kill(case.a_worker(), signal.SIGKILL)
        browser.until("document.querySelector('.verdict').innerText.includes('Recovered')", 60)
        expect(case.get("/jobs/overview")["jobs"][0]["state"] == "RUNNING", "not running")
        browser.until("document.querySelectorAll('.failures li').length > 0")
        expect_in(browser.evaluate("document.querySelector('.failures').innerText"), "worker")
        case.picture(browser, "recovered", "dark", 1500, 940)
        nothing_has_failed(browser, case)


def test_changes_need_the_token(case: PageCase) -> None:
    file = case.path("token")
    with open(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600), "w") as out:
        out.write(TOKEN)
    case.start("-D", f"weir.rest.token.file={file}")
    with Browser() as browser:
        case.open(browser)
        browser.until("document.querySelector('[data-action=checkpoint]').offsetParent !== null")
        press_button(browser, "checkpoint")
        browser.until("!!document.querySelector('dialog[open] input[type=password]')?.offsetParent")
        browser.evaluate("document.querySelector('dialog[open] input[type=password]').value = 'no'")
        browser.evaluate("document.querySelector('dialog[open] .primary').click()")
        browser.until("document.querySelector('.notice.bad') !== null")
        expect_in(browser.evaluate("document.querySelector('.notice.bad').innerText"), "token")
        press_button(browser, "checkpoint")
        browser.until("!!document.querySelector('dialog[open] input[type=password]')?.offsetParent")
        browser.evaluate(
            f"document.querySelector('dialog[open] input[type=password]').value = {TOKEN!r}"
        )
        browser.evaluate("document.querySelector('dialog[open] .primary').click()")
        browser.until("document.querySelector('.notice.good') !== null")


def test_without_permission_there_are_no_buttons(case: PageCase) -> None:
    case.start("-D", "web.cancel.enable=false")
    expect(case.get("/config")["features"]["web-cancel"] is False, "the dashboard has a button")
    with Browser() as browser:
        case.open(browser)
        browser.until("document.querySelector('.state').innerText === 'running'")
        expect(
            browser.evaluate(
                "document.querySelector('[data-action=cancel]').offsetParent === null"
            ),
            "there is a button",
        )
        nothing_has_failed(browser, case)
    with urllib.request.urlopen(f"{case.url}/weir/") as reply:
        policy = reply.headers["Content-Security-Policy"]
    expect_in(policy, "default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")


if __name__ == "__main__":
    sys.exit(run_cases(globals(), PageCase, 4000))
