"""A worker tells whoever watches over it that it lives."""

import httpx
import pytest

from app.jobs.vitals import PortTaken, serving_vitals
from app.sandbox.mail.process import free_ports

HOST = "127.0.0.1"


class TestServingVitals:
    async def test_on_a_port_that_is_taken_says_what_to_change(self) -> None:
        (port,) = free_ports(1)

        async with serving_vitals(HOST, port):
            with pytest.raises(PortTaken) as error:
                async with serving_vitals(HOST, port):
                    pass

        assert "SHAREDBOX_METRICS_PORT" in error.value.sentence

    async def test_answers_that_it_lives_and_how_it_is(self) -> None:
        (port,) = free_ports(1)

        async with (
            serving_vitals(HOST, port),
            httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as client,
        ):
            health, metrics = await client.get("/healthz"), await client.get("/metrics")

        assert health.json() == {"status": "ok"}
        assert "python_info" in metrics.text
        assert metrics.headers["content-type"].startswith("text/plain; version=")

    async def test_ends_with_its_context(self) -> None:
        (port,) = free_ports(1)
        async with serving_vitals(HOST, port):
            pass

        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(f"http://{HOST}:{port}/healthz")
