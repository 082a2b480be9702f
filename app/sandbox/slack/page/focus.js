// Where the focus is, so that it can go back there: what has it may have been drawn again meanwhile.

export function focusPlace(within = document.body) {
  const node = document.activeElement;
  if (!node || node === document.body || !within.contains(node)) return null;
  return {
    node,
    box: node.closest(".feed, .thread"),
    message: node.closest(".message")?.dataset.ts,
    action: node.closest("[data-action]")?.dataset.action,
  };
}

export function focusAgain(place) {
  if (!place) return;
  const node = place.node.isConnected ? place.node : standIn(place);
  node?.focus({ preventScroll: true });
}

// Its like in what is drawn now; else its message, else what that stood in.
function standIn({ box, message, action }) {
  if (!box?.isConnected) return null;
  const again = message ? box.querySelector(`.message[data-ts="${message}"]`) : box;
  const holder = again && action && [...again.querySelectorAll("[data-action]")].find((one) => one.dataset.action === action);
  return holder?.querySelector("button, input") || again || box;
}
