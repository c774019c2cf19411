from datetime import UTC, datetime, timedelta

import numpy as np

from tests.contracts.store_examples import QUARTER, measured, site
from voltherm.adapters.store.history import history_of
from voltherm.application.outlook import column_of

START = datetime(2026, 3, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def load(start, length, value):
    return measured(start, length, power_kw={"load": value})


def test_values_on_the_same_steps_are_not_touched():
    told = [load(START + at * QUARTER, QUARTER, 0.1 * at) for at in range(4)]

    history = history_of(site(), told[::-1], QUARTER, column_of)

    assert history.column("load_kw").tolist() == [0.1 * at for at in range(4)]


def test_intervals_of_several_lengths_are_joined_and_the_shorter_count():
    hour = load(START, 60 * MINUTE, 40.0)
    fives = [load(START + 30 * MINUTE + at * 5 * MINUTE, 5 * MINUTE, float(at)) for at in range(3)]

    history = history_of(site(), [*fives, hour], QUARTER, column_of)

    assert history.column("load_kw").tolist() == [40.0, 40.0, 1.0, 40.0]


def test_intervals_that_do_not_begin_on_the_step_keep_their_energy():
    told = [load(START + 5 * MINUTE + at * QUARTER, QUARTER, value) for at, value in enumerate([30.0, 60.0])]

    history = history_of(site(), told, 5 * MINUTE, column_of)

    assert history.grid.start == START + 5 * MINUTE
    assert history.column("load_kw").tolist() == [30.0] * 3 + [60.0] * 3


def test_what_was_measured_by_half_is_missing():
    history = history_of(site(), [load(START, 5 * MINUTE, 1.0)], QUARTER, column_of)

    assert np.isnan(history.column("load_kw")).all()


def test_what_the_site_does_not_have_is_no_history():
    assert history_of(site(), [measured(START, power_kw={"bess": 1.0})], QUARTER, column_of) is None
