// Failures and workers.

import { h, set, show, text } from "./dom.js";
import { bytes, clock, duration, percent } from "./format.js";

const MOST_WORKERS = 60;

/** What failed: failures of the job and of checkpoints, newest first. */
export class Failures {
  constructor() {
    this.list = h("ol.failures");
    this.none = h("p.empty", {}, "Nothing has failed.");
    this.element = h("section.panel", { "aria-label": "Failures" }, h("header", {}, h("h2", {}, "Failures")), this.none, this.list);
    this.key = "";
  }
  update(status) {
    const all = status.failures.map((each) => ({ at: each.at, where: each.task || "job", message: each.message }));
    const failed = status.checkpoints?.failed_last;
    if (failed) all.push({ at: failed.triggered + failed.duration, where: `checkpoint #${failed.id}`, message: failed.failure });
    all.sort((a, b) => b.at - a.at);
    show(this.none, all.length === 0);
    const key = JSON.stringify(all);
    if (key === this.key) return;
    this.key = key;
    this.list.replaceChildren(
      ...all.map(({ at, where, message }) => {
        const [first, ...rest] = message.split("\n");
        const head = [h("time", { datetime: new Date(at).toISOString() }, clock(at, status.now)), h("b", {}, where), h("span", {}, first)];
        const long = rest.length > 0 || first.length > 140;
        return h("li", {}, long ? h("details", {}, h("summary", {}, ...head), h("pre", {}, message)) : h("div.line", {}, ...head));
      }),
    );
  }
}

export class Workers {
  constructor(profile) {
    this.profile = profile;
    this.body = h("tbody");
    this.title = h("h2", {}, "Workers");
    this.more = h("p.empty");
    const names = ["worker", "slots", "CPU", "memory", "files", "heard", ""];
    this.element = h(
      "section.panel",
      { "aria-label": "Workers" },
      h("header", {}, this.title),
      h("div.scroll", {}, h("table.workers", {}, h("thead", {}, h("tr", {}, ...names.map((name, i) => h(i ? "th.number" : "th", {}, name)))), this.body), this.more),
    );
  }
  update(status) {
    // The busiest first: of a thousand, these are the ones to look at.
    const all = [...status.workers].sort((a, b) => b.cpu - a.cpu || (a.host < b.host ? -1 : 1));
    text(this.title, all.length > 1 ? `Workers (${all.length})` : "Worker");
    const rows = this.body.children;
    const shown = all.slice(0, MOST_WORKERS);
    while (rows.length < shown.length) this.body.append(h("tr", {}, h("td"), ...Array.from({ length: 5 }, () => h("td.number")), h("td.number", {}, h("button.small", { type: "button" }, "Profile"))));
    while (rows.length > shown.length) rows[rows.length - 1].remove();
    shown.forEach((worker, i) => {
      const silent = worker.heard > 0 ? status.now - worker.heard : 0;
      const values = [worker.host, `${worker.used}/${worker.slots}`, percent(worker.cpu / Math.max(worker.slots, 1)), bytes(worker.memory), worker.files, `${duration(Math.max(silent, 0))} ago`];
      values.forEach((value, j) => text(rows[i].children[j], value));
      set(rows[i].children[0], "title", worker.id);
      const button = rows[i].lastChild.firstChild;
      show(button, status.can.change);
      button.onclick = () => this.profile(worker);
      set(rows[i].children[2], "title", `${worker.cpu.toFixed(2)} cores, ${worker.threads} threads`);
      set(rows[i], "data-level", silent > 30_000 ? "warn" : "");
    });
    text(this.more, all.length > shown.length ? `and ${all.length - shown.length} less busy ones` : "");
    show(this.more, all.length > shown.length);
  }
}
