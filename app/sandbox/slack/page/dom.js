// Building the page. Text becomes text nodes, always: mail is hostile, and nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "disabled" || name === "selected") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child);
  }
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

// Put these nodes into the box, touching only what differs.
export function arrange(box, nodes) {
  const wanted = new Set(nodes);
  let at = box.firstChild;
  for (const node of nodes) {
    while (at && !wanted.has(at)) [at] = [at.nextSibling, at.remove()];
    if (node === at) at = at.nextSibling;
    else box.insertBefore(node, at);
  }
  while (at) [at] = [at.nextSibling, at.remove()];
}

// A 16 × 16 drawing: a list of [tag, attributes].
export function drawing(shapes, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "drawing");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
  }
  return svg;
}

const line = (d) => [["path", { d, fill: "none", stroke: "currentColor", "stroke-width": "1.5", "stroke-linecap": "round", "stroke-linejoin": "round" }]];
const ICONS = {
  reply: line("M6.5 4 3 7.5 6.5 11M3.4 7.5H9a4 4 0 0 1 4 4V12"),
  smile: line("M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM6 6.6v.2M10 6.6v.2M5.5 9.5a3 3 0 0 0 5 0"),
  more: [["circle", { cx: 3.5, cy: 8, r: 1.3, fill: "currentColor" }], ["circle", { cx: 8, cy: 8, r: 1.3, fill: "currentColor" }], ["circle", { cx: 12.5, cy: 8, r: 1.3, fill: "currentColor" }]],
  down: line("M4 6.5 8 10.5 12 6.5"),
  close: line("M4 4l8 8M12 4l-8 8"),
  lock: line("M4.5 7.5h7v5.5h-7zM6 7.5V5.5a2 2 0 0 1 4 0v2"),
  hash: line("M6.5 3 5.5 13M10.5 3l-1 10M3.5 6h9.5M3 10h9.5"),
  eye: line("M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z"),
  warn: line("M8 2.5 14.3 13.2H1.7ZM8 6.5v3M8 11.2v.2"),
  file: line("M4 2.5h5l3 3v8H4zM9 2.5v3h3"),
  send: line("M2.5 8 13.5 3 10 13.5 7.5 9z M7.5 9l6-6"),
  home: line("M2.5 7.5 8 3l5.5 4.5M4 6.8V13h8V6.8"),
  person: line("M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM3 13.5a5 5 0 0 1 10 0"),
  pulse: line("M1.5 8.5H5l1.5-4 3 7.5 1.5-3.5h3.5"),
  bolt: line("M9 1.8 3.5 9H8l-1 5.2L12.5 7H8Z"),
  toApp: line("M2.5 8h8M7.5 4.5 11 8l-3.5 3.5M13.5 3v10"),
  fromApp: line("M13.5 8h-8M8.5 4.5 5 8l3.5 3.5M2.5 3v10"),
  back: line("M9.5 3.5 5 8l4.5 4.5"),
};

export function icon(name, label) {
  return drawing(ICONS[name], label);
}

export const spinner = () => h("span", { class: "spinner", role: "status", "aria-label": "Waiting for the app" });

export function toast(words) {
  const note = h("p", { class: "toast" }, icon("warn"), words);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
