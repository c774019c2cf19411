"""Where a new device begins: copy this file, give it the device's name, and replace what is in brackets.

1. Say in the module's first line how the device is reached, and in which document its fields stand.
2. Convert units, signs and names on the line that reads them: kW with charging positive, SOC as a fraction by a
   declared unit, times in UTC. A register that is "not implemented" is None, never its number.
3. What is missing or nonsense becomes None with a problem in words; only an answer that cannot be read at all raises.
4. Foreign exceptions become ``Unavailable``, ``Refused`` or ``Malformed``; a transport in ``adapters/transports`` does
   that, once.
5. Send a command once. A device that does not end commands by itself gets none: it is only given limits, or a watchdog.
6. Add it to the factories in ``tests/contracts/test_devices.py``, to ``__init__.py``, and a row to ``docs/devices.md``.
"""

from __future__ import annotations

from typing import Protocol

from voltherm.adapters.devices.answer_fields import AnswerFields
from voltherm.adapters.devices.soc_field import SocUnit, read_soc
from voltherm.domain.device import Acknowledgement, DeviceCommand, DeviceState
from voltherm.ports.clock import Clock
from voltherm.ports.errors import Malformed


class SpeaksRegisters(Protocol):
    """What the transport of [the device] can do; the real one stands in ``adapters/transports``."""

    async def read(self) -> object:
        """Return the device's answer, or raise an ``OutsideError``."""
        ...

    async def write(self, power_kw: float, hold_s: float) -> None:
        """Write a setpoint once, or raise an ``OutsideError``."""
        ...


class BlueprintBattery:
    """A battery that is reached by [transport].

    Parameters
    ----------
    registers : SpeaksRegisters
        Where it is.
    clock : Clock
        Stamps what is received.
    device_id : str
        Id of the battery within its site.
    """

    def __init__(self, registers: SpeaksRegisters, clock: Clock, *, device_id: str) -> None:
        self._registers = registers
        self._clock = clock
        self._device_id = device_id

    async def read_state(self) -> DeviceState:
        """Return the state of now; what was nonsense is None and named in ``problems``."""
        raw = await self._registers.read()
        if not isinstance(raw, dict):
            raise Malformed(f"{self._device_id}: answers no fields")
        answer = AnswerFields(raw, [])
        return DeviceState(
            device_id=self._device_id,
            received_at=self._clock.now(),
            received_s=self._clock.monotonic_s(),
            soc=read_soc(answer, "soc", SocUnit.PERCENT),
            power_kw=answer.number("power_kw"),
            problems=tuple(answer.problems),
        )

    async def send(self, command: DeviceCommand) -> Acknowledgement:
        """Write a setpoint that ends by itself; this device takes whatever it is told."""
        hold_s = (command.valid_until - command.issued_at).total_seconds()
        await self._registers.write(command.power_kw, hold_s)
        return Acknowledgement(command_id=command.id, is_accepted=True)
