from datetime import UTC, datetime

from voltherm.adapters.store.hypertable import HAS_TIMESCALE, drop_chunks_statement, hypertable_statement


def test_a_hypertable_has_chunks_of_a_month():
    assert str(hypertable_statement("readings", "start_at")) == (
        "SELECT create_hypertable('readings', 'start_at', chunk_time_interval => INTERVAL '1 month')"
    )


def test_old_chunks_are_dropped_by_an_instant_with_its_zone():
    assert str(drop_chunks_statement("readings", datetime(2026, 1, 1, tzinfo=UTC))) == (
        "SELECT drop_chunks('readings', older_than => TIMESTAMPTZ '2026-01-01T00:00:00+00:00')"
    )


def test_the_extension_is_asked_for_by_its_name():
    assert "extname = 'timescaledb'" in str(HAS_TIMESCALE)
