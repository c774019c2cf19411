from datetime import UTC, datetime, timedelta, timezone

import pytest

from voltherm.adapters.store.partitions import Month


def test_a_month_is_that_of_utc():
    east = timezone(timedelta(hours=3))

    assert Month.of(datetime(2026, 4, 1, 2, 59, tzinfo=east)) == Month(2026, 3)
    assert Month.of(datetime(2026, 4, 1, tzinfo=UTC)) == Month(2026, 4)


@pytest.mark.parametrize(
    ("n_months", "found"), [(0, (2026, 3)), (1, (2026, 4)), (10, (2027, 1)), (-2, (2026, 1)), (-3, (2025, 12))]
)
def test_months_are_counted_over_the_new_year(n_months, found):
    assert Month(2026, 3).later(n_months) == Month(*found)


def test_the_names_of_partitions_sort_by_time():
    assert Month(2026, 3).partition_of("commands") == "commands_2026_03"
