"""What every place to compute keeps to, whatever it computes in. Work and jobs are of the standard library, so that
another process can import them."""

import asyncio
import math
import time

import pytest

from voltherm.adapters.compute.inline import InlineCompute
from voltherm.adapters.compute.processes import ProcessCompute
from voltherm.ports.compute import NotComputed

AMPLE_S = 60.0


@pytest.fixture(params=["processes", "threads"])
async def compute(request):
    place = ProcessCompute(n_workers=2, imports=()) if request.param == "processes" else InlineCompute(n_places=2)
    await place.start()
    yield place
    await place.close()


async def test_the_answer_is_what_the_work_returns(compute):
    assert await compute.run(math.sqrt, 49.0, AMPLE_S) == 7.0


async def test_none_is_an_answer_too(compute):
    assert await compute.run(time.sleep, 0, AMPLE_S) is None


@pytest.mark.pitfall("M20")
async def test_an_error_of_the_work_is_told_with_its_type_and_message(compute):
    answer = await compute.run(math.sqrt, -1.0, AMPLE_S)

    assert isinstance(answer, NotComputed)
    assert answer.why == "sqrt: ValueError: math domain error"
    assert await compute.run(math.sqrt, 4.0, AMPLE_S) == 2.0


@pytest.mark.fault(19)
@pytest.mark.pitfall("M22")
async def test_work_beyond_its_deadline_has_no_answer_and_holds_up_neither_the_loop_nor_the_next_job(compute):
    await compute.run(math.sqrt, 1.0, AMPLE_S)
    slow = asyncio.create_task(compute.run(time.sleep, 5.0, 0.3))
    n_ticks = 0
    while not slow.done():
        await asyncio.sleep(0.01)
        n_ticks += 1

    answer = await slow
    assert isinstance(answer, NotComputed)
    assert answer.why.startswith("sleep: ")
    assert "0.3 s" in answer.why
    assert n_ticks > 3
    assert await compute.run(math.sqrt, 4.0, AMPLE_S) == 2.0


async def test_waiting_for_a_free_place_counts_towards_the_deadline(compute):
    busy = [asyncio.create_task(compute.run(time.sleep, 2.0, AMPLE_S)) for _ in range(2)]
    await asyncio.sleep(0.05)

    answer = await compute.run(math.sqrt, 4.0, 0.1)

    assert isinstance(answer, NotComputed)
    assert "was free" in answer.why
    assert await asyncio.gather(*busy) == [None, None]


async def test_more_jobs_than_places_are_all_answered_each_with_its_own_answer(compute):
    answers = await asyncio.gather(*(compute.run(math.sqrt, float(n * n), AMPLE_S) for n in range(20)))

    assert answers == [float(n) for n in range(20)]


async def test_cancelling_passes_through_and_the_next_job_is_answered(compute):
    job = asyncio.create_task(compute.run(time.sleep, 1.0, AMPLE_S))
    await asyncio.sleep(0.2)
    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job
    assert await compute.run(math.sqrt, 4.0, AMPLE_S) == 2.0


async def test_closing_answers_whoever_waits_and_whoever_comes_later(compute):
    running = [asyncio.create_task(compute.run(time.sleep, 3.0, AMPLE_S)) for _ in range(5)]
    await asyncio.sleep(0.3)
    await compute.close()

    for answer in await asyncio.gather(*running):
        assert isinstance(answer, NotComputed)
        assert "have been ended" in answer.why
    assert isinstance(await compute.run(math.sqrt, 4.0, AMPLE_S), NotComputed)
