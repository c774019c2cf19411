"""Columns that give back exactly what was put in, in both databases."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final

from sqlalchemy import DateTime, Double, String, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from voltherm.domain.time import utc_instant

INSTANT_LENGTH: Final = 32
_REFUSED_BY_POSTGRESQL: Final = re.compile("[\x00\\\\\ud800-\udfff]")
_ESCAPED: Final = re.compile(r"\\u([0-9a-f]{4})")


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC, to the microsecond; in SQLite a text that sorts by time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        """Return the type that the database has for it."""
        return dialect.type_descriptor(String(INSTANT_LENGTH)) if dialect.name == "sqlite" else self.impl_instance

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        """Return what the database is given."""
        if value is None:
            return None
        moment = utc_instant(value)
        return moment.isoformat(timespec="microseconds") if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        """Return the instant in UTC."""
        if value is None:
            return None
        return utc_instant(datetime.fromisoformat(value) if isinstance(value, str) else value)


class _SqliteDouble(Double[float]):
    """A column of SQLite that takes the text ``nan`` as well as numbers."""

    def bind_processor(self, dialect: Dialect) -> None:
        """Leave the value as it is."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Leave the value as it is."""


class Number(TypeDecorator[float]):
    """A number of double precision; NaN, for which SQLite has NULL only, is a text there."""

    impl = Double
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[float]:
        """Return the type that the database has for it."""
        return dialect.type_descriptor(_SqliteDouble() if dialect.name == "sqlite" else Double())

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | str | None:
        """Return what the database is given; there is one zero only, as SQLite does not keep its sign."""
        if value is None:
            return None
        return "nan" if math.isnan(value) and dialect.name == "sqlite" else float(value) + 0.0

    def process_result_value(self, value: float | str | None, dialect: Dialect) -> float | None:  # noqa: ARG002 - SQLAlchemy's
        """Return the number."""
        return None if value is None else float(value)


class AnyText(TypeDecorator[str]):
    """A text with any character in it, also those from outside that PostgreSQL refuses: they are written as escapes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Return what the database is given."""
        return None if value is None else _REFUSED_BY_POSTGRESQL.sub(lambda found: f"\\u{ord(found[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Return the text as it was."""
        return None if value is None else _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
