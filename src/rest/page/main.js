// The page: asks for the status once a second while it is visible, and shows it.

import { Actions, Notices, postForText } from "./actions.js";
import { CheckpointDetails } from "./checkpoint.js";
import { h, set, show, text } from "./dom.js";
import { Flame } from "./flame.js";
import { clock, duration } from "./format.js";
import { JobGraph } from "./graph.js";
import { Inspector } from "./inspector.js";
import { Failures, Workers } from "./lists.js";
import * as model from "./model.js";
import { CheckpointPlot, RatePlot, Spark } from "./plots.js";

const EVERY_MS = 1000;
const MOST_SAMPLES = 12_000;

class Page {
  constructor() {
    this.selected = null;
    this.samples = { at: [], rate: [], lag: [], mark: [] };
    this.paused = false;
    const notices = new Notices();
    this.actions = new Actions(notices);
    this.graph = new JobGraph((id) => this.select(id));
    this.inspector = new Inspector();
    this.details = new CheckpointDetails();
    this.checkpoints = new CheckpointPlot((row) => this.details.open(this.status, row));
    this.rates = new RatePlot();
    this.failures = new Failures();
    this.flame = new Flame();
    this.workers = new Workers((worker) => this.flame.record(worker, postForText));
    this.name = h("h1");
    this.state = h("span.state");
    this.facts = h("span.about");
    this.fresh = h("span.fresh", { role: "status" });
    this.verdict = h("div.verdict", { role: "status" }, h("strong"), h("span"));
    this.tiles = h("div.tiles");
    this.sparks = { rate: new Spark(), behind: new Spark() };
    this.help = this.makeHelp();
    document.body.append(
      h("header.top", {}, this.state, this.name, this.facts, h("span.space"), this.fresh, this.actions.element),
      h(
        "main",
        {},
        h("section.answers", { "aria-label": "Overview" }, this.verdict, this.tiles),
        h("section.panel.job", { "aria-label": "Graph" }, this.graph.element, h("footer", {}, h("span.key.busy", {}, "busy"), h("span.key.back", {}, "back-pressured"), h("span.key.fill", {}, "input queues"))),
        this.inspector.element,
        this.checkpoints.element,
        this.rates.element,
        this.failures.element,
        this.workers.element,
      ),
      this.actions.dialog,
      this.help,
      this.flame.dialog,
      this.details.dialog,
      notices.element,
    );
    document.addEventListener("keydown", (event) => this.onKey(event));
    document.addEventListener("visibilitychange", () => this.next(0));
    this.next(0);
    this.remember();
  }

  /** Puts what the server has seen before what this page has. */
  async remember() {
    const reply = await fetch("timeline").catch(() => null);
    if (!reply?.ok) return;
    const past = await reply.json();
    const { at, rate, lag, mark } = this.samples;
    const first = at.length ? at[0] : Infinity;
    const older = past.at.map((ms, i) => [ms / 1000, i]).filter(([seconds]) => seconds < first);
    at.unshift(...older.map(([seconds]) => seconds));
    rate.unshift(...older.map(([, i]) => past.records_per_second[i]));
    lag.unshift(...older.map(([, i]) => (past.lag[i] < 0 ? null : model.lagOf(past.at[i] - past.lag[i], past.at[i]))));
    mark.unshift(...older.map(() => null));
    this.draw();
  }

  makeHelp() {
    const keys = [["[  ]", "previous, next vertex"], ["← → ↑ ↓", "move in the graph"], ["f", "next figure of the subtasks"], ["p", "pause"], ["?", "this list"]];
    return h("dialog.help", { onclick: () => this.help.close() }, h("h2", {}, "Keys"), h("dl.facts", {}, ...keys.flatMap(([key, what]) => [h("dt", {}, key), h("dd", {}, what)])));
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
    const { status } = this;
    if (event.key === "?") this.help.showModal();
    else if (event.key === "p") {
      this.paused = !this.paused;
      this.next(0);
    } else if (status && (event.key === "[" || event.key === "]")) {
      const at = status.vertices.findIndex((vertex) => vertex.id === this.selected);
      const to = (at + (event.key === "]" ? 1 : -1) + status.vertices.length) % status.vertices.length;
      this.select(status.vertices[to].id);
    } else if (event.key === "f") {
      const tabs = this.inspector.tabs.map((tab) => tab.dataset.figure);
      this.inspector.choose(tabs[(tabs.indexOf(this.inspector.figure) + 1) % tabs.length]);
    } else return;
    event.preventDefault();
  }

  select(id) {
    this.selected = id;
    this.draw();
    this.next(0);
  }

  next(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.poll(), delay);
  }

  async poll() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    if (document.hidden) return;  // visibilitychange begins again
    if (this.paused) return this.draw();
    try {
      const query = this.selected ? `?vertex=${this.selected}` : "";
      const reply = await fetch(`status${query}`, { signal: AbortSignal.timeout(10_000) });
      const answer = await reply.json();
      if (turn !== this.turn) return;
      if (!reply.ok) throw new Error(answer.errors?.[0] ?? `the server answers ${reply.status}`);
      this.lost = null;
      this.take(answer);
    } catch (error) {
      if (turn !== this.turn) return;
      this.lost = error.name === "TypeError" || error.name === "TimeoutError" ? "The coordinator does not answer." : error.message;
    }
    this.draw();
    this.next(this.lost ? 2 * EVERY_MS : EVERY_MS);
  }

  take(status) {
    this.status = status;
    if (!status.vertices.some((vertex) => vertex.id === this.selected)) {
      const slow = model.bottleneck(status);
      const first = slow >= 0 ? slow : Math.max(model.busiest(status), 0);
      this.selected = status.vertices[first]?.id ?? null;
      this.next(0);
    }
    const { at, rate, lag, mark } = this.samples;
    const watermark = model.watermark(status);
    at.push(status.now / 1000);
    rate.push(model.throughput(status));
    lag.push(model.lagOf(watermark, status.now));
    mark.push(typeof watermark === "number" ? watermark : null);
    if (at.length > MOST_SAMPLES) for (const each of Object.values(this.samples)) each.shift();
  }

  /** Event time per time: 1 is as fast as it happened. */
  speed() {
    const { at, mark } = this.samples;
    const last = at.length - 1;
    const first = mark.findIndex((each, i) => i >= last - 15 && each != null);
    if (first < 0 || last <= first || mark[last] == null) return null;
    return (mark[last] - mark[first]) / 1000 / (at[last] - at[first]);
  }

  draw() {
    const { status } = this;
    document.body.classList.toggle("stale", Boolean(this.lost));
    text(this.fresh, this.lost ?? (this.paused ? "paused" : ""));
    if (!status) return;
    const ended = model.hasEnded(status);
    const verdict = model.verdict(status);
    document.title = `${verdict.title}: ${status.name}`;
    text(this.name, status.name);
    text(this.state, status.state.toLowerCase());
    set(this.state, "data-level", verdict.level);
    const slots = status.workers.reduce((sum, worker) => sum + worker.used, 0);
    text(this.facts, `${duration((ended ? status.ended : status.now) - status.started)} since ${clock(status.started, status.now)} · ${slots} slots on ${status.workers.length} ${status.workers.length === 1 ? "worker" : "workers"} · weir ${status.version}`);
    set(this.facts, "title", status.id);
    set(this.verdict, "data-level", verdict.level);
    text(this.verdict.children[0], verdict.title);
    text(this.verdict.children[1], verdict.reason.split("\n")[0]);
    set(this.verdict, "title", verdict.reason);
    this.drawTiles(model.answers(status, this.speed()));
    this.graph.update(status, this.selected);
    const vertex = status.vertices.find((each) => each.id === this.selected);
    show(this.inspector.element, Boolean(vertex));
    if (vertex) this.inspector.update(status, vertex);
    this.checkpoints.update(status.checkpoints);
    this.rates.set([this.samples.at, this.samples.rate, this.samples.lag]);
    this.failures.update(status);
    this.workers.update(status);
    this.actions.update(status, ended);
  }

  drawTiles(answers) {
    while (this.tiles.children.length < answers.length) {
      const { key } = answers[this.tiles.children.length];
      this.tiles.append(h("div.tile", { "data-key": key }, h("span.label"), h("strong"), h("span.detail"), this.sparks[key]?.element));
    }
    answers.forEach((answer, i) => {
      const tile = this.tiles.children[i];
      const [label, value, detail] = tile.children;
      text(label, answer.label);
      text(value, answer.value);
      text(detail, answer.detail);
      set(tile, "title", `${answer.label}: ${answer.value}, ${answer.detail}`);
      set(tile, "data-level", answer.level ?? "");
    });
    this.sparks.rate.draw(this.samples.rate.slice(-120), "flow");
    this.sparks.behind.draw(this.samples.lag.slice(-120), "lag");
  }
}

new Page();
