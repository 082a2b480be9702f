// The inspector: what the workspace told the app, what the app asked for, and what each said.

import { time } from "./clock.js";
import { arrange, fill, h, icon } from "./dom.js";
import { ask, channel, state } from "./store.js";

const SIDES = [["all", "All"], ["in", "To the app"], ["out", "From the app"]];
let side = "all";

function delivered(one) {
  return {
    key: `deliveries/${one.number}`, side: "in", at: one.at, order: one.number, name: one.kind.replace(/^message\./, ""), about: one.about, problem: one.problem,
    look: one.delivered ? "good" : one.problem ? "bad" : "waiting",
    status: String(one.status ?? (one.problem ? "failed" : one.delivered ? "ack" : "…")),
    cost: [one.attempts ? `${Math.round(one.milliseconds)} ms` : "", one.attempts > 1 && `×${one.attempts}`].filter(Boolean).join(" "),
  };
}

function called(one) {
  const ok = one.answered === "ok", room = channel(one.channel);
  return {
    key: `calls/${one.number}`, side: "out", at: one.at, order: one.number, name: one.method, about: room && room.name ? `#${room.name}` : "", cost: "",
    look: ok ? "good" : "bad", status: ok ? "ok" : one.answered, problem: ok ? "" : "Accepted, but the app was told otherwise.",
  };
}

const drawn = new Map();

function rowOf(one) {
  const look = JSON.stringify(one);
  const before = drawn.get(one.key);
  if (before && before.look === look) return before.node;
  const inside = h("div", { class: "contents" });
  const node = h("li", { class: one.look }, h("details", { open: Boolean(before && before.node.firstChild.open), ontoggle: (event) => event.target.open && contents(one, inside) },
    h("summary", {},
      h("time", {}, time(one.at)),
      h("span", { class: `way ${one.side}` }, icon(one.side === "in" ? "toApp" : "fromApp", one.side === "in" ? "To the app" : "From the app")),
      h("span", { class: "kind" }, one.name, one.about && h("small", {}, one.about)),
      h("span", { class: "status" }, one.status), h("span", { class: "ms" }, one.cost),
      one.problem && h("p", {}, icon("warn"), one.problem)),
    inside));
  drawn.set(one.key, { look, node });
  if (drawn.size > 1000) drawn.delete(drawn.keys().next().value);
  return node;
}

async function contents(one, box) {
  const { sent, answer } = await ask(`/page/inspect/${one.key}`);
  const part = (title, value) => value !== undefined && value !== "" && [h("h3", {}, title), h("pre", { tabindex: "0" }, typeof value === "string" ? value : JSON.stringify(value, null, 2))];
  if (!sent) return void fill(box, h("p", { class: "hint" }, "What it said is not kept any more."));
  fill(box, part(one.side === "in" ? "The workspace said" : "The app asked", sent), part(one.side === "in" ? "The app answered" : "The workspace answered", answer));
}

export function inspectorPane(pane) {
  let list = pane.querySelector(".deliveries");
  if (!list) {
    list = h("ol", { class: "deliveries" });
    const choose = (name) => { side = name; inspectorPane(pane); };
    fill(pane, h("div", { class: "sides", role: "group", "aria-label": "Show" }, SIDES.map(([name, words]) => h("button", { type: "button", "data-side": name, onclick: () => choose(name) }, words))),
      h("p", { class: "about" }), list);
  }
  pane.querySelectorAll("[data-side]").forEach((button) => button.setAttribute("aria-pressed", button.dataset.side === side ? "true" : "false"));
  pane.querySelector(".about").textContent = state.connected ? "What went between this workspace and the app, newest first. Open one to see what was said." : "No app is connected: nothing is delivered.";
  const rows = [...state.deliveries.map(delivered), ...state.calls.map(called)].filter((one) => side === "all" || one.side === side);
  rows.sort((one, other) => other.at - one.at || other.order - one.order);
  const empty = h("li", { class: "empty" }, h("strong", {}, "Nothing yet."), h("p", {}, "Click a button on a card, or write in a channel."));
  arrange(list, rows.length ? rows.slice(0, 200).map(rowOf) : [empty]);
}
