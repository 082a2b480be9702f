// What the page knows, and how it hears of more: one state, one stream of changes.

export const state = {
  me: "", team: { id: "", name: "" }, teams: [], app: {}, installUrl: null, people: new Map(), channels: new Map(), messages: new Map(),
  ephemerals: [], views: {}, deliveries: [], calls: [], customer: null,
  channel: "", thread: "", found: "", home: false, pane: "inspector", unread: new Map(), online: false,
};
const listeners = new Set();

export const listen = (listener) => listeners.add(listener);
export const announce = (change) => listeners.forEach((listener) => listener(change));
export const person = (id) => state.people.get(id);
export const channel = (id) => state.channels.get(id);
export const mine = () => person(state.me);

// An address of the workspace we look at.
export const withTeam = (path) => `${path}${path.includes("?") ? "&" : "?"}team=${state.team.id}`;

async function fetched(path, options) {
  const answer = await fetch(withTeam(path), options);
  const body = await answer.json().catch(() => ({ error: "not_json" }));
  if (answer.status === 403 && body.error === "not_from_the_page") location.reload();
  return { ok: answer.ok, body };
}

export async function ask(path) {
  return (await fetched(path)).body;
}

export async function send(path, body) {
  try {
    return await fetched(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    return { ok: false, body: { error: "The workspace does not answer." } };
  }
}

// Do something as the person we act as. Answers the result, or { problem }.
export async function act(verb, body) {
  const { ok, body: answer } = await send(`/page/do/${verb}`, { user: state.me, ...body });
  if (!ok || answer.error) return { ok: false, problem: words(answer.error) };
  return answer.result && typeof answer.result === "object" ? answer.result : { ok: true, value: answer.result };
}

// Upload a file as the person we act as. Answers { file } or { problem }.
export async function upload(file) {
  const query = new URLSearchParams({ user: state.me, name: file.name });
  try {
    const { ok, body } = await fetched(`/page/upload?${query}`, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
    return ok && body.file ? { file: body.file } : { problem: words(body.error) };
  } catch {
    return { problem: "The workspace does not answer." };
  }
}

const WORDS = {
  file_empty: "This file is empty.", request_too_large: "This file is too large.",
  not_in_channel: "You are not in this channel.", is_archived: "This channel is archived.",
  message_not_found: "This message is gone.", element_not_found: "This has changed; look again.",
  cant_delete_message: "Only its author or an admin can delete this.", already_reacted: "You have already reacted so.",
  not_found: "This window is gone.", invalid_command: "The app has no such command.",
  not_in_threads: "Commands do not work in threads.", shortcut_not_found: "The app has no such shortcut.", no_reaction: "You had not reacted so.",
};
const words = (error) => WORDS[error] || `That did not work (${error}).`;

export async function load() {
  const told = await ask("/page/state");
  state.team = told.team;
  state.teams = told.teams;
  state.installUrl = told.install_url;
  state.app = told.app;
  state.people = new Map(told.people.map((one) => [one.id, one]));
  state.channels = new Map(told.channels.map((one) => [one.id, one]));
  state.ephemerals = told.ephemerals;
  state.views = told.views;
  state.deliveries = told.deliveries;
  state.calls = told.calls;
  state.connected = told.connected;
  state.customer = told.customer;
  state.messages.clear();
  loading.clear();
  const last = remembered(told.team.id);
  if (!state.people.has(state.me)) state.me = state.people.has(last) ? last : told.people.find((one) => !one.is_bot).id;
  if (!visible().some((one) => one.id === state.channel)) state.channel = (visible()[0] || {}).id || "";
}

// Whom we act as in a workspace; it is kept from one visit to the next.
const kept = (team) => `act-as ${team}`;
const remembered = (team) => localStorage.getItem(kept(team)) || "";
export const remember = () => localStorage.setItem(kept(state.team.id), state.me);

// Look at another workspace from now on.
export async function enter(teamId) {
  state.team = { id: teamId, name: "" };
  state.me = state.channel = state.thread = "";
  await load();
}

export const teamOf = (id) => state.teams.find((team) => team.channels.some((one) => one.id === id));
export const hasNews = (team) => team.channels.some((one) => state.unread.get(one.id) && (!remembered(team.id) || one.members.includes(remembered(team.id))));

export const roomName = (id) => (channel(id) || {}).name || state.app.name;
export const visible = () => [...state.channels.values()].filter((one) => one.members.includes(state.me));

const loading = new Map();

export function messagesOf(id) {
  if (!loading.has(id)) loading.set(id, fetchMessages(id));
  return loading.get(id);
}

// A change that comes while they are fetched is newer than what is fetched.
async function fetchMessages(id) {
  const known = new Map();
  state.messages.set(id, known);
  for (const one of (await ask(`/page/messages/${id}`)).messages) if (!known.has(one.ts)) known.set(one.ts, one);
  return known;
}

export function shown(id) {
  return [...(state.messages.get(id) || new Map()).values()].sort((one, other) => (one.ts < other.ts ? -1 : 1));
}

export const ephemeralsOf = (id) =>
  state.ephemerals.filter((one) => one.channel === id && one.user === state.me).map((one) => one.message);

function apply(change) {
  const known = state.messages.get(change.channel);
  if (change.kind === "message") {
    change.isNew = known && !known.has(change.message.ts);
    if (known) known.set(change.message.ts, change.message);
    noteUnread(change);
  } else if (change.kind === "deleted" && known) {
    known.delete(change.ts);
  } else if (change.kind === "ephemeral") {
    state.ephemerals.push(change);
  } else if (change.kind === "ephemeral_gone") {
    state.ephemerals = state.ephemerals.filter((one) => one.message.ts !== change.ts);
  } else if (change.kind === "views") {
    state.views[change.user] = { stack: change.stack, home: change.home };
  } else if (change.kind === "delivery") {
    const at = state.deliveries.findIndex((one) => one.number === change.delivery.number);
    if (at >= 0) state.deliveries[at] = change.delivery;
    else state.deliveries.push(change.delivery);
    if (state.deliveries.length > 200) state.deliveries.shift();
  } else if (change.kind === "write" && change.team === state.team.id) {
    state.calls.push(change.call);
    if (state.calls.length > 200) state.calls.shift();
  }
}

const seen = new Map();
function noteUnread({ channel: id, message }) {
  const before = seen.get(id) || "";
  if (message.ts <= before) return;
  seen.set(id, message.ts);
  if (message.user === state.me || (id === state.channel && !state.home)) return;
  if (!message.thread_ts || message.thread_ts === message.ts) state.unread.set(id, (state.unread.get(id) || 0) + 1);
}

// Follow the stream, one change after the other; whenever it begins anew, so does the state.
export function follow() {
  const stream = new EventSource("/page/stream");
  let turn = Promise.resolve();
  const inTurn = (work) => { turn = turn.then(work).catch(() => undefined); };
  const anew = async () => {
    await load();
    if (state.channel) await messagesOf(state.channel);
  };
  stream.onopen = () => inTurn(async () => {
    state.online = true;
    await anew();
    announce({ kind: "reset" });
  });
  stream.onerror = () => {
    state.online = false;
    announce({ kind: "online" });
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000);
  };
  stream.onmessage = (event) => inTurn(async () => {
    const change = JSON.parse(event.data);
    if (change.kind === "channels" || change.kind === "reset") await anew();
    else apply(change);
    announce(change);
  });
}
