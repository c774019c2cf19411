"""A battery over HTTP with JSON: its state and our commands, in the shapes of docs/wire.md."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from voltherm.adapters.devices.answer_fields import LONGEST_TEXT, AnswerFields, shown_plainly
from voltherm.adapters.devices.soc_field import SocUnit, read_soc
from voltherm.adapters.devices.this_machine import is_on_this_machine
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.device import Acknowledgement, CommandEcho, DeviceCommand, DeviceMode, DeviceState
from voltherm.ports.clock import Clock
from voltherm.ports.errors import Malformed, Refused

STATE_PATH: Final = "/api/battery/soc"
DISPATCH_PATH: Final = "/api/battery/dispatch"

SIMULATOR: Final = "simulator"
"""``source`` of a device that is none."""
TAKEN: Final = frozenset({200, 201, 202, 204})
NOT_TAKEN: Final = frozenset({400, 409, 422, 423})
"""The device heard the command and will not follow it: an answer, whose reason is in the body if anywhere."""


class HttpBattery:
    """A battery that is read by GET and commanded by POST.

    A command is sent once: after a failure nobody knows whether it was heard, and the next renewal carries a new
    sequence number anyway.

    Parameters
    ----------
    http : JsonHttp
        Where the device is.
    clock : Clock
        Stamps what is received.
    device_id : str
        Id of the battery within its site.
    soc_unit : SocUnit or its value
        Unit of the device's state of charge; nothing is guessed from values.
    asks_by_id : bool
        Whether to ask with ``?device_id=``, for sites with several batteries at one address.
    only_loopback : bool
        Whether to refuse commands to devices that are not on this machine: in simulated time they would be nonsense.
    """

    def __init__(
        self,
        http: JsonHttp,
        clock: Clock,
        *,
        device_id: str,
        soc_unit: SocUnit | Literal["fraction", "percent"],
        asks_by_id: bool = False,
        only_loopback: bool = False,
    ) -> None:
        self._http = http
        self._clock = clock
        self._device_id = device_id
        self._soc_unit = SocUnit(soc_unit)
        self._params = {"device_id": device_id} if asks_by_id else None
        self._only_loopback = only_loopback

    async def read_state(self) -> DeviceState:
        """Return the state of now; what of the answer was nonsense is None and named in ``problems``.

        Raises
        ------
        OutsideError
            When no answer came, or none that is a JSON object.
        """
        raw = await self._http.get(STATE_PATH, self._params, allow_nan=True)
        received_at, received_s = self._clock.now(), self._clock.monotonic_s()
        if not isinstance(raw, dict):
            message = f"{self._http.name}{STATE_PATH}: answers {shown_plainly(raw)}, which is no object with 'soc'"
            raise Malformed(message)
        answer = AnswerFields(raw, [])
        return DeviceState(
            device_id=self._device_id,
            received_at=received_at,
            received_s=received_s,
            measured_at=answer.instant("timestamp"),
            soc=read_soc(answer, "soc", self._soc_unit),
            power_kw=answer.number("power_kw"),
            charge_limit_kw=_limit_kw(answer, "charge_limit_kw"),
            discharge_limit_kw=_limit_kw(answer, "discharge_limit_kw"),
            mode=_mode(answer),
            heartbeat=answer.whole("heartbeat"),
            alarms=answer.texts("alarms"),
            echo=_echo(answer),
            problems=tuple(answer.problems),
            is_simulated=raw.get("source") == SIMULATOR,
        )

    async def send(self, command: DeviceCommand) -> Acknowledgement:
        """Send a command once and return the device's answer, acceptance or refusal.

        Raises
        ------
        Refused
            Before anything is sent: in simulated time, for a device that is not on this machine. After: credentials,
            or an address that knows no commands.
        Unavailable
            When no answer came; whether the command was heard is not known.
        Malformed
            When the answer cannot be read, or is one to another command.
        """
        if self._only_loopback and not is_on_this_machine(self._http.name):
            message = (
                f"{self._http.name}: not commanded, it is not on this machine and the time is simulated; "
                "use a loopback address, or unset VOLTHERM_CLOCK_FILE"
            )
            raise Refused(message)
        status, raw = await self._http.post(DISPATCH_PATH, body_of(command), answers=TAKEN | NOT_TAKEN)
        return _acknowledgement(command, status, raw, f"{self._http.name}{DISPATCH_PATH}")


def body_of(command: DeviceCommand) -> dict[str, object]:
    """Return a command as it goes over the wire; plain devices read ``power_kw`` and ``timestamp`` of it."""
    return {
        "id": command.id,
        "device_id": command.device_id,
        "epoch": command.epoch,
        "sequence": command.sequence,
        "kind": command.kind.value,
        "power_kw": command.power_kw,
        "timestamp": _text_of(command.issued_at),
        "valid_until": _text_of(command.valid_until),
        "source": command.source.value,
        "reason": command.reason,
    }


def _text_of(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _mode(answer: AnswerFields) -> DeviceMode:
    """Who is in charge; a word that we do not know is somebody else, so nothing is commanded."""
    said = answer.text("mode")
    if said is None:
        return DeviceMode.STANDBY if answer.fields.get("mode") is not None else DeviceMode.READY
    try:
        return DeviceMode(said.strip().lower())
    except ValueError:
        answer.refuse("mode", "is none that we know, taken as standby", f"send one of {', '.join(DeviceMode)}")
        return DeviceMode.STANDBY


def _limit_kw(answer: AnswerFields, name: str) -> float | None:
    """A limit of now; one that is said but senseless is none that we may guess, so nothing is allowed."""
    limit_kw = answer.number(name, least=0.0)
    return 0.0 if limit_kw is None and answer.fields.get(name) is not None else limit_kw


def _echo(answer: AnswerFields) -> CommandEcho | None:
    part = answer.part("command")
    if part is None:
        return None
    power_kw = part.number("power_kw")
    if power_kw is None:
        part.refuse("power_kw", "a command without power is none", "send the setpoint that is followed, in kW")
        return None
    return CommandEcho(command_id=part.text("id"), power_kw=power_kw, valid_until=part.instant("valid_until"))


def _acknowledgement(command: DeviceCommand, status: int, raw: object, where: str) -> Acknowledgement:
    """Read the rich answer, or anything that came with a status; only the measured power proves more."""
    answer = AnswerFields(raw if isinstance(raw, dict) else {}, [])
    answered_id = answer.text("command_id")
    if answered_id is not None and answered_id != command.id:
        message = (
            f"{where}: answers to command {answered_id!r}, sent was {command.id!r}; whether it was heard is unknown"
        )
        raise Malformed(message)
    power_kw, valid_until = answer.number("power_kw"), answer.instant("valid_until")
    is_accepted = status in TAKEN and _says_accepted(answer)
    said = answer.text("detail") or ("" if is_accepted else f"answers {status}: {shown_plainly(raw)}")
    return Acknowledgement(
        command_id=command.id,
        is_accepted=is_accepted,
        detail="; ".join(filter(None, [said, *answer.problems]))[:LONGEST_TEXT],
        power_kw=power_kw,
        valid_until=valid_until,
    )


def _says_accepted(answer: AnswerFields) -> bool:
    said = answer.fields.get("accepted")
    if said is None:
        return True
    if not isinstance(said, bool):
        answer.refuse("accepted", "is neither true nor false, taken as refused", "send true or false")
    return said is True
