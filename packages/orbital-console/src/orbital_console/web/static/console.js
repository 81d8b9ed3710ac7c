// Fetches the page again and replaces its <main>, while somebody looks at it.
"use strict";
const main = document.querySelector("main");
const seconds = Number(main.dataset.refresh);

async function refresh() {
  if (document.hidden || document.activeElement.matches("input, select")) return;
  const held = document.activeElement.id;
  try {
    const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!reply.ok) throw new Error(reply.statusText);
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    main.replaceChildren(...page.querySelector("main").childNodes);
    document.body.classList.remove("lost");
    if (held) document.getElementById(held)?.focus({ preventScroll: true });
  } catch {
    document.body.classList.add("lost");
  }
}

setInterval(refresh, seconds * 1000);
document.addEventListener("visibilitychange", refresh);
