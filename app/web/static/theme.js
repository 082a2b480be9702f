// Light, dark, or as the system has it: set before anything is drawn, so that nothing flashes.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try { return localStorage.getItem("sharedbox-theme"); } catch { return null; }
  };
  const apply = () => {
    const theme = chosen() ?? (dark.matches ? "dark" : "light");
    document.documentElement.setAttribute("data-bs-theme", theme);
  };
  const names = { light: "light", dark: "dark", system: "as the system has it" };

  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-button]");
    if (!button) return;
    const say = () => {
      const name = names[chosen() ?? "system"];
      button.querySelector("[data-theme-name]").textContent = name;
      button.title = `Colours: ${name}`;
    };
    button.addEventListener("click", () => {
      const order = ["system", "light", "dark"];
      const next = order[(order.indexOf(chosen() ?? "system") + 1) % order.length];
      try {
        if (next === "system") localStorage.removeItem("sharedbox-theme");
        else localStorage.setItem("sharedbox-theme", next);
      } catch { /* it then lasts for this page only */ }
      apply();
      say();
    });
    say();
  });
})();
