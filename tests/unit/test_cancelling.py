"""Tasks end when they are told to, also those that have not heard it."""

import asyncio

from busyhour.adapters.cancelling import ended


def test_a_task_that_takes_a_cancellation_for_none_is_cancelled_again() -> None:
    async def deaf() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    async def failing() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError

    async def scene() -> None:
        tasks = [asyncio.create_task(work()) for work in (deaf, failing)]
        await asyncio.sleep(0)
        await ended(tasks, again_s=0.01)
        assert all(task.done() for task in tasks)

    asyncio.run(scene())


def test_none_is_ended_at_once() -> None:
    asyncio.run(ended([]))
