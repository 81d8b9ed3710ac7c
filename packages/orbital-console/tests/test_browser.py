"""The pages in a browser: readable for everybody, quick with 5,000 tasks, and honest when the agent is gone.

`CONSOLE_PICTURES=FOLDER` writes the pictures of the documentation there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright, expect

from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.real]

TASKS = 5000
PAGES = (
    "/", "/tasks?q=task-000", "/tasks?state=failing&sort=-last_duration",
    "/devices?q=door-000", "/devices/gate",
    "/devices/gate/%3Cb%3E", "/map", "/outputs", "/flow", "/log", "/configuration",
)  # fmt: skip
PICTURES = os.environ.get("CONSOLE_PICTURES", "")
"""Folder for the pictures of the documentation; empty for none."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    """One for all tests."""
    try:
        program = find_program("chromium", "chromium")
    except MissingProgramError as error:
        skip_or_fail(error)
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def big(serving, tmp_path_factory):
    """An agent with 5,000 tasks, some of which ran."""
    common = {"plugin": "door", "interval": "1h"}
    tasks = [
        common | {"id": "good", "device_id": "gate", "config": {"host": "h"}},
        common | {"id": "bad", "device_id": "gate/<b>", "config": {"host": "broken"}},
        *(
            common
            | {"id": f"task-{n:04}", "device_id": f"door-{n // 2:04}", "config": {"host": "h"}}
            for n in range(TASKS - 2)
        ),
    ]
    async with serving(tmp_path_factory.mktemp("agent"), tasks=tasks) as site:
        for key in ("good", "good", "task-0001", "task-0002"):
            await site.agent.stations.scheduler.trigger(key)
        site.console.record()
        site.console.record()
        yield site


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser, big):
    """A new page, whose script must not fail, and which must load nothing from elsewhere."""
    context = await browser.new_context(base_url=big.url)
    page = await context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(big.url) else wrong.append(asked.url),
    )
    yield page
    await context.close()
    assert wrong == []


@pytest.mark.parametrize(
    ("theme", "rules"), [("light", {}), ("dark", {"runOnly": "color-contrast"})]
)
async def test_every_page_is_accessible(page, theme, rules):
    """No violation that axe finds, in both themes; nothing that a device said became an element."""
    await page.emulate_media(color_scheme=theme)
    for path in PAGES:
        await page.goto(path)
        found = await Axe().run(page, options=rules)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        assert await page.locator("main script").count() == 0
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_page_fits_a_phone_in_both_languages(page, language):
    """Nothing is wider than a small phone, tables scroll inside of their frame."""
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"/?lang={language}")
    for path in PAGES:
        await page.goto(path)
        assert await page.locator("html").get_attribute("lang") == language
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


async def test_red_comes_first_and_leads_to_the_device(page):
    """From the overview it is one click to the device, its runs, phases and values."""
    await page.goto("/")
    card = page.locator(".card").filter(has_text="task bad")
    await expect(card).to_contain_text("<script>alert(1)</script> does not answer")
    await card.get_by_role("link", name="gate/<b>").click()
    await expect(page.locator("h1")).to_contain_text("gate/<b>")
    await expect(page.locator(".beat rect.failed")).to_have_count(1)
    await page.goto("/devices/gate")
    await expect(page.locator(".phases rect")).not_to_have_count(0)
    await expect(page.locator("figure")).not_to_have_count(0)


async def test_5000_tasks_are_searched_and_sorted(page):
    """A page of rows at a time, found by typing, sorted by a click on a column."""
    await page.goto("/tasks")
    await expect(page.locator("h1")).to_have_text(re.compile("Tasks 1.200 of 5000"))
    await page.keyboard.press("/")
    await page.keyboard.type("task-4321")
    await page.keyboard.press("Enter")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await page.goto("/tasks?sort=key")
    await page.locator("thead a").first.click()
    await expect(page.locator("th[aria-sort=descending]")).to_have_count(1)
    await expect(page.locator("tbody th").first).to_have_text("task-4997")
    await page.get_by_role("link", name="Next page").click()
    await expect(page.locator("h1")).to_have_text(re.compile("Tasks 201.400 of 5000"))


async def test_page_shows_what_happens(page, big):
    """Without a reload by hand: an event brings the new run within a moment."""
    await page.goto("/devices/door-0100")
    await expect(page.locator(".beat rect")).to_have_count(0)
    await big.agent.stations.scheduler.trigger("task-0200")
    big.console.events.publish("task", task="task-0200")
    await expect(page.locator(".beat rect.ok")).to_have_count(1)


async def test_a_button_runs_a_task_with_the_token(browser, big):
    """The browser asks for the token, and the page says what came of it."""
    login = {"username": "me", "password": big.token}
    context = await browser.new_context(base_url=big.url, http_credentials=login)
    page = await context.new_page()
    await page.goto("/devices/door-0200")
    await page.locator(".card", has_text="task-0400").get_by_role("button", name="Run now").click()
    await expect(page.locator("#said")).to_have_text("Done.")
    await expect(page.locator(".beat rect.ok")).to_have_count(1)
    await context.close()


async def test_keyboard_reaches_everything(page):
    """The first Tab skips the menu; links, fields and tables follow."""
    await page.goto("/tasks")
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.locator("#q")).to_be_focused()


async def test_pages_are_small(page):
    """Less than 150 KB to see a page of 200 tasks, compressed."""
    sizes: list[int] = []
    for name in ("/tasks", "/console/console.css", "/console/console.js"):
        reply = await page.request.get(name, headers={"Accept-Encoding": "gzip"})
        sizes.append(int(reply.headers["content-length"]))
    assert sum(sizes) < 150_000


async def test_a_dead_agent_is_told(browser, serving, tmp_path):
    """The page stays, and says that it is old; when the agent is there again, it goes on."""
    async with serving(tmp_path) as site:
        context = await browser.new_context(base_url=site.url)
        page = await context.new_page()
        await page.goto("/")
        await expect(page.locator(".lostline")).to_be_hidden()
    await expect(page.locator(".lostline")).to_be_visible(timeout=15_000)
    await expect(page.locator(".card").filter(has_text="task bad")).to_be_visible()
    await context.close()


@pytest.mark.skipif(not PICTURES, reason="CONSOLE_PICTURES=FOLDER names no folder")
async def test_pictures_of_the_documentation(browser, serving, tmp_path):
    """They are made here, so that they show what is there."""
    names = {
        "sw-core": "core",
        "sw-floor-1": "access",
        "sw-floor-2": "access",
        "sw-floor-3": "silent",
    }
    tasks = [
        {"id": name, "plugin": "door", "interval": "1m", "device_id": name,
         "config": {"host": host}}
        for name, host in names.items()
    ]  # fmt: skip
    settings = {"tasks": tasks, "sentinel": {"name": "plant-7"}}
    async with serving(tmp_path, ran=[], **settings) as site:
        for _ in range(30):
            for task in tasks:
                await site.agent.stations.scheduler.trigger(task["id"])
            site.console.record()
        for theme, name, path in (
            ("light", "overview", "/"), ("dark", "device", "/devices/sw-core"), ("light", "map", "/map"),
        ):  # fmt: skip
            context = await browser.new_context(
                base_url=site.url, color_scheme=theme, viewport={"width": 1000, "height": 640}
            )
            page = await context.new_page()
            await page.goto(path)
            await page.screenshot(path=Path(PICTURES) / f"console-{name}.png")
            await context.close()
