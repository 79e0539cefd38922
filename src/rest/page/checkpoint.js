// One checkpoint in detail: how each vertex took part. The server knows this of the last ten.

import { h, text } from "./dom.js";
import { bytes, clock, duration } from "./format.js";
import { shortName } from "./model.js";

const COLUMNS = ["vertex", "acknowledged", "size", "until barriers", "alignment", "pause", "writing"];

export class CheckpointDetails {
  constructor() {
    this.heading = h("h2");
    this.hint = h("p");
    this.body = h("tbody");
    this.table = h("table", {}, h("thead", {}, h("tr", {}, ...COLUMNS.map((name, i) => h(i ? "th.number" : "th", {}, name)))), this.body);
    this.dialog = h("dialog.middle", {}, this.heading, this.hint, h("div.scroll", {}, this.table), h("div.buttons", {}, h("button", { type: "button", onclick: () => this.dialog.close() }, "Close")));
  }

  async open(status, row) {
    const kind = row.savepoint ? "Savepoint" : "Checkpoint";
    text(this.heading, `${kind} ${row.id}: ${row.completed ? duration(row.duration) : `failed after ${duration(row.duration)}`}, ${clock(row.triggered, status.now)}`);
    text(this.hint, "The longest time of any subtask.");
    this.body.replaceChildren();
    this.dialog.showModal();
    const at = `../jobs/${status.id}/checkpoints/details/${row.id}`;
    const newest = status.checkpoints.recent.slice(-9).some(([id]) => id === row.id);
    if (!newest) return text(this.hint, `${bytes(row.bytes)}. Only of the newest checkpoints more is known.`);
    try {
      const [whole, ...vertices] = await Promise.all([at, ...status.vertices.map((vertex) => `${at}/subtasks/${vertex.id}`)].map((path) => fetch(path).then((reply) => (reply.ok ? reply.json() : null))));
      if (whole?.failure_message) text(this.hint, whole.failure_message);
      if (whole?.external_path) text(this.hint, `${whole.external_path}. Times are the longest of any subtask.`);
      status.vertices.forEach((vertex, i) => {
        const details = vertices[i];
        if (!details) return;
        const { summary } = details;
        const most = (figures) => duration(figures.max);
        const cells = [
          `${details.num_acknowledged_subtasks} of ${details.num_subtasks}`,
          bytes(details.state_size),
          most(summary.start_delay),
          most(summary.alignment.duration),
          most(summary.checkpoint_duration.sync),
          most(summary.checkpoint_duration.async),
        ];
        this.body.append(h("tr", {}, h("td", {}, shortName(vertex)), ...cells.map((cell) => h("td.number", {}, cell))));
      });
    } catch (error) {
      text(this.hint, error.message);
    }
  }
}
