// Messages: how one looks, and what can be done with it.

import { day, time } from "./clock.js";
import { drawing, h, icon, size, toast } from "./dom.js";
import { blocks } from "./blocks.js";
import { shortcutsOf } from "./composer.js";
import { QUICK, named } from "./emoji.js";
import { menu, popover, question, shut } from "./menus.js";
import { mrkdwn } from "./mrkdwn.js";
import { act, mine, person, roomName, state, withTeam } from "./store.js";

const filled = new Map();

function placeOf(room, message) {
  const key = `${room}-${message.ts}`;
  if (!filled.has(key)) filled.set(key, {});
  const where = { channel: room, ts: message.ts }, answers = filled.get(key);
  return {
    key,
    answers,
    run: (element, block, answer) => act("choose", { ...where, action_id: element.action_id, block_id: block.block_id, answer, answers }),
    suggest: (element, _block, query) => act("suggest", { ...where, action_id: element.action_id, query }),
  };
}

const HUES = [212, 158, 28, 276, 340, 190, 90];

export function avatar(name, bot) {
  const hue = HUES[[...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % HUES.length];
  const words = name.split(/\s+/).map((word) => word[0] || "").slice(0, 2).join("").toUpperCase();
  if (bot) {
    return h("span", { class: "avatar bot", "aria-hidden": "true" }, drawing([
      ["path", { d: "M2 4.5h12v8H2zM2 5l6 4.5L14 5", fill: "none", stroke: "currentColor", "stroke-width": 1.4, "stroke-linejoin": "round" }],
    ]));
  }
  return h("span", { class: `avatar hue-${hue}`, "aria-hidden": "true" }, words);
}

function author(message) {
  const writer = person(message.user);
  return message.username || (writer ? writer.real_name : message.subtype === "tombstone" ? "Deleted" : state.app.name);
}

const permalink = (room, ts) => `#${room}/p${ts.replace(".", "")}`;

// `inThread` is whether it is drawn in the thread pane; `short` leaves out the name of one who goes on.
export function messageNode(room, message, { inThread = false, short = false, openThread }) {
  const name = author(message), bot = Boolean(message.bot_id), whispered = message.is_ephemeral;
  const rich = (message.blocks || []).length > 0;
  const body = message.subtype === "tombstone"
    ? h("p", { class: "tombstone" }, message.text)
    : [rich ? h("div", { class: "blocks" }, blocks(message.blocks, placeOf(room, message))) : message.text && mrkdwn(message.text)];
  const edited = message.edited && message.subtype !== "tombstone" && (!rich || !bot) && h("span", { class: "edited" }, "(edited)");
  const at = h("a", { class: "at", href: permalink(room, message.ts), title: `${day(message.ts)} ${time(message.ts)}` }, h("time", {}, time(message.ts)));
  const node = h("article", {
    class: `message${short ? " short" : ""}${whispered ? " whispered" : ""}${message.ts === state.found ? " found" : ""}`, "data-ts": message.ts, tabindex: "-1", "aria-label": `${name} at ${time(message.ts)}`,
  },
  short ? at : avatar(name, bot),
  h("div", { class: "body" },
    !short && h("header", {}, h("strong", {}, name), bot && h("span", { class: "badge" }, "app"), at),
    body, edited,
    (message.files || []).map(file),
    reactions(room, message),
    !inThread && message.reply_count > 0 && repliesLink(message, openThread),
    whispered && h("p", { class: "only-you" }, icon("eye"), "Only visible to you")),
  message.subtype !== "tombstone" && tools(room, message, inThread, openThread));
  return node;
}

function file(told) {
  return h("a", { class: "file", href: withTeam(`/page/files/${told.id}`), download: told.name }, icon("file"),
    h("span", {}, h("strong", {}, told.title || told.name), h("small", {}, `${told.pretty_type} · ${size(told.size)} · download`)));
}

function repliesLink(message, openThread) {
  const writers = (message.reply_users || []).slice(0, 4).map((id) => avatar((person(id) || { real_name: "?" }).real_name, (person(id) || {}).is_bot));
  const words = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return h("button", { type: "button", class: "replies", onclick: () => openThread(message.ts) },
    h("span", { class: "faces" }, writers), h("span", { class: "count" }, words),
    h("small", {}, `last at ${time(message.latest_reply)}`));
}

function reactions(room, message) {
  if (!(message.reactions || []).length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((one) => {
    const own = one.users.includes(state.me);
    const who = one.users.map((id) => (person(id) || { real_name: id }).real_name).join(", ");
    return h("button", { type: "button", "aria-pressed": own ? "true" : "false", title: `${who}: ${one.name}`, onclick: () => react(room, message, one.name, own) },
      named(one.name), h("span", {}, String(one.count)));
  }));
}

async function react(room, message, name, remove) {
  const outcome = await act("react_as_user", { channel: room, ts: message.ts, name, remove });
  if (!outcome.ok) toast(outcome.problem);
}

function tools(room, message, inThread, openThread) {
  const thread = !inThread && !message.is_ephemeral && h("button", { type: "button", title: "Reply in thread", "aria-label": "Reply in thread", onclick: () => openThread(message.ts) }, icon("reply"));
  const smile = !message.is_ephemeral && h("button", { type: "button", title: "React", "aria-label": "React", "aria-haspopup": "menu", onclick: (event) => quick(event.currentTarget, room, message) }, icon("smile"));
  const more = h("button", { type: "button", title: "More", "aria-label": "More actions for this message", "aria-haspopup": "menu", onclick: (event) => menu(event.currentTarget, "Message", entries(room, message)) }, icon("more"));
  return h("div", { class: "tools", role: "group", "aria-label": "Message actions" }, smile, thread, more);
}

function quick(anchor, room, message) {
  const buttons = QUICK.map((name) => h("button", { type: "button", role: "menuitem", "aria-label": name, onclick: () => { shut(true); react(room, message, name, false); } }, named(name)));
  popover(anchor, h("div", { class: "quick", role: "menu", "aria-label": "React" }, buttons));
  buttons[0].focus();
}

function entries(room, message) {
  const own = message.user === state.me && !message.bot_id;
  const use = async (one) => {
    const outcome = await act("use_message_shortcut", { channel: room, ts: message.ts, callback_id: one.callback_id });
    if (!outcome.ok) toast(outcome.problem);
  };
  const list = [["Copy link", () => copy(room, message)], ["Copy text", () => navigator.clipboard?.writeText(message.text)]];
  if (own) list.push(["Edit message", () => edit(room, message)]);
  if (!message.is_ephemeral) for (const one of shortcutsOf("message")) list.push([[h("span", {}, one.name), h("small", {}, state.app.name)], () => use(one)]);
  if (own || mine().is_admin || message.is_ephemeral) list.push(["Delete message", () => remove(room, message), "danger"]);
  return list;
}

function copy(room, message) {
  navigator.clipboard?.writeText(new URL(`/archives/${room}/p${message.ts.replace(".", "")}`, location.href).href);
}

async function remove(room, message) {
  const sure = await question({
    title: { type: "plain_text", text: "Delete this message?" }, style: "danger",
    text: { type: "plain_text", text: `It is removed from ${roomName(room)} for everybody, and the app is told.` },
    confirm: { type: "plain_text", text: "Delete" }, deny: { type: "plain_text", text: "Keep it" },
  });
  if (!sure) return;
  const outcome = await act("delete_as_user", { channel: room, ts: message.ts });
  if (!outcome.ok) toast(outcome.problem);
}

const unescaped = (text) => text.replace(/<([^|>]+)\|?[^>]*>/g, "$1").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

function edit(room, message) {
  const body = document.querySelector(`.message[data-ts="${message.ts}"] .body`);
  const box = h("textarea", { class: "input", rows: 3, "aria-label": "Edit message", value: unescaped(message.text) });
  const done = async () => {
    const outcome = await act("edit_as_user", { channel: room, ts: message.ts, text: box.value });
    if (!outcome.ok) toast(outcome.problem);
    form.remove();
  };
  const form = h("form", { class: "editing", onsubmit: (event) => { event.preventDefault(); done(); } }, box,
    h("button", { type: "button", class: "button", onclick: () => form.remove() }, "Cancel"),
    h("button", { type: "submit", class: "button primary" }, "Save"));
  body.append(form);
  box.focus();
}
