// The blocks of Block Kit. A block that is not drawn here shows as a labelled box, never as nothing.

import { h } from "./dom.js";
import { element } from "./elements.js";
import { link, mrkdwn, richText, textObject } from "./mrkdwn.js";

function section(block, place) {
  const text = block.text && h("div", { class: "section-text" }, textObject(block.text));
  const fields = block.fields && h("div", { class: "fields" }, block.fields.map((one) => h("div", {}, textObject(one))));
  const accessory = block.accessory && h("div", { class: "accessory" }, block.accessory.type === "image" ? image(block.accessory) : element(block.accessory, block, place));
  return h("div", { class: "section" }, h("div", { class: "section-main" }, text, fields), accessory);
}

// Pictures from elsewhere are not loaded: a link stands in for them, so that no mail can call home.
function image(block) {
  const own = block.image_url && new URL(block.image_url, location.href).origin === location.origin;
  const shown = own ? h("img", { src: block.image_url, alt: block.alt_text }) : h("span", { class: "no-image" }, link(block.image_url || "", block.alt_text || "Picture"));
  return h("figure", { class: "image" }, block.title && h("figcaption", {}, textObject(block.title)), shown);
}

function input(block, place) {
  const id = `${place.key}-${block.block_id}`.replace(/[^\w-]/g, "_");
  const control = block.element.action_id && !["checkboxes", "radio_buttons"].includes(block.element.type) ? `control-${id}` : null;
  const problem = (place.errors || {})[block.block_id];
  const about = [block.hint && `hint-${id}`, problem && `error-${id}`].filter(Boolean).join(" ") || null;
  const label = h(control ? "label" : "span", { class: "label", for: control, id: `label-${id}` }, textObject(block.label), block.optional && h("small", {}, " (optional)"));
  const holder = element(block.element, block, place, { control, label: `label-${id}`, about });
  if (problem) holder.querySelectorAll("input, textarea, .select").forEach((node) => node.setAttribute("aria-invalid", "true"));
  return h("div", { class: problem ? "input-block bad" : "input-block", "data-block": block.block_id },
    label, holder,
    problem && h("p", { class: "error", id: `error-${id}`, role: "alert" }, problem),
    block.hint && h("p", { class: "hint", id: `hint-${id}` }, textObject(block.hint)));
}

function table(block) {
  const cell = (one) => (one.type === "rich_text" ? richText(one) : String(one.text ?? one.value ?? ""));
  const [head, ...rows] = block.rows;
  return h("div", { class: "table" }, h("table", {},
    h("thead", {}, h("tr", {}, head.map((one) => h("th", { scope: "col" }, cell(one))))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((one) => h("td", {}, cell(one))))))));
}

const DRAWN = {
  section,
  image,
  input,
  table,
  header: (block) => h(`h${Math.min((block.level || 2) + 1, 5)}`, { class: "block-header" }, textObject(block.text)),
  divider: () => h("hr"),
  context: (block) => h("div", { class: "context" }, block.elements.map((one) => h("span", {}, one.type === "image" ? image(one) : textObject(one)))),
  actions: (block, place) => h("div", { class: "actions", role: "group" }, block.elements.map((one) => element(one, block, place))),
  rich_text: richText,
  markdown: (block) => mrkdwn(block.text.replace(/&/g, "&amp;").replace(/\*\*(.+?)\*\*/g, "*$1*").replace(/^#+ (.*)$/gm, "*$1*").replace(/\[([^\]]+)\]\((\S+?)\)/g, "<$2|$1>")),
  alert: (block) => h("div", { class: `alert ${block.level || "default"}`, role: "note" }, textObject(block.text)),
};

export function blocks(list, place) {
  return list.map((block) => {
    const draw = DRAWN[block.type];
    const inside = draw ? draw(block, place) : h("div", { class: "fallback" }, h("strong", {}, `Block “${block.type}”`), " is not drawn by this emulator.");
    return h("div", { class: "block", "data-block-id": block.block_id }, inside);
  });
}
