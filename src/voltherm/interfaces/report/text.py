"""A backtest as a table of text."""

from __future__ import annotations

from voltherm.application.backtest_result import BacktestResult
from voltherm.application.policies import PolicyName
from voltherm.interfaces.report.tables import money, percent

HEAD = ("policy", "bill", "energy", "demand", "cost", "saved", "saved %", "cycles", "peak kW")
WIDTHS = (8, 13, 13, 13, 13, 12, 8, 7, 8)


def backtest_text(result: BacktestResult) -> str:
    """Return one line a policy; energy and demand without tax, saved against none."""
    rows = [HEAD]
    for name, one in result.policies.items():
        saved = result.saving(name, PolicyName.NONE)
        is_none = name is PolicyName.NONE
        rows.append(
            (
                str(name),
                money(one.costs.bill),
                money(one.costs.by_kind["energy"]),
                money(one.costs.by_kind["demand"]),
                money(one.costs.total),
                "–" if is_none or saved is None else money(saved),
                "–" if is_none else percent(result.saved_share(name)),
                f"{one.activity.full_cycles:.1f}",
                f"{one.activity.highest_import_kw:.1f}",
            )
        )
    lines = ["  ".join(_aligned(row)).rstrip() for row in rows]
    lines.append(f"amounts in {result.actuals.site.tariff.currency}; cost = bill + wear - worth of stored energy")
    return "\n".join([*lines, *result.notes])


def _aligned(row: tuple[str, ...]) -> list[str]:
    first, *others = zip(row, WIDTHS, strict=True)
    return [f"{first[0]:<{first[1]}}", *(f"{text:>{width}}" for text, width in others)]
