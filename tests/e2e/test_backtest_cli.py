"""``voltherm backtest`` as a user runs it."""

import json
import re
from pathlib import Path

import pytest

from voltherm.interfaces.report.result_document import BacktestDocument

DAYS = ("--from", "2018-07-10", "--to", "2018-07-12")


def arguments(examples: Path, out: Path, *, data: Path | None = None, days=DAYS) -> tuple[object, ...]:
    file = data or examples / "data" / "ucsd_2018_06_07.csv"
    site = examples / "sites" / "ucsd-costa-rica.yaml"
    return ("backtest", "--site", site, "--data", file, *days, "--out", out)


@pytest.fixture(scope="module")
def compared(voltherm, examples, tmp_path_factory):
    out = tmp_path_factory.mktemp("backtest")
    ended = voltherm(*arguments(examples, out), "--compare")
    assert ended.returncode == 0, ended.stderr
    return ended, out


def test_all_policies_are_compared_in_a_table(compared):
    ended, _ = compared

    assert [line.split()[0] for line in ended.stdout.splitlines()[1:5]] == ["none", "timer", "mpc", "perfect"]


def test_progress_is_plain_lines_where_nobody_watches(compared):
    ended, _ = compared

    assert "mpc: 192 steps" in ended.stderr
    assert "\x1b" not in ended.stderr


@pytest.mark.pitfall("M29")
def test_every_series_in_the_document_says_start_step_unit_zone_and_quality(compared):
    _, out = compared

    document = BacktestDocument.model_validate_json((out / "result.json").read_text())

    assert {series.start for series in document.series} == {"2018-07-10T06:00:00Z"}
    assert {series.step_minutes for series in document.series} == {15.0}
    assert {series.zone for series in document.series} == {"America/Costa_Rica"}
    assert all(series.unit and series.source and series.quality for series in document.series)


def test_the_report_asks_no_other_host(compared):
    _, out = compared

    page = (out / "report.html").read_text()

    assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=", page) == []


def test_the_report_draws_without_errors_and_without_requests(compared, chromium):
    playwright = pytest.importorskip("playwright.sync_api")
    _, out = compared
    requests, errors = [], []
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        page = browser.new_page(color_scheme="dark")
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((out / "report.html").as_uri())
        page.wait_for_selector(".bk-Figure >> nth=6", state="attached")
        browser.close()

    assert errors == []
    assert len(requests) == 1


def test_what_is_odd_in_the_data_is_told_with_its_row(voltherm, examples, tmp_path):
    lines = (examples / "data" / "ucsd_2018_06_07.csv").read_text().splitlines()
    lines[3000] = lines[3000].replace(lines[3000].split(",")[1], "broken")
    (tmp_path / "odd.csv").write_text("\n".join(lines) + "\n")

    ended = voltherm(*arguments(examples, tmp_path / "out", data=tmp_path / "odd.csv"), "--policy", "timer")

    assert ended.returncode == 0, ended.stderr
    assert "odd.csv: row 3001, load_kw: 'broken'" in ended.stderr
    findings = json.loads((tmp_path / "out" / "result.json").read_text())["data"]["findings"]
    assert [finding["row"] for finding in findings] == [3001]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (("--from", "2018-07-12", "--to", "2018-07-10"), "is not after"),
        (("--from", "2018-07-12", "--to", "2018-09-10"), "the data covers 2018-06-01 00:00"),
        (("--from", "yesterday", "--to", "2018-09-10"), "yesterday"),
    ],
)
def test_days_that_cannot_be_replayed_end_with_code_2(voltherm, examples, tmp_path, days, said):
    ended = voltherm(*arguments(examples, tmp_path, days=days))

    assert ended.returncode == 2
    assert said in ended.stderr


def test_a_file_that_cannot_be_read_ends_with_code_2(voltherm, examples, tmp_path):
    (tmp_path / "no.csv").write_text("a,b\n1,2\n")

    ended = voltherm(*arguments(examples, tmp_path / "out", data=tmp_path / "no.csv"))

    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")


# -- Houses


def house_arguments(examples: Path, out: Path, *more: str) -> tuple[object, ...]:
    data = examples.parent / "src" / "voltherm" / "adapters" / "demo_year" / "fi_hourly_2023.csv"
    site, days = examples / "sites" / "house-new.yaml", ("--from", "2023-02-10", "--to", "2023-02-11")
    return ("backtest", "--site", site, "--data", data, *days, "--step", "60", "--out", out, *more)


def test_a_house_is_compared_under_the_policies_that_fit_it(voltherm, examples, tmp_path):
    ended = voltherm(*house_arguments(examples, tmp_path, "--outdoor", "t_oulu_c", "--compare"))

    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:6]] == ["thermostat", "thermostat-low", "greedy", "mpc", "perfect"]
    document = BacktestDocument.model_validate_json((tmp_path / "result.json").read_text())
    assert all(one.heating.cold_kh < 0.1 for one in document.policies)
    assert "Heat and comfort" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "t_out_c"),
        (("--outdoor", "t_rovaniemi_c"), "no column 't_rovaniemi_c'"),
        (("--outdoor", "t_oulu_c", "--policy", "timer"), "timer does not fit site 'house-new'"),
        (("--outdoor", "t_oulu_c", "--set-point", "70"), "set_point_c is 70"),
    ],
)
def test_what_does_not_fit_a_house_ends_with_code_2(voltherm, examples, tmp_path, more, said):
    ended = voltherm(*house_arguments(examples, tmp_path, *more))

    assert ended.returncode == 2
    assert said in ended.stderr
