// Slack's mrkdwn and rich text, as DOM. Only http, https and mailto become links.

import { daysFromNow, isoDay, onDay, time } from "./clock.js";
import { append, h } from "./dom.js";
import { named, withGlyphs } from "./emoji.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const MARKS = { "*": "strong", _: "em", "~": "s" };
let lookup = { person: () => null, channel: () => null };

export function useLookup(functions) {
  lookup = functions;
}

const plain = (text) => text.replace(/&(amp|lt|gt);/g, (entity) => ENTITIES[entity]);

export function safeUrl(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function link(address, ...children) {
  const href = safeUrl(address);
  const words = children.length ? children : [address];
  if (!href) return h("span", { title: "This kind of link is not opened." }, words);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, words);
}

function person(id) {
  const known = lookup.person(id);
  return h("span", { class: "mention" }, `@${known ? known.real_name : id}`);
}

function channel(id, label) {
  const known = lookup.channel(id);
  return h("a", { class: "mention", href: `#${id}` }, `#${known ? known.name : label || id}`);
}

export function date(seconds, format, address, fallback) {
  const moment = new Date(seconds * 1000);
  if (Number.isNaN(moment.getTime())) return fallback || format;
  const on = (options) => onDay(moment, { day: "numeric", year: "numeric", ...options });
  const pretty = (otherwise) => ({ "-1": "yesterday", 0: "today", 1: "tomorrow" }[daysFromNow(moment)] || otherwise);
  const long = on({ weekday: "long", month: "long" });
  const middle = on({ month: "long" });
  const short = on({ month: "short" });
  const values = {
    date_num: isoDay(moment),
    date: middle, date_short: short, date_long: long,
    date_pretty: pretty(middle), date_short_pretty: pretty(short), date_long_pretty: pretty(long),
    time: time(seconds),
    time_secs: time(seconds, { second: "2-digit" }),
  };
  const words = format.replace(/\{(\w+)\}/g, (all, name) => values[name] || all);
  const shown = h("time", { datetime: moment.toISOString(), title: `${long} ${values.time_secs}` }, words);
  return address ? link(address, shown) : shown;
}

function token(body) {
  const bar = body.indexOf("|");
  const head = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? "" : plain(body.slice(bar + 1));
  if (head.startsWith("@")) return person(head.slice(1));
  if (head.startsWith("#")) return channel(head.slice(1), label);
  if (head.startsWith("!date^")) {
    const [, seconds, format, address] = head.split("^");
    return date(Number(seconds), format || "", address && plain(address), label);
  }
  if (head.startsWith("!")) return h("span", { class: "mention loud" }, label || `@${head.slice(1).split("^")[0]}`);
  const address = plain(head);
  if (!/^[a-z][a-z0-9+.-]*:/i.test(address)) return `<${plain(body)}>`;
  return link(address, withGlyphs(label || address.replace(/^mailto:/, "")));
}

// One line (or several, joined by breaks) of text with its marks.
function inline(text) {
  const out = [];
  let words = "";
  const flush = () => {
    if (words) out.push(...withGlyphs(plain(words)));
    words = "";
  };
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const found = rest.match(/^<([^<>\n]+)>/) || rest.match(/^`([^`\n]+)`/) || rest.match(/^:([a-z0-9_+'-]+):/);
    const end = found ? -1 : closing(text, at);
    if (found) {
      flush();
      if (rest[0] === "<") out.push(token(found[1]));
      else out.push(rest[0] === "`" ? h("code", {}, plain(found[1])) : named(found[1]));
      at += found[0].length;
    } else if (end > 0) {
      flush();
      out.push(h(MARKS[text[at]], {}, inline(text.slice(at + 1, end))));
      at = end + 1;
    } else if (text[at] === "\n") {
      flush();
      out.push(h("br"));
      at += 1;
    } else {
      words += text[at];
      at += 1;
    }
  }
  flush();
  return out;
}

// Where the mark that opens here is closed; -1 where none does.
function closing(text, at) {
  const mark = text[at];
  const before = at === 0 ? " " : text[at - 1];
  if (!(mark in MARKS) || /[\p{L}\p{N}]/u.test(before) || /\s/.test(text[at + 1] || " ")) return -1;
  for (let end = at + 2; end < text.length && text[end] !== "\n"; end += 1) {
    const after = text[end + 1] || " ";
    if (text[end] === mark && !/\s/.test(text[end - 1]) && !/[\p{L}\p{N}]/u.test(after)) return end;
  }
  return -1;
}

export function mrkdwn(text) {
  const root = h("div", { class: "text" });
  text.split(/```/).forEach((part, at, parts) => {
    if (at % 2 && at < parts.length - 1) root.append(h("pre", {}, plain(part.replace(/^\n/, ""))));
    else append(root, paragraphs(at % 2 ? "```" + part : part));
  });
  return root;
}

function paragraphs(text) {
  const out = [];
  const runs = text.split(/\n/).reduce((all, line) => {
    const quoted = line.startsWith("&gt;") || line.startsWith(">");
    const body = quoted ? line.replace(/^(&gt;|>) ?/, "") : line;
    const last = all[all.length - 1];
    if (last && last.quoted === quoted) last.lines.push(body);
    else all.push({ quoted, lines: [body] });
    return all;
  }, []);
  for (const run of runs) {
    const nodes = inline(run.lines.join("\n"));
    out.push(run.quoted ? h("blockquote", {}, nodes) : nodes);
  }
  return out;
}

export function textObject(object) {
  if (!object) return null;
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  const parts = object.text.split(/:([a-z0-9_+'-]+):/);
  return h("span", { class: "plain" }, parts.map((part, at) => (at % 2 ? named(part) : withGlyphs(part))));
}

// Rich text

function leaf(part) {
  const make = {
    text: () => lines(part.text),
    link: () => link(part.url, part.text || part.url),
    user: () => person(part.user_id),
    channel: () => channel(part.channel_id),
    emoji: () => named(part.name),
    broadcast: () => h("span", { class: "mention loud" }, `@${part.range}`),
    date: () => date(part.timestamp, part.format, part.url, part.fallback),
  }[part.type];
  let node = make ? make() : `[${part.type}]`;
  const style = part.style || {};
  for (const [name, tag] of [["code", "code"], ["strike", "s"], ["italic", "em"], ["bold", "strong"], ["underline", "u"]]) {
    if (style[name]) node = h(tag, {}, node);
  }
  return node;
}

const lines = (text) => text.split("\n").flatMap((line, at) => (at ? [h("br"), ...withGlyphs(line)] : withGlyphs(line)));

export function richText(block) {
  return h("div", { class: "text rich" }, block.elements.map((part) => {
    if (part.type === "rich_text_list") {
      const items = part.elements.map((item) => h("li", {}, item.elements.map(leaf)));
      return h(part.style === "ordered" ? "ol" : "ul", { class: `indent-${Math.min(part.indent || 0, 4)}` }, items);
    }
    const tag = { rich_text_preformatted: "pre", rich_text_quote: "blockquote" }[part.type] || "div";
    return h(tag, {}, part.elements.map(leaf));
  }));
}
