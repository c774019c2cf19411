"""Faults that a test asks for: how a battery may fail its reader, while the truth stays true."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated, Final

from pydantic import Field

from voltherm.adapters.documents.fields import Document, Flag, NonNegative, Number
from voltherm.application.virtual_battery import BatteryConditions
from voltherm.domain.device import DeviceMode
from voltherm.interfaces.api.problems import Refusal

LONGEST_SILENCE_S: Final = 60.0
LARGEST_OFFSET_S: Final = 10 * 86_400.0

SITE: Final = ""
"""Stands where a fault concerns the whole site and not one battery."""


class FaultsDocument(Document):
    """Faults by name; what is left out stays as it is. ``soc`` takes a number, a text or null, and is told as it is."""

    latency_s: Annotated[float, Field(strict=True, ge=0, le=60, allow_inf_nan=False)] = 0.0
    is_silent: Flag = False
    drop: Flag = False
    soc: Number | Annotated[str, Field(strict=True, max_length=100)] | None = None
    soc_jump: Annotated[float, Field(strict=True, ge=-1, le=1, allow_inf_nan=False)] = 0.0
    is_frozen: Flag = False
    charge_limit_kw: NonNegative | None = None
    discharge_limit_kw: NonNegative | None = None
    mode: DeviceMode = DeviceMode.READY
    is_lying: Flag = False
    clock_offset_s: Annotated[
        float, Field(strict=True, ge=-LARGEST_OFFSET_S, le=LARGEST_OFFSET_S, allow_inf_nan=False)
    ] = 0.0
    meter_drop: Flag = False
    duplicate_intervals: Flag = False

    @property
    def overrides_soc(self) -> bool:
        """Whether ``soc`` was given; null is a value here."""
        return "soc" in self.model_fields_set

    @property
    def spares_the_answer(self) -> bool:
        """Whether the battery's answer is an honest document."""
        return not (self.overrides_soc or self.soc_jump or self.clock_offset_s)

    @property
    def names_the_meter(self) -> bool:
        """Whether a fault of the meter was given."""
        return not self.model_fields_set.isdisjoint({"meter_drop", "duplicate_intervals"})

    @property
    def conditions(self) -> BatteryConditions:
        """What of it the battery itself feels."""
        return BatteryConditions(
            charge_limit_kw=self.charge_limit_kw,
            discharge_limit_kw=self.discharge_limit_kw,
            mode=self.mode,
            is_lying=self.is_lying,
        )

    def and_then(self, later: FaultsDocument) -> FaultsDocument:
        """Return these faults with the fields that ``later`` names."""
        return self.model_copy(update={name: getattr(later, name) for name in later.model_fields_set})


NONE: Final = FaultsDocument()


class Faults:
    """The faults of now, by battery."""

    def __init__(self) -> None:
        self._by_device: dict[str, FaultsDocument] = {}
        self._changed = asyncio.Event()

    def of(self, device_id: str) -> FaultsDocument:
        """Return the faults of a battery, or of the site."""
        return self._by_device.get(device_id, NONE)

    def set(self, device_ids: list[str], faults: FaultsDocument) -> None:
        """Set what ``faults`` names, for each of the batteries."""
        for name in device_ids:
            self._by_device[name] = self.of(name).and_then(faults)
        self._wake()

    def clear(self, device_ids: list[str]) -> None:
        """Take all faults back, for each of the batteries."""
        for name in device_ids:
            self._by_device.pop(name, None)
        self._wake()

    async def require_reachable(self, device_id: str) -> None:
        """Return when the battery hears a request.

        Raises
        ------
        Refusal
            When it drops it (503), or was silent until its silence ended (503): it has not heard it.
        """
        faults = self.of(device_id)
        if faults.is_silent:
            await self._silence(device_id)
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "fault", "The battery was silent, as a test asked it to be.")
        if faults.drop:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "fault", "The battery is gone, as a test asked it to be.")

    async def delay(self, device_id: str) -> None:
        """Return when the battery's answer arrives: it was heard at once."""
        if self.of(device_id).latency_s:
            await asyncio.sleep(self.of(device_id).latency_s)

    def require_meter(self) -> None:
        """Raise a refusal (503) while the meter is gone."""
        if self.of(SITE).meter_drop:
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "fault", "The meter is gone, as a test asked it to be.")

    async def _silence(self, device_id: str) -> None:
        try:
            async with asyncio.timeout(LONGEST_SILENCE_S):
                while self.of(device_id).is_silent:
                    await self._changed.wait()
        except TimeoutError:
            return

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
