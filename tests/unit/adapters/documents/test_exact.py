import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.contracts.store_examples import same
from voltherm.adapters.documents.exact import RecordError, from_plain, to_plain
from voltherm.domain.errors import InvalidInputError


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Round:
    radius: float


@dataclass(frozen=True, kw_only=True)
class Square:
    side: float

    def __post_init__(self):
        if self.side < 0:
            message = "side is negative"
            raise InvalidInputError(message)


@dataclass(frozen=True, kw_only=True)
class Everything:
    number: float
    array: NDArray[np.float64]
    limit: float | NDArray[np.float64] | None
    shape: Round | Square
    maybe: Round | None
    count: int
    flag: bool
    text: str
    colour: Colour
    at: datetime
    day: date
    span: timedelta
    pair: tuple[str, float]
    pairs: tuple[tuple[date, float], ...]
    numbers: frozenset[int]
    named: Mapping[str, Round]
    later: str = "added since"
    also: Mapping[str, float] = field(default_factory=dict)


floats = st.floats(allow_nan=True, allow_infinity=True)
arrays = st.lists(floats, min_size=1, max_size=5).map(lambda values: np.array(values, dtype=np.float64))
rounds = st.builds(Round, radius=floats)
squares = st.builds(Square, side=st.floats(min_value=0.0))
days = st.dates()
everything = st.builds(
    Everything,
    number=floats,
    array=arrays,
    limit=st.one_of(st.none(), floats, arrays),
    shape=st.one_of(rounds, squares),
    maybe=st.one_of(st.none(), rounds),
    count=st.integers(),
    flag=st.booleans(),
    text=st.text(),
    colour=st.sampled_from(Colour),
    at=st.datetimes(timezones=st.sampled_from([UTC])),
    day=days,
    span=st.timedeltas(timedelta(0), timedelta(days=366)),
    pair=st.tuples(st.text(), floats),
    pairs=st.lists(st.tuples(days, floats), max_size=3).map(tuple),
    numbers=st.frozensets(st.integers(), max_size=3),
    named=st.dictionaries(st.text(), rounds, max_size=3),
)


@given(told=everything)
def test_whatever_a_record_holds_comes_back_through_json_to_the_last_bit(told):
    text = json.dumps(to_plain(Everything, told), allow_nan=False)

    assert same(from_plain(Everything, json.loads(text)), told)


@given(value=floats)
def test_each_number_keeps_its_sign_and_its_bits(value):
    plain = json.loads(json.dumps(to_plain(Round, Round(radius=value)), allow_nan=False))

    read = from_plain(Round, plain).radius

    assert math.copysign(1, read) == math.copysign(1, value) or math.isnan(value)
    assert read == value or (math.isnan(read) and math.isnan(value))


def test_arrays_are_read_only_when_they_are_read(plain):
    assert not from_plain(Everything, plain).array.flags.writeable


@pytest.fixture
def plain():
    told = Everything(
        number=1.0,
        array=np.array([1.0]),
        limit=None,
        shape=Square(side=1.0),
        maybe=None,
        count=1,
        flag=True,
        text="",
        colour=Colour.RED,
        at=datetime(2026, 3, 10, tzinfo=UTC),
        day=date(2026, 3, 10),
        span=timedelta(minutes=15),
        pair=("a", 1.0),
        pairs=(),
        numbers=frozenset(),
        named={},
    )
    return to_plain(Everything, told)


def test_a_field_added_since_takes_its_default(plain):
    del plain["later"]
    del plain["also"]

    assert from_plain(Everything, plain).later == "added since"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"newer": 1}, "Everything: ['newer'] are not known here"),
        ({"number": "much"}, "Everything.number: 'much' is no float"),
        ({"number": True}, "Everything.number: 'True' is no float"),
        ({"array": 1.0}, "Everything.array: '1.0' is no list"),
        ({"array": ["x"]}, "Everything.array: 'x' is no float"),
        ({"count": 1.0}, "Everything.count: '1.0' is no int"),
        ({"text": None}, "Everything.text: 'None' is no str"),
        ({"colour": "blue"}, "Everything.colour: 'blue' is no Colour"),
        ({"at": "2026-03-10T00:00:00"}, "Everything.at: '2026-03-10T00:00:00' is no datetime"),
        ({"day": "yesterday"}, "Everything.day: 'yesterday' is no date"),
        ({"pair": ["a"]}, "Everything.pair: has 1 parts instead of 2"),
        ({"shape": {"kind": "Triangle"}}, "Everything.shape: 'Triangle' is none of Round, Square"),
        ({"shape": {"kind": "Square", "side": -1.0}}, "Everything.shape: side is negative"),
        ({"named": {"a": {}}}, "Everything.named.a: has no ['radius']"),
    ],
)
def test_what_is_not_such_a_record_is_refused_by_its_field(plain, changes, words):
    with pytest.raises(RecordError) as refused:
        from_plain(Everything, {**plain, **changes})
    assert words in str(refused.value)


def test_a_missing_field_is_named(plain):
    del plain["number"]

    with pytest.raises(RecordError, match=r"Everything: has no \['number'\]"):
        from_plain(Everything, plain)


def test_a_type_that_nobody_has_thought_of_is_refused_when_it_is_written():
    @dataclass
    class Odd:
        value: complex

    with pytest.raises(RecordError, match=r"teach adapters/documents/exact\.py"):
        to_plain(Odd, Odd(value=1j))


@dataclass
class Table:
    values: NDArray[np.float64]


@given(rows=st.integers(1, 4), columns=st.integers(1, 3), data=st.data())
def test_arrays_of_two_dimensions_come_back_to_the_last_bit(rows, columns, data):
    numbers = data.draw(st.lists(st.floats(), min_size=rows * columns, max_size=rows * columns))
    values = np.array(numbers).reshape(rows, columns)

    found = from_plain(Table, json.loads(json.dumps(to_plain(Table, Table(values=values)), allow_nan=False))).values

    assert found.shape == (rows, columns)
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(np.signbit(found[~np.isnan(found)]), np.signbit(values[~np.isnan(values)]))
    assert not found.flags.writeable


@pytest.mark.parametrize("shape", [(2, 2, 2), (0, 3), (3, 0), ()])
def test_arrays_of_other_dimensions_are_refused(shape):
    with pytest.raises(RecordError, match="only arrays of one dimension"):
        to_plain(Table, Table(values=np.zeros(shape)))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([[1.0, 2.0], [3.0]], "has rows of 2 and of other lengths"),
        ([[1.0], 2.0], "'2.0' is no list"),
        ([1.0, [2.0]], "is no float"),
    ],
)
def test_what_is_no_table_is_refused(raw, words):
    with pytest.raises(RecordError, match=words):
        from_plain(Table, {"values": raw})


def test_instants_of_other_zones_come_back_in_utc():
    @dataclass
    class Moment:
        at: datetime

    east = datetime(2026, 3, 10, 2, tzinfo=timezone(timedelta(hours=2)))

    assert from_plain(Moment, to_plain(Moment, Moment(at=east))).at == east
