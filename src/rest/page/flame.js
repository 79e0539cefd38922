// The CPU profile of a process as a flame graph: the outermost function at the top.

import { h, text } from "./dom.js";
import { percent } from "./format.js";

const RECORD_MS = 5000;
const ROW = 18;
const LEAST_SHARE = 0.001;

/** The tree of lines "THREAD;outermost;…;innermost COUNT". */
export function treeOf(lines) {
  const root = { name: "all threads", count: 0, children: new Map() };
  for (const line of lines.split("\n")) {
    const at = line.lastIndexOf(" ");
    const count = Number(line.slice(at + 1));
    if (at < 0 || !(count > 0)) continue;
    root.count += count;
    let node = root;
    for (const name of line.slice(0, at).split(";")) {
      let child = node.children.get(name);
      if (!child) node.children.set(name, (child = { name, count: 0, children: new Map() }));
      child.count += count;
      node = child;
    }
  }
  return root;
}

/** The same name has the same color. */
function hue(name) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return 12 + (hash % 42);
}

export class Flame {
  constructor() {
    this.heading = h("h2");
    this.hint = h("p");
    this.graph = h("div.flame");
    this.dialog = h("dialog.wide", {}, this.heading, this.hint, this.graph, h("div.buttons", {}, h("button", { type: "button", onclick: () => this.dialog.close() }, "Close")));
  }

  async record(worker, ask) {
    text(this.heading, `CPU profile of ${worker.host}`);
    text(this.hint, `Recording for ${RECORD_MS / 1000} s …`);
    this.graph.replaceChildren();
    this.dialog.showModal();
    const path = `profile?worker=${encodeURIComponent(worker.id)}`;
    try {
      // The first request begins to record; one that ends somebody else's is repeated.
      if ((await ask(path)) !== "") await ask(path);
      await new Promise((done) => setTimeout(done, RECORD_MS));
      this.draw(treeOf(await ask(path)));
    } catch (error) {
      text(this.hint, error.message);
    }
  }

  draw(root) {
    this.root = root;
    if (root.count === 0) return text(this.hint, "The process has used no CPU time.");
    this.zoom([root]);
  }

  /** Shows what the last node of the path called, over the whole width. */
  zoom(path) {
    const top = path.at(-1);
    text(this.hint, `${this.root.count} samples, each after 10 ms of CPU time. ${path.length > 1 ? `${percent(top.count / this.root.count)} in ${top.name}. ` : ""}Select a function to enlarge it.`);
    const cells = [];
    path.slice(0, -1).forEach((node, depth) => cells.push(this.cell(node, path.slice(0, depth + 1), 0, 1, depth, true)));
    let deepest = path.length;
    const add = (node, trail, left, depth) => {
      const share = node.count / top.count;
      if (share < LEAST_SHARE) return;
      deepest = Math.max(deepest, depth + 1);
      cells.push(this.cell(node, trail, left, share, depth, false));
      let at = left;
      for (const child of [...node.children.values()].sort((a, b) => b.count - a.count)) {
        add(child, [...trail, child], at, depth + 1);
        at += child.count / top.count;
      }
    };
    add(top, path, 0, path.length - 1);
    this.graph.replaceChildren(...cells);
    this.graph.style.height = `${deepest * ROW}px`;
  }

  cell(node, trail, left, width, depth, above) {
    const share = percent(node.count / this.root.count);
    const element = h(above ? "button.above" : "button", { type: "button", title: `${node.name}\n${node.count} samples, ${share}`, onclick: () => this.zoom(trail) }, node.name);
    Object.assign(element.style, { left: `${left * 100}%`, width: `${width * 100}%`, top: `${depth * ROW}px` });
    element.style.setProperty("--hue", hue(node.name));
    return element;
  }
}
