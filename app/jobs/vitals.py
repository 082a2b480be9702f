"""What a worker says of itself over HTTP: that it lives, and its own figures.

The web process tells of the whole installation; this tells of one process, for whoever watches
over processes.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from app.core.errors import SharedBoxError


class PortTaken(SharedBoxError):
    """Somebody else listens there."""


@asynccontextmanager
async def serving_vitals(host: str, port: int) -> AsyncIterator[None]:
    """Answer `/healthz` and `/metrics` while the context lasts. Raises `PortTaken`.

    On the event loop of everything else here, so that an answer proves that it turns.
    """
    app = web.Application()
    app.add_routes([web.get("/healthz", _healthz), web.get("/metrics", _metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise PortTaken(
            f"The worker cannot listen on {host}:{port} ({error.strerror}).",
            fix="Give each worker of a machine another SHAREDBOX_METRICS_PORT, or none.",
        ) from None


async def _healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(
        body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )
