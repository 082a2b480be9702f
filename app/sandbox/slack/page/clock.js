// Times as the person we act as sees them: in their zone, wherever the browser is.

let zoneOf = () => undefined;

export function useZone(answer) {
  zoneOf = answer;
}

export const zone = () => zoneOf() || Intl.DateTimeFormat().resolvedOptions().timeZone;
export const city = (name) => name.split("/").pop().replace(/_/g, " ");

const said = (date, options) => new Intl.DateTimeFormat([], { timeZone: zone(), ...options }).format(date);
const moment = (ts) => new Date(Number(ts) * 1000);

// “2026-11-27 09:00”, by which moments and days are compared and filled in.
const plain = (date) => new Intl.DateTimeFormat("sv-SE", { timeZone: zone(), dateStyle: "short", timeStyle: "short" }).format(date);
const numbered = (date) => Date.parse(`${plain(date).slice(0, 10)}T00:00Z`) / 86400000;

export const onDay = (date, options) => said(date, options);
export const time = (ts, more = {}) => said(moment(ts), { hour: "numeric", minute: "2-digit", ...more });
export const isoDay = (date) => plain(date).slice(0, 10);

// How many days lie between a moment and now: -1 is yesterday.
export const daysFromNow = (date) => numbered(date) - numbered(new Date());

export function day(ts) {
  const date = moment(ts), days = daysFromNow(date);
  if (days === 0) return "Today";
  if (days === -1) return "Yesterday";
  return said(date, { weekday: "long", day: "numeric", month: "long" });
}

// For an input of type datetime-local, and back. A zone's offset is that of the moment itself.
export const toLocal = (seconds) => plain(moment(seconds)).replace(" ", "T");

export function fromLocal(text) {
  const wanted = Date.parse(`${text}Z`);
  const offset = (at) => Date.parse(`${plain(new Date(at)).replace(" ", "T")}Z`) - Math.floor(at / 60000) * 60000;
  const first = wanted - offset(wanted);
  return (wanted - offset(first)) / 1000;
}
