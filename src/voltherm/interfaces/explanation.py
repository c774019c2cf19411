"""A plan answer as a page of text: cost, a table of what happens when, and the reasons in plain sentences."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from voltherm.adapters.documents.plan_answer import PlanAnswerDocument
from voltherm.domain.time import zone_named
from voltherm.interfaces.heat_sentences import HeatFacts, heat_facts_of_answer, heat_sentence, merged_heat
from voltherm.interfaces.sentences import Facts, facts_of_answer, kilowatts, merged, number, power, sentence

WIDTH = 80
LEAST_GAP = 1e-6
"""A smaller proven distance is told as this."""
SAME_TARGET_KW = 0.1
"""Targets that round to the same tenth of a kilowatt are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Adjacent steps of one local day with the same reasons and target.

    Parameters
    ----------
    first, last : int
        Half-open range of steps.
    start, end : datetime
        In the site's zone.
    facts : Facts
        What is told of them.
    heat : tuple of HeatFacts
        What is told of each heat pump.
    """

    first: int
    last: int
    start: datetime
    end: datetime
    facts: Facts
    heat: tuple[HeatFacts, ...] = ()


def explanation(answer: PlanAnswerDocument) -> str:
    """Return the answer as text of at most 80 columns, in the site's local time and currency."""
    told = episodes(answer)
    has_batteries = any(asset.soc is not None for asset in answer.assets.values())
    sentences = _sentences(told, has_batteries=has_batteries)
    parts = [_head(answer), _cost(answer), _peaks(answer), _table(answer, told), sentences, _remarks(answer)]
    return "\n\n".join(part for part in parts if part)


def episodes(answer: PlanAnswerDocument) -> list[Episode]:
    """Return the plan as episodes, in time order."""
    zone = zone_named(answer.grid.zone)
    starts = [moment.astimezone(zone) for moment in answer.times]
    step = timedelta(minutes=answer.grid.step_minutes)
    facts, heat = facts_of_answer(answer), heat_facts_of_answer(answer)

    def same(index: int) -> tuple[object, ...]:
        target = facts[index].target_kw
        rounded = None if target is None else round(target / SAME_TARGET_KW)
        heated = tuple(each.reason for each in heat[index])
        return starts[index].date(), facts[index].reason, rounded, facts[index].target_name, heated

    found = []
    for _, group in groupby(range(len(starts)), key=same):
        steps = list(group)
        end = (answer.times[steps[-1]] + step).astimezone(zone)
        together, heated = merged([facts[index] for index in steps]), merged_heat([heat[index] for index in steps])
        last = steps[-1] + 1
        found.append(Episode(first=steps[0], last=last, start=starts[steps[0]], end=end, facts=together, heat=heated))
    return found


def _head(answer: PlanAnswerDocument) -> str:
    zone = zone_named(answer.grid.zone)
    start = answer.times[0].astimezone(zone)
    end = (answer.times[-1] + timedelta(minutes=answer.grid.step_minutes)).astimezone(zone)
    span = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, {answer.grid.zone}"
    steps = f"{answer.grid.steps} steps of {answer.grid.step_minutes:g} min"
    lines = [f"Plan of {answer.site}", f"{span}, {steps}", f"Outcome: {_outcome(answer)}"]
    return "\n".join(_wrapped(line) for line in lines)


def _outcome(answer: PlanAnswerDocument) -> str:
    why = f": {answer.outcome_detail.why}" if answer.outcome_detail.why else ""
    if answer.certified_gap is None:
        return f"{answer.outcome}{why}"
    return f"{answer.outcome}{why} (proven within {max(answer.certified_gap, LEAST_GAP):.4%} of the best)"


def _cost(answer: PlanAnswerDocument) -> str:
    objective = answer.objective
    lines = [_money_line("Bill above what is metered", objective.bill, answer.currency)]
    lines += [_money_line(f"  {name}", amount, answer.currency) for name, amount in answer.bill_lines.items()]
    others = (("Wear", objective.wear), ("Broken limits", objective.violations))
    lines += [_money_line(label, amount, answer.currency) for label, amount in others if amount]
    if objective.stored_energy:
        lines.append(_money_line("Worth of stored energy", -objective.stored_energy, answer.currency))
    lines.append(_money_line("Total", objective.total, answer.currency))
    return "\n".join(lines)


def _money_line(label: str, amount: float | None, currency: str) -> str:
    shown = "unknown" if amount is None else f"{amount:,.2f}"
    return f"{label[:50]:<50} {shown:>18} {currency}"


def _peaks(answer: PlanAnswerDocument) -> str:
    return "\n".join(f"Peak of {name[:42]:<42} {power(peak):>18}" for name, peak in answer.grid.peaks_kw.items())


def _table(answer: PlanAnswerDocument, told: list[Episode]) -> str:
    label, columns = _time_label(told), _columns(answer)
    lines = ["  ".join([f"{'time':<{label}}", *(f"{column.head:>{column.width}}" for column in columns)])]
    for day, group in groupby(told, key=lambda episode: episode.start.date()):
        lines.append(f"{day:%a %Y-%m-%d}")
        for episode in group:
            cells = (f"{column.cell(episode):>{column.width}}" for column in columns)
            lines.append("  ".join([f"{_hours(episode, told):<{label}}", *cells]))
    return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column of the table."""

    head: str
    width: int
    cell: Callable[[Episode], str]


def _columns(answer: PlanAnswerDocument) -> list[_Column]:
    """Columns of what there is: batteries, heat pumps, the meter, one battery's SOC, one building's rooms."""
    socs = [asset.soc for asset in answer.assets.values() if asset.soc is not None]
    heats = [asset.heat for asset in answer.assets.values() if asset.heat is not None]
    width = 14 if heats and socs else 20
    powers = [asset.power_kw for asset in answer.assets.values() if asset.heat is not None]
    drawn = [sum(step) for step in zip(*powers, strict=True)]
    columns = []
    if socs or not heats:
        columns.append(
            _Column(
                head="battery kW",
                width=width,
                cell=lambda episode: _range(episode.facts.lowest_kw, episode.facts.highest_kw),
            )
        )
    if heats:
        columns.append(_Column(head="heat pump kW", width=width, cell=_range_of(drawn)))
    columns.append(_Column(head="grid kW", width=width, cell=_range_of(answer.grid.power_kw)))
    if len(socs) == 1:
        head = "SOC %" if heats else "SOC % at end"
        columns.append(_Column(head=head, width=len(head), cell=lambda episode: f"{100 * socs[0][episode.last]:.1f}"))
    if len(heats) == 1:
        rooms = list(heats[0].room_c.values())
        columns.append(_Column(head="rooms degC", width=12, cell=lambda episode: _rooms(rooms, episode)))
    return columns


def _range_of(values: Sequence[float]) -> Callable[[Episode], str]:
    def cell(episode: Episode) -> str:
        part = values[episode.first : episode.last]
        return _range(min(part), max(part))

    return cell


def _rooms(rooms: Sequence[Sequence[float]], episode: Episode) -> str:
    """The coldest and the warmest room at the episode's end."""
    low, high = (f"{pick(room[episode.last] for room in rooms):.1f}" for pick in (min, max))
    return low if low == high else f"{low} to {high}"


def _range(lowest: float, highest: float) -> str:
    low, high = kilowatts(lowest), kilowatts(highest)
    return low if low == high else f"{low} to {high}"


def _sentences(told: list[Episode], *, has_batteries: bool) -> str:
    lines = []
    for day, group in groupby(told, key=lambda episode: episode.start.date()):
        lines.append(f"{day:%a %Y-%m-%d}")
        for episode in group:
            first = [sentence(episode.facts)] if has_batteries or not episode.heat else []
            words = "; ".join([*first, *(heat_sentence(facts) for facts in episode.heat)])
            lines.append(_wrapped(f"{_hours(episode, told)} {words}"))
    return "\n".join(lines)


def _remarks(answer: PlanAnswerDocument) -> str:
    lines = []
    for violation in answer.violations:
        worst = f"at worst {number(violation.worst or 0.0)} beyond it at {violation.at:%Y-%m-%d %H:%M}"
        amount = f"{number(violation.amount or 0.0)} {violation.unit}"
        lines.append(f"Breaks {violation.limit} by {amount}, {worst}")
    lines += [f"Approximation: {text}" for text in answer.approximations]
    lines += [f"Finding: {text}" for text in answer.findings]
    lines += [f"Note: {text}" for text in answer.notes]
    lines += [
        f"Input {name}: {origin.quality.value} from {origin.source}, {origin.note}"
        for name, origin in answer.provenance.items()
        if origin.note
    ]
    return "\n".join(_wrapped(line) for line in lines)


def _clock_format(told: list[Episode]) -> str:
    """Return how to show a time; with its offset where the clocks change within the plan."""
    offsets = {moment.utcoffset() for episode in told for moment in (episode.start, episode.end)}
    return "%H:%M" if len(offsets) == 1 else "%H:%M%z"


def _hours(episode: Episode, told: list[Episode]) -> str:
    shape = _clock_format(told)
    return f"{episode.start.strftime(shape)}-{episode.end.strftime(shape)}"


def _time_label(told: list[Episode]) -> int:
    return max(len(_hours(episode, told)) for episode in told)


def _wrapped(line: str) -> str:
    return textwrap.fill(line, WIDTH, subsequent_indent="    ", break_long_words=True)
