"""The report and the document: every figure, escaped, from the result alone."""

from dataclasses import replace
from datetime import date

import pytest

from tests.unit.application.test_backtest import request
from voltherm.adapters.documents.series_findings import Finding
from voltherm.application.backtest import run_backtest
from voltherm.application.policies import PolicyName
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
