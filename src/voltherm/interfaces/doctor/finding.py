"""What was found, and the doctor who asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voltherm.domain.errors import VolthermError

LIMIT_S: Final = 5.0
"""Longest time that one check may take; all of them run at once. [s]"""


class Verdict(StrEnum):
    """How it stands."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    verdict : Verdict
        How it stands.
    what : str
        The thing.
    finding : str
        What was found, with values.
    remedy : str
        What to do; empty where there is nothing to do.
    """

    verdict: Verdict
    what: str
    finding: str
    remedy: str = ""

    def __str__(self) -> str:
        said = f"{self.verdict:<4}  {self.what}: {' '.join(self.finding.split())}"
        return f"{said}; {self.remedy}" if self.remedy else said


def ok(what: str, finding: str) -> Finding:
    """Return that all is right."""
    return Finding(verdict=Verdict.OK, what=what, finding=finding)


def warn(what: str, finding: str, remedy: str) -> Finding:
    """Return something that a person should look at."""
    return Finding(verdict=Verdict.WARN, what=what, finding=finding, remedy=remedy)


def fail(what: str, finding: str, remedy: str) -> Finding:
    """Return something with which the service cannot do its work."""
    return Finding(verdict=Verdict.FAIL, what=what, finding=finding, remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One look.

    Parameters
    ----------
    what : str
        At what.
    look : callable
        Returns what was found; it may raise.
    remedy : str
        What to do when it raises or does not come back.
    """

    what: str
    look: Callable[[], Awaitable[Sequence[Finding]]]
    remedy: str


class Doctor:
    """Looks at everything at once, and at nothing for long.

    Parameters
    ----------
    checks : sequence of Check
        What to look at.
    limit_s : float
        Longest time that one may take. [s]
    """

    def __init__(self, checks: Sequence[Check], *, limit_s: float = LIMIT_S) -> None:
        self._checks = tuple(checks)
        self._limit_s = limit_s

    async def examine(self) -> tuple[Finding, ...]:
        """Return what was found, in the order of the checks; no check stops another."""
        found = await asyncio.gather(*(self._look(check) for check in self._checks))
        return tuple(finding for findings in found for finding in findings)

    async def _look(self, check: Check) -> Sequence[Finding]:
        try:
            async with asyncio.timeout(self._limit_s):
                return await check.look()
        except TimeoutError:
            return (fail(check.what, f"no answer within {self._limit_s:g} s", check.remedy),)
        except (VolthermError, OSError) as error:
            return (fail(check.what, str(error), check.remedy),)
        except Exception as error:  # noqa: BLE001 - once here: a check that breaks is a finding, and stops no other
            said = f"the check itself failed with {type(error).__name__}: {error}"
            return (fail(check.what, said, "report this, with the version of Voltherm"),)
