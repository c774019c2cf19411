"""Readings under TimescaleDB: where the extension is installed they are a hypertable, instead of native partitions."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import TextClause, text

HAS_TIMESCALE: Final = text("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")


def hypertable_statement(table: str, column: str) -> TextClause:
    """Return what makes a new, empty table a hypertable in chunks of a month."""
    return text(f"SELECT create_hypertable('{table}', '{column}', chunk_time_interval => INTERVAL '1 month')")


def drop_chunks_statement(table: str, cut: datetime) -> TextClause:
    """Return what drops the chunks that lie wholly before ``cut``; it answers with one row a chunk."""
    return text(f"SELECT drop_chunks('{table}', older_than => TIMESTAMPTZ '{cut.isoformat()}')")
