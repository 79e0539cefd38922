// The plots over time, drawn by uPlot.

import uPlot from "uplot";
import { color, h, text } from "./dom.js";
import { bytes, clock, count, duration } from "./format.js";
import { checkpointParts } from "./model.js";

const PARTS = [
  ["barriers", "until all barriers have passed"],
  ["alignment", "alignment, the longest of any task"],
  ["sync", "pause of a task"],
  ["write", "writing state"],
  ["publish", "publishing"],
];
const FONT = "11px system-ui, sans-serif";

/** Round steps for durations, in ms. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 216e5, 864e5];
const BINARY_STEPS = Array.from({ length: 45 }, (_, i) => 2 ** i);

function axis(options) {
  return { font: FONT, stroke: () => color("muted"), grid: { stroke: () => color("line"), width: 1 }, ticks: { show: false }, ...options };
}

/** A plot that is as wide as its box, and made anew when the color scheme changes. */
class Plot {
  constructor(title, options) {
    this.box = h("div.plot");
    this.legend = h("div.legend", { "aria-live": "off" });
    this.element = h("section.panel.plots", { "aria-label": title }, h("header", {}, h("h2", {}, title), this.legend), this.box);
    this.options = options;
    this.data = null;
    new ResizeObserver(() => this.resize()).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot?.redraw());
  }
  resize() {
    const size = { width: this.box.clientWidth, height: this.box.clientHeight };
    if (size.width < 40 || size.height < 40) return;
    if (this.plot) this.plot.setSize(size);
    else if (this.data) this.make(size);
  }
  make(size) {
    this.plot = new uPlot({ ...size, ...this.options(), legend: { show: false } }, this.data, this.box);
  }
  set(data) {
    this.data = data;
    if (this.plot) this.plot.setData(data);
    else this.resize();
  }
}

const RANGES = [
  [15 * 60, "15 min"],
  [3600, "1 h"],
  [6 * 3600, "6 h"],
  [24 * 3600, "24 h"],
];

/** The last day as the server has it, and what the page has seen since it was opened. */
export class RatePlot extends Plot {
  constructor() {
    super("Throughput and lag", () => ({
      padding: [10, 4, 0, 0],
      cursor: { y: false, points: { size: 5 } },
      hooks: { setCursor: [(plot) => this.describe(plot.cursor.idx)] },
      scales: { x: { time: true, range: (_, __, last) => this.visible(last) }, rate: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] }, lag: { range: (_, __, most) => [0, Math.max(most * 1.1, 1000)] } },
      axes: [
        axis({ size: 26, space: 70, values: (_, at) => at.map((each) => clock(each * 1000, Date.now())) }),
        axis({ scale: "rate", size: 54, values: (_, at) => at.map(count) }),
        axis({ scale: "lag", side: 1, size: 54, grid: { show: false }, incrs: STEPS, values: (_, at) => at.map((each) => (each == null ? "" : duration(each))) }),
      ],
      series: [
        {},
        { scale: "rate", stroke: () => color("flow"), fill: () => color("flow-soft"), width: 1.5, points: { show: false } },
        { scale: "lag", stroke: () => color("lag"), width: 1.5, points: { show: false } },
      ],
    }));
    this.range = RANGES[0][0];
    this.ranges = RANGES.map(([seconds, title]) => h("button", { type: "button", "aria-pressed": String(seconds === this.range), onclick: () => this.show(seconds) }, title));
    this.legend.after(h("div.tabs.ranges", { role: "group", "aria-label": "Time" }, ...this.ranges));
    this.describe(null);
  }
  show(seconds) {
    this.range = seconds;
    RANGES.forEach(([each], i) => this.ranges[i].setAttribute("aria-pressed", each === seconds));
    if (this.plot) this.plot.setData(this.data);
  }
  /** As long as there is less than the range, all of it. */
  visible(last) {
    const first = this.data?.[0]?.[0] ?? last;
    return last == null ? [0, 1] : [Math.min(Math.max(first, last - this.range), last - 5), last];
  }
  describe(at) {
    const i = at ?? (this.data ? this.data[0].length - 1 : -1);
    if (i < 0 || !this.data[0].length) return text(this.legend, "");
    const [times, rates, lags] = this.data;
    this.legend.replaceChildren(
      h("span", {}, clock(times[i] * 1000, Date.now())),
      h("span.key.flow", {}, `${count(Math.round(rates[i]))} records/s`),
      h("span.key.lag", {}, lags[i] == null ? "no lag known" : `lag ${duration(Math.max(lags[i], 0))}`),
    );
  }
  set(data) {
    super.set(data);
    if (this.plot?.cursor.idx == null) this.describe(null);
  }
}

/** The recent checkpoints: a stack of the parts of their durations, and their sizes as a line. */
export class CheckpointPlot extends Plot {
  constructor(open) {
    super("Checkpoints", () => ({
      padding: [10, 4, 0, 0],
      cursor: { y: false, points: { show: false } },
      hooks: { setCursor: [(plot) => this.describe(plot.cursor.idx)], drawAxes: [(plot) => this.drawBars(plot)] },
      scales: {
        x: { time: false, range: () => [-0.6, Math.max(this.rows.length, 12) - 0.4] },
        ms: { range: (_, __, most) => [0, Math.max((most ?? 0) * 1.15, 10)] },
        bytes: { range: (_, __, most) => [0, Math.max((most ?? 0) * 1.15, 1024)] },
      },
      axes: [
        axis({ size: 26, grid: { show: false }, space: 70, incrs: [1, 2, 5, 10, 20, 50, 100], values: (_, at) => at.map((i) => (this.rows[i] ? clock(this.rows[i].triggered, Date.now()) : "")) }),
        axis({ scale: "ms", size: 54, incrs: STEPS, values: (_, at) => at.map(duration) }),
        axis({ scale: "bytes", side: 1, size: 60, grid: { show: false }, incrs: BINARY_STEPS, values: (_, at) => at.map(bytes) }),
      ],
      series: [
        {},
        { scale: "ms", stroke: "transparent", points: { show: false } },
        { scale: "bytes", stroke: () => color("size"), width: 1.5, spanGaps: true, points: { show: () => this.rows.length < 40, size: 4, fill: () => color("size") } },
      ],
    }));
    this.rows = [];
    this.key = "";
    this.box.addEventListener("click", () => {
      const row = this.rows[this.plot?.cursor.idx];
      if (row) open(row);
    });
  }

  drawBars(plot) {
    const { ctx } = plot;
    const step = plot.valToPos(1, "x", true) - plot.valToPos(0, "x", true);
    const width = Math.max(1, Math.min(step * 0.72, 28 * devicePixelRatio));
    const bottom = plot.valToPos(0, "ms", true);
    ctx.save();
    this.rows.forEach((row, i) => {
      const x = plot.valToPos(i, "x", true) - width / 2;
      if (!row.completed) {
        ctx.fillStyle = color("bad-soft");
        ctx.fillRect(x, plot.bbox.top, width, plot.bbox.height);
        ctx.fillStyle = color("bad");
        ctx.fillRect(x, bottom - 3 * devicePixelRatio, width, 3 * devicePixelRatio);
        return;
      }
      let below = 0;
      for (const [name] of PARTS) {
        if (row[name] <= 0) continue;
        const from = plot.valToPos(below, "ms", true);
        below += row[name];
        const to = plot.valToPos(below, "ms", true);
        ctx.fillStyle = color(`part-${name}`);
        ctx.fillRect(x, to, width, Math.max(from - to, 1));
      }
    });
    ctx.restore();
  }

  describe(at) {
    const row = this.rows[at ?? this.rows.length - 1];
    if (!row) return text(this.legend, this.empty ?? "");
    const parts = PARTS.filter(([name]) => row[name] >= 0.05 || name === "write");
    this.legend.replaceChildren(
      h("span", {}, `#${row.id}${row.savepoint ? " savepoint" : ""} ${clock(row.triggered, Date.now())}`),
      h("strong", {}, row.completed ? duration(row.duration) : `failed after ${duration(row.duration)}`),
      ...(row.completed ? parts.map(([name, title]) => h(`span.key.part-${name}`, { title }, `${name} ${duration(row[name])}`)) : []),
      ...(row.completed ? [h("span.key.size", {}, bytes(row.bytes))] : []),
    );
  }

  update(checkpoints) {
    const recent = checkpoints ? checkpoints.recent : [];
    this.empty = !checkpoints ? "checkpoints are off" : "none yet";
    const key = recent.length ? `${recent.length} ${recent.at(-1)[0]}` : this.empty;
    if (key === this.key) return;
    this.key = key;
    const most = Math.max(12, Math.floor(this.box.clientWidth / 8));
    this.rows = recent.slice(-most).map(checkpointParts);
    this.set([this.rows.map((_, i) => i), this.rows.map((row) => (row.completed ? row.duration : null)), this.rows.map((row) => (row.completed ? row.bytes : null))]);
    if (this.plot?.cursor.idx == null) this.describe(null);
  }
}

/** A line without axes. */
export class Spark {
  constructor() {
    this.element = h("canvas.spark", { "aria-hidden": "true" });
  }
  draw(values, name) {
    const box = this.element;
    const width = box.clientWidth * devicePixelRatio;
    const height = box.clientHeight * devicePixelRatio;
    if (!width || !height) return;
    if (box.width !== width || box.height !== height) Object.assign(box, { width, height });
    const ctx = box.getContext("2d");
    ctx.clearRect(0, 0, width, height);
    const known = values.filter((value) => value != null);
    if (known.length < 2) return;
    const most = Math.max(...known, 1e-9);
    ctx.beginPath();
    let pen = false;
    values.forEach((value, i) => {
      if (value == null) return (pen = false);
      const x = (i / (values.length - 1)) * (width - 2) + 1;
      const y = height - 2 - (Math.max(value, 0) / most) * (height - 4);
      if (pen) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
      pen = true;
    });
    ctx.strokeStyle = color(name);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.lineJoin = "round";
    ctx.stroke();
  }
}
