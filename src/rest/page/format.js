// Figures as text. All are short, and have the same width for the same magnitude.

function scaled(value, step, units, unit) {
  let size = Math.abs(value);
  let i = 0;
  while (size >= step * 0.9995 && i < units.length - 1) {
    size /= step;
    ++i;
  }
  const digits = i === 0 && Number.isInteger(value) ? 0 : size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return `${value < 0 ? "−" : ""}${size.toFixed(digits)}${units[i]}${unit}`;
}

/** 1234567 → "1.23 M". */
export function count(value) {
  if (value == null || !Number.isFinite(value)) return "–";
  return scaled(value, 1000, ["", " k", " M", " G", " T"], "");
}

export function perSecond(value) {
  return value == null ? "–" : `${count(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))}/s`;
}

/** Binary units. */
export function bytes(value) {
  if (value == null || value < 0) return "–";
  return scaled(Math.round(value), 1024, [" B", " KiB", " MiB", " GiB", " TiB"], "");
}

/** A duration in ms, with two units at most: "340 ms", "4.2 s", "3 min 5 s", "2 d 4 h". */
export function duration(ms) {
  if (ms == null || !Number.isFinite(ms)) return "–";
  if (ms < 0) return `−${duration(-ms)}`;
  if (ms < 1) return `${ms === 0 ? 0 : ms.toFixed(2)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`;
  const parts = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
  ];
  const first = parts.findIndex(([size]) => ms >= size);
  const [size, unit] = parts[first];
  const whole = Math.floor(ms / size);
  if (first === parts.length - 1 || whole >= 100) return `${whole} ${unit}`;
  const [less, minor] = parts[first + 1];
  const rest = Math.floor((ms - whole * size) / less);
  return rest > 0 ? `${whole} ${unit} ${rest} ${minor}` : `${whole} ${unit}`;
}

export function percent(share) {
  if (share == null) return "–";
  const value = Math.min(Math.max(share, 0), 1) * 100;
  return `${value > 0 && value < 1 ? "<1" : Math.round(value)} %`;
}

const pad = (number) => String(number).padStart(2, "0");

/** The time of day in the browser's zone; with the date if it is not today's. */
export function clock(ms, now) {
  const at = new Date(ms);
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  const same = now != null && new Date(now).toDateString() === at.toDateString();
  return same ? time : `${date(ms)} ${time}`;
}

export function date(ms) {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "beyond the calendar";
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** For tooltips. */
export function exact(value) {
  return value == null ? "–" : Math.round(value).toLocaleString("en-US").replaceAll(",", " ");
}
