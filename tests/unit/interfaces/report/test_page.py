"""The report and the document: every figure, escaped, from the result alone."""

from dataclasses import replace
from datetime import date

import pytest

from tests.houses import house_of, measured, pump_of
from tests.houses import request as house_request
from tests.unit.application.test_backtest import request
from voltherm.adapters.documents.series_findings import Finding
from voltherm.application.backtest import run_backtest
from voltherm.application.policies import PolicyName, policies_of
from voltherm.domain.assets import Battery, Room
from voltherm.domain.errors import InvalidInputError
from voltherm.interfaces.report.inputs import ColumnChoice, chosen_columns, chosen_policies
from voltherm.interfaces.report.page import report_page
from voltherm.interfaces.report.result_document import BacktestDocument
from voltherm.interfaces.report.summarise import Origin, result_document
from voltherm.interfaces.report.tables import bill_rows, money, percent
from voltherm.interfaces.report.text import backtest_text

ORIGIN = Origin(
    file="meter.csv",
    findings=(Finding(row=7, column="load_kw", value="<script>", problem="is no number", remedy="mend it"),),
    first_day=date(2026, 3, 10),
    end_day=date(2026, 3, 11),
)


@pytest.fixture(scope="module")
def result():
    return run_backtest(request(days=1, policies=(PolicyName.NONE, PolicyName.TIMER, PolicyName.PERFECT)))


def test_the_document_goes_through_text_unchanged(result):
    document = result_document(result, ORIGIN)

    assert BacktestDocument.model_validate_json(document.model_dump_json()) == document


def test_the_document_holds_the_costs_and_the_shares(result):
    policies = {one.policy: one for one in result_document(result, ORIGIN).policies}

    assert policies["perfect"].saved_share == pytest.approx(1.0)
    assert policies["timer"].saved_against["none"] == result.saving(PolicyName.TIMER, PolicyName.NONE)
    assert policies["none"].costs.total == result.policies[PolicyName.NONE].costs.total


def test_the_lines_of_each_bill_add_up_to_it(result):
    for policy in result_document(result, ORIGIN).policies:
        lines = [line for bill in policy.bills for line in bill.lines if not line.included]
        assert sum(line.amount for line in lines) == pytest.approx(policy.costs.bill)


def test_the_page_says_whose_story_it_tells_and_escapes_what_the_data_says(result):
    page = report_page(result, ORIGIN)

    assert "What timer did" in page
    assert "&lt;script&gt;" in page
    assert "meter.csv" in page


@pytest.mark.parametrize("policy", [PolicyName.NONE, PolicyName.PERFECT])
def test_any_policy_can_be_told(result, policy):
    assert f"What {policy} did" in report_page(result, ORIGIN, policy)


def test_a_result_of_none_alone_is_a_page_too(result):
    alone = replace(result, policies={PolicyName.NONE: result.policies[PolicyName.NONE]})

    assert "What none did" in report_page(alone, ORIGIN)


def test_the_table_has_a_line_for_each_policy(result):
    lines = backtest_text(result).splitlines()

    assert lines[0].split()[0] == "policy"
    assert [line.split()[0] for line in lines[1:4]] == ["none", "timer", "perfect"]


def test_bill_rows_sum_to_the_bills(result):
    for policy, one in result.policies.items():
        assert sum(row.amounts[policy] for row in bill_rows(result)) == pytest.approx(one.costs.bill)


@pytest.mark.parametrize(("amount", "text"), [(1234.56, "1,235"), (-12.3, "-12.30"), (0.0, "0.00")])
def test_money_has_the_digits_that_are_read(amount, text):
    assert money(amount) == text


@pytest.mark.parametrize(("share", "text"), [(0.704, "70 %"), (-0.2, "-20 %"), (None, "–")])
def test_shares_are_whole_percentages(share, text):
    assert percent(share) == text


# -- Houses


@pytest.fixture(scope="module")
def house():
    chosen = (PolicyName.THERMOSTAT, PolicyName.THERMOSTAT_LOW, PolicyName.GREEDY, PolicyName.MPC)
    return run_backtest(house_request(days=1, policies=chosen))


def test_the_document_of_a_house_goes_through_text_unchanged(house):
    document = result_document(house, ORIGIN)

    assert BacktestDocument.model_validate_json(document.model_dump_json()) == document


def test_the_document_tells_of_heat_comfort_and_starts(house):
    document = result_document(house, ORIGIN)
    policies = {one.policy: one for one in document.policies}
    heating = house.policies[PolicyName.GREEDY].heating

    assert document.baseline == "thermostat"
    assert policies["greedy"].heating.starts == heating.starts
    assert policies["greedy"].heating.cold_kh == heating.cold_kh
    assert set(policies["mpc"].saved_against) == {"thermostat", "thermostat-low", "greedy"}
    assert document.site.heat_pumps[0].set_point_c == 21.0


def test_the_series_of_a_house_are_temperatures_power_modes_and_weather(house):
    series = {(one.name, one.policy): one for one in result_document(house, ORIGIN).series}

    rooms = series["pump.house.room_c", "mpc"]
    assert (rooms.unit, len(rooms.values)) == ("°C", 25)
    assert series["outdoor_c", None].values == tuple(house.actuals.outdoors["outdoor_c"].values.round(4))
    assert set(series["pump.mode", "greedy"].values) <= {"BOOST", "NORMAL", "ECO", "OFF"}
    assert ("pump.mode", "thermostat") not in series


def test_the_page_of_a_house_shows_rooms_heat_pump_and_weather(house):
    page = report_page(house, ORIGIN)

    for words in (
        "How warm it is: pump",
        "What the heat pump draws: pump",
        "How cold it is outdoors",
        "Heat and comfort",
    ):
        assert words in page
    assert "What is stored" not in page
    assert "mpc saved against thermostat" in page


def test_a_house_with_a_battery_shows_both():
    battery = Battery(id="bess", capacity_kwh=5.0, charge_limit_kw=2.0, discharge_limit_kw=2.0)
    site = house_of(battery)

    page = report_page(run_backtest(house_request(days=1, site=site, policies=policies_of(site)[:1])), ORIGIN)

    assert "What is stored" in page
    assert "How warm it is: pump" in page


def test_two_rooms_have_two_lines():
    rooms = tuple(Room(id=name, capacitance_kwh_per_k=4.0, loss_kw_per_k=0.08) for name in ("upper", "lower"))
    pump = pump_of()
    site = house_of(pump=replace(pump, building=replace(pump.building, rooms=rooms)))

    result = run_backtest(house_request(days=1, site=site, policies=(PolicyName.THERMOSTAT,)))

    assert "upper" in report_page(result, ORIGIN)
    assert {one.name for one in result_document(result, ORIGIN).series} >= {"pump.upper.room_c", "pump.lower.room_c"}


def test_the_table_of_a_house_has_comfort_and_starts_and_no_cycles(house):
    head, first, *_ = backtest_text(house).splitlines()

    assert "K*h cold" in head
    assert "starts" in head
    assert "cycles" not in head
    assert first.split()[0] == "thermostat"


def test_chosen_columns_get_the_names_that_the_controller_knows():
    recorded = measured(
        t_out_c=None, t_oulu_c=measured().column("t_out_c"), se3_price_per_kwh=measured().column("price_per_kwh")
    )

    chosen = chosen_columns(house_of(), recorded, ColumnChoice(outdoor="t_oulu_c", price="se3_price_eur_per_mwh"))

    assert (chosen.column("t_out_c") == recorded.column("t_oulu_c")).all()
    assert (chosen.column("price_per_kwh") == recorded.column("se3_price_per_kwh")).all()


def test_a_chosen_column_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(InvalidInputError, match="no column 't_rovaniemi_c'; there are t_out_c, price_per_kwh"):
        chosen_columns(house_of(), measured(), ColumnChoice(outdoor="t_rovaniemi_c"))


def test_policies_that_do_not_fit_the_site_are_refused():
    site = house_of()

    with pytest.raises(InvalidInputError, match="timer does not fit site 'house'; choose one of thermostat"):
        chosen_policies(site, PolicyName.TIMER, compare=False)
    assert chosen_policies(site, PolicyName.NONE, compare=False) == (PolicyName.THERMOSTAT,)
    assert chosen_policies(site, PolicyName.MPC, compare=True) == policies_of(site)
