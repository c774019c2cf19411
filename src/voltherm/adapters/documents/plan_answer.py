"""The plan answer: a plan as one JSON object, in local time, with units; what is unknown is null, never NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal, Self, assert_never
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, model_validator

from voltherm.adapters.documents.heat_answer import HeatAnswer, heat_to_document
from voltherm.adapters.documents.problem import DocumentError, Problem, problems_of
from voltherm.domain.assets import HeatPump
from voltherm.domain.plan import (
    AssetPlan,
    Fallback,
    Feasible,
    Infeasible,
    Objective,
    Optimal,
    Outcome,
    Plan,
    Reason,
    Violation,
)
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.site import Site
from voltherm.physics.heat_pump_presets import sizing_notes

LARGEST_ANSWER = 20_000_000
"""Longest answer that is read back. [bytes]."""
SHOWN_DECIMALS = 9
"""Decimals of the series; hides the last bits of the solver, far below what a meter sees."""

UNITS = MappingProxyType(
    {
        "power_kw": "kW",
        "heat_kw": "kW",
        "compressor_kw": "kW",
        "backup_kw": "kW",
        "room_c": "degC",
        "mass_c": "degC",
        "cop": "1",
        "peaks_kw": "kW",
        "target_kw": "kW",
        "soc": "1",
        "age_minutes": "min",
        "step_minutes": "min",
        "timing_ms": "ms",
    }
)
"""Unit of each field whose values carry one; those in the site's currency are added to it."""


class AnswerPart(BaseModel):
    """The base of the answer's objects."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class OutcomeDetail(AnswerPart):
    """What stands behind the outcome: the proven gap of a feasible plan, and why it is not optimal."""

    gap: float | None
    why: str | None


class AssetAnswer(AnswerPart):
    """What one asset does: mean power of each step, positive into the asset, and a battery's SOC at each edge.

    A heat pump's power is electric; its heat and its rooms are told in ``heat``.
    """

    power_kw: list[float]
    soc: list[float] | None = None
    heat: HeatAnswer | None = None


class GridAnswer(AnswerPart):
    """The steps, the power at the meter (import positive) and the peaks by demand component."""

    start: AwareDatetime
    step_minutes: float
    steps: int
    zone: str
    power_kw: list[float]
    peaks_kw: dict[str, float | None]


class ObjectiveAnswer(AnswerPart):
    """What the plan minimises: ``total = bill + wear + violations - stored_energy``, in the currency."""

    total: float | None
    bill: float | None
    wear: float | None
    violations: float | None
    stored_energy: float | None


class StepAnswer(AnswerPart):
    """Why a step does what it does."""

    reason: Reason
    sentence: str
    target_kw: float | None
    marginal_price_per_kwh: float | None
    limits: list[str]


class ViolationAnswer(AnswerPart):
    """A soft limit that the plan breaks."""

    limit: str
    amount: float | None
    unit: str
    price: float | None
    cost: float | None
    worst: float | None
    at: AwareDatetime


class ProvenanceAnswer(AnswerPart):
    """Where an input comes from and how good it is."""

    source: str
    issued_at: AwareDatetime | None
    age_minutes: float | None
    quality: Quality
    note: str


class PlanAnswerDocument(AnswerPart):
    """A validated plan."""

    site: str
    made_at: AwareDatetime
    currency: str
    outcome: Literal["optimal", "feasible", "fallback", "infeasible"]
    outcome_detail: OutcomeDetail
    times: list[AwareDatetime]
    units: dict[str, str]
    assets: dict[str, AssetAnswer]
    grid: GridAnswer
    objective: ObjectiveAnswer
    bill_lines: dict[str, float | None]
    certified_gap: float | None
    steps: list[StepAnswer]
    violations: list[ViolationAnswer]
    approximations: list[str]
    findings: list[str]
    notes: list[str] = []
    provenance: dict[str, ProvenanceAnswer]
    timing_ms: dict[Literal["build", "solve", "validate"], float]

    @model_validator(mode="after")
    def _has_one_value_a_step(self) -> Self:
        n = self.grid.steps
        lengths = {"times": len(self.times), "steps": len(self.steps), "grid.power_kw": len(self.grid.power_kw)}
        for name, asset in self.assets.items():
            lengths[f"assets.{name}.power_kw"] = len(asset.power_kw)
            if asset.soc is not None:
                lengths[f"assets.{name}.soc"] = len(asset.soc) - 1
            if asset.heat is not None:
                lengths |= {f"assets.{name}.heat.{series}": length for series, length in asset.heat.lengths()}
        for name, length in lengths.items():
            if length != n:
                raise ValueError(f"{name} does not fit grid.steps, {n}")
        return self


def plan_to_document(plan: Plan, site: Site, sentences: Sequence[str]) -> PlanAnswerDocument:
    """Return the answer that tells ``plan``.

    Parameters
    ----------
    plan : Plan
        The plan.
    site : Site
        The site that it plans; its zone and currency are those of the answer.
    sentences : sequence of str, one a step
        Why each step does what it does, in words.
    """
    zone, currency = site.zone, site.tariff.currency
    pumps = {pump.id: pump for pump in site.heat_pumps}
    gap, why = _outcome_detail(plan.outcome)
    return PlanAnswerDocument(
        site=plan.site_id,
        made_at=plan.made_at.astimezone(zone),
        currency=currency,
        outcome=outcome_name(plan.outcome),
        outcome_detail=OutcomeDetail(gap=gap, why=why),
        times=[moment.astimezone(zone) for moment in plan.grid.times()],
        units=units_in(currency),
        assets={name: _asset(part, pumps.get(name)) for name, part in plan.assets.items()},
        grid=_grid(plan, zone),
        objective=_objective(plan.objective),
        bill_lines={name: _finite(amount) for name, amount in plan.bill_lines.items()},
        certified_gap=_finite(plan.certified_gap),
        steps=_steps(plan, sentences),
        violations=[_violation(violation, zone) for violation in plan.violations],
        approximations=list(plan.approximations),
        findings=list(plan.findings),
        notes=[f"{pump.id}: {note}" for pump in site.heat_pumps for note in sizing_notes(pump)],
        provenance={name: _provenance(origin, plan.made_at, zone) for name, origin in plan.provenance.items()},
        timing_ms={
            "build": plan.timing.build_ms,
            "solve": plan.timing.solve_ms,
            "validate": plan.timing.validate_ms,
        },
    )


def read_answer(content: bytes | str) -> PlanAnswerDocument:
    """Return the answer in a JSON text, as ``voltherm plan`` wrote it.

    Raises
    ------
    DocumentError
        With every problem of the text.
    """
    if len(content) > LARGEST_ANSWER:
        problem, remedy = f"has {len(content):,} bytes", f"give a plan of at most {LARGEST_ANSWER:,}"
        raise DocumentError([Problem(field="document", value=None, problem=problem, remedy=remedy)])
    try:
        return PlanAnswerDocument.model_validate_json(content)
    except ValidationError as error:
        raise DocumentError(problems_of(error)) from error


def units_in(currency: str) -> dict[str, str]:
    """Return the unit of each field of an answer in that currency."""
    price = f"{currency}/kWh"
    return {**UNITS, "marginal_price_per_kwh": price, "objective": currency, "bill_lines": currency}


def outcome_name(outcome: Outcome) -> Literal["optimal", "feasible", "fallback", "infeasible"]:
    """Return the word for an outcome."""
    match outcome:
        case Optimal():
            return "optimal"
        case Feasible():
            return "feasible"
        case Fallback():
            return "fallback"
        case Infeasible():
            return "infeasible"
        case _:
            assert_never(outcome)


def _outcome_detail(outcome: Outcome) -> tuple[float | None, str | None]:
    match outcome:
        case Optimal():
            return None, None
        case Feasible():
            return _finite(outcome.gap), outcome.why
        case Fallback() | Infeasible():
            return None, outcome.why
        case _:
            assert_never(outcome)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _listed(values: NDArray[np.float64]) -> list[float]:
    rounded: list[float] = (np.round(values, SHOWN_DECIMALS) + 0.0).tolist()
    return rounded


def _asset(part: AssetPlan, pump: HeatPump | None) -> AssetAnswer:
    return AssetAnswer(
        power_kw=_listed(part.power_kw),
        soc=None if part.soc is None else _listed(part.soc),
        heat=None if part.heat is None or pump is None else heat_to_document(part.heat, pump),
    )


def _grid(plan: Plan, zone: ZoneInfo) -> GridAnswer:
    return GridAnswer(
        start=plan.grid.start.astimezone(zone),
        step_minutes=plan.grid.step_seconds / 60,
        steps=plan.grid.n_steps,
        zone=zone.key,
        power_kw=_listed(plan.grid_power_kw),
        peaks_kw={name: _finite(peak) for name, peak in plan.peaks_kw.items()},
    )


def _objective(objective: Objective) -> ObjectiveAnswer:
    return ObjectiveAnswer(
        total=_finite(objective.total),
        bill=_finite(objective.bill),
        wear=_finite(objective.wear),
        violations=_finite(objective.violations),
        stored_energy=_finite(objective.stored_energy),
    )


def _steps(plan: Plan, sentences: Sequence[str]) -> list[StepAnswer]:
    prices, targets = plan.marginal_price_per_kwh.tolist(), plan.reason_targets_kw.tolist()
    return [
        StepAnswer(
            reason=reason,
            sentence=sentence,
            target_kw=_finite(target),
            marginal_price_per_kwh=_finite(price),
            limits=list(limits),
        )
        for reason, sentence, target, price, limits in zip(
            plan.reasons, sentences, targets, prices, plan.limits, strict=True
        )
    ]


def _violation(violation: Violation, zone: ZoneInfo) -> ViolationAnswer:
    return ViolationAnswer(
        limit=violation.limit,
        amount=_finite(violation.amount),
        unit=violation.unit,
        price=_finite(violation.price),
        cost=_finite(violation.cost),
        worst=_finite(violation.worst),
        at=violation.at.astimezone(zone),
    )


def _provenance(origin: Provenance, now: datetime, zone: ZoneInfo) -> ProvenanceAnswer:
    return ProvenanceAnswer(
        source=origin.source,
        issued_at=None if origin.issued_at is None else origin.issued_at.astimezone(zone),
        age_minutes=origin.age_minutes(now),
        quality=origin.quality,
        note=origin.note,
    )
