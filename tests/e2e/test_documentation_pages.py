"""The pages of the service in a real browser, which may reach nothing but the service."""

import pytest
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize(
    ("path", "place"),
    [("/docs", "[data-path='/v1/plan']"), ("/redoc", "h2:has-text('Plan a site')"), ("/", "text=From a terminal")],
)
def test_a_page_shows_without_another_host(browser, service, tmp_path, path, place):
    page = browser.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{service}{path}", wait_until="networkidle")
    page.locator(place).first.wait_for()
    picture = page.screenshot(path=tmp_path / "page.png")

    assert complaints == []
    assert [url for url in asked if not url.startswith((service, "data:", "blob:"))] == []
    assert len(picture) > 10_000


def test_a_plan_is_made_from_the_documentation(browser, service):
    page = browser.new_page(viewport={"width": 1200, "height": 2000})
    page.goto(f"{service}/docs", wait_until="networkidle")
    page.locator("[data-path='/v1/plan']").first.click()
    page.get_by_role("button", name="Try it out").click()
    with page.expect_response("**/v1/plan") as answered:
        page.get_by_role("button", name="Execute").click()

    assert answered.value.status == 200
    assert answered.value.json()["outcome"] == "optimal"
