// The customer beside the feed: who writes to the inbox, and reads what comes back.

import { day, time } from "./clock.js";
import { fill, h } from "./dom.js";
import { ask, send, state } from "./store.js";

const FIELDS = [
  ["sender_name", "Your name", "text", "Mira Olsen"],
  ["sender_address", "Your address", "email", "mira.olsen@fjord.example"],
];
const EXAMPLES = [
  ["Where is my parcel?", "Hello,\n\nmy order 1042 should have come on Tuesday. Could you have a look where it is?\n\nThank you\nMira"],
  ["Wrong invoice", "Hi,\n\nthe invoice of this month lists two licences, but we have only one. Please correct it.\n\nKind regards\nMira Olsen"],
  ["A question about your prices", "Good morning,\n\nwe are a team of twelve and would like to try your product. What does it cost for a year?\n\nMira"],
  ["Cannot sign in any more", "Since yesterday I get “session expired” as soon as I sign in. Other browsers do the same.\n\nMira"],
];
const when = (date) => (Number.isNaN(Date.parse(date)) ? date || "" : `${day(Date.parse(date) / 1000)} ${time(Date.parse(date) / 1000)}`);
let reading = null;
let example = 0;

export function customerPane(pane) {
  if (pane.querySelector(".customer")) return;
  const box = (name, label, type, value) => [h("label", { for: `mail-${name}` }, label), h("input", { class: "input", id: `mail-${name}`, name, type, value, required: true })];
  const button = h("button", { type: "submit", class: "button primary" }, "Send mail");
  const note = h("p", { class: "hint", role: "status" });
  let answered = "";
  const fillIn = (subject, text, messageId) => {
    answered = messageId || "";
    form.elements.subject.value = subject;
    form.elements.text.value = text;
    note.textContent = "";
  };
  const inspire = () => {
    fillIn(...EXAMPLES[example % EXAMPLES.length]);
    example += 1;
    button.focus();
  };
  const form = h("form", { class: "mail-form" },
    h("p", { class: "about" }, "You are a customer now. Write to the inbox, and read what comes back."),
    FIELDS.map((one) => box(...one)),
    h("label", { for: "mail-to" }, "To"), h("input", { class: "input", id: "mail-to", value: state.customer.address, readonly: true }),
    box("subject", "Subject", "text", ""),
    h("label", { for: "mail-text" }, "Text"), h("textarea", { class: "input", id: "mail-text", name: "text", rows: 5, required: true }),
    h("footer", {}, note, h("button", { type: "button", class: "button", onclick: inspire }, "Fill in an example"), button));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    note.textContent = "Sending…";
    const { ok, body } = await send("/customer/send", { ...Object.fromEntries(new FormData(form)), in_reply_to: answered });
    button.disabled = false;
    note.textContent = ok ? "Sent." : `Not sent: ${body.detail || body.error}`;
    note.classList.toggle("bad", !ok);
    if (!ok) return;
    answered = form.elements.subject.value = form.elements.text.value = "";
    setTimeout(read, 200);
    form.elements.subject.focus();
  });
  const list = h("ol", { class: "mails" });
  const answer = (mail) => {
    fillIn(/^re:/i.test(mail.subject) ? mail.subject : `Re: ${mail.subject}`, "", mail.message_id);
    form.elements.text.focus();
  };
  fill(pane, h("div", { class: "customer" }, form, h("h2", {}, "Received"), list));
  const read = async () => {
    if (!list.isConnected) return clearInterval(reading);
    if (!document.hidden) received(list, await ask("/customer/mail").catch(() => ({})), answer);
    return undefined;
  };
  clearInterval(reading);
  reading = setInterval(read, 2000);
  read();
}

// The newest on top, as mail programs show them; what is open stays open.
function received(list, { mail, detail }, answer) {
  if (!mail) return void fill(list, h("li", { class: "hint bad" }, detail || "The mailbox does not answer."));
  const key = JSON.stringify(mail);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  const open = new Set([...list.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  const entry = (one) => {
    const id = one.message_id || `${one.date} ${one.subject}`;
    return h("li", {}, h("details", { "data-key": id, open: open.has(id) },
      h("summary", {}, h("strong", {}, one.subject || "(no subject)"), h("small", {}, `${one.from || ""} · ${when(one.date)}`)),
      h("p", { class: "hint" }, `To ${one.to || "nobody"}`),
      one.references && h("p", { class: "hint" }, `References ${one.references}`),
      h("pre", {}, one.text || ""),
      one.message_id && h("button", { type: "button", class: "button", onclick: () => answer(one) }, "Answer")));
  };
  fill(list, [...mail].reverse().map(entry));
  if (!mail.length) fill(list, h("li", { class: "hint" }, "Nothing yet."));
}
