"""The state of charge as devices send it: its unit is declared, never guessed."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from voltherm.adapters.devices.answer_fields import AnswerFields, finite_number


class SocUnit(StrEnum):
    """In what a device tells its state of charge (setting ``BMS_SOC_UNIT``)."""

    FRACTION = "fraction"
    """0 to 1."""
    PERCENT = "percent"
    """0 to 100."""


def read_soc(answer: AnswerFields, name: str, unit: SocUnit) -> float | None:
    """Return the state of charge, 0 to 1; None where it is missing or nonsense, which is then said.

    ``1.0`` may be a full battery or an empty one: only the declared unit tells, so a value that does not fit it is
    refused rather than read in the other.
    """
    raw = answer.fields.get(name)
    value = finite_number(raw)
    if raw is None:
        answer.refuse(name, "the state of charge is missing", f"send a number ({unit.value})")
    elif value is None:
        answer.refuse(name, "is no finite number", f"send a number ({unit.value})")
    else:
        return _as_fraction(answer, name, value, unit)
    return None


def _as_fraction(answer: AnswerFields, name: str, value: float, unit: SocUnit) -> float | None:
    match unit:
        case SocUnit.FRACTION:
            if 0 <= value <= 1:
                return value
            answer.refuse(
                name, "is no fraction from 0 to 1", "if the device counts in percent, set BMS_SOC_UNIT=percent"
            )
        case SocUnit.PERCENT:
            if 0 <= value <= 100:  # noqa: PLR2004 - percent
                return value / 100
            answer.refuse(name, "is no percentage from 0 to 100", "a register that is not implemented looks like this")
        case _:
            assert_never(unit)
    return None
