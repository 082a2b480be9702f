// What pages do beyond links and forms. Everything is asked for by data- attributes.
(() => {
  const each = (root, selector, act) => root.querySelectorAll(selector).forEach(act);

  // Moments, in the reader's zone. <time datetime="…" data-moment="ago|at|day">
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const long = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

  const ago = (moment) => {
    const seconds = (moment - Date.now()) / 1000;
    for (const [unit, size] of units) {
      if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
    }
    return Math.abs(seconds) < 5 ? "just now" : words.format(Math.round(seconds), "second");
  };

  const show = (time) => {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) return;
    const kind = time.dataset.moment;
    const text = kind === "day" ? day.format(moment) : kind === "at" ? long.format(moment) : ago(moment);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = exact.format(moment);
  };

  const showAll = (root) => each(root, "time[data-moment]", show);
  showAll(document);
  setInterval(() => each(document, 'time[data-moment="ago"]', show), 10_000);
  document.addEventListener("htmx:afterSettle", (event) => showAll(event.target.parentNode ?? document));

  // Dialogs, the menu of narrow windows, notices, copying.
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-opens],[data-closes],[data-toggles],[data-dismisses],[data-copies]");
    if (!target) return;
    const { opens, toggles, dismisses, copies } = target.dataset;
    if (opens) document.getElementById(opens).showModal();
    if ("closes" in target.dataset) target.closest("dialog").close();
    if (dismisses) target.closest(dismisses).remove();
    if (toggles) {
      const isOpen = document.getElementById(toggles).classList.toggle("is-open");
      target.setAttribute("aria-expanded", String(isOpen));
    }
    if (copies) {
      navigator.clipboard.writeText(copies).then(() => {
        const before = target.innerHTML;
        target.textContent = "Copied";
        setTimeout(() => { target.innerHTML = before; }, 2000);
      });
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof HTMLDialogElement) event.target.close();
  });
  document.addEventListener("keydown", (event) => {
    const opener = event.key === "Escape" && document.querySelector('[data-toggles][aria-expanded="true"]');
    if (!opener || document.querySelector("dialog[open]")) return;
    opener.click();
    opener.focus();
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method === "post") form.dataset.sent = "yes";
  });
  document.addEventListener("htmx:afterRequest", (event) => { delete event.target.closest?.("form")?.dataset.sent; });
  addEventListener("pageshow", () => each(document, "form[data-sent]", (form) => { delete form.dataset.sent; }));

  // The first field that is wrong gets the cursor.
  const goToWhatIsWrong = () => document.querySelector('[aria-invalid="true"]')?.focus();
  goToWhatIsWrong();
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "content") goToWhatIsWrong();
  });

  // The reader's zone, and fields that only some choices need.
  const prepare = (root) => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    each(root, "[data-zone]", (field) => { field.value = timeZone ?? ""; });
    each(root, "[data-chooser]", (form) => {
      const value = form.querySelector("select, input:checked")?.value;
      each(form, "[data-when]", (part) => { part.hidden = part.dataset.when !== value; });
      each(form, "[data-unless]", (part) => { part.hidden = part.dataset.unless === value; });
      each(form, "[data-required]", (field) => { field.required = !field.closest("[hidden]"); });
    });
  };
  prepare(document);
  document.addEventListener("htmx:afterSettle", (event) => prepare(event.target.parentNode ?? document));
  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-chooser]")) prepare(document);
  });

  // A part in which somebody is typing is not replaced under their hands.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target } = event;
    const typing = document.activeElement?.matches("input, select, textarea") && target.contains(document.activeElement);
    if ("careful" in target.dataset && typing) event.detail.shouldSwap = false;
  });

  // Lists by the keyboard: j and k walk, Enter opens, and / goes to whatever has data-key="/".
  const walk = (step) => {
    const rows = [...document.querySelectorAll("[data-walk] [data-walks]")];
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
    next.querySelector("a").focus();
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input, select, textarea, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else {
      const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (!wanted) return;
      wanted.focus();
      wanted.select?.();
    }
    event.preventDefault();
  });

  // Live pages: one stream for a page that is looked at, none for one in the background, since
  // browsers allow few connections to one host. `live:account` and the like go to the body.
  const path = document.body.dataset.live;
  let source = null;
  let kinds = new Set();
  const tell = (kind) => document.body.dispatchEvent(new CustomEvent(`live:${kind}`));
  const wanted = () => {
    const found = new Set();
    each(document, "[hx-trigger*='live:']", (part) => {
      for (const match of part.getAttribute("hx-trigger").matchAll(/live:(\w+)/g)) found.add(match[1]);
    });
    return found;
  };
  const open = () => {
    kinds = wanted();
    if (source || !path || !kinds.size || document.hidden) return;
    source = new EventSource(path);
    for (const kind of kinds) source.addEventListener(kind, () => tell(kind));
    source.addEventListener("over", () => location.reload());
  };
  const close = () => { source?.close(); source = null; };
  let leaving;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    if (document.hidden) {
      leaving = setTimeout(close, 15_000);
    } else if (!source) {
      open();
      kinds.forEach(tell);
    }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
})();
