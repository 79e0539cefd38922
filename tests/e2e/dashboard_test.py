#!/usr/bin/env python3
"""Opens every page of the real Flink dashboard on a running job with two workers, in Chromium. A
failed request or an error on the browser's console fails the test.

Usage: dashboard_test.py --build DIR [--only NAME] [--pictures DIR]
"""

from __future__ import annotations

import os
import sys
import time

from browser import Browser
from rest_test import ROOT, Case, expect, expect_in
from small_cases import REFUSED, run_cases

sys.path.insert(0, os.path.join(ROOT, "tools", "real"))
import flink

PICTURES = os.environ.get("WEIR_TEST_PICTURES")  # a folder for a screenshot of each page


class DashboardCase(Case):
    def start(self, *extra: str) -> None:
        super().start("-D", f"web.dashboard.dir={flink.dashboard()}", *extra)


class Visit:
    """A browser on one dashboard."""

    def __init__(self, case: DashboardCase, browser: Browser) -> None:
        self.case = case
        self.browser = browser
        self.seen = 0

    def page(self, route: str, *texts: str) -> None:
        """Opens a page, waits until it shows all texts, and checks that nothing has failed."""
        self.browser.open(f"{self.case.url}/#/{route}")
        self.shows(route, *texts)

    def tab(self, name: str, title: str, *texts: str) -> None:
        self.browser.click(title)
        self.shows(name, *texts)

    def shows(self, name: str, *texts: str) -> None:
        deadline = time.monotonic() + 15
        while True:
            self.browser.listen(0.1)
            shown = self.browser.text().replace("\u00a0", " ")  # of the viewer of logs
            missing = [text for text in texts if text not in shown]
            if not missing:
                break
            if time.monotonic() > deadline:
                self.picture(name)
                raise AssertionError(
                    f"{name}: no {missing} on the page:\n{shown}\n{self.problems()}"
                )
        self.browser.listen(0.3)  # what the page asks for after it has shown these
        self.picture(name)
        expect(not self.browser.errors, f"{name}: {self.problems()}")

    def problems(self) -> str:
        return "\n".join(self.browser.errors)

    def picture(self, name: str) -> None:
        if PICTURES:
            self.seen += 1
            os.makedirs(PICTURES, exist_ok=True)
            file = f"{self.seen:02}-{name.replace('/', '-').replace(self.case.id, 'job')}.png"
            self.browser.screenshot(os.path.join(PICTURES, file))


def lists_of_jobs(visit: Visit, name: str) -> None:
    visit.page("overview", "Available Task Slots", name)
    visit.page("job/running", name, "RUNNING")
    visit.page("job/completed", "Completed Jobs")
    visit.page("application/running", name)
    visit.page("application/completed", "Completed Applications")


def job(visit: Visit, name: str) -> None:
    case, at = visit.case, f"job/running/{visit.case.id}"
    vertices = case.get(f"/jobs/{case.id}")["vertices"]
    visit.page(f"{at}/overview", name, "Parallelism: 2", "Backpressured", "Records Received")
    drawer = f"{at}/overview/{vertices[-1]['id']}"
    worker = case.get("/taskmanagers")["taskmanagers"][0]["path"]
    visit.page(f"{drawer}/detail", "Status", "RUNNING")
    visit.page(f"{drawer}/subtasks", "Bytes Received", "RUNNING")
    visit.page(f"{drawer}/taskmanagers", "Records received", worker)
    visit.page(f"{drawer}/watermarks", "Datetime of Watermark Timestamp")
    visit.page(f"{drawer}/accumulators", "Accumulators")
    visit.page(f"{drawer}/backpressure", "Back Pressure Status", "OK")
    visit.page(f"{drawer}/metrics", "Add Metric")
    visit.page(f"{drawer}/flamegraph", "Flame")
    visit.page(f"{at}/timeline", "Vertex TimeLine")
    visit.page(f"{at}/exceptions", "Root Exception", "Exception History")
    visit.page(f"{at}/checkpoints", "Checkpoint Counts", "Latest Completed Checkpoint")
    visit.tab("checkpoints-history", "History", "Trigger Time", "COMPLETED")
    visit.tab("checkpoints-summary", "Summary", "End to End Duration", "99.9% percentile")
    visit.tab("checkpoints-configuration", "Configuration", "Exactly Once")
    visit.page(f"{at}/configuration", "Execution Configuration", "rest.port")


def workers(visit: Visit) -> None:
    for worker in visit.case.get("/taskmanagers")["taskmanagers"]:
        at = f"task-manager/{worker['id']}"
        visit.page(f"{at}/metrics", worker["path"], "Free/All Slots")
        visit.page(f"{at}/logs", "nothing has been logged")
        visit.page(f"{at}/stdout", "standard output")
        visit.page(f"{at}/log-list", "weir.log")
        visit.page(f"{at}/thread-dump", "shard")
    visit.page("task-manager", worker["path"], "Free Slots")


def coordinator(visit: Visit) -> None:
    visit.page("job-manager/metrics", "JVM")
    visit.page("job-manager/config", "rest.port")
    visit.page("job-manager/logs", "REST interface listens on")
    visit.page("job-manager/stdout", "standard output")
    visit.page("job-manager/log", "weir.log")
    visit.page("job-manager/thread-dump", "job-master")


def test_every_page_of_the_dashboard_shows_the_job(case: DashboardCase) -> None:
    case.start("--workers", "2")
    case.until(lambda: len(case.get("/taskmanagers")["taskmanagers"]) == 2)
    name = case.get("/jobs/overview")["jobs"][0]["name"]
    with Browser() as browser:
        visit = Visit(case, browser)
        lists_of_jobs(visit, name)
        job(visit, name)
        workers(visit)
        coordinator(visit)
    own = (case.url, f"blob:{case.url}")
    foreign = [url for url in browser.requested if not url.startswith(own)]
    expect(not foreign, f"the dashboard asks other servers: {foreign}")


def test_a_directory_without_a_dashboard_is_refused(case: DashboardCase) -> None:
    case.launch("-D", f"web.dashboard.dir={case.scratch}")
    code = case.job.wait(30)
    expect(code == REFUSED, f"exit code {code}\n{case.job.tail()}")
    expect_in(case.job.tail(), "web.dashboard.dir", "index.html", "flink-runtime-web")


if __name__ == "__main__":
    sys.exit(run_cases(globals(), DashboardCase, 4000))
