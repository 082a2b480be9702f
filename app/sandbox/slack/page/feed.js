// The channel list, the feed of one channel or the Home tab, and the thread beside it.

import { day } from "./clock.js";
import { append, arrange, fill, h, icon, toast } from "./dom.js";
import { blocks } from "./blocks.js";
import { composer } from "./composer.js";
import { focusAgain, focusPlace } from "./focus.js";
import { messageNode } from "./messages.js";
import { viewPlace } from "./modal.js";
import { channel, ephemeralsOf, messagesOf, roomName, shown, state, visible } from "./store.js";

const $ = (id) => document.getElementById(id);
const GROUPED_SECONDS = 300;

const drawn = (room) => (room.is_im ? "person" : room.is_private ? "lock" : "hash");

export function showRail(go) {
  showSides(go);
  const entry = (room) => {
    const count = state.unread.get(room.id) || 0;
    const here = room.id === state.channel && !state.home;
    return h("li", {}, h("a", { href: `#${room.id}`, class: count ? "unread" : "", "aria-current": here ? "page" : null, onclick: (event) => { event.preventDefault(); go(room.id); } },
      icon(drawn(room)), h("span", {}, roomName(room.id)), room.is_archived && h("small", {}, "archived"),
      count > 0 && h("b", { class: "count", "aria-label": `${count} unread` }, String(count))));
  };
  fill($("rail"), h("h2", {}, "Channels"), h("ul", {}, visible().filter((room) => !room.is_im).map(entry)), h("h2", {}, "Apps"), appEntry(go));
}

const direct = () => visible().find((room) => room.is_im);

// The app has two sides, as in Slack: its Home tab and its direct messages. News are in the latter.
function appEntry(go) {
  if (!state.app.is_installed) {
    const add = state.installUrl && h("a", { class: "button", href: state.installUrl, target: "_blank", rel: "noopener" }, `Add ${state.app.name}`);
    return h("div", { class: "absent" }, h("p", {}, `${state.app.name} is not in ${state.team.name} yet.`), add);
  }
  const room = direct(), count = (room && state.unread.get(room.id)) || 0, where = count ? room.id : "home";
  const here = state.home || (room && room.id === state.channel);
  return h("ul", {}, h("li", {}, h("a", { href: `#${where}`, class: count ? "unread" : "", "aria-current": here ? "page" : null, onclick: (event) => { event.preventDefault(); go(where); } },
    icon("home"), h("span", {}, state.app.name), count > 0 && h("b", { class: "count", "aria-label": `${count} unread` }, String(count)))));
}

function showSides(go) {
  const room = direct(), within = state.app.is_installed && (state.home || (room && room.id === state.channel));
  const side = (words, here, where) => h("button", { type: "button", "aria-current": here ? "page" : null, onclick: () => here || go(where) }, words);
  fill($("views"), within && [side("Home", state.home, "home"), room && side("Messages", !state.home, room.id)]);
}

const inFeed = (message) => !message.thread_ts || message.thread_ts === message.ts || message.subtype === "thread_broadcast";

// Messages that have not changed keep their nodes, and so their focus and what is typed in them.
const drawnBefore = new Map();

function nodeOf(room, message, options) {
  const key = `${room} ${message.ts} ${options.inThread ? "thread" : "feed"}`;
  const look = `${state.me} ${Boolean(options.short)} ${message.ts === state.found}`;
  const before = drawnBefore.get(key);
  if (before && before.message === message && before.look === look) return before.node;
  const node = messageNode(room, message, options);
  drawnBefore.set(key, { message, look, node });
  if (drawnBefore.size > 2000) drawnBefore.delete(drawnBefore.keys().next().value);
  return node;
}

function draw(room, list, options) {
  const out = [];
  let last = null;
  for (const message of list) {
    const date = day(message.ts);
    if (!last || day(last.ts) !== date) out.push(h("div", { class: "day", role: "separator" }, h("span", {}, date)));
    const short = last && !message.bot_id && !last.is_ephemeral && last.user === message.user && !last.bot_id && day(last.ts) === date && message.ts - last.ts < GROUPED_SECONDS;
    out.push(nodeOf(room, message, { ...options, short }));
    last = message;
  }
  return out;
}

// Draw again without losing the focus, nor the place in the scroll: a log that was at its end stays
// there; “top” and “bottom” go there, and “stay” stays.
function redraw(box, nodes, place) {
  const bottom = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
  const focus = focusPlace(box);
  const top = box.scrollTop;
  arrange(box, nodes);
  box.scrollTop = place === "top" ? 0 : place === "bottom" || (bottom && !place) ? box.scrollHeight : top;
  focusAgain(focus);
}

export async function showFeed(openThread, stick = false) {
  if (state.home) return showHome(stick ? "top" : "stay");
  const room = channel(state.channel);
  if (!room) return;
  fill($("place"), icon(drawn(room)), roomName(room.id));
  const about = room.is_im ? "" : `${room.is_private ? "Private channel · " : ""}${room.members.length} members`;
  $("topic").textContent = `${about}${room.is_archived ? " · archived" : ""}`;
  const known = await messagesOf(room.id);
  const list = [...[...known.values()].filter(inFeed), ...ephemeralsOf(room.id).filter((one) => !one.thread_ts)];
  list.sort((one, other) => (one.ts < other.ts ? -1 : 1));
  const empty = h("div", { class: "empty" }, h("strong", {}, `This is ${room.is_im ? "" : "#"}${roomName(room.id)}.`), h("p", {}, "Nothing has been said here yet."));
  redraw($("feed"), list.length ? draw(room.id, list, { openThread }) : [empty], stick ? "bottom" : "");
}

export function showComposer() {
  const room = channel(state.channel), box = $("composer");
  const key = state.home || !room ? "none" : `${state.me} ${room.id} ${room.name} ${room.is_archived}`;
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  if (key === "none") return void fill(box);
  if (room.is_archived) return void fill(box, h("p", { class: "closed" }, "This channel is archived."));
  fill(box, composer(`Message ${room.is_im ? "" : "#"}${roomName(room.id)}`, room.id));
}

function showHome(place) {
  const { home } = state.views[state.me] || {};
  fill($("place"), icon("home"), state.app.name);
  $("topic").textContent = "";
  const empty = h("div", { class: "empty" }, h("strong", {}, "No Home tab yet."), h("p", {}, `${state.app.name} shows one when it publishes it.`));
  redraw($("feed"), home ? [h("div", { class: "home blocks" }, blocks(home.blocks, viewPlace(home)))] : [empty], place);
}

// The thread pane

export function threadPane(pane) {
  const room = state.channel, all = shown(room);
  const head = all.find((one) => one.ts === state.thread);
  if (!head) return void fill(pane, h("div", { class: "empty" }, h("strong", {}, "No thread open."), h("p", {}, "Choose “Reply in thread” on a message.")));
  const replies = all.filter((one) => one.thread_ts === head.ts && one.ts !== head.ts);
  const whispers = ephemeralsOf(room).filter((one) => one.thread_ts === head.ts);
  const count = ["No replies yet", "1 reply"][replies.length] || `${replies.length} replies`;
  const options = { inThread: true };
  const list = [nodeOf(room, head, options), h("div", { class: "day", role: "separator" }, h("span", {}, count)),
    ...draw(room, [...replies, ...whispers], options).filter((node) => !node.classList.contains("day"))];
  const box = pane.querySelector(".thread");
  if (box && box.dataset.ts === head.ts) return redraw(box, list);
  const fresh = h("div", { class: "thread", "data-ts": head.ts, role: "log", "aria-label": "Thread", tabindex: "-1" });
  const closed = (channel(room) || {}).is_archived;
  fill(pane, fresh, !closed && composer("Write a note in this thread", room, head.ts));
  append(fresh, list);
  fresh.scrollTop = fresh.scrollHeight;
}

// Go to the message a permalink names: `C…/p1234567890123456`.
export async function reveal(room, link, openThread) {
  const ts = `${link.slice(1, 11)}.${link.slice(11)}`;
  const message = (await messagesOf(room)).get(ts);
  if (!message) return toast("That message is not here any more.");
  state.found = ts;
  if (inFeed(message)) await showFeed(openThread);
  else openThread(message.thread_ts);
  const node = document.querySelector(`.message[data-ts="${ts}"]`);
  node?.scrollIntoView({ block: "center" });
  node?.focus({ preventScroll: true });
  return setTimeout(() => {
    state.found = "";
    document.querySelectorAll(".found").forEach((one) => one.classList.remove("found"));
  }, 3000);
}
