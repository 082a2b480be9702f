// The workspaces, where there are several: one is looked at, and the others show that they have news.

import { fill, h } from "./dom.js";
import { hasNews, state } from "./store.js";

const initials = (name) => name.split(/[^\p{L}\p{N}]+/u).filter(Boolean).slice(0, 2).map((word) => word[0]).join("").toUpperCase();

export function showTeams(change) {
  const several = state.teams.length > 1;
  document.body.classList.toggle("several", several);
  fill(document.getElementById("spaces"), several && state.teams.map((team) => {
    const here = team.id === state.team.id, news = !here && hasNews(team);
    return h("button", { type: "button", title: team.name, "aria-label": news ? `${team.name}, with news` : team.name, "aria-current": here ? "true" : null, class: news ? "news" : null, onclick: () => here || change(team.id) },
      h("span", { "aria-hidden": "true" }, initials(team.name)));
  }));
}
