"""Deciding about a mail of which nobody knows whether it left."""

from typing import Any

from app.store.models import OutgoingState
from tests.fixtures.web import BOOTSTRAP_KEY, Web
from tests.integration.web.test_outgoing import asked


async def in_doubt(web: Web, outgoing_id: Any, *, is_looked_for: bool = False) -> None:
    """Have nobody know whether it left, after a look into Sent or before it."""
    async with web.store.begin(web.workspace_id) as uow:
        mail = await uow.outgoing.lock(outgoing_id)
        mail.state, mail.past_the_dot = OutgoingState.UNKNOWN, True
        mail.settled_at = None if is_looked_for else await uow.outgoing.time()


class TestDeciding:
    async def test_a_mail_in_doubt_is_sent_again_only_on_purpose(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        mail = (await asked(web, client)).json()
        await in_doubt(web, mail["id"])

        refused = await client.post(f"/outgoing/{mail['id']}/retry")
        taken = await client.post(f"/outgoing/{mail['id']}/retry", json={"even_if_sent": True})

        assert refused.status_code == 409
        assert (taken.status_code, taken.json()["state"]) == (202, "queued")

    async def test_a_mail_in_doubt_is_dropped_once_it_was_looked_for(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        mail = (await asked(web, client)).json()
        url = f"/outgoing/{mail['id']}"
        await in_doubt(web, mail["id"], is_looked_for=True)

        early = await client.post(f"{url}/drop")
        await in_doubt(web, mail["id"])
        dropped, again = [await client.post(f"{url}/drop") for _ in range(2)]
        retried = await client.post(f"{url}/retry", json={"even_if_sent": True})

        assert early.status_code == 409
        assert (dropped.status_code, dropped.json()["state"]) == (200, "cancelled")
        assert "Nobody knows whether it left" in dropped.json()["detail"]
        assert again.json() == dropped.json()
        assert retried.status_code == 409
        events = [one["type"] for one in (await client.get("/events")).json()["events"]]
        assert events.count("outgoing.dropped") == 1

    async def test_what_nobody_doubts_needs_no_word(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        mail = (await asked(web, client)).json()

        assert (await client.post(f"/outgoing/{mail['id']}/was-sent")).status_code == 409
        assert (await client.post(f"/outgoing/{mail['id']}/drop")).status_code == 409
        assert (await client.post(f"/outgoing/{mail['id']}/retry")).status_code == 409
        now = await client.post(f"/outgoing/{mail['id']}/send-now")
        assert (now.status_code, now.json()["state"]) == (202, "queued")
