"""The page of the demo in a real browser, which may reach nothing but the service."""

import re

import pytest
from playwright.sync_api import sync_playwright

WHEN_LIVE_MS = 240_000


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1320), ("dark", 390)])
def test_the_page_draws_itself_and_reaches_no_other_host(browser, demo_service, tmp_path, scheme, width):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.goto(f"{demo_service}/demo", wait_until="load")
    page.locator(".doing").wait_for(timeout=WHEN_LIVE_MS)  # it refreshes itself while it replays
    page.locator(".bk-Figure").nth(2).wait_for()
    page.wait_for_timeout(500)
    picture = page.screenshot(path=tmp_path / "page.png", full_page=True)

    assert complaints == []
    assert [url for url in asked if not url.startswith((demo_service, "data:", "blob:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert re.search("demo data: UCSD", page.inner_text("nav"))
    assert len(picture) > 40_000


def test_the_first_page_leads_to_it_and_shows_its_own_address(browser, demo_service):
    page = browser.new_page()
    page.goto(demo_service, wait_until="load")

    assert f"{demo_service}/v1/plan" in page.inner_text("pre")
    assert page.locator("table a").first.get_attribute("href") == "/demo"
    page.close()
