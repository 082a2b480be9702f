// The page: who we act as, where we are, and what is drawn again when something changes.

import { fill, h, icon } from "./dom.js";
import { city, useZone } from "./clock.js";
import { reveal, showComposer, showFeed, showRail, threadPane } from "./feed.js";
import { shut } from "./menus.js";
import { showModal } from "./modal.js";
import { useLookup } from "./mrkdwn.js";
import { customerPane } from "./customer.js";
import { inspectorPane } from "./inspector.js";
import { act, channel, enter, follow, listen, load, messagesOf, mine, person, remember, roomName, state, teamOf, visible } from "./store.js";
import { showTeams } from "./teams.js";

const $ = (id) => document.getElementById(id);
const PANES = {
  thread: ["Thread", "reply", threadPane],
  customer: ["Customer", "person", customerPane],
  inspector: ["Inspector", "pulse", inspectorPane],
};
const panes = () => Object.keys(PANES).filter((name) => name !== "customer" || state.customer);

function showTop() {
  document.title = `${state.team.name} · local emulator, not Slack`;
  $("team").textContent = state.team.name;
  $("online").className = state.online ? "dot on" : "dot";
  $("online").parentElement.title = state.online ? "Live" : "Not connected; trying again";
  const people = [...state.people.values()].filter((one) => !one.is_bot);
  fill($("me"), people.map((one) => h("option", { value: one.id, selected: one.id === state.me }, one.real_name)));
  $("zone").textContent = `${city(mine().tz)} time`;
}

function showTabs() {
  const tab = (name) => h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-selected": name === state.pane ? "true" : "false", "aria-controls": "pane", tabindex: name === state.pane ? 0 : -1, onclick: () => openPane(name) }, PANES[name][0]);
  fill($("tabs"), panes().map(tab));
  const small = [["rail", "Channels", "hash"], ["feed", "Messages", "file"], ...panes().map((name) => [name, ...PANES[name].slice(0, 2)])];
  const here = document.body.dataset.pane;
  const current = (name) => name === here || (here === "side" && name === state.pane);
  fill($("bottom"), small.map(([name, words, drawn]) => h("button", { type: "button", "aria-current": current(name) ? "page" : null, onclick: () => (name in PANES ? openPane(name) : lookAt(name)) }, icon(drawn), words)));
}

function showPane(fresh) {
  const pane = $("pane");
  if (fresh) fill(pane);
  pane.setAttribute("aria-labelledby", `tab-${state.pane}`);
  pane.className = `pane ${state.pane}`;
  PANES[state.pane][2](pane);
}

// On a narrow screen one part is seen at a time.
function lookAt(part) {
  document.body.dataset.pane = part;
  showTabs();
}

function openPane(name) {
  const fresh = name !== state.pane || name === "thread";
  state.pane = name;
  lookAt("side");
  showPane(fresh);
}

function openThread(ts) {
  state.thread = ts;
  openPane("thread");
  $("pane").querySelector(".composer textarea")?.focus();
}

async function go(where, link) {
  const elsewhere = where !== "home" && !channel(where) && teamOf(where);
  if (elsewhere) await look(elsewhere.id);
  state.home = where === "home";
  if (!state.home) {
    if (state.channel !== where) state.thread = "";
    state.channel = where;
    state.unread.delete(where);
  } else act("open_home", {});
  history.replaceState(null, "", `#${where}${link ? `/${link}` : ""}`);
  lookAt("feed");
  showRail(go);
  showTeams(change);
  showComposer();
  await showFeed(openThread, true);
  if (state.pane === "thread") showPane(true);
  if (link) await reveal(where, link, openThread);
}

function fromAddress() {
  const [where, link] = location.hash.slice(1).split("/");
  if (where === "home" || visible().some((one) => one.id === where) || teamOf(where)) return go(where, link);
  return go(state.channel);
}

// Turn to another workspace, and to whom we were there last.
async function look(teamId) {
  shut();
  await enter(teamId);
  if (state.channel) await messagesOf(state.channel);
  showTop();
  showModal();
  showPane(true);
}

async function change(teamId) {
  await look(teamId);
  return go(state.channel);
}

function actAs(id) {
  state.me = id;
  remember();
  shut();
  showTop();
  if (!visible().some((one) => one.id === state.channel)) state.channel = (visible()[0] || {}).id;
  showModal();
  showPane(true);
  return go(state.home ? "home" : state.channel);
}

let waiting = false;
const due = new Set();

// Changes that come together are drawn together; none under a pressed button, which would not click.
function later(...parts) {
  parts.forEach((part) => due.add(part));
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => (pressed ? hold() : drawDue()));
}

async function drawDue() {
  waiting = false;
  const now = [...due];
  due.clear();
  for (const part of now) await part();
}

let pressed = false;
let held = false;
const hold = () => { held = true; };
addEventListener("pointerdown", () => { pressed = true; }, true);
for (const kind of ["pointerup", "pointercancel"]) {
  addEventListener(kind, () => {
    pressed = false;
    if (held) setTimeout(drawDue);
    held = false;
  }, true);
}

const rail = () => { showRail(go); showTeams(change); };
const feed = () => showFeed(openThread);
const pane = () => showPane(false);

function changed(news) {
  if (news.kind === "online") return later(showTop);
  if (news.kind === "delivery" || news.kind === "write") return state.pane === "inspector" && later(pane);
  if (news.kind === "views") return news.user === state.me && later(showModal, ...(state.home ? [feed] : []));
  if (news.kind === "channels" || news.kind === "reset") return later(showTop, showTabs, rail, feed, showComposer, showModal, pane);
  if (["message", "deleted", "ephemeral", "ephemeral_gone"].includes(news.kind)) {
    const here = news.channel === state.channel || news.kind === "ephemeral_gone";
    if (news.isNew && news.message.user !== state.me) $("news").textContent = `New message in ${roomName(news.channel)}`;
    return later(rail, ...(here && !state.home ? [feed] : []), ...(here && state.pane === "thread" ? [pane] : []));
  }
  return undefined;
}

function arrowsInTabs(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const names = panes();
  openPane(names[(names.indexOf(state.pane) + step + names.length) % names.length]);
  $(`tab-${state.pane}`).focus();
}

async function begin() {
  useLookup({ person, channel });
  useZone(() => (mine() || {}).tz);
  await load();
  if (state.customer) state.pane = "customer";
  if (state.channel) await messagesOf(state.channel);
  showTop();
  showPane(true);
  $("me").addEventListener("change", () => actAs($("me").value));
  $("tabs").addEventListener("keydown", arrowsInTabs);
  addEventListener("hashchange", fromAddress);
  listen(changed);
  follow();
  await fromAddress();
  showModal();
}

begin();
