"""GET and PATCH /workspace."""

from tests.fixtures.web import BOOTSTRAP_KEY, Web


class TestWorkspace:
    async def test_is_shown_and_changed_in_part(self, web: Web) -> None:
        first = (await web.client(BOOTSTRAP_KEY).get("/workspace")).json()
        answer = await web.client(BOOTSTRAP_KEY).patch("/workspace", json={"guests_may_act": True})

        assert (first["guests_may_act"], first["strangers_may_act"]) == (False, False)
        assert answer.status_code == 200
        assert answer.json() == {**first, "guests_may_act": True}
        assert (await web.client(BOOTSTRAP_KEY).get("/workspace")).json() == answer.json()

    async def test_takes_nothing_else(self, web: Web) -> None:
        assert (
            await web.client(BOOTSTRAP_KEY).patch("/workspace", json={"name": "Ours"})
        ).status_code == 422

    async def test_has_a_channel_for_alarms_and_then_none(self, web: Web) -> None:
        client = web.client(BOOTSTRAP_KEY)

        set_ = (await client.patch("/workspace", json={"ops_channel": "C0OPS"})).json()
        kept = (await client.patch("/workspace", json={"guests_may_act": True})).json()
        gone = (await client.patch("/workspace", json={"ops_channel": None})).json()

        assert [one["ops_channel"] for one in (set_, kept, gone)] == ["C0OPS", "C0OPS", None]
        assert gone["guests_may_act"] is True

    async def test_takes_no_name_for_a_channel(self, web: Web) -> None:
        answer = await web.client(BOOTSTRAP_KEY).patch("/workspace", json={"ops_channel": "#ops"})

        assert answer.status_code == 400
        assert "Use the id" in answer.text
