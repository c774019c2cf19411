"""The page of the demo: labels, words, escaped text, and when its chart is drawn again."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from starlette.testclient import TestClient

from voltherm.domain.control import Rung
from voltherm.interfaces.api.app import create_app
from voltherm.interfaces.api.demo_feed import DemoFeed
from voltherm.interfaces.api.demo_page.columns import measured_columns, measured_grid, planned_columns
from voltherm.interfaces.api.demo_page.facts import bill_so_far, coming_up, right_now, window_peaks
from voltherm.interfaces.api.demo_page.page import demo_page, draw
from voltherm.interfaces.api.routes.demo_page import DemoPages
from voltherm.interfaces.demo_data import start_demo

NOW = datetime(2026, 1, 15, 12, 7, tzinfo=UTC)
BROWSER = {"accept": "text/html,*/*;q=0.8"}


@pytest.fixture(scope="module")
def live():
    demo = start_demo(NOW, days=1)
    demo.advance(NOW)
    return demo.snapshot()


@pytest.fixture(scope="module")
def replaying():
    demo = start_demo(NOW, days=1)
    demo.advance(NOW, most_steps=8)
    return demo.snapshot()


def feed_of(snapshot):
    feed = DemoFeed(start_demo, lambda: NOW)
    feed.snapshot = snapshot
    return feed


def page_of(snapshot, wrong=None):
    return demo_page(snapshot, draw(snapshot), NOW, wrong)


def text_of(page):
    body = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def test_the_page_says_what_the_data_is_what_happens_and_what_is_saved(live):
    page = page_of(live)
    text = text_of(page)

    assert "demo data: UCSD Music Building 2018" in text
    assert "Thu 15 Jan 2026 06:07 America/Costa_Rica" in text
    assert right_now(live).sentence in text
    assert "One kWh more or less is worth" in text
    assert all(label in text for label in ("Demand peak", "Energy night", "Saved"))
    assert f"{live.bill_without_battery.total - live.bill.total:,.0f}" in text
    assert 'http-equiv="refresh" content="60"' in page


def test_while_it_replays_it_says_so_and_comes_back_soon(replaying):
    page = page_of(replaying, "replaying")
    text = text_of(page)

    assert "replaying recorded days, now at Wed 14 Jan 02:00" in text
    assert "Recorded days are being replayed" in text
    assert 'http-equiv="refresh" content="5"' in page


def test_names_are_text_and_never_markup(live):
    page = page_of(
        replace(live, label="<b>demo</b>", site=replace(live.site, id="<script>alert(1)</script>")), "<i>late</i>"
    )

    assert "<b>demo" not in page
    assert "&lt;b&gt;demo&lt;/b&gt;" in page
    assert "<script>alert" not in page
    assert "<i>late" not in page


def test_the_page_names_no_other_host(live):
    markup = re.sub(r"<script\b.*?</script>", "", page_of(live), flags=re.DOTALL)

    assert "//" not in re.sub(r"<style>.*?</style>", "", markup, flags=re.DOTALL)


def test_right_now_is_what_is_commanded_until_the_reason_changes(live):
    doing, plan = right_now(live), live.decision.plan
    n_steps = (doing.until.astimezone(UTC) - plan.grid.start) // plan.grid.step

    assert doing.power_kw == pytest.approx(sum(command.power_kw for command in live.decision.commands))
    assert len(set(plan.reasons[:n_steps])) == 1
    assert n_steps == plan.grid.n_steps or plan.reasons[n_steps] != plan.reasons[0]


def test_what_comes_next_begins_where_right_now_ends(live):
    coming = coming_up(live)

    assert coming[0][0] == right_now(live).until
    assert [begin for begin, _ in coming] == sorted(begin for begin, _ in coming)
    assert coming[0][1] in text_of(page_of(live))


def test_without_a_setpoint_it_says_why(live):
    silent = replace(live, decision=replace(live.decision, rung=Rung.NO_SETPOINT, why="no SOC", plan=None, commands=()))

    assert coming_up(silent) == []
    assert "No setpoint: no SOC" in text_of(page_of(silent))


def test_a_peak_above_its_target_is_told(live):
    lost = replace(live, decision=replace(live.decision, targets_kw={"demand_night": 1.0}))
    peaks = {peak.label: peak for peak in window_peaks(lost)}

    assert peaks["Demand night"].is_above
    assert peaks["Demand night"].reached_percent == 100
    assert peaks["Demand peak"].target_kw is None
    assert 'class="above"' in page_of(lost)


def test_the_lines_add_up_to_both_bills(live):
    rows = bill_so_far(live)

    assert sum(row.amounts["mpc"] for row in rows) == pytest.approx(live.bill.total)
    assert sum(row.amounts["none"] for row in rows) == pytest.approx(live.bill_without_battery.total)


def test_the_plan_goes_on_where_the_measurements_end(live):
    grid, plan = measured_grid(live), live.decision.plan
    past, ahead = measured_columns(live, grid), planned_columns(live, live.decision, plan)

    assert grid.end == plan.grid.start
    assert grid.start == datetime(2026, 1, 14, 6, tzinfo=UTC)
    assert past["soc"][-1] == pytest.approx(ahead["soc"][0])
    assert np.allclose(ahead["grid"], ahead["load"] - ahead["sun"] + ahead["battery"])
    assert max(ahead["ceiling"][0], ahead["grid"][0]) == pytest.approx(live.decision.ceiling_kw)
    assert ahead["sun"].min() >= -1e-9


def test_the_chart_is_drawn_once_a_step(live, replaying, monkeypatch):
    drawn = []
    monkeypatch.setattr("voltherm.interfaces.api.demo_page.page.draw", lambda one: drawn.append(one) or draw(one))
    feed = feed_of(live)
    pages = DemoPages(feed)
    pages.page()
    pages.page()
    feed.snapshot = replaying
    pages.page()

    assert drawn == [live, replaying]


def test_the_service_answers_with_the_page_and_links_it_first(live):
    with TestClient(create_app(demo=feed_of(live))) as client:
        page, head = client.get("/demo"), client.head("/demo")
        links = client.get("/").json()["links"]
        document = client.get("/openapi.json").json()

    assert page.status_code == head.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert links[0]["path"] == "/demo"
    assert "text/html" in document["paths"]["/demo"]["get"]["responses"]["200"]["content"]


def test_before_the_first_snapshot_it_says_that_it_is_starting():
    page = DemoPages(feed_of(None)).page()

    assert "the demo is starting" in page
    assert 'http-equiv="refresh" content="5"' in page


def test_without_a_demo_there_is_no_page():
    client = TestClient(create_app())

    assert client.get("/demo").status_code == 404
    assert "/demo" not in {link["path"] for link in client.get("/").json()["links"]}


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("energy.example:9000", "http://energy.example:9000/v1/plan"),
        ("[::1]:8002", "http://[::1]:8002/v1/plan"),
        ("x$(reboot)", "http://localhost:8001/v1/plan"),
        ('"><script>', "http://localhost:8001/v1/plan"),
    ],
)
def test_the_example_names_the_host_that_was_asked(host, shown):
    page = TestClient(create_app()).get("/", headers={**BROWSER, "host": host}).text

    assert shown in page
    assert "<script>" not in page


def test_a_service_does_not_import_the_plots():
    code = "import sys, voltherm.interfaces.api.app, voltherm.interfaces.cli.demo; sys.exit('bokeh' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_month_that_ends_within_the_plan_has_no_ceiling_after_it():
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    demo = start_demo(now, days=0)
    demo.advance(now, most_steps=60)
    snapshot = demo.snapshot()
    plan = snapshot.decision.plan
    ceiling = planned_columns(snapshot, snapshot.decision, plan)["ceiling"]
    first_of_february = (datetime(2026, 2, 1, 6, tzinfo=UTC) - plan.grid.start) // timedelta(minutes=15)

    assert np.isfinite(ceiling[:first_of_february]).all()
    assert np.isnan(ceiling[first_of_february:]).all()
