// The graph of the job: cards at the places that dagre computes, over curves for the edges.

import { layout, graphlib } from "@dagrejs/dagre";
import { h, s, set, text } from "./dom.js";
import { bytes, duration, exact, percent, perSecond } from "./format.js";
import { lagOf, lateRecords, shortName } from "./model.js";

const WIDTH = 232;
const HEIGHT = 112;
const MARGIN = 12;
const LEAST_SCALE = 0.55;

function place(status) {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 64, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  status.vertices.forEach((_, i) => graph.setNode(String(i), { width: WIDTH, height: HEIGHT }));
  for (const edge of status.edges) graph.setEdge(String(edge.from), String(edge.to));
  layout(graph);
  return graph;
}

function card(vertex, select) {
  const parts = {
    name: h("span.name", { title: vertex.name }),
    parallelism: h("span.parallelism", { title: "subtasks" }),
    flow: h("span.flow"),
    busy: h("i.busy"),
    back: h("i.back"),
    share: h("span"),
    time: h("span.time"),
    state: h("span"),
    note: h("span.note"),
    queue: h("i"),
    queueMost: h("b"),
  };
  const queue = h("span.queue", { title: "" }, parts.queue, parts.queueMost);
  const element = h(
    "button.card",
    { type: "button", onclick: select, "data-vertex": vertex.id },
    vertex.source ? null : queue,
    h("span.row", {}, parts.name, parts.parallelism),
    parts.flow,
    h("span.shares", { "aria-hidden": "true" }, parts.busy, parts.back),
    h("span.row.facts", {}, parts.share, parts.time),
    h("span.row.facts", {}, parts.state, parts.note),
  );
  return { element, queue, ...parts };
}

function update(each, vertex, status) {
  text(each.name, shortName(vertex));
  text(each.parallelism, `×${vertex.parallelism}`);
  text(each.flow, [vertex.source ? null : `${perSecond(vertex.in_per_second)} in`, vertex.out_per_second > 0 || vertex.source ? `${perSecond(vertex.out_per_second)} out` : null].filter(Boolean).join("  →  "));
  each.busy.style.width = `${vertex.busy.avg * 100}%`;
  each.back.style.width = `${vertex.back.avg * 100}%`;
  const uneven = vertex.busy.max - vertex.busy.avg > 0.2;
  text(each.share, vertex.back.avg > vertex.busy.avg ? `waits ${percent(vertex.back.avg)}` : uneven ? `busy ${percent(vertex.busy.avg)}, most ${percent(vertex.busy.max)}` : `busy ${percent(vertex.busy.avg)}`);
  const mark = vertex.watermark_out;
  const lag = lagOf(mark, status.now);
  text(each.time, mark === "end" ? "ended" : lag != null ? `lag ${duration(Math.max(lag, 0))}` : "");
  text(each.state, vertex.state_bytes > 0 ? `state ${bytes(vertex.state_bytes)}` : "");
  const late = lateRecords(vertex);
  text(each.note, late > 0 ? `${exact(late)} late` : "");
  each.queue.style.height = `${vertex.queue.avg * 100}%`;
  each.queueMost.style.bottom = `${vertex.queue.max * 100}%`;
  set(each.queue.parentNode, "title", `input queues: ${percent(vertex.queue.avg)} full, the fullest ${percent(vertex.queue.max)}`);
  const level = vertex.busy.max > 0.9 ? "hot" : vertex.back.max > 0.5 ? "waits" : "";
  set(each.element, "data-level", level);
  set(each.element, "aria-label", `${vertex.name}: ${vertex.parallelism} subtasks, busy ${percent(vertex.busy.avg)}, back-pressured ${percent(vertex.back.avg)}, ${perSecond(vertex.in_per_second)} in, ${perSecond(vertex.out_per_second)} out`);
}

function curve(points) {
  const [first, ...rest] = points;
  let path = `M${first.x},${first.y}`;
  let from = first;
  for (const to of rest) {
    const middle = (from.x + to.x) / 2;
    path += `C${middle},${from.y} ${middle},${to.y} ${to.x},${to.y}`;
    from = to;
  }
  return path;
}

export class JobGraph {
  constructor(onSelect) {
    this.onSelect = onSelect;
    this.shape = "";
    this.cards = [];
    this.edges = [];
    this.svg = s("svg.edges", { "aria-hidden": "true" });
    this.canvas = h("div.canvas", {}, this.svg);
    this.element = h("div.graph", { role: "group", "aria-label": "Job graph" }, this.canvas);
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  rebuild(status) {
    this.placed = place(status);
    const { width, height } = this.placed.graph();
    this.size = { width, height };
    this.svg.replaceChildren();
    set(this.svg, "viewBox", `0 0 ${width} ${height}`);
    this.canvas.replaceChildren(this.svg);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.edges = status.edges.map((edge) => {
      const from = this.placed.node(String(edge.from));
      const to = this.placed.node(String(edge.to));
      const between = this.placed.edge(String(edge.from), String(edge.to)).points.slice(1, -1);
      const points = [{ x: from.x + WIDTH / 2, y: from.y }, ...(between.length > 1 ? between : []), { x: to.x - WIDTH / 2 - 2, y: to.y }];
      const path = s("path.edge", { d: curve(points) });
      const middle = points.length > 2 ? points[points.length >> 1] : { x: (points[0].x + points[1].x) / 2, y: (points[0].y + points[1].y) / 2 };
      const label = s("text.ship", { x: middle.x, y: middle.y - 7 }, edge.ship.toLowerCase());
      this.svg.append(path, label);
      return path;
    });
    this.cards = status.vertices.map((vertex, i) => {
      const made = card(vertex, () => this.onSelect(vertex.id));
      const { x, y } = this.placed.node(String(i));
      made.element.style.left = `${x - WIDTH / 2}px`;
      made.element.style.top = `${y - HEIGHT / 2}px`;
      this.canvas.append(made.element);
      return made;
    });
    this.fit();
  }

  /** Makes the whole graph visible, unless it would be too small to read. */
  fit() {
    if (!this.size) return;
    const scale = Math.max(LEAST_SCALE, Math.min(1, this.element.clientWidth / this.size.width));
    this.canvas.style.transform = `scale(${scale})`;
    this.canvas.style.marginBottom = `${(scale - 1) * this.size.height}px`;
    this.canvas.style.marginRight = `${(scale - 1) * this.size.width}px`;
  }

  update(status, selected) {
    this.status = status;
    const shape = JSON.stringify([status.vertices.map((v) => [v.id, v.source]), status.edges]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.rebuild(status);
    }
    status.vertices.forEach((vertex, i) => {
      update(this.cards[i], vertex, status);
      set(this.cards[i].element, "aria-pressed", vertex.id === selected);
    });
    this.fit();
    const most = Math.max(1, ...status.vertices.map((vertex) => vertex.out_per_second));
    status.edges.forEach((edge, i) => {
      const from = status.vertices[edge.from];
      const rate = from.out_per_second;
      set(this.edges[i], "stroke-width", (1.2 + 3.3 * Math.sqrt(rate / most)).toFixed(1));
      set(this.edges[i], "data-level", from.back.avg > 0.5 ? "waits" : rate > 0 ? "flows" : "");
    });
  }

  /** Arrows go to the nearest card in their direction. */
  onKey(event) {
    const direction = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const at = this.cards.findIndex((each) => each.element === document.activeElement);
    if (!direction || at < 0) return;
    event.preventDefault();
    const here = this.placed.node(String(at));
    let best = -1;
    let least = Infinity;
    this.cards.forEach((_, i) => {
      const { x, y } = this.placed.node(String(i));
      const along = (x - here.x) * direction[0] + (y - here.y) * direction[1];
      const across = Math.abs((x - here.x) * direction[1]) + Math.abs((y - here.y) * direction[0]);
      if (along > 1 && along + 2 * across < least) {
        best = i;
        least = along + 2 * across;
      }
    });
    if (best >= 0) this.cards[best].element.focus();
  }
}
