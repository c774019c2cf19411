"""What is kept, in SQLite or PostgreSQL: the ports of ``ports/store.py`` by SQLAlchemy."""

from __future__ import annotations

from voltherm.adapters.store.address import DatabaseUrlError
from voltherm.adapters.store.database import Database

__all__ = ["Database", "DatabaseUrlError"]
