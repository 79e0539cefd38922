// The meaning of the figures: pure functions of a status as /weir/status answers it.

import { bytes, clock, count, date, duration, percent } from "./format.js";

/** Event time that is further away is that of an old recording: its distance says nothing. */
const MOST_LAG_MS = 30 * 86_400_000;
const RECENT_FAILURE_MS = 10 * 60_000;
const SLOW_SHARE = 0.5;

const sources = (status) => status.vertices.filter((vertex) => vertex.source);

/** Records that the sources emit per second. */
export function throughput(status) {
  return sources(status).reduce((sum, vertex) => sum + vertex.out_per_second, 0);
}

export function recordsRead(status) {
  return sources(status).reduce((sum, vertex) => sum + vertex.records_out, 0);
}

/** The vertices from which no edge leads. */
export function lastVertices(status) {
  const left = new Set(status.edges.map((edge) => edge.from));
  return status.vertices.filter((_, i) => !left.has(i));
}

/** The watermark of the slowest vertex at the end: ms, "end", or null. */
export function watermark(status) {
  const all = lastVertices(status).map((vertex) => vertex.watermark_in ?? vertex.watermark_out);
  if (all.some((each) => each == null)) return null;
  const open = all.filter((each) => each !== "end");
  return open.length ? Math.min(...open) : "end";
}

/** How far a watermark is behind the clock in ms; null: unknown, or event time of long ago. */
export function lagOf(mark, now) {
  if (mark == null || mark === "end") return null;
  const lag = now - mark;
  return Math.abs(lag) > MOST_LAG_MS ? null : lag;
}

/** Records that sources know of and have not read, as connectors report them; null: none does. */
export function pending(status) {
  let sum = null;
  for (const vertex of sources(status)) {
    for (const operator of vertex.operators) {
      const value = operator.metrics.pendingRecords;
      if (value != null) sum = (sum ?? 0) + value;
    }
  }
  return sum;
}

export function lateRecords(vertex) {
  return vertex.operators.reduce((sum, each) => sum + (each.metrics.numLateRecordsDropped ?? 0), 0);
}

/** The vertex whose busiest subtask is the busiest of all; its index, or -1. */
export function busiest(status) {
  let best = -1;
  status.vertices.forEach((vertex, i) => {
    if (best < 0 || vertex.busy.max > status.vertices[best].busy.max) best = i;
  });
  return best;
}

/** The vertex that makes others wait: the busiest one that follows a back-pressured one. */
export function bottleneck(status) {
  let best = -1;
  for (const edge of status.edges) {
    if (status.vertices[edge.from].back.max < SLOW_SHARE) continue;
    const vertex = status.vertices[edge.to];
    if (vertex.back.max >= SLOW_SHARE && vertex.back.max > vertex.busy.max) continue;
    if (best < 0 || vertex.busy.max > status.vertices[best].busy.max) best = edge.to;
  }
  return best;
}

export function shortName(vertex) {
  return vertex.name.replace(/^Source: /, "").replaceAll(" -> ", " → ");
}

/** How the busiest subtask compares with the mean. */
export function skew(spread) {
  return spread.avg > 0 ? spread.max / spread.avg : 1;
}

const ENDED = { FINISHED: "good", CANCELED: "idle", FAILED: "bad" };

export function hasEnded(status) {
  return status.state in ENDED;
}

/** Is it healthy? {level: good|warn|bad|idle, title, reason}. */
export function verdict(status) {
  const { checkpoints, failures, now, state } = status;
  const last = failures[0];
  const cause = last ? last.message : "";
  if (state === "FAILED") return { level: "bad", title: "Failed", reason: cause };
  if (state === "FINISHED") return { level: "good", title: "Finished", reason: `after ${duration(status.ended - status.started)}` };
  if (state === "CANCELED") return { level: "idle", title: "Canceled", reason: `after ${duration(status.ended - status.started)}` };
  if (state === "CREATED") return { level: "warn", title: "Waiting for slots", reason: `${status.workers.length} workers have registered` };
  if (state === "INITIALIZING") return { level: "idle", title: "Starting", reason: "reading the checkpoint and the graph" };
  if (state !== "RUNNING") return { level: "warn", title: state[0] + state.slice(1).toLowerCase(), reason: cause };
  if (checkpoints) {
    const done = checkpoints.completed_last;
    const failed = checkpoints.failed_last;
    if (failed && !/was stopped/.test(failed.failure) && (!done || failed.triggered > done.triggered))
      return { level: "bad", title: "Checkpoints fail", reason: failed.failure };
    const since = now - Math.max(done ? done.triggered + done.duration : 0, status.since);
    if (checkpoints.interval > 0 && since > 3 * checkpoints.interval + 10_000)
      return { level: "warn", title: "No recent checkpoint", reason: `none has completed for ${duration(since)}; one is due every ${duration(checkpoints.interval)}` };
  }
  if (last && now - last.at < RECENT_FAILURE_MS)
    return { level: "warn", title: "Recovered", reason: `restarted ${duration(now - last.at)} ago: ${cause}` };
  const slow = bottleneck(status);
  if (slow >= 0)
    return { level: "warn", title: "Back-pressured", reason: `${shortName(status.vertices[slow])} is the bottleneck: busy ${percent(status.vertices[slow].busy.max)}` };
  return { level: "good", title: "Healthy", reason: `running for ${duration(now - status.since)}` };
}

/** The answers at the top, in their order: {key, label, value, detail, level}. */
export function answers(status, speed) {
  const { checkpoints, now } = status;
  const mark = watermark(status);
  const lag = lagOf(mark, now);
  const waiting = pending(status);
  const behind = { key: "behind", label: "Behind", value: "–", detail: "no watermarks" };
  if (lag != null) Object.assign(behind, { value: duration(Math.max(lag, 0)), detail: `event time ${clock(mark, now)}` });
  else if (mark === "end") Object.assign(behind, { value: "0", detail: "event time has ended" });
  else if (mark != null) Object.assign(behind, { label: "Event time", value: clock(mark, mark), detail: `${date(mark)}${speed ? `, ${count(speed)} × real time` : ""}` });
  if (waiting != null) behind.detail = `${count(waiting)} records to read`;

  const slow = bottleneck(status) >= 0 ? bottleneck(status) : busiest(status);
  const vertex = status.vertices[slow];
  const slowest = vertex
    ? { key: "slowest", label: bottleneck(status) >= 0 ? "Bottleneck" : "Busiest", value: percent(vertex.busy.max), detail: shortName(vertex), level: vertex.busy.max > 0.9 ? "warn" : "" }
    : { key: "slowest", label: "Busiest", value: "–", detail: "" };

  const checkpoint = { key: "checkpoint", label: "Last checkpoint", value: "off", detail: "execution.checkpointing.interval" };
  if (checkpoints) {
    const done = checkpoints.completed_last;
    const running = checkpoints.running[0];
    Object.assign(checkpoint, done
      ? { value: `${duration(Math.max(now - done.triggered - done.duration, 0))} ago`, detail: `#${done.id} took ${duration(done.duration)}, ${bytes(done.bytes)}` }
      : { value: "none", detail: checkpoints.interval ? `due every ${duration(checkpoints.interval)}` : "on request" });
    if (running) checkpoint.detail = `#${running.id} runs: ${running.acknowledged} of ${running.subtasks} for ${duration(running.duration)}`;
  }

  const failure = status.failures[0];
  return [
    { key: "rate", label: "Throughput", value: `${count(Math.round(throughput(status)))}/s`, detail: `${count(recordsRead(status))} records read` },
    behind,
    slowest,
    checkpoint,
    {
      key: "failures",
      label: "Restarts",
      value: String(status.restarts),
      detail: failure ? `last failure ${duration(now - failure.at)} ago` : "no failure",
      level: failure && now - failure.at < RECENT_FAILURE_MS ? "warn" : "",
    },
  ];
}

/** The parts of a checkpoint's duration in ms, in their order. Tasks overlap, so each part is cut
 * to what the others leave of the whole. */
export function checkpointParts(row) {
  const [id, completed, savepoint, triggered, whole, alignment, sync, async, publish, size] = row;
  let left = whole;
  const take = (us) => {
    const part = Math.min(us, left);
    left -= part;
    return part / 1000;
  };
  const parts = { publish: take(publish), write: take(async), sync: take(sync), alignment: take(alignment) };
  return { id, completed: completed === 1, savepoint: savepoint === 1, triggered, duration: whole / 1000, bytes: size, ...parts, barriers: left / 1000 };
}
