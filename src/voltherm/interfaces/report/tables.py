"""The figures of a backtest as rows of tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from voltherm.application.backtest_result import BacktestResult
from voltherm.application.policies import PolicyName
from voltherm.domain.tariffs import Bill


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRow:
    """One line of the bill under every policy.

    Parameters
    ----------
    component : str
        Id of the tariff's component.
    label : str
        As on the bill.
    amounts : Mapping of PolicyName to float
        Summed over the billing periods; a policy without the line pays 0. [currency]
    """

    component: str
    label: str
    amounts: Mapping[PolicyName, float]


def bill_rows(result: BacktestResult) -> list[BillRow]:
    """Return the bill line by line, in the order of the bill."""
    return rows_of_bills({policy: one.bills for policy, one in result.policies.items()})


def rows_of_bills(bills: Mapping[PolicyName, Iterable[Bill]]) -> list[BillRow]:
    """Return the lines of several policies' bills side by side, in the order of the bill."""
    sums: dict[tuple[str, str], dict[PolicyName, float]] = {}
    for policy, some in bills.items():
        for line in (line for bill in some for line in bill.lines if not line.is_included):
            amounts = sums.setdefault((line.component_id, line.label), dict.fromkeys(bills, 0.0))
            amounts[policy] += line.amount
    return [BillRow(component=key[0], label=key[1], amounts=amounts) for key, amounts in sums.items()]


def money(amount: float) -> str:
    """Return an amount with as many digits as are read: none from 1,000 on, else two."""
    return f"{amount:,.0f}" if abs(amount) >= NO_DECIMALS_FROM else f"{amount:,.2f}"


def percent(share: float | None) -> str:
    """Return a share as a whole percentage; a dash where there is none."""
    return "–" if share is None else f"{100 * share:.0f} %"


NO_DECIMALS_FROM = 1000.0
