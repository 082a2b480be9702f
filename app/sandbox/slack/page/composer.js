// Where people write: messages, and slash commands with what they may be; shortcuts beside it.

import { fill, h, icon, toast } from "./dom.js";
import { menu } from "./menus.js";
import { act, state } from "./store.js";

let number = 0;

// `thread` is the ts of the thread it writes to; a channel's own has none.
export function composer(label, room, thread) {
  const id = `commands-${(number += 1)}`;
  const list = h("div", { class: "commands", role: "listbox", id, "aria-label": "Commands", hidden: true });
  const box = h("textarea", { rows: 1, placeholder: label, "aria-label": label, "aria-autocomplete": "list", "aria-controls": id });
  const go = h("button", { type: "submit", class: "button primary square", "aria-label": "Send", disabled: true }, icon("send"));
  const form = h("form", { class: "composer" }, list, box, shortcuts(), go);
  const hints = commandHints(box, list);
  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
    go.disabled = !box.value.trim();
    hints.show();
  };
  const submit = async () => {
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    grow();
    const outcome = await (isCommand(text) ? act("run_command", { channel: room, text, thread_ts: thread }) : act("post_as_user", { channel: room, text, thread_ts: thread }));
    if (outcome.ok) return;
    toast(outcome.problem);
    if (box.value) return;
    box.value = text;
    grow();
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  box.addEventListener("input", grow);
  box.addEventListener("blur", hints.hide);
  box.addEventListener("keydown", (event) => {
    if (event.isComposing || hints.took(event, grow)) return;
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); submit(); }
  });
  return form;
}

const isCommand = (text) => /^\/[\w-]+(\s|$)/.test(text);

// The app's commands while the name of one is typed; arrows choose, Tab and Enter take.
function commandHints(box, list) {
  let shown = [], at = 0;
  const hide = () => { list.hidden = true; shown = []; box.removeAttribute("aria-activedescendant"); };
  const mark = () => {
    [...list.children].forEach((node, index) => node.setAttribute("aria-selected", index === at ? "true" : "false"));
    box.setAttribute("aria-activedescendant", list.children[at].id);
  };
  const take = (command, done) => {
    box.value = `${command.command} `;
    hide();
    done();
    box.focus();
  };
  const show = () => {
    const typed = box.value;
    shown = /^\/\S*$/.test(typed) ? (state.app.commands || []).filter((one) => one.command.startsWith(typed)) : [];
    if (!shown.length) return hide();
    at = 0;
    fill(list, shown.map((one, index) => h("div", { role: "option", id: `${list.id}-${index}`, onpointerdown: (event) => { event.preventDefault(); take(one, () => box.dispatchEvent(new Event("input"))); } },
      h("strong", {}, one.command), one.usage_hint && h("code", {}, one.usage_hint), h("small", {}, one.description))));
    list.hidden = false;
    return mark();
  };
  const took = (event, done) => {
    if (!shown.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const whole = shown[at].command === box.value;
    if (step) at = (at + step + shown.length) % shown.length;
    else if (event.key === "Tab" || (event.key === "Enter" && !whole)) take(shown[at], done);
    else if (event.key === "Escape") hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    if (step) mark();
    return true;
  };
  return { show, hide, took };
}

export const shortcutsOf = (kind) => (state.app.shortcuts || []).filter((one) => one.kind === kind);

function shortcuts() {
  const own = shortcutsOf("global");
  if (!own.length) return null;
  const use = async (one) => {
    const outcome = await act("use_shortcut", { callback_id: one.callback_id });
    if (!outcome.ok) toast(outcome.problem);
  };
  const entries = own.map((one) => [[h("span", {}, one.name), one.description && h("small", {}, one.description)], () => use(one)]);
  const button = h("button", { type: "button", class: "button square quiet", title: "Shortcuts", "aria-label": "Shortcuts", "aria-haspopup": "menu", onclick: () => menu(button, "Shortcuts", entries) }, icon("bolt"));
  return button;
}
