"""The site document: a YAML file of an operator, or the ``site`` of a plan request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError

from voltherm.adapters.documents.assets import AssetDocument, asset_from_document
from voltherm.adapters.documents.fields import Document, Identifier, NonNegative
from voltherm.adapters.documents.problem import DocumentError, Problem, Problems, path_of, problems_of, shown
from voltherm.adapters.documents.tariff import library_names, read_library, read_tariff, tariff_from_document
from voltherm.adapters.documents.yaml_text import parse_yaml
from voltherm.domain.assets import Asset
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.site import Connection, Site
from voltherm.domain.tariffs import Tariff
from voltherm.domain.time import zone_named

MOST_ASSETS = 50
LARGEST_SITE_FILE = 1_000_000


class ConnectionDocument(Document):
    """Limits of the grid connection. [kW]."""

    import_limit_kw: NonNegative
    export_limit_kw: NonNegative = 0.0


class SiteDocument(Document):
    """A site: what stands behind one meter, and the tariff it pays.

    ``tariff`` is the tariff itself or ``{"library": "costa-rica-tmt"}``; in a file also the name of a tariff file
    beside it.
    """

    id: Identifier
    zone: Annotated[str, Field(strict=True, max_length=100)]
    connection: ConnectionDocument
    assets: Annotated[list[AssetDocument], Field(min_length=1, max_length=MOST_ASSETS)]
    tariff: dict[str, object] | str


def load_site(path: str | Path) -> Site:
    """Return the site that a YAML or JSON file describes.

    Raises
    ------
    DocumentError
        With every problem of the file.
    """
    file = Path(path)
    parsed = parse_yaml(_text_of(file), file.name)
    if parsed.problems:
        raise DocumentError(parsed.problems)
    return site_from_document(parsed.value, where=(), folder=file.parent)


def _text_of(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST_SITE_FILE:
            remedy = f"a site file has at most {LARGEST_SITE_FILE:,} bytes"
            raise DocumentError([Problem(field=file.name, value=None, problem="is too large", remedy=remedy)])
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        problem = Problem(field=str(file), value=None, problem="is no file", remedy="check the name")
        raise DocumentError([problem]) from None
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(field=str(file), value=None, problem="cannot be read as UTF-8 text", remedy="check the file")
        raise DocumentError([problem]) from error


def site_from_document(raw: object, *, where: tuple[str, ...] = ("site",), folder: Path | None = None) -> Site:
    """Return the site that a parsed document describes.

    Parameters
    ----------
    raw : object
        As JSON or YAML gave it.
    where : tuple of str
        Path of the document within a larger one, for messages.
    folder : Path or None
        Where tariff files named in the document lie; None refuses such names.

    Raises
    ------
    DocumentError
        With every problem of the document, those of its tariff included.
    """
    problems = Problems()
    document = None
    try:
        document = SiteDocument.model_validate(raw)
    except ValidationError as error:
        problems.extend(problems_of(error, where))
    tariff_raw = raw.get("tariff") if isinstance(raw, Mapping) else None
    tariff = None if tariff_raw is None else _tariff(tariff_raw, (*where, "tariff"), folder, problems)
    if document is None:
        raise DocumentError(problems.found)
    zone = _zone(document.zone, (*where, "zone"), problems)
    assets = _assets(document, where, problems)
    problems.raise_if_any()
    if zone is None or tariff is None:
        raise DocumentError(problems.found)
    connection = Connection(
        import_limit_kw=document.connection.import_limit_kw,
        export_limit_kw=document.connection.export_limit_kw,
    )
    return Site(id=document.id, zone=zone, connection=connection, assets=assets, tariff=tariff)


def _zone(name: str, where: tuple[str, ...], problems: Problems) -> ZoneInfo | None:
    try:
        return zone_named(name)
    except InvalidInputError:
        problems.add(where, "is not in the IANA time zone database", "use a name such as 'Europe/Helsinki'", name)
        return None


def _assets(document: SiteDocument, where: tuple[str, ...], problems: Problems) -> tuple[Asset, ...]:
    assets: list[Asset] = []
    seen: set[str] = set()
    for index, asset in enumerate(document.assets):
        place: tuple[str | int, ...] = (*where, "assets", index)
        if asset.id in seen:
            problems.add((*place, "id"), "is used twice", "ids are unique within a site", asset.id)
        seen.add(asset.id)
        try:
            assets.append(asset_from_document(asset, place))
        except DocumentError as error:
            problems.extend(error.problems)
        except InvalidInputError as error:
            problems.add(place, str(error), "correct the value named", asset.id)
    return tuple(assets)


def _tariff(raw: object, where: tuple[str, ...], folder: Path | None, problems: Problems) -> Tariff | None:
    try:
        return _read_tariff(raw, where, folder)
    except DocumentError as error:
        problems.extend(error.problems)
    return None


def _read_tariff(raw: object, where: tuple[str, ...], folder: Path | None) -> Tariff:
    if isinstance(raw, Mapping):
        return (
            _from_library(raw["library"], where)
            if set(raw) == {"library"}
            else tariff_from_document(raw, path_of(where))
        )
    if isinstance(raw, str) and folder is not None:
        file = folder / raw
        return read_tariff(_text_of(file), file.name)
    problem, remedy = "is not a tariff", "give the tariff itself, or {'library': 'costa-rica-tmt'}"
    raise DocumentError([Problem(field=path_of(where), value=shown(raw), problem=problem, remedy=remedy)])


def _from_library(name: object, where: tuple[str, ...]) -> Tariff:
    names = library_names()
    if isinstance(name, str) and name in names:
        return read_library(name)
    field, remedy = path_of((*where, "library")), f"use one of {', '.join(names)}"
    raise DocumentError([Problem(field=field, value=shown(name), problem="has no such tariff", remedy=remedy)])
