// Emoji, drawn by ourselves where we can: a machine without an emoji font shows them all the same.

import { drawing, h } from "./dom.js";

const disc = (fill) => [["circle", { cx: 8, cy: 8, r: 5.5, fill }]];
const path = (d, stroke, fill = "none", width = 1.5) => ["path", { d, fill, stroke, "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round" }];
const box = (fill) => ["rect", { x: 1.5, y: 1.5, width: 13, height: 13, rx: 3, fill }];
const letter = (text, fill, at, sizeOf) => ["text", { x: at[0], y: at[1], fill, "font-size": sizeOf, "font-weight": 700, "text-anchor": "middle", "font-family": "sans-serif" }, text];
const GREY = "#8a94a3", AMBER = "#d97706", BLUE = "#2f7de1", RED = "#d64545", GREEN = "#2e9e5b";
const ENVELOPE = (c) => [path("M2 4h12v8.5H2zM2 4.5l6 4.5 6-4.5", c)];

const GLYPHS = {
  "🟠": ["orange circle", disc("#f0872b")],
  "🔵": ["blue circle", disc(BLUE)],
  "🟢": ["green circle", disc(GREEN)],
  "🔴": ["red circle", disc(RED)],
  "🟡": ["yellow circle", disc("#e3b341")],
  "⚪": ["white circle", [["circle", { cx: 8, cy: 8, r: 5, fill: "none", stroke: GREY, "stroke-width": 1.5 }]]],
  "✅": ["done", [box(GREEN), path("M4.8 8.3 7 10.5 11.3 5.8", "#fff", "none", 2)]],
  "⚠": ["warning", [path("M8 2.2 14.5 13.5H1.5Z", AMBER, "#fbbf24"), path("M8 6.3v3.4M8 11.6v.1", "#5a3305", "none", 1.8)]],
  "💤": ["asleep", [path("M3 9h4l-4 4h4M8.5 3.5H13l-4.5 4.5H13", BLUE, "none", 1.7)]],
  "⏳": ["hourglass", [path("M4.5 2.5h7M4.5 13.5h7M5.2 2.5v2.2L8 8l2.8-3.3V2.5M5.2 13.5v-2.2L8 8l2.8 3.3v2.2", AMBER)]],
  "⏱": ["stopwatch", [["circle", { cx: 8, cy: 9, r: 4.8, fill: "none", stroke: GREY, "stroke-width": 1.5 }], path("M8 9V6.3M6.5 2h3M8 2v2", GREY)]],
  "🗑": ["bin", [path("M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5", GREY)]],
  "🚫": ["forbidden", [["circle", { cx: 8, cy: 8, r: 5.5, fill: "none", stroke: RED, "stroke-width": 2 }], path("M4.2 4.2l7.6 7.6", RED, "none", 2)]],
  "📎": ["attachment", [path("M12.5 7.3 7.7 12a3 3 0 0 1-4.2-4.2l5.2-5.2a2 2 0 0 1 2.9 2.9L6.4 10.6a1 1 0 0 1-1.4-1.4L9.5 4.8", GREY, "none", 1.4)]],
  "🏷": ["tag", [path("M8.5 2.5H13v4.5L7.3 12.8 2.9 8.3Z", AMBER), ["circle", { cx: 10.8, cy: 4.8, r: 0.9, fill: AMBER }]]],
  "📂": ["folder", [path("M2 12.5v-9h4l1.5 1.5H14v7.5Z", AMBER, "#fde9c3")]],
  "🆕": ["new", [["rect", { x: 0.5, y: 3, width: 15, height: 10, rx: 2.5, fill: BLUE }], letter("NEW", "#fff", [8, 10.4], 5.6)]],
  "✍": ["writing", [path("M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3Z", BLUE)]],
  "📮": ["postbox", [path("M3.5 13.5V6a3.5 3.5 0 0 1 3.5-3.5h2A3.5 3.5 0 0 1 12.5 6v7.5ZM5.8 6.5h4.4", RED, "#f8d9d9")]],
  "✉": ["envelope", ENVELOPE(GREY)],
  "👀": ["eyes", [["ellipse", { cx: 5, cy: 8, rx: 2.7, ry: 4, fill: "#fff", stroke: GREY }], ["ellipse", { cx: 11, cy: 8, rx: 2.7, ry: 4, fill: "#fff", stroke: GREY }], ["circle", { cx: 5.8, cy: 8.5, r: 1.3, fill: "#333" }], ["circle", { cx: 11.8, cy: 8.5, r: 1.3, fill: "#333" }]]],
  "👁": ["eye", [path("M1.5 8C4 4.200 12 4.200 14.5 8 12 11.800 4 11.800 1.5 8Z", GREY, "#fff", 1.4), ["circle", { cx: 8, cy: 8, r: 2.1, fill: "#333" }]]],
  "↩": ["answered", [path("M6 3.5 2.500 7 6 10.500M2.500 7h7a3.500 3.500 0 0 1 0 7H8", BLUE, "none", 1.8)]],
  "📌": ["pin", [path("M8 9.5V14M5 2.5h6l-1 4 1.5 3h-7l1.5-3Z", RED, "#f3b5b5")]],
  "👍": ["thumbs up", [path("M5.5 7.5 8 2.5c1.2 0 1.7.9 1.4 2L9 6.5h3.5c.8 0 1.2.7 1 1.4l-1.2 4.3c-.2.7-.6 1-1.3 1H5.5ZM2.5 7.5h3v5.7h-3Z", AMBER, "#fde9c3", 1.2)]],
  "🚩": ["flag", [path("M4 14V2.5M4 3h8.5L10.5 6l2 3H4", RED, "#f3b5b5")]],
  "🗄": ["cabinet", [["rect", { x: 2.5, y: 2, width: 11, height: 12, rx: 1.5, fill: "#dfe4ea", stroke: GREY, "stroke-width": 1.3 }], path("M2.5 8h11M6.5 5h3M6.5 11h3", GREY, "none", 1.4)]],
  "👻": ["ghost", [path("M3.5 14V7a4.5 4.5 0 0 1 9 0v7l-2.2-1.600L8 14l-2.3-1.6Z", GREY, "#f2f4f7", 1.3), path("M6.3 7v.3M9.7 7v.3", "#444", "none", 1.8)]],
  "🎫": ["ticket", [path("M2 5h12v2.200a1 1 0 0 0 0 1.600V11H2V8.800a1 1 0 0 0 0-1.6ZM10 5v6", BLUE, "#e4eefb", 1.3)]],
  "💬": ["speech", [path("M2.5 3h11v7.5H7.500L4.5 13.500v-3h-2Z", BLUE, "#e4eefb", 1.3)]],
  "🔒": ["lock", [path("M3.5 7.5h9V14h-9ZM5.5 7.500V5.500a2.5 2.5 0 0 1 5 0v2", AMBER, "#fde9c3")]],
  "🔍": ["magnifier", [["circle", { cx: 7, cy: 7, r: 4, fill: "none", stroke: GREY, "stroke-width": 1.6 }], path("M10 10l3.5 3.5", GREY, "none", 1.8)]],
  "📤": ["outgoing", [path("M2 9v4.500h12V9M8 10V2.500M4.800 5.500 8 2.300l3.200 3.200", BLUE, "none", 1.6)]],
  "🕒": ["clock", [["circle", { cx: 8, cy: 8, r: 5.5, fill: "#fff", stroke: GREY, "stroke-width": 1.5 }], path("M8 4.500V8h3", GREY)]],
  "❓": ["question", [path("M5.500 6a2.500 2.500 0 1 1 3.600 2.200C8.300 8.600 8 9.200 8 10.200M8 12.800v.2", RED, "none", 2)]],
  "🤖": ["robot", [["rect", { x: 2.5, y: 5, width: 11, height: 8, rx: 2, fill: "#e4eefb", stroke: BLUE, "stroke-width": 1.3 }], path("M8 5V2.500M5.700 8.500v.4M10.300 8.500v.4M6 11.200h4", BLUE, "none", 1.6)]],
  "📅": ["calendar", [["rect", { x: 2.5, y: 3.5, width: 11, height: 10, rx: 1.5, fill: "#fff", stroke: GREY, "stroke-width": 1.3 }], path("M2.500 6.500h11M5.500 2v3M10.500 2v3", RED)]],
  "📬": ["mailbox", [path("M2.5 12V7a3 3 0 0 1 3-3h5a3 3 0 0 1 3 3v5ZM8 12V7a2.500 2.500 0 0 0-2.500-2.500M11 4V1.500h2.500", BLUE, "#e4eefb", 1.4)]],
  "🔀": ["joined", [path("M2 4.500h2.500l5 7H14M2 11.500h2.500l1.500-2.100M8 6.600l1.500-2.100H14M12 2.500l2 2-2 2M12 9.500l2 2-2 2", BLUE, "none", 1.5)]],
  "✂": ["scissors", [["circle", { cx: 4.5, cy: 12, r: 1.8, fill: "none", stroke: GREY, "stroke-width": 1.4 }], ["circle", { cx: 11.5, cy: 12, r: 1.8, fill: "none", stroke: GREY, "stroke-width": 1.4 }], path("M5.500 10.500 11 2M10.500 10.500 5 2", GREY, "none", 1.5)]],
  "💡": ["idea", [path("M6 11.500c0-1.600-2-2.600-2-5a4 4 0 0 1 8 0c0 2.400-2 3.400-2 5ZM6.500 14h3", AMBER, "#fde9c3", 1.4)]],
  "⏸": ["paused", [box(GREY), path("M6.300 5.200v5.600M9.700 5.200v5.600", "#fff", "none", 1.9)]],
  "🔔": ["bell", [path("M4 11.5V7.5a4 4 0 0 1 8 0v4l1 1H3ZM7 14h2", AMBER, "#fde9c3")]],
};
for (const [same, as] of [["📁", "📂"], ["📧", "✉"], ["📨", "✉"], ["📩", "✉"], ["📭", "📬"], ["⌛", "⏳"], ["✏", "✍"], ["☑", "✅"], ["✔", "✅"]]) GLYPHS[same] = GLYPHS[as];

const NAMES = {
  white_check_mark: "✅", heavy_check_mark: "✔", warning: "⚠", zzz: "💤", hourglass_flowing_sand: "⏳", hourglass: "⌛",
  stopwatch: "⏱", wastebasket: "🗑", no_entry_sign: "🚫", paperclip: "📎", label: "🏷", open_file_folder: "📂", file_folder: "📁",
  new: "🆕", writing_hand: "✍", pencil2: "✏", postbox: "📮", email: "📧", envelope: "✉", incoming_envelope: "📨", eyes: "👀",
  pushpin: "📌", triangular_flag_on_post: "🚩", file_cabinet: "🗄", ghost: "👻", ticket: "🎫", speech_balloon: "💬", lock: "🔒", mag: "🔍", "+1": "👍", thumbsup: "👍", bell: "🔔", large_orange_circle: "🟠", large_blue_circle: "🔵",
  large_green_circle: "🟢", red_circle: "🔴", large_yellow_circle: "🟡", white_circle: "⚪",
};
const PATTERN = new RegExp(`(${Object.keys(GLYPHS).join("|")})\uFE0F?`, "u");
export const QUICK = ["eyes", "white_check_mark", "zzz", "pushpin", "+1"];

function draw(glyph) {
  const [label, shapes] = GLYPHS[glyph];
  const svg = drawing(shapes.map(([tag, attributes]) => [tag, attributes]), label);
  shapes.forEach(([, , text], at) => text && (svg.children[at].textContent = text));
  svg.classList.add("emoji");
  return svg;
}

// :name: as a drawing or character; an unknown name stays as it was written: “22:42:08” is a time.
export function named(name) {
  const glyph = NAMES[name];
  if (!glyph) return document.createTextNode(`:${name}:`);
  return GLYPHS[glyph] ? draw(glyph) : document.createTextNode(glyph);
}

// Plain text with the glyphs in it drawn.
export function withGlyphs(text) {
  return text.split(PATTERN).map((part, at) => (at % 2 ? draw(part) : part)).filter((part) => part !== "");
}
