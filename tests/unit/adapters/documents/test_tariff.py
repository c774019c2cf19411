"""Tariff documents: read, refused with every problem and its line, written again."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import BaseModel

from voltherm.adapters.documents import (
    tariff_demand,
    tariff_energy,
    tariff_fixed,
    tariff_head,
    tariff_price,
    tariff_when,
)
from voltherm.adapters.documents.holiday_calendar import holiday_rule
from voltherm.adapters.documents.tariff import (
    TariffDocumentError,
    library_names,
    read_library,
    read_tariff,
    tariff_from_document,
    tariff_to_document,
)
from voltherm.adapters.documents.tariff_report import KNOWN_KEYS
from voltherm.adapters.documents.yaml_text import parse_yaml
from voltherm.domain.tariffs import HolidayTreatment, Price

DOCUMENTATION = Path(__file__).parents[4] / "docs" / "tariffs.md"
LIBRARY = files("voltherm.adapters.documents") / "tariff_library"

HEAD = """id: test
currency: EUR
zone: Europe/Helsinki
"""


def problems_of(text: str) -> list[str]:
    with pytest.raises(TariffDocumentError) as caught:
        read_tariff(text, "t.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", library_names())
def test_every_shipped_tariff_survives_the_way_to_a_document_and_back(name):
    tariff = read_library(name)

    document = tariff_to_document(tariff)

    assert tariff_from_document(json.loads(json.dumps(document))) == tariff
    assert tariff_to_document(tariff_from_document(document)) == document


@pytest.mark.parametrize("name", library_names())
def test_every_shipped_tariff_names_its_source(name):
    text = (LIBRARY / f"{name}.yaml").read_text(encoding="utf-8")

    assert read_library(name).id == name
    assert read_library(name).source
    assert any(mark in text for mark in ("[P]", "[S]", "unverified", "fri-nettleie", "qld-tariffs"))


@pytest.mark.pitfall("M6")
def test_the_library_holds_what_was_promised():
    promised = {
        "costa-rica-seed",
        "costa-rica-tmt",
        "finland-spot",
        "finland-spot-power-fee",
        "sweden-effect",
        "belgium-capacity",
        "us-tou-ratchet",
        "us-al-tou",
        "norway-bkk",
        "norway-elvia",
        "uk-octopus-agile",
        "helen-aikasiirto",
        "germany-malchow-mv",
        "ergon-t14",
        "denmark-dinel",
    }

    assert promised <= set(library_names())


def test_an_unknown_library_tariff_names_the_known_ones():
    with pytest.raises(TariffDocumentError, match=r"use one of .*costa-rica-tmt"):
        read_library("costa-rica")


@pytest.mark.pitfall("M28")
@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("currency: EUROS", "t.yaml:1: currency: 'EUROS' is not a currency of ISO 4217; write its three letters"),
        ("zone: Europe/Helsingki", "t.yaml:1: zone: 'Europe/Helsingki' is not in the IANA time zone database"),
        ("zones: x", "t.yaml:1: zones: is not a known key (found 'x'); did you mean 'zone'?"),
        ("valid: [2026-01-01, never]", "t.yaml:1: valid[1]: 'never' is no date; write YYYY-MM-DD, or null"),
        ("valid: [2026-01-01, 2025-01-01]", "t.yaml:1: document: tariff test: valid until 2025-01-01 is not after"),
        ("billing: {cycle: monthly}", "t.yaml:1: billing.cycle: input should be 'calendar_month', 'anchor_day'"),
        ("billing: {cycle: anchor_day}", "t.yaml:1: billing: cycle anchor_day needs anchor_day; add it"),
        ("billing: {anchor_day: 14}", "t.yaml:1: billing: anchor_day belongs to cycle anchor_day, not calendar_month"),
        ("billing: {cycle: anchor_day, anchor_day: 32}", "t.yaml:1: billing.anchor_day: 32 must be 1 to 31"),
        ("billing: {cycle: read_dates, dates: [2026-02-01]}", "t.yaml:1: billing.dates: needs at least two dates"),
        ("billing: {cycle: year, starts: 02-29}", "t.yaml:1: billing.starts: '02-29' is no day of every year"),
        ("rounding: {line: 0}", "t.yaml:1: rounding.line: must be above 0 (found 0)"),
        ("vat_included: sometimes", "t.yaml:1: vat_included: "),
        ("needs: {fuse_a: 25}", "t.yaml:1: needs: prices that depend on the site (E16) is not supported yet"),
        ("components: []", "t.yaml:1: components: "),
        ("components: [5]", "t.yaml:1: components[0]: is no component with named keys (found 5); write id, kind"),
    ],
)
def test_a_bad_head_is_refused_at_its_line(lines, problem):
    body = "components:\n  - {id: e, kind: energy, price_per_kwh: 1}\n"
    given = lines.split(":", maxsplit=1)[0]
    rest = "".join(line for line in (HEAD + body).splitlines(keepends=True) if not line.startswith(given + ":"))
    if given == "components":
        rest = HEAD

    assert any(found.startswith(problem) for found in problems_of(lines + "\n" + rest)), problems_of(
        lines + "\n" + rest
    )


@pytest.mark.pitfall("M28")
@pytest.mark.parametrize(
    ("component", "problem"),
    [
        (
            "{id: x, kind: enrgy}",
            "kind: is no kind of component (found 'enrgy'); use one of energy, demand, fixed, tax",
        ),
        ("{id: x}", "kind: is no kind of component; use one of energy, demand, fixed, tax"),
        ("{kind: fixed, amount: 1}", "id: is missing; add it"),
        ("{id: x, kind: fixed}", "amount: is missing; add it"),
        ("{id: x, kind: fixed, amount: 1 EUR}", "amount: is not a number (found '1 EUR')"),
        ("{id: x, kind: fixed, amount: .inf}", "amount: is not a number (found '.inf')"),
        ("{id: x, kind: fixed, amount: 1, per: week}", "per: input should be"),
        ("{id: x, kind: energy}", ": energy x: give either a price per kWh or tiers"),
        ("{id: x, kind: energy, price: {}}", "price: give exactly one of const, by_month and series"),
        ("{id: x, kind: energy, price: {const: 1, series: s}}", "price: give exactly one of"),
        ("{id: x, kind: energy, price: 1, price_per_kwh: 1}", ": the price is given twice; keep one of"),
        ("{id: x, kind: energy, price: {const: 1, add: 2}}", "price: scale, add, min and max belong to a series"),
        ("{id: x, kind: energy, price: {series: s, min: 2, max: 1}}", "price: min 2.0 is above max 1.0; swap them"),
        ("{id: x, kind: energy, price: {const: 1, unit: EUR/GWh}}", "price.unit: 'EUR/GWh' is not known"),
        ("{id: x, kind: energy, price: {const: 1, unit: SEK/kWh}}", "price.unit: 'SEK/kWh' is not known"),
        ("{id: x, kind: energy, price: {series: s, unit: c/kWh}}", "price.unit: 'c/kWh' does not go with a series"),
        ("{id: x, kind: energy, price: {by_month: [1, 2]}}", "price.by_month: "),
        ("{id: x, kind: energy, price_per_kw: 1}", "price_per_kw: does not belong here"),
        ("{id: x, kind: energy, price_per_kvarh: 1}", ": price_per_kvarh does not fit the quantity"),
        (
            "{id: x, kind: energy, price: 1, when: {events: x}}",
            "when.events: announced events and coincident peaks (E13)",
        ),
        ("{id: x, kind: demand, price: 1, contracted: {kw: 5}}", "contracted: contracted power (E12) is not supported"),
        (
            "{id: x, kind: demand, price: 1, over_periods: {set_by: {months: 12}}}",
            "over_periods.set_by: peaks set by announced events (E13) is not supported yet",
        ),
        (
            "{id: x, kind: energy, price: 1, when: {windows: [['10:00', '10:00']]}}",
            "when.windows: window ['10:00', '10:00']",
        ),
        (
            "{id: x, kind: energy, price: 1, when: {windows: [['9:00', '10:00']]}}",
            "when.windows: '9:00' is no time of day",
        ),
        ("{id: x, kind: energy, price: 1, when: {windows: [['22:00', '24:30']]}}", "when.windows: '24:30' is no time"),
        ("{id: x, kind: energy, price: 1, when: {windows: []}}", "when.windows: "),
        (
            "{id: x, kind: energy, price: 1, when: {days: [mo]}}",
            "when.days: are no days (found 'mo'); write all, workday",
        ),
        ("{id: x, kind: energy, price: 1, when: {days: workday}}", "when.holidays: days: workday is Monday to Friday"),
        (
            "{id: x, kind: energy, price: 1, when: {days: workday, holidays: {calendar: NO, as: ignore}}}",
            "when.holidays: days: workday leaves holidays out, but as: ignore keeps them",
        ),
        ("{id: x, kind: energy, price: 1, when: {months: [13]}}", "when.months: are no months (found 13)"),
        ("{id: x, kind: energy, price: 1, when: {from: 12-01}}", "when: from and to belong together"),
        ("{id: x, kind: energy, price: 1, when: {from: 12-01, to: 02-30}}", "when: '02-30' is no day of the year"),
        ("{id: x, kind: energy, price: 1, when: {holidays: XX}}", "when.holidays: there is no calendar 'XX'"),
        (
            "{id: x, kind: energy, price: 1, when: {holidays: {calendar: US, only: [Festivus]}}}",
            "when.holidays.only: ['Festivus'] are not in calendar US; known are",
        ),
        ("{id: x, kind: energy, price: 1, when: {unless: {window: []}}}", "when.unless.window: is not a known key"),
        ("{id: x, kind: energy, tiers: {rows: [{upto: 5, price: 1}]}}", "tiers: the limits [5.0] must rise"),
        ("{id: x, kind: energy, tiers: {rows: [{upto: 5}]}}", "tiers: a row has neither price nor sum"),
        ("{id: x, kind: energy, tiers: {mode: block_sum, rows: [{price: 1}]}}", "tiers: mode block_sum without a sum"),
        ("{id: x, kind: energy, tiers: {unit: kwh_per_kw, rows: [{price: 1}]}}", "tiers: unit kwh_per_kw and demand"),
        ("{id: x, kind: demand}", ": demand x: give either a price per kW or steps"),
        ("{id: x, kind: demand, price: {series: s}}", ": demand x: a price per kW cannot follow series 's'"),
        ("{id: x, kind: demand, price: -1}", ": demand x: a price per kW of -1.0 would reward peaks; give at least 0"),
        ("{id: x, kind: demand, price: 1, interval_minutes: 25}", "interval_minutes: 25 must divide 60"),
        ("{id: x, kind: demand, price: 1, interval_minutes: PT15M}", "interval_minutes: is no number of minutes"),
        ("{id: x, kind: demand, price: 1, statistic: {top_k: 0}}", "statistic.top_k: must be at least 1 (found 0)"),
        ("{id: x, kind: demand, price: 1, statistic: {top_k: 3, rank: 3}}", "statistic: top_k and rank exclude"),
        ("{id: x, kind: demand, price: 1, threshold_kw: -8}", "threshold_kw: must be at least 0 (found -8)"),
        (
            "{id: x, kind: demand, price: 1, horizon: {months: 12}}",
            ": demand x: a rolling horizon needs bucket day or week",
        ),
        (
            "{id: x, kind: demand, price: 1, over_periods: {mean_last: 1}}",
            "over_periods.mean_last: 1 must be at least 2",
        ),
        ("{id: x, kind: demand, price: 1, over_periods: {}}", "over_periods: give mean_last or ratchet"),
        (
            "{id: x, kind: demand, price: 1, over_periods: {ratchet: {percent: 80, months: 11}}}",
            "over_periods.ratchet: ",
        ),
        ("{id: x, kind: demand, price: 1, direction: export}", "direction: export has no demand charge in kW"),
        ("{id: x, kind: demand, steps: {rows: [[1, 5]]}}", "steps: the edges [1.0] must begin at 0 kW and rise"),
        (
            "{id: x, kind: demand, per: year, steps: {per: month, rows: [[0, 5]]}}",
            "per: year here and month in steps",
        ),
        ("{id: x, kind: demand, price: 1, weight: {factor: -1}}", "weight.factor: must be at least 0 (found -1)"),
        (
            "{id: x, kind: demand, price: 1, free: {of_p: 0.1}}",
            "free.of_p: 0.1 must be at least 0 and belongs to kvar",
        ),
        ("{id: x, kind: tax, rate: -0.1, on: [first]}", "rate: must be at least 0 (found -0.1)"),
        ("{id: x, kind: tax, rate: 0.1, on: []}", "on: "),
        (
            "{id: x, kind: tax, rate: 0.1, on: [frist]}",
            "on[0]: matches no component (found 'frist'); name one of first",
        ),
        ("{id: x, kind: tax, rate: 0.1, on: [x]}", "on[0]: is a tax that does not come before this one"),
        (
            "{id: first, kind: fixed, amount: 1}",
            "id: is used twice, first in components[0] (found 'first'); rename one",
        ),
        ("{id: x, kind: fixed, amount: 1, areas: [north]}", "areas: holds in some areas only; choose one with area:"),
        (
            "{id: x, kind: energy, variant: {demand: p, below: 9, then: 1, else: 2}}",
            "variant.demand: is no demand component (found 'p')",
        ),
        ("{id: x, kind: tax, rate: 0.1, on: [first], included: true}", "included: does not fit prices without VAT"),
        (
            "{id: x, kind: demand, variant: {period: year, demand: x, below: 9, then: 1, else: 2}}",
            "variant.period: needs bills of a year (found 'year'); write billing: {cycle: year}",
        ),
        ("{id: x, kind: energy, price: 1, price: 2}", "price: stands twice, first in line 6; keep one of the two"),
    ],
)
def test_a_bad_component_is_refused_at_its_line(component, problem):
    text = HEAD + f"components:\n  - {{id: first, kind: fixed, amount: 1}}\n  - {component}\n"
    expected = f"t.yaml:6: components[1]{problem}" if problem[0] == ":" else f"t.yaml:6: components[1].{problem}"

    assert any(found.startswith(expected) for found in problems_of(text)), problems_of(text)


def test_all_problems_are_told_at_once_in_the_order_of_reading():
    text = """id: many
currency: EURO
zone: Europe/Helsinki
components:
  - id: a
    kind: energy
    price_per_kwh: cheap
    when:
      days: [monday]
  - id: b
    kind: demand
    price_per_kw: 3
    intervall_minutes: 60
"""

    found = problems_of(text)

    assert [line.split(": ")[0] for line in found] == ["t.yaml:2", "t.yaml:7", "t.yaml:9", "t.yaml:13"]
    assert found[-1].endswith("did you mean 'interval_minutes'?")


@pytest.mark.parametrize("text", ["", "[1, 2]", "just words", "a: [1", "\0", "{" * 100])
def test_what_is_no_tariff_is_refused_not_crashed_on(text):
    assert problems_of(text)


def test_an_inline_tariff_is_refused_by_path():
    with pytest.raises(TariffDocumentError) as caught:
        tariff_from_document(
            {"id": "x", "currency": "EUR", "zone": "Mars", "components": [{"kind": "x"}]}, "site.tariff"
        )

    assert [problem.field for problem in caught.value.problems] == [
        "site.tariff.zone",
        "site.tariff.components[0].kind",
    ]


def test_yaml_1_1_surprises_stay_what_people_wrote():
    value = parse_yaml("on: [NO, yes]\nat: 10:30\nday: 2026-01-15\nn: 1_000\nf: 1e-3\nz: 012\nx: null", "t").value

    assert value == {
        "on": ["NO", "yes"],
        "at": "10:30",
        "day": "2026-01-15",
        "n": 1000,
        "f": 0.001,
        "z": 12,
        "x": None,
    }


def test_json_with_tabs_is_read():
    assert parse_yaml('{\n\t"a": [1,\t2]\n}', "t.json").value == {"a": [1, 2]}


def test_yaml_that_repeats_itself_without_end_is_refused():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )

    assert parse_yaml(bomb, "t").problems


@pytest.mark.parametrize(
    ("unit", "factor"), [("EUR/kWh", 1.0), ("EUR/MWh", 0.001), ("c/kWh", 0.01), ("ct/kWh", 0.01), ("EUR/MW", 0.001)]
)
def test_units_of_printed_prices(unit, factor):
    assert tariff_price.unit_factor(unit, "EUR") == factor


def test_a_component_of_another_area_is_left_out():
    text = HEAD + "area: south\ncomponents:\n  - {id: e, kind: energy, price_per_kwh: 1}\n"
    text += "  - {id: vat, kind: tax, rate: 0.25, on: [e], areas: [south]}\n"

    assert len(read_tariff(text, "t").components) == 2
    assert len(read_tariff(text, "t", area="north").components) == 1


def test_observed_holidays_move_as_the_rule_says():
    sunday_christmas, saturday_christmas = date(2022, 12, 25), date(2021, 12, 25)

    def holds(observed: str, day: date) -> bool:
        only = ("Christmas Day",)
        return day.toordinal() in holiday_rule("US", HolidayTreatment.SUNDAY, observed=observed, only=only).days

    assert holds("none", sunday_christmas)
    assert not holds("none", date(2022, 12, 26))
    assert holds("sun_mon", date(2022, 12, 26))
    assert not holds("sun_mon", date(2021, 12, 24))
    assert holds("sat_fri_sun_mon", date(2021, 12, 24))
    assert holds("sat_fri_sun_mon", saturday_christmas)


def test_holidays_by_name_and_date():
    named = holiday_rule("NO", HolidayTreatment.SUNDAY, only=("Good Friday", "05-17"), add=("12-24", "2026-02-02"))

    days = {date.fromordinal(ordinal) for ordinal in named.days if date.fromordinal(ordinal).year == 2026}

    assert days == {date(2026, 4, 3), date(2026, 5, 17), date(2026, 12, 24), date(2026, 2, 2)}


def test_norwegian_holidays_are_those_of_the_grid_tariffs():
    rule = holiday_rule("NO", HolidayTreatment.SUNDAY)

    days = sorted(date.fromordinal(day) for day in rule.days if date.fromordinal(day).year == 2026)

    assert [f"{day:%m-%d}" for day in days] == [
        *("01-01", "04-02", "04-03", "04-05", "04-06", "05-01", "05-14", "05-17", "05-24", "05-25", "12-25", "12-26")
    ]


def test_ignored_holidays_resolve_no_days():
    assert holiday_rule("NO", HolidayTreatment.IGNORE).days == frozenset()


def test_the_known_keys_are_those_of_the_models():
    modules = (tariff_demand, tariff_energy, tariff_fixed, tariff_head, tariff_price, tariff_when)
    models = {
        model
        for module in modules
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
    }

    keys = {field.alias or name for model in models for name, field in model.model_fields.items()}

    assert keys == set(KNOWN_KEYS)


def test_a_number_as_version_and_a_single_tax_base_are_understood():
    text = HEAD + "version: 2\ncomponents:\n  - {id: e, kind: energy, price: {const: 5, unit: c/kWh}}\n"
    text += "  - {id: vat, kind: tax, rate: 0.25, on: e}\n"

    tariff = read_tariff(text, "t")

    assert tariff.version == "2"
    assert tariff.energy_rules[0].price == Price(const=0.05)


@pytest.mark.parametrize("example", DOCUMENTATION.read_text(encoding="utf-8").split("```yaml\n")[1:])
def test_every_example_of_the_documentation_is_read(example):
    text = example.split("```")[0]
    if "currency:" not in text:
        text = HEAD + "components:\n" + text + "- {id: filler, kind: energy, price_per_kwh: 1}\n"

    assert read_tariff(text, "docs/tariffs.md").components
