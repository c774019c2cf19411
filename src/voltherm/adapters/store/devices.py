"""Registered devices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert, select

from voltherm.adapters.documents.exact import RecordError, from_plain, to_plain
from voltherm.adapters.store.tables import devices as table
from voltherm.adapters.store.transactions import Transactions
from voltherm.domain.assets import HeatPump
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.place import Place
from voltherm.domain.registered_device import RegisteredDevice
from voltherm.domain.time import zone_named
from voltherm.ports.registry import DeviceTakenError


class SqlDeviceRegistry:
    """Keeps devices by id, with the parameters of the heat pump as they were made at registration.

    The parameters are kept, not made again from the fields: better presets of a newer program leave a device as it is.

    Parameters
    ----------
    transactions : Transactions
        The way to the database.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def register(self, device: RegisteredDevice) -> None:
        """Keep a new device.

        Raises
        ------
        DeviceTakenError
            When there is one of that id, also when it came a moment ago from another instance.
        OutsideError
            When the database fails.
        """
        row = _row(device)
        async with self._transactions.writing(f"device {device.device_id}") as connection:
            held = await connection.execute(select(table.c.id).where(table.c.id == device.device_id))
            if held.one_or_none() is not None:
                message = f"device {device.device_id!r} is registered already; choose another id"
                raise DeviceTakenError(message)
            await connection.execute(insert(table), row)

    async def device(self, device_id: str) -> RegisteredDevice | None:
        """Return a device; None where there is none.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        async with self._transactions.reading() as connection:
            row = (await connection.execute(select(table).where(table.c.id == device_id))).one_or_none()
            return None if row is None else _device(row)

    async def devices(self, after: str, limit: int) -> tuple[RegisteredDevice, ...]:
        """Return up to ``limit`` devices with ids above ``after``, in the order of code points.

        Raises
        ------
        OutsideError
            When the database fails.
        """
        wanted = select(table).where(table.c.id > after).order_by(table.c.id).limit(limit)
        async with self._transactions.reading() as connection:
            return tuple(_device(row) for row in await connection.execute(wanted))


def _row(device: RegisteredDevice) -> dict[str, object]:
    return {
        "id": device.device_id,
        "name": device.name,
        "latitude": device.place.latitude,
        "longitude": device.place.longitude,
        "zone": device.zone.key,
        "is_in_vpp": device.is_in_vpp,
        "registered_at": device.registered_at,
        "fields": dict(device.fields),
        "notes": list(device.notes),
        "pump": to_plain(HeatPump, device.pump),
    }


def _device(row: Row[Any]) -> RegisteredDevice:
    try:
        place, zone = Place(latitude=row.latitude, longitude=row.longitude), zone_named(row.zone)
    except InvalidInputError as error:
        message = f"device {row.id!r}: {error}"
        raise RecordError(message) from error
    return RegisteredDevice(
        device_id=row.id,
        name=row.name,
        place=place,
        zone=zone,
        pump=from_plain(HeatPump, row.pump),
        fields=row.fields,
        registered_at=row.registered_at,
        is_in_vpp=row.is_in_vpp,
        notes=tuple(row.notes),
    )
