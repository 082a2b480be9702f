// Interactive elements of Block Kit. Each is drawn for a `place`: a message, a modal or the Home tab.
//
// place.run(element, block, answer) delivers what was done and resolves when the app has answered;
// place.answers holds what was filled in: { block_id: { action_id: answer } }.

import { fromLocal, toLocal } from "./clock.js";
import { fill, h, icon, size, spinner, toast } from "./dom.js";
import { menu, picker, question, shut } from "./menus.js";
import { safeUrl, textObject } from "./mrkdwn.js";
import { state, upload } from "./store.js";

const plain = (object) => (object ? object.text : "");
const hint = (element, otherwise) => plain(element.placeholder) || otherwise;

export function answerOf(place, block, element) {
  const given = place.answers[block.block_id];
  if (given && element.action_id in given) return given[element.action_id];
  const key = Object.keys(element).find((name) => name.startsWith("initial_"));
  return key ? element[key] : null;
}

// Keep the answer; outside an input block, or where the block asks for it, the app hears at once.
function changed(place, block, element, answer, quietly) {
  (place.answers[block.block_id] ||= {})[element.action_id] = answer;
  if (place.settled) place.settled(block);
  if (!quietly && (block.type !== "input" || block.dispatch_action)) run(place, block, element, answer);
}

// Deliver, with the spinner while the app is silent and a warning when it stays so.
async function run(place, block, element, answer) {
  if (element.confirm && !(await question(element.confirm))) return;
  const key = `${place.key}/${block.block_id}/${element.action_id}`;
  if (status.get(key) === "waiting") return;
  mark(key, "waiting");
  const outcome = await place.run(element, block, answer);
  mark(key, outcome.ok ? "" : outcome.problem || "The app did not take this.");
}

const status = new Map();

function mark(key, value) {
  if (value) status.set(key, value);
  else status.delete(key);
  for (const holder of document.querySelectorAll(".element")) if (holder.dataset.key === key) decorate(holder, key);
}

function decorate(holder, key) {
  const value = status.get(key);
  holder.querySelectorAll(".spinner, .trouble").forEach((node) => node.remove());
  const control = holder.querySelector("button, input, textarea");
  if (control) control.toggleAttribute("aria-busy", value === "waiting");
  holder.classList.toggle("waiting", value === "waiting");
  if (value === "waiting") holder.append(spinner());
  else if (value) holder.append(h("span", { class: "trouble", role: "alert" }, icon("warn"), value));
}

export function element(spec, block, place, ids = {}) {
  const make = { button, overflow, checkboxes: choices, radio_buttons: choices, datepicker: field, timepicker: field, datetimepicker: field }[spec.type]
    || (spec.type.endsWith("_select") ? select : spec.type.endsWith("_input") ? input : null);
  const inside = make ? make(spec, block, place, ids) : h("span", { class: "unknown" }, `Element “${spec.type}” is not drawn here.`);
  const key = `${place.key}/${block.block_id}/${spec.action_id}`;
  const holder = h("span", { class: `element is-${spec.type}`, "data-key": key, "data-action": spec.action_id }, inside);
  if (status.has(key)) decorate(holder, key);
  return holder;
}

function button(spec, block, place) {
  const click = () => {
    const url = spec.url && safeUrl(spec.url);
    if (url) window.open(url, "_blank", "noopener,noreferrer");
    run(place, block, spec, null);
  };
  return h("button", { type: "button", class: `button ${spec.style || ""}`, "aria-label": spec.accessibility_label, onclick: click }, textObject(spec.text));
}

function overflow(spec, block, place) {
  const label = "More actions";
  const entries = spec.options.map((option) => [
    [h("span", {}, textObject(option.text)), option.description && h("small", {}, plain(option.description))],
    () => run(place, block, spec, option.value),
  ]);
  const anchor = h("button", { type: "button", class: "button square", "aria-label": label, "aria-haspopup": "menu", onclick: () => menu(anchor, label, entries) }, icon("more"));
  return anchor;
}

function choices(spec, block, place, ids) {
  const single = spec.type === "radio_buttons";
  const answer = answerOf(place, block, spec);
  const values = new Set((Array.isArray(answer) ? answer : [answer]).filter(Boolean).map((one) => one.value || one));
  const name = `choice-${place.key}-${block.block_id}-${spec.action_id}`;
  return h("span", { class: "choices", role: single ? "radiogroup" : "group", "aria-labelledby": ids.label, "aria-describedby": ids.about }, spec.options.map((option) => {
    const box = h("input", {
      type: single ? "radio" : "checkbox", name, checked: values.has(option.value),
      onchange: () => {
        if (single) values.clear();
        values[box.checked ? "add" : "delete"](option.value);
        changed(place, block, spec, single ? option.value : [...values]);
      },
    });
    return h("label", { class: "choice" }, box, h("span", {}, textObject(option.text), option.description && h("small", {}, textObject(option.description))));
  }));
}

function field(spec, block, place, ids) {
  const type = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local" }[spec.type];
  const answer = answerOf(place, block, spec);
  const moment = type === "datetime-local";
  const box = h("input", {
    type, class: "input", id: ids.control, "aria-label": ids.control ? null : hint(spec, "Date"), "aria-describedby": ids.about,
    value: answer ? (moment ? toLocal(answer) : answer) : "",
    onchange: () => changed(place, block, spec, moment && box.value ? fromLocal(box.value) : box.value || null),
  });
  return box;
}

function input(spec, block, place, ids) {
  if (spec.type === "file_input") return files(spec, block, place, ids);
  const type = { number_input: "number", email_text_input: "email", url_text_input: "url" }[spec.type] || "text";
  const long = spec.multiline || spec.type === "rich_text_input";
  const answer = answerOf(place, block, spec);
  const on = (spec.dispatch_action_config || {}).trigger_actions_on || ["on_enter_pressed"];
  const box = h(long ? "textarea" : "input", {
    type: long ? null : type, class: "input", id: ids.control, rows: long ? 6 : null, placeholder: hint(spec, ""),
    maxlength: spec.max_length || null, "aria-describedby": ids.about, autofocus: spec.focus_on_load,
    value: typeof answer === "string" ? answer : answer ? typedText(answer) : "",
    oninput: () => changed(place, block, spec, box.value, !on.includes("on_character_entered")),
    onkeydown: (event) => {
      if (event.key !== "Enter" || long) return;
      event.preventDefault();
      if (block.dispatch_action && on.includes("on_enter_pressed")) run(place, block, spec, box.value);
    },
  });
  return box;
}

// A rich text as somebody would have typed it.
function typedText(rich) {
  const leaf = (one) => {
    const text = one.text ?? one.url ?? (one.name ? `:${one.name}:` : "");
    const style = one.style || {};
    return [["code", "`"], ["strike", "~"], ["italic", "_"], ["bold", "*"]].reduce((all, [name, mark]) => (style[name] ? mark + all + mark : all), text);
  };
  const line = (part) => part.elements.map(leaf).join("");
  return rich.elements.map((part) => {
    if (part.type === "rich_text_list") return part.elements.map((item, at) => `${part.style === "ordered" ? `${at + 1}.` : "-"} ${line(item)}`).join("\n");
    if (part.type === "rich_text_quote") return line(part).replace(/^/gm, "> ");
    return part.type === "rich_text_preformatted" ? `\`\`\`\n${line(part)}\n\`\`\`` : line(part);
  }).join("\n");
}

function files(spec, block, place, ids) {
  let chosen = answerOf(place, block, spec) || [];
  const list = h("ul", { class: "chosen-files" });
  const keep = () => { changed(place, block, spec, chosen); show(); };
  const show = () => fill(list, chosen.map((one) => h("li", {}, icon("file"), h("span", {}, one.name), h("small", {}, size(one.size)),
    h("button", { type: "button", class: "button square quiet", "aria-label": `Remove ${one.name}`, onclick: () => { chosen = chosen.filter((other) => other !== one); keep(); } }, icon("close")))));
  const box = h("input", {
    type: "file", class: "input", id: ids.control, multiple: (spec.max_files ?? 10) > 1, accept: (spec.filetypes || []).map((kind) => `.${kind}`).join(",") || null, "aria-describedby": ids.about,
    onchange: async () => {
      const outcomes = await Promise.all([...box.files].map(upload));
      box.value = "";
      outcomes.filter((one) => one.problem).forEach((one) => toast(one.problem));
      chosen = [...chosen, ...outcomes.filter((one) => one.file).map((one) => one.file)];
      keep();
    },
  });
  show();
  return h("span", { class: "files" }, box, list);
}

// Selects

const optionEntry = (option) => ({ key: option.value, words: plain(option.text), about: plain(option.description), answer: option });

function source(spec, block, place) {
  const kind = spec.type.replace("multi_", "").replace("_select", "");
  const matching = (entries, text) => entries.filter((one) => one.words.toLowerCase().includes(text.toLowerCase()));
  const people = () => [...state.people.values()].filter((one) => !one.is_bot).map((one) => ({ key: one.id, words: one.real_name, about: `@${one.name}`, answer: one.id }));
  const rooms = () => [...state.channels.values()].filter((one) => one.name).map((one) => ({ key: one.id, words: `#${one.name}`, answer: one.id }));
  const groups = () => (spec.option_groups || [{ options: spec.options || [] }]).map((group) => ({ label: plain(group.label), options: group.options.map(optionEntry) }));
  if (kind === "static") return async (text) => groups().map((group) => ({ ...group, options: matching(group.options, text) }));
  if (kind === "users") return async (text) => [{ options: matching(people(), text) }];
  if (kind !== "external") return async (text) => [{ options: matching(kind === "channels" ? rooms() : [...rooms(), ...people()], text) }];
  return async (text) => {
    const least = spec.min_query_length ?? 3;
    if (text.length < least) return Object.assign([], { hint: `Type ${least} character${least === 1 ? "" : "s"} or more.` });
    const outcome = await place.suggest(spec, block, text);
    if (!outcome.ok) return { problem: outcome.problem };
    return [{ options: outcome.options.map(optionEntry) }, ...outcome.groups.map((group) => ({ label: plain(group.label), options: group.options.map(optionEntry) }))];
  };
}

function named(spec, answer) {
  if (answer && answer.text) return plain(answer.text);
  const options = [...(spec.options || []), ...(spec.option_groups || []).flatMap((group) => group.options)];
  const option = options.find((one) => one.value === answer);
  const known = state.people.get(answer) || state.channels.get(answer);
  return option ? plain(option.text) : known ? known.real_name || `#${known.name}` : String(answer);
}

function select(spec, block, place, ids) {
  const many = spec.type.startsWith("multi_");
  let answer = answerOf(place, block, spec);
  const keyOf = (one) => (one && one.value) || one;
  const chosen = () => (many ? answer || [] : [answer]).filter(Boolean).map(keyOf);
  const words = h("span", { class: "chosen" });
  const show = () => {
    const list = many ? answer || [] : answer ? [answer] : [];
    words.textContent = list.map((one) => named(spec, one)).join(", ") || hint(spec, "Choose…");
    words.classList.toggle("unset", !list.length);
  };
  const choose = (option) => {
    if (many) {
      const rest = (answer || []).filter((one) => keyOf(one) !== option.key);
      answer = rest.length < (answer || []).length ? rest : [...rest, option.answer];
    } else answer = option.answer;
    show();
    changed(place, block, spec, answer);
  };
  const label = hint(spec, "options");
  const anchor = h("button", {
    type: "button", class: "select", id: ids.control, "aria-haspopup": "listbox", "aria-expanded": "false", "aria-describedby": ids.about,
    onclick: () => (anchor.getAttribute("aria-expanded") === "true" ? shut() : picker(anchor, { label, search: source(spec, block, place), chosen, choose, many })),
  }, words, icon("down"));
  show();
  return anchor;
}
