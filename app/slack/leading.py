"""From one window to the next: what a submission is answered with.

A submission can be answered with a view. One that is put there afterwards, by `views.update`, may
reach Slack before the answer does, which would then cover it again. So the view travels in the
answer wherever it is ready in time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from slack_bolt.async_app import AsyncAck

View = dict[str, Any]

READY_SECONDS: Final = 1.5
"""How long a view may take to be made; Slack waits for three for the answer that it travels in."""
AFTER_ANSWER_SECONDS: Final = 0.5
"""How long an answer is given to be taken before what it showed is drawn over."""


async def lead_to(
    ack: AsyncAck,
    making: Coroutine[Any, Any, View],
    *,
    skeleton: View,
    show: Callable[[View], Awaitable[object]],
    within: float = READY_SECONDS,
) -> None:
    """Answer a submission with the view that is being made, or with a skeleton that it follows.

    `show` draws over the skeleton. Raises whatever making the view raises, before the submission
    is acknowledged where that happens in time.
    """
    task = asyncio.create_task(making, name="slack view")
    try:
        done, _ = await asyncio.wait({task}, timeout=within)
        if done:
            await ack(response_action="update", view=task.result())
            return
        await ack(response_action="update", view=skeleton)
        view = await task
    finally:
        task.cancel()
    await asyncio.sleep(AFTER_ANSWER_SECONDS)
    await show(view)
