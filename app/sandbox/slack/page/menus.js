// Small windows over the page: menus, pickers with typeahead, and questions.

import { append, fill, h, icon } from "./dom.js";
import { focusAgain, focusPlace } from "./focus.js";
import { textObject } from "./mrkdwn.js";

let open = null;

// Show `content` under `anchor`, within the dialog it stands in; closed by Escape or a click elsewhere.
export function popover(anchor, content, onclose) {
  shut();
  const layer = h("div", { class: "popover" }, content);
  (anchor.closest("dialog") || document.body).append(layer);
  const at = anchor.getBoundingClientRect(), own = layer.getBoundingClientRect();
  const below = at.bottom + 4 + own.height < innerHeight || at.top < own.height;
  layer.style.top = `${Math.max(8, below ? Math.min(at.bottom + 4, innerHeight - own.height - 8) : at.top - own.height - 4)}px`;
  layer.style.left = `${Math.max(8, Math.min(at.left, innerWidth - own.width - 8))}px`;
  open = { layer, anchor, onclose };
  anchor.setAttribute("aria-expanded", "true");
}

export function shut(refocus) {
  if (!open) return;
  const { layer, anchor, onclose } = open;
  open = null;
  layer.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (refocus) anchor.focus();
  if (onclose) onclose();
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.layer.contains(event.target) && !open.anchor.contains(event.target)) shut();
}, true);
document.addEventListener("keydown", (event) => {
  if (open && event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    shut(true);
  }
}, true);
addEventListener("resize", () => shut());

function arrows(list, event) {
  const items = [...list.querySelectorAll("[role=menuitem], [role=option]")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !items.length) return;
  event.preventDefault();
  const at = items.indexOf(document.activeElement);
  items[(at + step + items.length) % items.length].focus();
}

// A menu of [words, action, class] entries.
export function menu(anchor, label, entries) {
  const items = entries.map(([words, run, kind]) =>
    h("button", { role: "menuitem", type: "button", class: kind, onclick: () => { shut(true); run(); } }, words));
  const list = h("div", { role: "menu", class: "menu", "aria-label": label }, items);
  list.addEventListener("keydown", (event) => arrows(list, event));
  popover(anchor, list);
  items[0].focus();
}

// A list to choose from. `search(text)` answers groups: [{ label, options: [{ key, words, about }] }].
export function picker(anchor, { label, search, chosen, choose, many }) {
  const list = h("div", { role: "listbox", class: "options", "aria-label": label, "aria-multiselectable": many ? "true" : "false" });
  const input = h("input", { type: "text", class: "filter", placeholder: "Type to search", "aria-label": `Search ${label}`, autocomplete: "off" });
  let turn = 0;
  const show = async () => {
    const mineTurn = (turn += 1);
    const waiting = setTimeout(() => fill(list, h("p", { class: "hint" }, "Looking…")), 120);
    const answer = await search(input.value.trim());
    clearTimeout(waiting);
    if (mineTurn !== turn) return;
    if (answer.problem) return void fill(list, h("p", { class: "hint bad" }, icon("warn"), answer.problem));
    const groups = answer.filter((group) => group.options.length);
    fill(list, groups.map((group) => [group.label && h("p", { class: "group" }, group.label), group.options.map(entry)]));
    if (!groups.length) fill(list, h("p", { class: "hint" }, answer.hint || "Nothing found."));
  };
  const entry = (option) => {
    const on = chosen().includes(option.key);
    return h("button", {
      role: "option", type: "button", "aria-selected": on ? "true" : "false",
      onclick: () => {
        if (!many) shut(true);
        choose(option);
        if (!many) return;
        input.value = "";
        input.focus();
        show();
      },
    }, h("span", {}, option.words), option.about && h("small", {}, option.about));
  };
  let wait;
  input.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(show, 180); });
  const root = h("div", { class: "picker" }, input, list);
  root.style.width = `${Math.max(280, Math.min(anchor.offsetWidth, 520))}px`;
  root.addEventListener("keydown", (event) => {
    arrows(list, event);
    const first = list.querySelector("[role=option]");
    if (event.key === "Enter" && document.activeElement === input && first) { event.preventDefault(); first.click(); }
  });
  popover(anchor, root);
  input.focus();
  show();
}

// Ask before something is done; `confirm` is Block Kit's confirm object.
export function question(confirm) {
  const words = (object, otherwise) => (object ? textObject(object) : otherwise);
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "question", "aria-labelledby": "question-title" });
    const before = focusPlace();
    const end = (answer) => { dialog.remove(); focusAgain(before); resolve(answer); };
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(false); });
    append(dialog, [
      h("h2", { id: "question-title" }, words(confirm.title, "Are you sure?")),
      h("div", { class: "asks" }, words(confirm.text, "")),
      h("footer", {},
        h("button", { type: "button", class: "button", onclick: () => end(false) }, words(confirm.deny, "Cancel")),
        h("button", { type: "button", class: `button ${confirm.style || "primary"}`, onclick: () => end(true) }, words(confirm.confirm, "Yes"))),
    ]);
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("footer button:last-child").focus();
  });
}
