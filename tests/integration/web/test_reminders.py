"""When the team is reminded of what, by REST; and follow-ups on a conversation."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.access import Scope
from tests.fixtures.web import BOOTSTRAP_KEY, Web


class TestSettings:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"time_zone": "Mars/Olympus"},
            {"unassigned_hours": -1},
            {"days": [7]},
            {"opens_at": 540, "closes_at": 540},
            {"colour": "red"},
        ],
    )
    async def test_that_make_no_sense_are_refused(self, web: Web, wrong: dict[str, object]) -> None:
        answer = await web.client(BOOTSTRAP_KEY).put("/reminders", json=wrong)

        assert answer.status_code == 422

    async def test_of_all_are_not_for_a_key_of_some_accounts(self, web: Web) -> None:
        mine = await web.account()
        _, text = await web.key(Scope.ADMIN, accounts=[mine])

        refused = await web.client(text).put("/reminders", json={})
        allowed = await web.client(text).put("/reminders", json={"account_id": str(mine)})

        assert (refused.status_code, allowed.status_code) == (403, 200)

    async def test_hold_for_all_and_for_one(self, web: Web) -> None:
        client, account = web.client(BOOTSTRAP_KEY), await web.account()

        (default,) = (await client.get("/reminders")).json()["items"]
        await client.put("/reminders", json={"unassigned_hours": 4, "days": [1, 0, 1]})
        await client.put("/reminders", json={"account_id": str(account), "is_on": False})
        general, own = (await client.get("/reminders")).json()["items"]
        await client.delete("/reminders", params={"account": str(account)})
        await client.delete("/reminders")
        (after,) = (await client.get("/reminders")).json()["items"]

        assert (default["is_default"], default["unassigned_hours"]) == (True, 24)
        assert (general["unassigned_hours"], general["days"]) == (4, [0, 1])
        assert (own["account_id"], own["is_on"]) == (str(account), False)
        assert after == default


class TestFollowUp:
    async def test_is_set_shown_undone_and_refused_in_the_past(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)
        id_, _ = await web.conversation(await web.account())
        path, later = f"/conversations/{id_}", datetime.now(UTC) + timedelta(days=40)

        past = await client.patch(path, json={"follow_up_at": "2020-01-01T00:00:00Z"})
        set_ = await client.patch(path, json={"follow_up_at": later.isoformat()})
        dropped = await client.patch(path, json={"follow_up_at": None})

        assert past.status_code == 400
        assert datetime.fromisoformat(set_.json()["follow_up"]["at"]) == later
        assert dropped.json()["follow_up"] is None
