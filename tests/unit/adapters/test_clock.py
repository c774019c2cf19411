"""The clocks: real time that notices when it is moved, and simulated time that waits for everybody."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from voltherm.adapters.clock import FollowingClock, LeadingClock, SystemClock, begin_simulated_time
from voltherm.domain.errors import InvalidInputError

START = datetime(2026, 3, 10, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "clock"
    begin_simulated_time(path, START)
    return path


def leading(file, minutes=60) -> LeadingClock:
    return LeadingClock(file, START + minutes * MINUTE)


async def test_simulated_time_goes_on_to_the_earliest_moment_that_somebody_waits_for(file):
    clock = leading(file)
    woken = []

    async def sleeper(name, *minutes):
        with clock.taking_part():
            await asyncio.sleep(0)  # everybody takes part before anybody sleeps
            for minute in minutes:
                await clock.sleep_until(START + minute * MINUTE)
                woken.append((name, (clock.now() - START) / MINUTE))

    await asyncio.gather(sleeper("a", 5, 20), sleeper("b", 10, 15))

    assert woken == [("a", 5), ("b", 10), ("b", 15), ("a", 20)]


async def test_simulated_time_stands_while_somebody_works(file):
    clock = leading(file)
    seen = []

    async def worker():
        with clock.taking_part():
            await asyncio.sleep(0.05)
            seen.append(clock.now())

    async def sleeper():
        with clock.taking_part():
            await asyncio.sleep(0)
            await clock.sleep_until(START + MINUTE)

    await asyncio.gather(sleeper(), worker())

    assert seen == [START]
    assert clock.now() == START + MINUTE


async def test_followers_see_the_instant_of_the_leader(file):
    clock, follower = leading(file), FollowingClock(file)
    with clock.taking_part():
        await clock.sleep_until(START + 7 * MINUTE)

    assert follower.now() == START + 7 * MINUTE
    assert follower.monotonic_s() - clock.monotonic_s() == 0
    await follower.sleep_until(START + 7 * MINUTE)


async def test_simulated_time_ends_and_wakes_nobody_beyond(file):
    clock = leading(file, minutes=10)

    async def sleeper():
        with clock.taking_part():
            await clock.sleep_until(START + 10 * MINUTE)
            last.set()
            await clock.sleep_until(START + 11 * MINUTE)

    last = asyncio.Event()
    task = asyncio.create_task(sleeper())
    await last.wait()
    for _ in range(100):
        await asyncio.sleep(0)

    assert not task.done()
    assert clock.now() == START + 10 * MINUTE
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_moment_that_has_passed_is_not_waited_for(file):
    clock = leading(file)
    with clock.taking_part():
        await clock.sleep_until(START - MINUTE)

    assert clock.now() == START


async def test_a_sleeper_that_was_cancelled_does_not_hold_up_the_others(file):
    clock = leading(file)

    async def sleeper(minute):
        with clock.taking_part():
            await clock.sleep_until(START + minute * MINUTE)

    async def worker():
        with clock.taking_part():
            gone = asyncio.create_task(sleeper(1))
            await asyncio.sleep(0.01)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            await clock.sleep_until(START + 3 * MINUTE)

    await worker()

    assert clock.now() == START + 3 * MINUTE


@pytest.mark.fault(18)
async def test_whoever_sleeps_in_real_time_is_woken_when_the_wall_clock_is_moved(monkeypatch):
    clock = SystemClock()
    moved = timedelta(0)
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + moved)
    sleeping = asyncio.create_task(clock.sleep_until(clock.now() + timedelta(hours=1)))
    await asyncio.sleep(0.05)
    moved = timedelta(minutes=-30)

    await asyncio.wait_for(sleeping, timeout=30)

    assert clock.now() < datetime.now(UTC)


async def test_real_time_passes():
    clock = SystemClock()
    until = clock.now() + timedelta(seconds=0.05)
    before_s = clock.monotonic_s()
    with clock.taking_part():
        await clock.sleep_until(until)

    assert clock.now() >= until
    assert clock.monotonic_s() > before_s


@pytest.mark.parametrize("text", [None, "", "tomorrow", "2026-03-10T06:00:00"])
def test_a_file_without_an_instant_is_told_with_its_variable_and_what_to_do(tmp_path, text):
    file = tmp_path / "clock"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InvalidInputError, match=r"VOLTHERM_CLOCK_FILE: .*clock holds no instant; write one line"):
        FollowingClock(file).now()
