"""The transport: answers, deadlines, retries, breaker, and what every kind of trouble is called."""

import asyncio
import logging
import math
from functools import partial

import pytest
import structlog
from pydantic import SecretStr

from tests.unit.adapters.transports.http_stub import answer, drip, hang_up, serving, silence
from voltherm.adapters.transports.breaker import Breaker, BreakerState
from voltherm.adapters.transports.http import MAX_BYTES, JsonHttp
from voltherm.domain.errors import InvalidInputError
from voltherm.ports.errors import Malformed, Refused, Unavailable

NOBODY = "http://127.0.0.1:9"
NAME = "REPORTER_TOKEN"


class Seconds:
    """Monotonic seconds that a test moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def _quiet_retries():
    with structlog.testing.capture_logs():
        yield


@pytest.fixture(name="clients")
async def _clients():
    opened = []

    def open_client(url, **options):
        opened.append(JsonHttp(url, **({"attempts": 1} | options)))
        return opened[-1]

    yield open_client
    for client in opened:
        await client.aclose()


# -- Answers


async def test_a_get_returns_the_value_and_sends_query_and_token(clients):
    async with serving(answer({"soc": 0.62})) as stub:
        http = clients(stub.url + "/base", token=SecretStr("s3cret"))
        assert await http.get("/soc", {"device_id": "a b"}) == {"soc": 0.62}
    head = stub.requests[0][0]
    assert head.startswith("GET /base/soc?device_id=a+b HTTP/1.1") or "device_id=a%20b" in head
    assert "authorization: bearer s3cret" in head.lower()


async def test_a_post_returns_status_and_value_and_an_empty_answer_is_none(clients):
    async with serving(answer({"accepted": True}), answer(b"", 202)) as stub:
        http = clients(stub.url)
        assert await http.post("/dispatch", {"power_kw": -3}) == (200, {"accepted": True})
        assert await http.post("/dispatch", {"power_kw": -3}) == (202, None)
    assert stub.requests[0][1] == b'{"power_kw":-3}'


async def test_a_status_that_the_caller_calls_an_answer_is_one(clients):
    async with serving(answer({"accepted": False, "detail": "expired"}, 409)) as stub:
        http = clients(stub.url)
        status, body = await http.post("/dispatch", {}, answers=frozenset({200, 409}))
        assert (status, body["detail"]) == (409, "expired")
        with pytest.raises(Refused, match="409"):
            await http.post("/dispatch", {})


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, Refused, NAME),
        (403, Refused, NAME),
        (404, Refused, "path"),
        (422, Refused, "422"),
        (304, Refused, "304"),
        (408, Unavailable, "408"),
        (425, Unavailable, "425"),
        (429, Unavailable, "429"),
        (500, Unavailable, "500"),
        (503, Unavailable, "503"),
    ],
)
async def test_each_status_has_one_meaning(clients, status, kind, words):
    async with serving(answer({"secret": 1}, status)) as stub:
        with pytest.raises(kind, match=words):
            await clients(stub.url, token=SecretStr("x"), token_name=NAME).get("/a")


async def test_a_redirect_is_not_followed(clients):
    async with serving(answer()) as elsewhere, serving(answer(b"", 302, Location=elsewhere.url)) as stub:
        with pytest.raises(Refused, match="redirect"):
            await clients(stub.url, token=SecretStr("x")).get("/a")
    assert not elsewhere.requests


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"a": NaN}',
        b'{"a": 1e400}',
        b'{"a": -Infinity}',
        b'"\xff"',
        b"[" * 100_000,
        b"1" * 5000,
        b" " * (MAX_BYTES + 1),
    ],
    ids=["nothing", "html", "nan", "1e400", "infinity", "no utf-8", "deep", "long number", "too long"],
)
async def test_what_is_no_strict_json_is_malformed(clients, body):
    async with serving(answer(body)) as stub:
        with pytest.raises(Malformed, match="/a"):
            await clients(stub.url).get("/a")


async def test_an_answer_without_end_is_cut_at_the_size_limit(clients):
    async def endless(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            await writer.drain()

    async with serving(endless) as stub:
        with pytest.raises(Malformed, match="longer than"):
            await clients(stub.url).get("/a")


async def test_a_compressed_answer_is_refused_unread(clients):
    async with serving(answer(b"bomb", Content_Encoding="gzip")) as stub:
        with pytest.raises(Malformed, match="compressed"):
            await clients(stub.url).get("/a")


async def test_nan_can_be_read_where_the_caller_can_treat_it(clients):
    async with serving(answer(b"[NaN, Infinity, 1e400, 1.5]")) as stub:
        values = await clients(stub.url).get("/a", allow_nan=True)
    assert [math.isnan(value) for value in values] == [True, True, True, False]


# -- Trouble


@pytest.mark.parametrize("trouble", [silence, drip], ids=["silence", "drip"])
@pytest.mark.pitfall("M22")
@pytest.mark.fault(2)
async def test_no_server_holds_a_call_beyond_its_deadline(clients, trouble):
    async with serving(trouble) as stub:
        http = clients(stub.url, timeout_s=0.1)
        with pytest.raises(Unavailable, match="within"):
            await asyncio.wait_for(http.get("/a"), 30)


async def test_an_answer_that_breaks_off_is_unavailable(clients):
    async with serving(hang_up) as stub:
        with pytest.raises(Unavailable, match="/a"):
            await clients(stub.url).get("/a")


async def test_a_get_is_repeated_and_a_post_is_not(clients):
    async with serving(answer(status=500), hang_up, answer({"a": 1})) as stub:
        assert await clients(stub.url, attempts=3).get("/a") == {"a": 1}
        stub.say(answer(status=500), answer({"a": 1}))
        with pytest.raises(Unavailable):
            await clients(stub.url, attempts=3).post("/a", {})
    assert len(stub.requests) == 4


async def test_a_refusal_is_not_repeated(clients):
    async with serving(answer(status=404), answer({"a": 1})) as stub:
        with pytest.raises(Refused):
            await clients(stub.url, attempts=3).get("/a")
    assert len(stub.requests) == 1


async def test_a_cancelled_call_is_cancelled_and_counts_as_nothing(clients):
    async with serving(silence) as stub:
        http = clients(stub.url, breaker=Breaker(failures=1))
        task = asyncio.create_task(http.get("/a"))
        await stub.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert http.breaker_state is BreakerState.CLOSED


# -- The breaker


@pytest.mark.fault(1)
async def test_who_is_gone_is_not_stormed_and_is_asked_once_after_a_pause(clients):
    seconds = Seconds()
    async with serving(answer(status=503), answer(status=503), answer({"a": 1})) as stub:
        http = clients(stub.url, breaker=Breaker(failures=2, pause_s=30, monotonic=seconds))
        for _ in range(10):
            with pytest.raises(Unavailable):
                await http.get("/a")
        assert len(stub.requests) == 2
        assert http.breaker_state is BreakerState.OPEN
        seconds.now = 31.0
        assert await http.get("/a") == {"a": 1}
        assert http.breaker_state is BreakerState.CLOSED
    assert len(stub.requests) == 3


async def test_one_failure_after_the_pause_opens_the_circuit_again(clients):
    seconds = Seconds()
    http = clients(NOBODY, breaker=Breaker(failures=2, pause_s=30, monotonic=seconds))
    for _ in range(2):
        with pytest.raises(Unavailable, match="ConnectError"):
            await http.get("/a")
    seconds.now = 31.0
    with pytest.raises(Unavailable, match="ConnectError"):
        await http.get("/a")
    with pytest.raises(Unavailable, match="not asked"):
        await http.get("/a")


async def test_only_one_request_tries_whether_the_circuit_may_close(clients):
    seconds = Seconds()
    async with serving(answer(status=503), silence) as stub:
        http = clients(stub.url, timeout_s=0.2, breaker=Breaker(failures=1, pause_s=30, monotonic=seconds))
        with pytest.raises(Unavailable):
            await http.get("/a")
        seconds.now = 31.0
        outcomes = await asyncio.gather(*(http.get("/a") for _ in range(5)), return_exceptions=True)
    assert len(stub.requests) == 2
    assert all(isinstance(each, Unavailable) for each in outcomes)
    assert http.breaker_state is BreakerState.OPEN


@pytest.mark.fault(18)
async def test_a_breaker_counts_no_wall_clock(clients, monkeypatch):
    seconds = Seconds()
    http = clients(NOBODY, breaker=Breaker(failures=1, pause_s=30, monotonic=seconds))
    with pytest.raises(Unavailable, match="ConnectError"):
        await http.get("/a")
    monkeypatch.setattr("time.time", lambda: 0.0)
    seconds.now = 31.0
    with pytest.raises(Unavailable, match="ConnectError"):
        await http.get("/a")


async def test_one_that_answers_nonsense_is_alive(clients):
    async with serving(answer(b"<html>")) as stub:
        http = clients(stub.url, breaker=Breaker(failures=1))
        for _ in range(3):
            with pytest.raises(Malformed):
                await http.get("/a")
        assert http.breaker_state is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("headers", "rest_s"),
    [
        ({"Retry_After": "20"}, 20),
        ({"Retry_After": "86400"}, 60),
        (
            {
                "Retry_After": "Tue, 10 Mar 2026 06:00:25 GMT",
                "Date": "Tue, 10 Mar 2026 06:00:00 GMT",
            },
            25,
        ),
    ],
    ids=["seconds", "bounded", "date"],
)
async def test_a_rest_that_is_asked_for_is_kept(clients, headers, rest_s):
    seconds = Seconds()
    async with serving(answer(status=429, **headers), answer({"a": 1})) as stub:
        http = clients(stub.url, attempts=3, breaker=Breaker(monotonic=seconds))
        with pytest.raises(Unavailable, match="429"):
            await http.get("/a")
        seconds.now = rest_s - 1.0
        with pytest.raises(Unavailable, match="not asked"):
            await http.get("/a")
        seconds.now = rest_s + 1.0
        assert await http.get("/a") == {"a": 1}
    assert len(stub.requests) == 2


@pytest.mark.parametrize("text", ["soon", "-5", ""])
async def test_a_rest_that_cannot_be_read_is_none(clients, text):
    async with serving(answer(status=503, Retry_After=text), answer({"a": 1})) as stub:
        http = clients(stub.url)
        with pytest.raises(Unavailable):
            await http.get("/a")
        assert await http.get("/a") == {"a": 1}


# -- Secrets and addresses


async def test_no_message_and_no_log_repeats_bodies_or_tokens(clients, caplog):
    caplog.set_level(logging.DEBUG)
    told = []
    async with serving(answer({"body": "b0dy"}, 401), answer(b"b0dy"), answer({"body": "b0dy"}, 500)) as stub:
        http = clients(stub.url, token=SecretStr("s3cret"), breaker=Breaker(failures=1))
        for ask in (partial(http.post, body={"body": "b0dy"}), http.get, partial(http.post, body={"body": "b0dy"})):
            with pytest.raises((Refused, Malformed, Unavailable)) as caught:
                await ask("/a")
            told.append(str(caught.value))
    text = "\n".join([*told, *(record.getMessage() for record in caplog.records if record.name != "httpcore2.http11")])
    assert "s3cret" not in text
    assert "b0dy" not in text


async def test_a_device_that_answers_a_command_with_plain_text_has_answered(clients):
    async with serving(answer(b"OK")) as stub:
        assert await clients(stub.url).post("/a", {}) == (200, "OK")


async def test_losing_and_finding_somebody_is_logged_once_each(clients, caplog):
    caplog.set_level(logging.INFO, "voltherm")
    seconds = Seconds()
    async with serving(answer(status=503)) as stub:
        http = clients(stub.url, breaker=Breaker(failures=1, pause_s=1, monotonic=seconds))
        for second in (0.0, 2.0, 4.0):
            seconds.now = second
            with pytest.raises(Unavailable):
                await http.get("/a")
        stub.say(answer({}))
        seconds.now = 6.0
        await http.get("/a")
    said = [record.getMessage() for record in caplog.records if record.name.startswith("voltherm")]
    assert said == ["does not answer, asked seldom from now on", "answers again"]


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8000", "ftp://a", "http://", "http://user:pw@a", "http://a?token=pw", "http://a\n"],
)
def test_an_address_that_cannot_be_used_is_refused_without_repeating_it(url):
    with pytest.raises(InvalidInputError, match="address of a service") as caught:
        JsonHttp(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ünïcode"])
def test_a_token_that_no_header_can_carry_is_refused_without_repeating_it(token):
    with pytest.raises(InvalidInputError, match=NAME) as caught:
        JsonHttp("http://a", token=SecretStr(token), token_name=NAME)
    assert not token or token not in str(caught.value)
