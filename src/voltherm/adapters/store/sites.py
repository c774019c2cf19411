"""Sites and their tariffs, by version."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from voltherm.adapters.documents.problem import DocumentError
from voltherm.adapters.documents.resolved_holidays import holidays_to_document, with_holidays
from voltherm.adapters.documents.site import site_from_document
from voltherm.adapters.documents.site_to_document import site_to_document
from voltherm.adapters.store.tables import sites, tariffs
from voltherm.adapters.store.transactions import Transactions
from voltherm.domain.site import Site
from voltherm.ports.errors import Malformed
from voltherm.ports.store import StoredSite


class _Written(NamedTuple):
    """A site as it is stored: its own document, its tariff's, and the days of the tariff's holidays."""

    document: dict[str, object]
    tariff: object
    holidays: list[object]

    def site(self) -> Site:
        """Return the site."""
        read = site_from_document({**self.document, "tariff": self.tariff})
        return replace(read, tariff=with_holidays(read.tariff, self.holidays))


class SqlSiteStore:
    """Keeps sites; a tariff that several of them share is kept once.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def save_site(self, site: Site) -> StoredSite:
        """Keep the site; unchanged since its last version, that version is returned and nothing is written.

        Raises
        ------
        OutsideError
            When the database fails; ``Malformed`` for a site that no document can say.
        """
        written = _written(site)
        tariff_hash = _hash([written.tariff, written.holidays])
        site_hash = _hash([written.document, tariff_hash])
        async with self._transactions.writing("sites") as connection:
            last = (await connection.execute(_last_of(site.id))).one_or_none()
            if last is not None and last.sha256 == site_hash:
                return StoredSite(site=site, version=last.version)
            version = 1 if last is None else last.version + 1
            await _keep_tariff(connection, site, written, tariff_hash)
            await connection.execute(
                insert(sites),
                {
                    "id": site.id,
                    "version": version,
                    "sha256": site_hash,
                    "document": written.document,
                    "tariff_id": site.tariff.id,
                    "tariff_version": site.tariff.version,
                    "tariff_sha256": tariff_hash,
                },
            )
            return StoredSite(site=site, version=version)

    async def site(self, site_id: str, version: int | None = None) -> StoredSite | None:
        """Return a version of the site, by default its last; None where there is none.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        wanted = _last_of(site_id) if version is None else _versions_of(site_id).where(sites.c.version == version)
        async with self._transactions.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
            return None if row is None else StoredSite(site=_read(row), version=row.version)


_versions = select(sites, tariffs.c.document.label("tariff"), tariffs.c.holidays).join_from(sites, tariffs)


def _versions_of(site_id: str) -> Select[Any]:
    return _versions.where(sites.c.id == site_id)


def _last_of(site_id: str) -> Select[Any]:
    return _versions_of(site_id).order_by(sites.c.version.desc()).limit(1)


def _read(row: Row[Any]) -> Site:
    return _Written(row.document, row.tariff, row.holidays).site()


def _written(site: Site) -> _Written:
    """The site's documents, read back once: what would not come back equal must not be kept."""
    document = site_to_document(site)
    tariff = document.pop("tariff")
    written = _Written(*json.loads(json.dumps([document, tariff, holidays_to_document(site.tariff)])))
    try:
        read = written.site()
    except DocumentError as error:
        message = f"site {site.id!r} cannot be kept, as its document could not be read again: {error}"
        raise Malformed(message) from error
    if read != site:
        message = f"site {site.id!r}: its document describes another site; extend site_to_document by what differs"
        raise Malformed(message)
    return written


async def _keep_tariff(connection: AsyncConnection, site: Site, written: _Written, tariff_hash: str) -> None:
    tariff = site.tariff
    key = {"id": tariff.id, "version": tariff.version, "sha256": tariff_hash}
    if (await connection.execute(select(tariffs.c.id).filter_by(**key))).one_or_none() is None:
        await connection.execute(insert(tariffs), {**key, "document": written.tariff, "holidays": written.holidays})


def _hash(content: object) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
