"""JSON over HTTP, for every client: whole-call deadlines, retries, a breaker, and one place for foreign exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2
from pydantic import SecretStr
from stamina import AsyncRetryingCaller

from voltherm.adapters.transports.breaker import Breaker, BreakerState
from voltherm.adapters.transports.json_text import parsed_json
from voltherm.domain.errors import InvalidInputError
from voltherm.ports.errors import Malformed, OutsideError, Refused, Unavailable

MAX_BYTES: Final = 2_000_000
"""A longer answer is not read to its end; 31 days of quarter-hours take a quarter of that."""
MAX_RETRY_WAIT_S: Final = 2.0
"""Longest pause between two attempts of one call; it begins at a tenth of a second and doubles, with jitter."""
LONGEST_TEXT: Final = 200
"""So much is kept of an answer that is no JSON."""
OK: Final = frozenset({200})
TAKEN: Final = frozenset({200, 201, 202})

_LATER: Final = frozenset({408, 425, 429})
_UNAUTHORIZED: Final = frozenset({401, 403})


class _AskedForRest(Unavailable):
    """The other side said that it cannot now, and perhaps for how long."""

    def __init__(self, message: str, rest_s: float) -> None:
        super().__init__(message)
        self.rest_s = rest_s


class _NotAsked(Unavailable):
    """The breaker let no request out."""


class JsonHttp:
    """Asks one other side, in JSON; redirects are not followed and proxies of the environment not used.

    Bodies and tokens appear in no message and no log.

    Parameters
    ----------
    base_url : str
        Where it is, such as ``http://127.0.0.1:8000``; a path in it comes before every path asked for.
    token : SecretStr, optional
        Sent as ``Authorization: Bearer``.
    token_name : str
        What the setting of the token is called, for messages.
    timeout_s : float
        Deadline of a whole call: connecting, retries, and the last byte of the answer. [s]
    attempts : int
        How often a GET is tried within its deadline. A POST is tried once.
    breaker : Breaker, optional
        Leaves the other side alone when it fails; by default one of its own.

    Raises
    ------
    InvalidInputError
        For an address that is not http(s), that holds credentials, or for a token that no header can carry.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: SecretStr | None = None,
        token_name: str = "token",  # noqa: S107 - a name, no secret
        timeout_s: float = 5.0,
        attempts: int = 3,
        breaker: Breaker | None = None,
    ) -> None:
        url = _checked_url(base_url)
        self.name = f"{url.scheme}://{url.netloc.decode()}"
        self._token_name = token_name
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._breaker = breaker or Breaker()
        self._client = httpx2.AsyncClient(
            base_url=url,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **_authorization(token, token_name)},
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
        )

    @property
    def breaker_state(self) -> BreakerState:
        """Whether requests go out."""
        return self._breaker.state

    async def get(self, path: str, params: Mapping[str, str] | None = None, *, allow_nan: bool = False) -> object:
        """Return the JSON value at ``path``.

        Parameters
        ----------
        path : str
            Begins with a slash.
        params : Mapping of str to str, optional
            The query.
        allow_nan : bool
            Whether ``NaN`` literals are read.

        Raises
        ------
        Unavailable
            When no whole answer came within the deadline, or the other side cannot now, or the breaker is open.
        Refused
            When the other side does not know us, or not what we ask.
        Malformed
            When the answer is too long or no JSON.
        """
        request = self._client.build_request("GET", path, params=params)
        _status, content = await self._answer(request, OK, self._attempts)
        return parsed_json(content, self._what(request), allow_nan=allow_nan)

    async def post(self, path: str, body: object, *, answers: frozenset[int] = TAKEN) -> tuple[int, object]:
        """Return status and JSON value of the answer to ``body``, sent once; an empty answer is None.

        Parameters
        ----------
        path : str
            Begins with a slash.
        body : object
            What ``json`` can write.
        answers : frozenset of int
            Statuses that are answers, not errors: 409 where a refusal says why.

        Raises
        ------
        OutsideError
            As ``get``, but an answer that is no JSON comes back as its text: plain devices answer ``OK``. After
            ``Unavailable`` it is not known whether the request was heard.
        """
        request = self._client.build_request("POST", path, json=body)
        status, content = await self._answer(request, answers, 1)
        return status, _json_or_text(content, self._what(request)) if content.strip() else None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _answer(self, request: httpx2.Request, answers: frozenset[int], attempts: int) -> tuple[int, bytes]:
        if attempts == 1:
            return await self._once(request, answers)
        retrying = AsyncRetryingCaller(attempts=attempts, timeout=None, wait_max=MAX_RETRY_WAIT_S, wait_jitter=0.2)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await retrying(_is_worth_repeating, self._attempt, request, answers)
        except TimeoutError as error:
            raise self._too_slow(request, error) from error

    def _too_slow(self, request: httpx2.Request, error: TimeoutError) -> Unavailable:
        self._breaker.failed(self.name, error)
        return Unavailable(f"{self._what(request)}: no whole answer within {self._timeout_s:g} s")

    async def _once(self, request: httpx2.Request, answers: frozenset[int]) -> tuple[int, bytes]:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._attempt(request, answers)
        except TimeoutError as error:
            raise self._too_slow(request, error) from error

    async def _attempt(self, request: httpx2.Request, answers: frozenset[int]) -> tuple[int, bytes]:
        """Ask once, and tell the breaker how it went."""
        try:
            self._breaker.admit(self.name)
        except Unavailable as error:
            raise _NotAsked(str(error)) from None
        try:
            answer = await self._exchange(request, answers)
        except Unavailable as error:
            self._breaker.failed(self.name, error, error.rest_s if isinstance(error, _AskedForRest) else 0.0)
            raise
        except OutsideError:
            self._breaker.succeeded(self.name)
            raise
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded(self.name)
        return answer

    async def _exchange(self, request: httpx2.Request, answers: frozenset[int]) -> tuple[int, bytes]:
        """Send, and translate whatever httpx may raise: this is the one place."""
        try:
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code not in answers:
                    raise self._refusal(request, response)
                return response.status_code, await self._content(request, response)
            finally:
                await response.aclose()
        except httpx2.HTTPError as error:
            # The name of the error only: its text may repeat what was sent.
            message = f"{self._what(request)}: {type(error).__name__}; is it running, and is the address right?"
            raise Unavailable(message) from error

    async def _content(self, request: httpx2.Request, response: httpx2.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Malformed(f"{self._what(request)}: the answer is compressed, which was not asked for")
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > MAX_BYTES:
                raise Malformed(f"{self._what(request)}: the answer is longer than {MAX_BYTES} bytes; ask for less")
        return bytes(content)

    def _refusal(self, request: httpx2.Request, response: httpx2.Response) -> OutsideError:
        """Return what a status that is no answer means."""
        status, what = response.status_code, self._what(request)
        if status in _UNAUTHORIZED:
            return Refused(f"{what}: answers {status}; check {self._token_name}")
        if status in _LATER or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            return _AskedForRest(f"{what}: answers {status}, it cannot now", _rest_s(response))
        if response.has_redirect_location:
            return Refused(f"{what}: answers {status}, a redirect; set the address to where it leads")
        return Refused(f"{what}: answers {status}; check the address and its path")

    def _what(self, request: httpx2.Request) -> str:
        return f"{request.method} {self.name}{request.url.path}"


def _checked_url(base_url: str) -> httpx2.URL:
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL as error:
        raise InvalidInputError("address of a service: is none; write it like http://HOST:PORT") from error
    if url.userinfo or url.query:
        raise InvalidInputError("address of a service: holds credentials or a query; give a token in its own setting")
    if url.scheme not in {"http", "https"} or not url.host:
        raise InvalidInputError("address of a service: is no http(s) address; write it like http://HOST:PORT")
    return url


def _authorization(token: SecretStr | None, token_name: str) -> dict[str, str]:
    if token is None:
        return {}
    secret = token.get_secret_value()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise InvalidInputError(f"{token_name}: is empty or holds characters that no header can carry")
    return {"Authorization": f"Bearer {secret}"}


def _is_worth_repeating(error: Exception) -> bool:
    """Return whether to try again within this call; not while the breaker rests, it would let nothing out."""
    match error:
        case _NotAsked():
            return False
        case _AskedForRest(rest_s=rest_s):
            return rest_s == 0
        case _:
            return isinstance(error, Unavailable)


def _rest_s(response: httpx2.Response) -> float:
    """Return the rest that the other side asks for, or 0; a date is counted from the answer's own date. [s]."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text[:9])
    try:
        wanted, sent = (parsedate_to_datetime(each) for each in (text, response.headers.get("Date", "")))
        return max(0.0, (wanted - sent).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _json_or_text(content: bytes, what: str) -> object:
    try:
        return parsed_json(content, what)
    except Malformed:
        return content[:LONGEST_TEXT].decode("utf-8", "replace")
