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
