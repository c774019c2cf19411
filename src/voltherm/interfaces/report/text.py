"""A backtest as a table of text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voltherm.application.backtest_result import BacktestResult, Heating, PolicyResult
from voltherm.application.policies import PolicyName
from voltherm.domain.site import Site
from voltherm.interfaces.report.tables import money, percent

Cell = Callable[[BacktestResult, PolicyName, PolicyResult], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what stands above it, how wide it is, and what stands in it."""

    head: str
    width: int
    cell: Cell


def backtest_text(result: BacktestResult) -> str:
    """Return one line a policy; energy and demand without tax, saved against the baseline."""
    columns = _columns(result.actuals.site)
    rows = [[column.head for column in columns]]
    rows += [[column.cell(result, name, one) for column in columns] for name, one in result.policies.items()]
    lines = ["  ".join(_aligned(row, columns)).rstrip() for row in rows]
    currency = result.actuals.site.tariff.currency
    lines.append(
        f"amounts in {currency}; cost = bill + wear - worth of stored energy; saved: against {result.baseline}"
    )
    return "\n".join([*lines, *result.notes])


def _columns(site: Site) -> list[Column]:
    widest = max(len(name) for name in PolicyName) if site.heat_pumps else len(PolicyName.PERFECT) + 1
    return [
        Column("policy", widest, lambda _result, name, _one: str(name)),
        Column("bill", 13, lambda _result, _name, one: money(one.costs.bill)),
        Column("energy", 13, lambda _result, _name, one: money(one.costs.by_kind["energy"])),
        Column("demand", 13, lambda _result, _name, one: money(one.costs.by_kind["demand"])),
        Column("cost", 13, lambda _result, _name, one: money(one.costs.total)),
        Column("saved", 12, _saved),
        Column("saved %", 8, _share),
        *(_BATTERY if site.batteries or not site.heat_pumps else ()),
        Column("peak kW", 8, lambda _result, _name, one: f"{one.activity.highest_import_kw:.1f}"),
        *(_HEAT if site.heat_pumps else ()),
    ]


def _saved(result: BacktestResult, name: PolicyName, _one: PolicyResult) -> str:
    saved = result.saving(name, result.baseline)
    return "–" if name is result.baseline or saved is None else money(saved)


def _share(result: BacktestResult, name: PolicyName, _one: PolicyResult) -> str:
    return "–" if name is result.baseline else percent(result.saved_share(name))


def _heat(words: Callable[[Heating], str]) -> Cell:
    return lambda _result, _name, one: "–" if one.heating is None else words(one.heating)


_BATTERY = (Column("cycles", 7, lambda _result, _name, one: f"{one.activity.full_cycles:.1f}"),)
_HEAT = (
    Column("heat kWh", 9, _heat(lambda heating: f"{heating.electricity_kwh:,.0f}")),
    Column("mean C", 7, _heat(lambda heating: f"{heating.room_mean_c:.2f}")),
    Column("K*h cold", 9, _heat(lambda heating: f"{heating.cold_kh:.1f}")),
    Column("K*h hot", 8, _heat(lambda heating: f"{heating.hot_kh:.1f}")),
    Column("starts", 7, _heat(lambda heating: f"{heating.starts}")),
)


def _aligned(row: list[str], columns: list[Column]) -> list[str]:
    first, *others = zip(row, (column.width for column in columns), strict=True)
    return [f"{first[0]:<{first[1]}}", *(f"{text:>{width}}" for text, width in others)]
