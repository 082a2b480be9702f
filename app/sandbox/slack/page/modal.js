// Modals: the top of the stack before the person we act as, in a native dialog.

import { append, fill, h, icon, spinner } from "./dom.js";
import { blocks } from "./blocks.js";
import { focusAgain, focusPlace } from "./focus.js";
import { textObject } from "./mrkdwn.js";
import { act, state } from "./store.js";

let shownView = null;
let dialog = null;
let before = null;
const filled = new Map();

// A modal or Home tab as a place for elements; see elements.js.
export function viewPlace(view, more = {}) {
  if (!filled.has(view.id)) filled.set(view.id, {});
  const answers = filled.get(view.id);
  return {
    key: view.id,
    answers,
    run: (element, block, answer) => act("act_in_view", { view_id: view.id, action_id: element.action_id, block_id: block.block_id, answer, answers }),
    suggest: (element, _block, query) => act("suggest", { view_id: view.id, action_id: element.action_id, query }),
    ...more,
  };
}

// Windows that were open before this page was: as with Slack, they are gone with the page they were on.
let old = null;

export function showModal() {
  old ||= new Set(Object.values(state.views).flatMap((one) => one.stack.map((view) => view.id)));
  const stack = (state.views[state.me] || { stack: [] }).stack;
  const view = stack[stack.length - 1];
  if (!view || old.has(view.id)) return hide();
  if (shownView && shownView.id === view.id && shownView.hash === view.hash) return;
  if (!dialog) {
    dialog = h("dialog", { class: "modal", "aria-labelledby": "modal-title" });
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
    before = focusPlace();
    document.body.append(dialog);
    dialog.showModal();
  }
  const again = shownView && shownView.id === view.id;
  shownView = view;
  draw(view, stack.length, {}, again);
}

function hide() {
  if (!dialog) return;
  dialog.remove();
  dialog = shownView = null;
  focusAgain(before);
}

const close = (everything = false) => act("close_view", { view_id: shownView.id, everything });

function draw(view, depth, errors, again) {
  const focused = again && document.activeElement && document.activeElement.id;
  const place = viewPlace(view, {
    errors,
    settled: (block) => {
      const holder = [...dialog.querySelectorAll(".input-block.bad")].find((node) => node.dataset.block === block.block_id);
      if (holder) { holder.classList.remove("bad"); holder.querySelector(".error").remove(); }
    },
  });
  const submit = view.submit && h("button", { type: "submit", class: "button primary", disabled: view.submit_disabled }, textObject(view.submit));
  const form = h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); submitted(view, depth, place, submit, form); } },
    h("header", {},
      depth > 1 && h("button", { type: "button", class: "button square", "aria-label": "Back", onclick: () => close() }, icon("back")),
      h("h2", { id: "modal-title" }, textObject(view.title)),
      h("button", { type: "button", class: "button square", "aria-label": "Close", onclick: () => close(true) }, icon("close"))),
    h("div", { class: "modal-body", tabindex: "-1" }, blocks(view.blocks, place)),
    h("footer", {},
      h("p", { class: "from" }, `From ${state.app.name}`),
      h("button", { type: "button", class: "button", onclick: () => close() }, view.close ? textObject(view.close) : "Cancel"),
      submit));
  fill(dialog, form);
  const bad = form.querySelector("[aria-invalid]");
  const wanted = bad || (focused && document.getElementById(focused)) || form.querySelector("[autofocus]") || form.querySelector(".modal-body input, .modal-body textarea, .modal-body .select") || form.querySelector(".modal-body");
  wanted.focus();
}

async function submitted(view, depth, place, submit, form) {
  if (!submit || submit.disabled) return;
  submit.disabled = true;
  append(submit, [spinner()]);
  form.querySelectorAll(".sorry").forEach((node) => node.remove());
  const outcome = await act("submit_view", { view_id: view.id, answers: place.answers });
  if (!dialog || !shownView || shownView.id !== view.id) return;
  submit.disabled = Boolean(view.submit_disabled);
  submit.querySelector(".spinner")?.remove();
  if (outcome.errors && Object.keys(outcome.errors).length) draw(shownView, depth, outcome.errors, true);
  else if (!outcome.ok) form.querySelector("footer").before(h("p", { class: "sorry", role: "alert" }, icon("warn"), outcome.problem || "That did not work."));
}
