"""The tables as the statements see them; what is in the database comes from ``migrations``, and a test compares."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from voltherm.adapters.store.columns import AnyText, Instant, Number

SHA256: Final = String(64)
SORTED_ID: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Sorts by code points in both databases, whatever language the server speaks."""

metadata = MetaData()

tariffs = Table(
    "tariffs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("sha256", SHA256, primary_key=True),
    Column("document", JSON, nullable=False),
    Column("holidays", JSON, nullable=False),
)

sites = Table(
    "sites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("sha256", SHA256, nullable=False),
    Column("document", JSON, nullable=False),
    Column("tariff_id", Text, nullable=False),
    Column("tariff_version", Text, nullable=False),
    Column("tariff_sha256", SHA256, nullable=False),
    ForeignKeyConstraint(
        ["tariff_id", "tariff_version", "tariff_sha256"],
        ["tariffs.id", "tariffs.version", "tariffs.sha256"],
        name="sites_tariff",
    ),
)

readings = Table(
    "readings",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("start_at", Instant, primary_key=True),
    Column("end_at", Instant, primary_key=True),
    Column("grid_kw", Number),
    Column("power_kw", JSON, nullable=False),
    Column("soc", JSON, nullable=False),
    Column("prices_per_kwh", JSON, nullable=False),
    Column("t_out_c", Number),
    Column("reactive_kvar", Number),
)

forecasts = Table(
    "forecasts",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("source", AnyText, primary_key=True),
    Column("issue_at", Instant, primary_key=True),
    Column("fetched_at", Instant, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("forecasts_by_arrival", "site_id", "kind", "fetched_at"),
)

plans = Table(
    "plans",
    metadata,
    Column("id", Text, primary_key=True),
    Column("made_at", Instant, primary_key=True),
    Column("site_id", Text, nullable=False),
    Column("site_version", Integer, nullable=False),
    Column("document", LargeBinary, nullable=False),
    ForeignKeyConstraint(["site_id", "site_version"], ["sites.id", "sites.version"], name="plans_site"),
    Index("plans_by_time", "site_id", "made_at"),
)

commands = Table(
    "commands",
    metadata,
    Column("id", Text, primary_key=True),
    Column("issued_at", Instant, primary_key=True),
    Column("site_id", Text, nullable=False),
    Column("device_id", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("power_kw", Number, nullable=False),
    Column("planned_kw", Number),
    Column("valid_until", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("reason", AnyText, nullable=False),
    Column("clamps", JSON, nullable=False),
    Column("plan_id", Text),
    Column("number", BigInteger, nullable=False),
    Column("previous_hash", SHA256, nullable=False),
    Column("hash", SHA256, nullable=False),
    Index("commands_by_time", "site_id", "issued_at"),
    Index("commands_by_number", "site_id", "number"),
)

command_events = Table(
    "command_events",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, primary_key=True),
    Column("command_id", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("detail", AnyText, nullable=False),
    Column("measured_kw", Number),
    Column("previous_hash", SHA256, nullable=False),
    Column("hash", SHA256, nullable=False),
    Index("command_events_by_command", "command_id"),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("last_number", BigInteger, nullable=False),
    Column("last_hash", SHA256, nullable=False),
    Column("kept_from", BigInteger, nullable=False),
)

ledgers = Table(
    "ledgers",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("tariff_id", Text, primary_key=True),
    Column("tariff_version", Text, primary_key=True),
    Column("period_start", Instant, primary_key=True),
    Column("as_of", Instant, nullable=False),
    Column("document", JSON, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("device", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_s", Double, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("id", SORTED_ID, primary_key=True),
    Column("name", AnyText, nullable=False),
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("zone", Text, nullable=False),
    Column("is_in_vpp", Boolean, nullable=False),
    Column("registered_at", Instant, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("pump", JSON, nullable=False),
)

heat_readings = Table(
    "heat_readings",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("indoor_c", Number),
    Column("outdoor_c", Number),
    Column("power_kw", Number),
    Column("mode", Text),
)

day_plans = Table(
    "day_plans",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("day_at", Instant, primary_key=True),
    Column("made_at", Instant, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
