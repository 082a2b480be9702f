"""Run pymap, and keep its tasks alive. Started by `pymap_server` as a process of its own.

An event loop refers to its tasks weakly, and pymap keeps no reference of its own: under Python 3.13
a client that waits in IDLE is cut by the next garbage collection. Here every task is held until it
is done.
"""

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import pymap.main
from pymap.interfaces.backend import BackendInterface, ServiceInterface

_alive: set[asyncio.Task[Any]] = set()
_run = pymap.main.run


def _kept(loop: Any, coroutine: Any, **options: Any) -> asyncio.Task[Any]:  # noqa: ANN401 -- asyncio's
    task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
    _alive.add(task)
    task.add_done_callback(_alive.discard)
    return task


async def _run_with_kept_tasks(
    args: Namespace,
    backend_type: type[BackendInterface],
    service_types: Sequence[type[ServiceInterface]],
) -> None:
    asyncio.get_running_loop().set_task_factory(_kept)
    await _run(args, backend_type, service_types)


if __name__ == "__main__":
    pymap.main.run = _run_with_kept_tasks
    pymap.main.main()
