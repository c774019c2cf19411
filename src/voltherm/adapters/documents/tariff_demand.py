"""Demand components of a tariff document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from voltherm.adapters.documents.fields import Document, NonNegative, Number
from voltherm.adapters.documents.tariff_energy import (
    ComponentDocument,
    FreeDocument,
    VariantDocument,
    free_to_document,
    hours_use,
    price_fields,
    quantity_of,
    the_price,
)
from voltherm.adapters.documents.tariff_price import PriceDocument, StepsDocument, steps_from_document
from voltherm.adapters.documents.tariff_report import Report
from voltherm.adapters.documents.tariff_when import (
    MONTH_NAMES,
    Months,
    WeightDocument,
    WhenDocument,
    when_from_document,
    when_to_document,
)
from voltherm.adapters.documents.yaml_text import Path
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.tariffs import (
    Bucket,
    Demand,
    Direction,
    MeanLast,
    Metering,
    Per,
    Proration,
    Ratchet,
    Ratchets,
    Statistic,
    Unit,
    When,
)
from voltherm.domain.tariffs.windows import ALL_MONTHS


def parse_minutes(raw: object) -> int | None:
    """Return the length of the metering interval; None for ``window``, one mean a day over the windows.

    Raises
    ------
    PydanticCustomError
        For anything else.
    """
    if raw == "window":
        return None
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    context = {"problem": "is no number of minutes", "remedy": "write 15, 30 or 60, or window for one mean a day"}
    raise PydanticCustomError("refused", "{problem}", context)


Count = Annotated[int, Field(strict=True, ge=1, le=1000)]
Minutes = Annotated[int | None, PlainValidator(parse_minutes)]


class StatisticDocument(Document):
    """Which means count: the mean of the highest, or the one of a rank."""

    top_k: Count | None = None
    rank: Count | None = None
    skip_top: Annotated[int, Field(strict=True, ge=0)] = 0
    reduce: Literal["mean"] = "mean"


class HorizonDocument(Document):
    """A rolling horizon."""

    months: Count = 1


class RatchetDocument(Document):
    """A share of the highest of earlier periods."""

    percent: Number
    months: Count
    only: Months = ALL_MONTHS


class OverPeriodsDocument(Document):
    """What earlier billing periods do."""

    mean_last: Count | None = None
    each_min_kw: NonNegative = 0.0
    ratchet: Annotated[list[RatchetDocument], Field(min_length=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list(cls, raw: object) -> object:
        if isinstance(raw, dict) and isinstance(raw.get("ratchet"), dict):
            return {**raw, "ratchet": [raw["ratchet"]]}
        return raw


class DemandDocument(ComponentDocument):
    """A price per kW, kVA or kvar, or steps."""

    direction: Direction = Direction.IMPORT
    quantity: Unit = Unit.KW
    free: FreeDocument | None = None
    price: PriceDocument | None = None
    price_per_kw: Number | None = None
    price_per_kva: Number | None = None
    price_per_kvar: Number | None = None
    steps: StepsDocument | None = None
    variant: VariantDocument | None = None
    per: Per | None = None
    proration: Proration = Proration.NONE
    interval_minutes: Minutes = 15
    when: WhenDocument = Field(default_factory=WhenDocument)
    weight: list[WeightDocument] = Field(default_factory=list)
    statistic: StatisticDocument = Field(default_factory=StatisticDocument)
    bucket: Bucket | None = None
    horizon: HorizonDocument = Field(default_factory=HorizonDocument)
    threshold_kw: NonNegative = 0.0
    floor_kw: NonNegative = 0.0
    over_periods: OverPeriodsDocument | None = None

    @model_validator(mode="before")
    @classmethod
    def _words(cls, raw: object) -> object:
        if not isinstance(raw, dict):
            return raw
        changed = dict(raw)
        if isinstance(raw.get("weight"), dict):
            changed["weight"] = [raw["weight"]]
        if raw.get("horizon") == "period":
            changed["horizon"] = {"months": 1}
        if raw.get("over_periods") == "this":
            changed["over_periods"] = None
        return changed


def demand_from_document(document: DemandDocument, path: Path, report: Report, currency: str) -> Demand | None:
    """Return the component, or None when a problem was noted."""
    before = len(report.problems)
    metering = _metering(document, path, report)
    price = report.attempt(path, lambda: the_price(document, f"price_per_{document.quantity.lower()}", currency))
    variant = report.attempt((*path, "variant"), lambda: hours_use(document.variant, currency))
    steps = report.attempt((*path, "steps"), lambda: steps_from_document(document.steps))
    per = report.attempt(path, lambda: _per(document))
    statistic = report.attempt((*path, "statistic"), lambda: _statistic(document))
    quantity = report.attempt(path, lambda: quantity_of(document.quantity, document.direction, document.free))
    over = report.attempt((*path, "over_periods"), lambda: _over_periods(document.over_periods))
    if len(report.problems) > before or not (metering and per and statistic and quantity):
        return None
    return report.attempt(
        path,
        lambda: Demand(
            id=document.id,
            label=document.label,
            price=price,
            steps=steps,
            per=per,
            proration=document.proration,
            metering=metering,
            statistic_rule=statistic,
            quantity=quantity,
            threshold_kw=document.threshold_kw,
            floor_kw=document.floor_kw,
            over_periods=over,
            variant=variant,
        ),
    )


def _metering(document: DemandDocument, path: Path, report: Report) -> Metering | None:
    when = when_from_document(document.when, (*path, "when"), report)
    weights = [
        (when_from_document(weight, (*path, "weight"), report), float(weight.factor)) for weight in document.weight
    ]
    minutes = document.interval_minutes
    bucket = document.bucket or (Bucket.DAY if minutes is None else Bucket.NONE)
    return report.attempt(
        path,
        lambda: Metering(
            interval_minutes=minutes,
            when=when or When(),
            weights=tuple((times, factor) for times, factor in weights if times is not None),
            bucket=bucket,
        ),
    )


def _per(document: DemandDocument) -> Per:
    in_steps = None if document.steps is None or document.steps.per is None else Per(document.steps.per)
    if in_steps and document.per and in_steps is not document.per:
        message = f"per: {document.per} here and {in_steps} in steps; keep one"
        raise InvalidInputError(message)
    return in_steps or document.per or Per.MONTH


def _statistic(document: DemandDocument) -> Statistic:
    given = document.statistic
    if given.top_k is not None and given.rank is not None:
        message = "statistic: top_k and rank exclude each other; keep one"
        raise InvalidInputError(message)
    return Statistic(top_k=given.top_k or 1, rank=given.rank, skip_top=given.skip_top, months=document.horizon.months)


def _over_periods(document: OverPeriodsDocument | None) -> MeanLast | Ratchets | None:
    if document is None:
        return None
    if (document.mean_last is None) == (document.ratchet is None):
        message = "over_periods: give mean_last or ratchet; for the period alone write over_periods: this"
        raise InvalidInputError(message)
    if document.mean_last is not None:
        return MeanLast(periods=document.mean_last, each_min_kw=document.each_min_kw)
    if document.each_min_kw:
        message = "over_periods: each_min_kw belongs to mean_last; for a ratchet write floor_kw"
        raise InvalidInputError(message)
    return Ratchets(rules=tuple(_ratchet(rule) for rule in document.ratchet or ()))


def _ratchet(document: RatchetDocument) -> Ratchet:
    return Ratchet(percent=document.percent, months=document.months, only=document.only)


def demand_to_document(rule: Demand) -> dict[str, object]:
    """Return the shortest document of the component."""
    document: dict[str, object] = {"id": rule.id, "kind": "demand"}
    if rule.label:
        document["label"] = rule.label
    if rule.quantity.unit is not Unit.KW:
        document["quantity"] = str(rule.quantity.unit)
    if rule.quantity.direction is not Direction.IMPORT:
        document["direction"] = str(rule.quantity.direction)
    document |= free_to_document(rule.quantity)
    document |= price_fields(rule.price, rule.variant, f"price_per_{rule.quantity.unit.lower()}")
    if rule.steps is not None:
        document["steps"] = {"edge": str(rule.steps.edge), "rows": [list(row) for row in rule.steps.rows]}
    if rule.per is not Per.MONTH:
        document["per"] = str(rule.per)
    if rule.proration is not Proration.NONE:
        document["proration"] = str(rule.proration)
    return document | _metering_to_document(rule.metering) | _billed_to_document(rule)


def _metering_to_document(metering: Metering) -> dict[str, object]:
    document: dict[str, object] = {"interval_minutes": metering.interval_minutes or "window"}
    if not metering.when.is_always:
        document["when"] = when_to_document(metering.when)
    if metering.weights:
        document["weight"] = [{**when_to_document(when), "factor": factor} for when, factor in metering.weights]
    if metering.bucket is not Bucket.NONE:
        document["bucket"] = str(metering.bucket)
    return document


def _billed_to_document(rule: Demand) -> dict[str, object]:
    document: dict[str, object] = {}
    statistic = rule.statistic_rule
    counted = {"rank": statistic.rank} if statistic.rank is not None else {"top_k": statistic.top_k}
    skipped = {"skip_top": statistic.skip_top} if statistic.skip_top else {}
    if counted != {"top_k": 1} or skipped:
        document["statistic"] = {**counted, **skipped}
    if statistic.months > 1:
        document["horizon"] = {"months": statistic.months}
    limits = {"threshold_kw": rule.threshold_kw, "floor_kw": rule.floor_kw}
    document |= {key: value for key, value in limits.items() if value}
    match rule.over_periods:
        case MeanLast(periods=periods, each_min_kw=each_min_kw):
            minimum = {"each_min_kw": each_min_kw} if each_min_kw else {}
            document["over_periods"] = {"mean_last": periods, **minimum}
        case Ratchets(rules=rules):
            document["over_periods"] = {"ratchet": [_ratchet_to_document(ratchet) for ratchet in rules]}
        case None:
            pass
    return document


def _ratchet_to_document(rule: Ratchet) -> dict[str, object]:
    only = {} if rule.only == ALL_MONTHS else {"only": [MONTH_NAMES[month - 1] for month in sorted(rule.only)]}
    return {"percent": rule.percent, "months": rule.months, **only}
