// Keeps the open page fresh, and sends what buttons ask for.
"use strict";
const main = document.querySelector("main");
const said = document.getElementById("said");
const lost = document.querySelector(".lostline");
const seconds = Number(main.dataset.refresh);
let soon = 0;

document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Fetches the page again and replaces its <main>; keeps focus, opened details and what is being typed.
async function refresh() {
  if (document.hidden || document.activeElement.matches("input, select, main button")) return;
  const held = document.activeElement.id;
  const opened = [...main.querySelectorAll("details[open]")].map((one) => one.id);
  try {
    const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    main.replaceChildren(...page.querySelector("main").childNodes);
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    if (held) document.getElementById(held)?.focus({ preventScroll: true });
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
}

// Many events in a row are one refresh.
function refreshSoon() {
  soon ||= setTimeout(() => refresh().finally(() => (soon = 0)), 500);
}

// Only a page that is seen follows: a browser has six connections for all its pages of one agent.
let events;
function follow() {
  events?.close();
  if (document.hidden) return;
  events = new EventSource("/api/v1/events");
  for (const kind of ["task", "output", "reload", "missed"]) events.addEventListener(kind, refreshSoon);
  events.onerror = refreshSoon;
}

if (seconds) {
  setInterval(refresh, seconds * 1000);
  document.addEventListener("visibilitychange", follow);
  document.addEventListener("visibilitychange", refresh);
  addEventListener("pagehide", () => events?.close());
  follow();
}

addEventListener("submit", async (event) => {
  if (event.target.method !== "post") return;
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  said.textContent = said.dataset.working;
  try {
    const reply = await fetch(event.target.action, { method: "POST" });
    const answer = await reply.json();
    const why = answer.error && [answer.error, ...(answer.problems ?? [])].join("; ");
    said.textContent = why ? `${said.dataset.failed} ${why}` : said.dataset.done;
  } catch (error) {
    said.textContent = `${said.dataset.failed} ${error.message}`;
  }
  button.disabled = false;
  button.blur();
  await refresh();
});

addEventListener("keydown", (event) => {
  const search = document.getElementById("q");
  if (event.key !== "/" || !search || event.target.matches("input, select")) return;
  event.preventDefault();
  search.focus();
  search.select();
});
