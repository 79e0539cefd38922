// One vertex in detail: its figures, its operators with their state, and its subtasks.

import { color, h, set, show, text } from "./dom.js";
import { bytes, clock, count, duration, exact, percent, perSecond } from "./format.js";
import { lagOf, skew } from "./model.js";

/** With more subtasks, a grid of cells takes the place of the list. */
const MOST_ROWS = 16;
const CELL = 11;

const FIGURES = {
  busy: { title: "busy", of: (x) => x / 1000, shown: percent, most: 1, color: "busy" },
  back: { title: "waiting", of: (x) => x / 1000, shown: percent, most: 1, color: "back" },
  queue: { title: "queue", of: (x) => x / 1000, shown: percent, most: 1, color: "queue" },
  in: { title: "in", of: (x) => x, shown: perSecond, color: "flow" },
  out: { title: "out", of: (x) => x, shown: perSecond, color: "flow" },
  state: { title: "state", of: (x) => x, shown: bytes, color: "size" },
  lag: { title: "lag", of: (x) => x, shown: duration, color: "lag" },
};

function valuesOf(subtasks, name, now) {
  if (name === "lag") return subtasks.watermark.map((mark) => lagOf(mark, now) ?? 0);
  return subtasks[name].map(FIGURES[name].of);
}

export class Inspector {
  constructor() {
    this.figure = "busy";
    this.title = h("h2");
    this.facts = h("dl.facts");
    this.operators = h("tbody");
    this.rows = h("div.subtasks");
    this.grid = h("canvas.grid", { role: "img", onmousemove: (event) => this.point(event), onmouseleave: () => this.point(null) });
    this.note = h("p.note");
    this.tabs = Object.entries(FIGURES).map(([name, { title }]) => h("button", { type: "button", role: "tab", "data-figure": name, onclick: () => this.choose(name) }, title));
    this.element = h(
      "section.panel.inspector",
      { "aria-label": "Selected vertex" },
      h("header", {}, this.title),
      this.facts,
      h("table.operators", {}, h("thead", {}, h("tr", {}, h("th", {}, "operator"), h("th.number", {}, "state"))), this.operators),
      h("div.tabs", { role: "tablist", "aria-label": "Figure of the subtasks" }, ...this.tabs),
      this.rows,
      this.grid,
      this.note,
    );
    new ResizeObserver(() => this.draw()).observe(this.grid);
  }

  choose(name) {
    this.figure = name;
    this.draw();
  }

  update(status, vertex) {
    this.status = status;
    this.vertex = vertex;
    text(this.title, vertex.name.replaceAll(" -> ", " → "));
    set(this.title, "title", vertex.id);
    const mark = vertex.watermark_out;
    const lag = lagOf(mark, status.now);
    const facts = [
      ["subtasks", `${vertex.parallelism} of at most ${vertex.max_parallelism}`],
      ["in", vertex.source ? "–" : `${perSecond(vertex.in_per_second)}, ${bytes(vertex.bytes_in_per_second)}/s`],
      ["out", `${perSecond(vertex.out_per_second)}, ${bytes(vertex.bytes_out_per_second)}/s`],
      ["records", `${exact(vertex.records_in)} in, ${exact(vertex.records_out)} out`],
      ["time", `busy ${percent(vertex.busy.avg)}, waiting ${percent(vertex.back.avg)}, idle ${percent(vertex.idle.avg)}`],
      ["queues", vertex.source ? "–" : `${percent(vertex.queue.avg)} full, at most ${percent(vertex.queue.max)}`],
      ["watermark", mark == null ? "none" : mark === "end" ? "event time has ended" : `${clock(mark, status.now)}${lag == null ? "" : `, ${duration(lag)} behind`}`],
      ["state", vertex.state_bytes ? `${bytes(vertex.state_bytes)}, skew ${skew(vertex.state).toFixed(2)}` : "none"],
    ];
    while (this.facts.children.length < 2 * facts.length) this.facts.append(h("dt"), h("dd"));
    facts.forEach(([name, value], i) => {
      text(this.facts.children[2 * i], name);
      text(this.facts.children[2 * i + 1], value);
    });
    this.updateOperators(vertex);
    this.draw();
  }

  updateOperators(vertex) {
    const rows = this.operators.children;
    while (rows.length < vertex.operators.length) this.operators.append(h("tr", {}, h("td", {}, h("span"), h("small")), h("td.number")));
    while (rows.length > vertex.operators.length) rows[rows.length - 1].remove();
    vertex.operators.forEach((operator, i) => {
      const [name, state] = rows[i].children;
      text(name.children[0], operator.name);
      const metrics = Object.entries(operator.metrics).filter(([, value]) => value !== 0);
      text(name.children[1], metrics.slice(0, 6).map(([metric, value]) => `${metric} ${count(value)}`).join(" · "));
      text(state, operator.state_bytes ? bytes(operator.state_bytes) : "–");
    });
  }

  draw() {
    if (!this.status) return;
    for (const tab of this.tabs) set(tab, "aria-selected", tab.dataset.figure === this.figure);
    const { subtasks } = this.status;
    const known = subtasks && subtasks.id === this.vertex.id && subtasks.busy.length > 0;
    const few = known && subtasks.busy.length <= MOST_ROWS;
    show(this.rows, few);
    show(this.grid, known && !few);
    if (!known) return text(this.note, subtasks && subtasks.id === this.vertex.id ? "no subtask has reported yet" : "");
    const values = valuesOf(subtasks, this.figure, this.status.now);
    this.scale = FIGURES[this.figure].most ?? Math.max(...values, 1);
    this.values = values;
    if (few) this.drawRows(values);
    else this.drawGrid(values);
    this.point(null);
  }

  drawRows(values) {
    const rows = this.rows.children;
    while (rows.length < values.length) this.rows.append(h("div", {}, h("span.index"), h("span.bar", {}, h("i")), h("span.number")));
    while (rows.length > values.length) rows[rows.length - 1].remove();
    values.forEach((value, i) => {
      const [index, bar, number] = rows[i].children;
      text(index, i);
      set(rows[i], "title", this.describe(i));
      bar.firstChild.style.width = `${Math.min(1, value / this.scale) * 100}%`;
      set(bar, "data-color", FIGURES[this.figure].color);
      text(number, FIGURES[this.figure].shown(value));
    });
  }

  drawGrid(values) {
    const width = this.grid.clientWidth;
    if (!width) return;
    this.columns = Math.max(1, Math.floor(width / CELL));
    const height = Math.ceil(values.length / this.columns) * CELL;
    const ratio = devicePixelRatio;
    if (this.grid.width !== width * ratio || this.grid.height !== height * ratio) {
      Object.assign(this.grid, { width: width * ratio, height: height * ratio });
      this.grid.style.height = `${height}px`;
    }
    const ctx = this.grid.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const empty = color("line");
    const full = color(FIGURES[this.figure].color);
    values.forEach((value, i) => {
      const x = (i % this.columns) * CELL;
      const y = Math.floor(i / this.columns) * CELL;
      ctx.globalAlpha = 1;
      ctx.fillStyle = empty;
      ctx.fillRect(x, y, CELL - 1, CELL - 1);
      ctx.globalAlpha = Math.min(1, value / this.scale) ** 2;  // the high ones stand out
      ctx.fillStyle = full;
      ctx.fillRect(x, y, CELL - 1, CELL - 1);
    });
    ctx.globalAlpha = 1;
    set(this.grid, "aria-label", `${FIGURES[this.figure].title} of ${values.length} subtasks`);
  }

  describe(i) {
    const worker = this.status.workers.find((each) => each.index === this.status.subtasks.worker[i]);
    return `subtask ${i} on ${worker ? worker.host : "no worker"}: ${FIGURES[this.figure].title} ${FIGURES[this.figure].shown(this.values[i])}`;
  }

  /** Describes the cell under the pointer, or else the whole. */
  point(event) {
    if (!this.values) return;
    if (event && this.columns) {
      const i = Math.floor(event.offsetY / CELL) * this.columns + Math.floor(event.offsetX / CELL);
      if (i >= 0 && i < this.values.length) return text(this.note, this.describe(i));
    }
    const most = this.values.reduce((best, value, i) => (value > this.values[best] ? i : best), 0);
    const mean = this.values.reduce((sum, value) => sum + value, 0) / this.values.length;
    const shown = FIGURES[this.figure].shown;
    text(this.note, `mean ${shown(mean)}; most ${shown(this.values[most])}, subtask ${most}`);
  }
}
