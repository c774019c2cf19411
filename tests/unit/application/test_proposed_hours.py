"""Which hours a proposed schedule means."""

from datetime import UTC, date, datetime

import pytest

from tests.registered_houses import DAY, EVENING, HOUR, facts
from voltherm.application.proposed_hours import proposed_hours
from voltherm.domain.errors import InvalidInputError

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
BEFORE_SPRING, BEFORE_AUTUMN = datetime(2026, 3, 28, 18, tzinfo=UTC), datetime(2026, 10, 24, 18, tzinfo=UTC)


def test_a_whole_day_is_tomorrow_once_today_has_begun():
    day, hours = proposed_hours(facts(), None, range(24))

    assert day == EVENING.date() + DAY
    assert (hours.start, hours.n_steps) == (datetime(2026, 1, 14, 22, tzinfo=UTC), 24)


def test_hours_to_come_are_of_today():
    day, hours = proposed_hours(facts(), None, [20, 21, 22, 23])

    assert day == EVENING.date()
    assert (hours.start, hours.n_steps) == (EVENING, 4)


def test_the_running_hour_may_be_proposed():
    _, hours = proposed_hours(facts(EVENING + HOUR / 2), None, [20])

    assert hours.start == EVENING


@pytest.mark.pitfall("A14")
@pytest.mark.parametrize("listed", [[0, 1, 2, *range(4, 24)], list(range(23))])
def test_in_spring_there_are_23_hours_by_the_clock_or_counted(listed):
    _, hours = proposed_hours(facts(BEFORE_SPRING), SPRING, listed)

    assert hours.n_steps == 23


@pytest.mark.pitfall("A14")
@pytest.mark.parametrize("listed", [[0, 1, 2, 3, 3, *range(4, 24)], list(range(25))])
def test_in_autumn_there_are_25_hours_by_the_clock_or_counted(listed):
    _, hours = proposed_hours(facts(BEFORE_AUTUMN), AUTUMN, listed)

    assert hours.n_steps == 25


@pytest.mark.pitfall("A29")
@pytest.mark.parametrize(
    ("now", "day", "listed", "says"),
    [
        (BEFORE_SPRING, SPRING, list(range(24)), "when there is no hour 3"),
        (BEFORE_AUTUMN, AUTUMN, list(range(24)), "when hour 3 comes twice"),
        (EVENING, None, [5, 4], "do not follow one another"),
        (EVENING, None, [5, 7], "do not follow one another"),
        (EVENING, None, [5, 5], "do not follow one another"),
        (EVENING, None, [24], "do not follow one another"),
        (EVENING, None, [23, 0], "do not follow one another"),
        (EVENING, EVENING.date(), [8, 9], "is over"),
        (EVENING, date(2026, 1, 13), [8, 9], "target_date"),
        (EVENING, date(2026, 1, 22), [8, 9], "target_date"),
    ],
)
def test_anything_else_is_refused_with_its_reason(now, day, listed, says):
    with pytest.raises(InvalidInputError, match=says):
        proposed_hours(facts(now), day, listed)
