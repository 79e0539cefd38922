// The operator's actions on the job: requests of Flink's REST interface.

import { h, show, text } from "./dom.js";

const ASK_AGAIN_MS = 500;

let token = "";  // kept by this page alone, and only as long as it is open

function send(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  return fetch(path, { method, headers, body: body && JSON.stringify(body) });
}

/** The text that a POST answers. */
export async function postForText(path) {
  const reply = await send("POST", path);
  if (reply.ok) return reply.text();
  const answer = await reply.json().catch(() => ({}));
  throw new Error(answer.errors?.[0] ?? `the server answers ${reply.status}`);
}

async function request(method, path, body) {
  const reply = await send(method, path, body);
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(answer.errors?.[0] ?? `the server answers ${reply.status}`);
  return answer;
}

/** Waits for the outcome of what a request has started. */
async function outcome(path, trigger) {
  for (;;) {
    const { status, operation } = await request("GET", `${path}/${trigger}`);
    if (status.id === "COMPLETED") {
      const failure = operation["failure-cause"] ?? operation.failureCause;
      if (failure) throw new Error(failure["stack-trace"] ?? "it failed");
      return operation;
    }
    await new Promise((done) => setTimeout(done, ASK_AGAIN_MS));
  }
}

const ACTIONS = {
  checkpoint: {
    title: "Checkpoint",
    hint: "Takes a checkpoint now, besides the periodic ones.",
    async run(job) {
      const at = `../jobs/${job}/checkpoints`;
      const { "request-id": trigger } = await request("POST", at, { checkpointType: "CONFIGURED" });
      return `Checkpoint ${(await outcome(at, trigger)).checkpointId} is complete.`;
    },
  },
  savepoint: {
    title: "Savepoint",
    hint: "Takes a copy of the state that belongs to you. The job goes on.",
    directory: true,
    async run(job, { directory }) {
      const { "request-id": trigger } = await request("POST", `../jobs/${job}/savepoints`, { "target-directory": directory, "cancel-job": false });
      return `The savepoint is ${(await outcome(`../jobs/${job}/savepoints`, trigger)).location}`;
    },
  },
  stop: {
    title: "Stop",
    hint: "Ends the job with a savepoint, from which it can go on.",
    directory: true,
    drain: true,
    grave: true,
    async run(job, { directory, drain }) {
      const { "request-id": trigger } = await request("POST", `../jobs/${job}/stop`, { targetDirectory: directory, drain });
      return `The job has stopped. Its savepoint is ${(await outcome(`../jobs/${job}/savepoints`, trigger)).location}`;
    },
  },
  cancel: {
    title: "Cancel",
    hint: "Ends the job at once, without a savepoint. Its checkpoints stay, as the settings say.",
    grave: true,
    async run(job) {
      await request("PATCH", `../jobs/${job}?mode=cancel`);
      return "The job is being canceled.";
    },
  },
};

export class Actions {
  constructor(notices) {
    this.notices = notices;
    this.element = h(
      "div.actions",
      {},
      ...Object.entries(ACTIONS).map(([name, { title, grave }]) => h(grave ? "button.grave" : "button", { type: "button", "data-action": name, onclick: () => this.ask(name) }, title)),
    );
    this.heading = h("h2");
    this.hint = h("p");
    this.directory = h("input", { type: "text", spellcheck: "false", autocomplete: "off", placeholder: "hdfs://namenode:8020/savepoints" });
    this.directoryRow = h("label", {}, h("span"), this.directory);
    this.drain = h("input", { type: "checkbox" });
    this.drainRow = h("label.check", {}, this.drain, h("span", {}, "Drain: end event time first, so that all windows fire. Do not go on from such a savepoint."));
    this.token = h("input", { type: "password", autocomplete: "off" });
    this.tokenRow = h("label", {}, h("span", {}, "Token (weir.rest.token)"), this.token);
    this.go = h("button.primary", { type: "button", onclick: () => this.start() });
    this.dialog = h(
      "dialog",
      { onkeydown: (event) => event.key === "Enter" && event.target.tagName === "INPUT" && this.start() },
      this.heading,
      this.hint,
      this.directoryRow,
      this.drainRow,
      this.tokenRow,
      h("div.buttons", {}, h("button", { type: "button", onclick: () => this.dialog.close() }, "Not now"), this.go),
    );
  }

  update(status, ended) {
    this.status = status;
    show(this.element, status.can.change && !ended);
  }

  ask(name) {
    this.name = name;
    const action = ACTIONS[name];
    const { can } = this.status;
    text(this.heading, `${action.title}: ${this.status.name}`);
    text(this.hint, action.hint);
    show(this.directoryRow, Boolean(action.directory));
    text(this.directoryRow.firstChild, can.savepoint_directory ? "Directory, if not that of the settings" : "Directory");
    show(this.drainRow, Boolean(action.drain));
    show(this.tokenRow, can.token && !token);
    text(this.go, action.title);
    this.go.classList.toggle("grave", Boolean(action.grave));
    this.dialog.showModal();
  }

  async start() {
    const action = ACTIONS[this.name];
    if (this.token.value) token = this.token.value;
    this.token.value = "";
    this.dialog.close();
    const notice = this.notices.add(`${action.title} …`);
    try {
      notice.done(await action.run(this.status.id, { directory: this.directory.value.trim() || null, drain: this.drain.checked }));
    } catch (error) {
      if (/token/.test(error.message)) token = "";
      notice.fail(`${action.title}: ${error.message}`);
    }
  }
}

/** Short messages in a corner. Those about failures stay until they are closed. */
export class Notices {
  constructor() {
    this.element = h("div.notices", { role: "status" });
  }
  add(message) {
    const said = h("span", {}, message);
    const box = h("div.notice", {}, said, h("button", { type: "button", "aria-label": "Close", onclick: () => box.remove() }, "×"));
    this.element.append(box);
    return {
      done: (result) => {
        text(said, result);
        box.classList.add("good");
      },
      fail: (result) => {
        text(said, result);
        box.classList.add("bad");
      },
    };
  }
}
