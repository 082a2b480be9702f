"""Who may ask for what."""

import itertools
import re
from typing import Any, ClassVar

from app.core.access import Scope
from app.core.ids import AccountId, APIKeyId, new_id
from tests.fixtures.web import BOOTSTRAP_KEY, Web

SERVER = {
    "host": "imap.example.com",
    "port": 993,
    "security": "tls",
    "username": "support@example.com",
    "password": "correct-horse",
}
ACCOUNT = {"address": "support@example.com", "imap": SERVER, "channel": "C0SUPPORT"}


def routes(web: Web) -> list[tuple[str, str]]:
    """Every method and path under /api/v1, from what OpenAPI says of them."""
    return [
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in web.app.openapi()["paths"].items()
        if path.startswith("/api/v1")
        for method in methods
    ]


def filled(path: str) -> str:
    """With ids that are nobody's."""
    return re.sub(r"{\w+}", lambda found: "1" if found[0] == "{n}" else str(new_id()), path)


def body_for(web: Web, method: str, path: str) -> Any:
    """The least that an endpoint can read, so that it comes to the question whose it is."""
    if path.endswith("/import"):
        return {"days": 1}  # one of three, which a schema does not say
    if (method, path) == ("PUT", "/outgoing/{outgoing_id}"):
        # A reply, which needs more than a new mail does.
        return {"account_id": str(new_id()), "conversation_id": str(new_id()), "text": "x"}
    if (method, path) == ("PATCH", "/drafts/{draft_id}"):
        return {"updated_at": "2026-03-02T09:00:00Z"}
    described = web.app.openapi()
    told = described["paths"][f"/api/v1{path}"][method.lower()].get("requestBody")
    return least(described, told["content"]["application/json"]["schema"]) if told else {}


def least(described: dict[str, Any], schema: dict[str, Any]) -> Any:
    """The smallest value that a schema allows, as far as ours go."""
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return least(described, schema["anyOf"][0])
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            return {name: least(described, schema["properties"][name]) for name in required}
        case "array":
            return [least(described, schema["items"])] * schema.get("minItems", 0)
        case "integer":
            return schema.get("minimum", 1)
        case "string" if schema.get("format") == "uuid":
            return str(new_id())
        case _:
            return schema.get("enum", ["x" * schema.get("minLength", 1)])[0]


WRONG_KEYS = [
    None,
    "",
    "nonsense",
    "sbx_",
    "sbx_0123456789ab_",
    "sbx_0123456789ab_" + "x" * 43,
    "sbx_é_x",
    "x" * 5000,
    BOOTSTRAP_KEY + "x",
    BOOTSTRAP_KEY.upper(),
]


class TestNobody:
    async def test_is_refused_on_every_route(self, web: Web) -> None:
        client = web.client()

        for (method, path), key in itertools.product(routes(web), WRONG_KEYS):
            headers = {} if key is None else {b"Authorization": b"Bearer " + key.encode("latin-1")}
            answer = await client.request(method, filled(path), headers=headers, json={})

            assert answer.status_code == 401, (method, path, key)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "key" in answer.json()["detail"]

    async def test_neither_by_another_scheme(self, web: Web) -> None:
        answer = await web.client().get("/accounts", auth=("any", BOOTSTRAP_KEY))

        assert answer.status_code == 401

    async def test_nor_by_a_key_in_the_address(self, web: Web) -> None:
        answer = await web.client().get("/accounts", params={"key": BOOTSTRAP_KEY})

        assert answer.status_code == 401


class TestARevokedKey:
    async def test_is_refused_from_the_next_request_on(self, web: Web) -> None:
        id_, text = await web.key(Scope.READ)
        client = web.client(text)
        assert (await client.get("/accounts")).status_code == 200

        revoked = await web.client(BOOTSTRAP_KEY).delete(f"/api-keys/{id_}")

        assert revoked.status_code == 204
        answer = await client.get("/accounts")
        assert answer.status_code == 401
        assert "revoked" in answer.json()["detail"]


class TestScopes:
    CHANGES: ClassVar = {
        "conversations": Scope.WRITE,
        "commands": Scope.WRITE,
        "signatures": Scope.WRITE,
        "templates": Scope.WRITE,
        "outgoing": Scope.SEND,
        "drafts": Scope.WRITE,
    }
    """What it takes to change something, by the first word of the path; `admin` for the rest."""

    def wanted(self, method: str, path: str) -> Scope:
        first = path.split("/")[1]
        is_read = method == "GET" and first not in {"api-keys", "webhooks"}
        if is_read or path.endswith(("/fill", "/rules/test")):
            return Scope.READ
        if path.endswith("/show-all"):
            return Scope.WRITE
        if path.endswith("/unsubscribe") or path == "/drafts/{draft_id}/send":
            return Scope.SEND  # a mail may leave by it
        return self.CHANGES.get(first, Scope.ADMIN)

    async def test_what_a_scope_does_not_name_is_refused_by_name(self, web: Web) -> None:
        for scope in set(Scope) - {Scope.ADMIN}:
            client = web.client((await web.key(scope))[1])
            for method, path in routes(web):
                if (wanted := self.wanted(method, path)) is not scope:
                    answer = await client.request(method, filled(path), json={})

                    assert answer.status_code == 403, (scope, method, path)
                    assert f"“{wanted}”" in answer.json()["detail"]

    async def test_admin_is_refused_nowhere(self, web: Web) -> None:
        _, text = await web.key(Scope.ADMIN)
        client = web.client(text)

        for method, path in routes(web):
            if not path.endswith("/stream"):
                answer = await client.request(method, filled(path), json={})

                assert answer.status_code in {200, 404, 422}, (method, path)


class TestABoundKey:
    async def test_sees_nothing_of_other_accounts(self, web: Web) -> None:
        tenant = await web.tenant()
        mine = await web.account(address="sales@example.com", channel_id="C0SALES")
        conversation, _ = await web.conversation(mine, subject="Mine")
        _, text = await web.key(Scope.ADMIN, accounts=[mine])
        client = web.client(text)

        for method, path in routes(web):
            if "{" in path and "key_id" not in path and "webhook_id" not in path:
                answer = await client.request(
                    method,
                    path.format(**tenant.ids()),
                    json=body_for(web, method, path),
                )

                assert answer.status_code == 404, (method, path)
        (account,) = (await client.get("/accounts")).json()["items"]
        assert account["address"] == "sales@example.com"
        (found,) = (await client.get("/conversations")).json()["items"]
        assert found["id"] == str(conversation)
        (channel,) = (await client.get("/channels")).json()["items"]
        assert channel["id"] == "C0SALES"

    async def test_sees_no_events_but_those_of_its_accounts(self, web: Web) -> None:
        mine = await web.account(address="sales@example.com")
        _, text = await web.key(Scope.READ, accounts=[mine])
        async with web.store.begin(web.workspace_id) as uow:
            uow.emit("of.mine", account_id=mine)
            uow.emit("of.another", account_id=AccountId(new_id()))
            uow.emit("of.the_workspace")

        page = (await web.client(text).get("/events")).json()

        assert [one["type"] for one in page["events"]] == ["of.mine"]
        assert page["cursor"] == 4

    async def test_acts_on_no_mail_of_other_accounts(self, web: Web) -> None:
        tenant = await web.tenant()
        mine = await web.account(address="sales@example.com")
        _, text = await web.key(Scope.WRITE, accounts=[mine])
        client = web.client(text)

        for target in (
            {"conversation_id": str(tenant.conversation_id)},
            {"message_ids": [str(tenant.message_id)]},
        ):
            answer = await client.post("/commands", json={"type": "archive", **target})

            assert answer.status_code == 404

    async def test_cannot_reach_beyond_its_accounts(self, web: Web) -> None:
        _, text = await web.key(Scope.ADMIN, accounts=[await web.account()])
        client = web.client(text)
        reaching: list[tuple[str, str, Any]] = [
            ("POST", "/accounts", ACCOUNT),
            ("POST", "/api-keys", {"name": "more", "scopes": ["admin"]}),
            ("GET", "/api-keys", None),
            ("DELETE", f"/api-keys/{new_id()}", None),
        ]

        for method, path, body in reaching:
            answer = await client.request(method, path, json=body)

            assert answer.status_code == 403, (method, path)
            assert "bound to certain accounts" in answer.json()["detail"]


class TestMakingKeys:
    async def test_a_new_key_is_shown_once_and_works(self, web: Web) -> None:
        admin = web.client(BOOTSTRAP_KEY)

        made = await admin.post("/api-keys", json={"name": "reports", "scopes": ["read"]})

        assert made.status_code == 201
        assert made.headers["cache-control"] == "no-store"
        body = made.json()
        client = web.client(body["key"])
        assert (await client.get("/accounts")).status_code == 200
        (listed,) = (await admin.get("/api-keys")).json()["items"]
        assert "key" not in listed
        assert body["key"].split("_", 2)[2] not in str(listed)
        assert listed["last_used_at"] is not None

    async def test_a_repetition_is_given_the_same_key_and_the_database_keeps_none(
        self, web: Web
    ) -> None:
        admin, once = web.client(BOOTSTRAP_KEY), {"Idempotency-Key": "make it once"}
        body = {"name": "reports", "scopes": ["read"]}

        first = await admin.post("/api-keys", json=body, headers=once)
        again = await admin.post("/api-keys", json=body, headers=once)

        assert again.json() == first.json()
        assert again.headers["idempotent-replayed"] == "true"
        async with web.store.begin(web.workspace_id) as uow:
            kept = await uow.idempotency.claim("bootstrap:make it once")
        assert kept is not None
        assert first.json()["key"] not in str(kept.body)

    async def test_a_key_is_bound_only_to_accounts_that_exist(self, web: Web) -> None:
        stranger = await web.account(await web.other_workspace())
        admin = web.client(BOOTSTRAP_KEY)

        for id_ in (new_id(), stranger):
            body = {"name": "x", "scopes": ["read"], "account_ids": [str(id_)]}
            answer = await admin.post("/api-keys", json=body)

            assert answer.status_code == 400
            assert answer.json()["errors"][0]["field"] == "account_ids"

    async def test_a_malformed_wish_is_refused_by_field(self, web: Web) -> None:
        admin = web.client(BOOTSTRAP_KEY)
        wrongs: list[dict[str, Any]] = [
            {"name": ""},
            {"name": "a\0b"},
            {"name": "x" * 101},
            {"scopes": []},
            {"scopes": ["root"]},
            {"account_ids": []},
            {"account_ids": ["42"]},
            {"workspace_id": str(new_id())},
            {"digest": "00"},
        ]

        for wrong in wrongs:
            answer = await admin.post("/api-keys", json={"name": "x", "scopes": ["read"], **wrong})

            assert answer.status_code == 422, wrong
            assert answer.json()["errors"][0]["field"].split(".")[0] == next(iter(wrong))

    async def test_revoking_twice_does_nothing(self, web: Web) -> None:
        id_, _ = await web.key(Scope.READ)
        admin = web.client(BOOTSTRAP_KEY)

        for _ in range(2):
            assert (await admin.delete(f"/api-keys/{id_}")).status_code == 204

        async with web.store.begin(web.workspace_id) as uow:
            events = await uow.events.after(0, limit=10)
            assert (await uow.api_keys.get(APIKeyId(id_))).revoked_at is not None
        types = [one.type for one in events]
        assert types == ["api_key.created", "api_key.revoked", "audit.recorded"]


class TestTenancy:
    async def test_no_id_of_one_workspace_is_known_in_another(self, web: Web) -> None:
        theirs = await web.tenant(await web.other_workspace())
        _, text = await web.key(Scope.ADMIN)
        client, asked = web.client(text), 0

        for method, path in routes(web):
            if "{" not in path:
                continue
            body = body_for(web, method, path)
            answer = await client.request(method, path.format(**theirs.ids()), json=body)

            assert answer.status_code == 404, (method, path)
            assert "no such" in answer.json()["detail"]
            asked += 1
        assert asked >= 14

    async def test_nor_in_a_body_or_a_query(self, web: Web) -> None:
        theirs = await web.tenant(await web.other_workspace())
        mine = await web.tenant()
        client = web.client(mine.key)

        for target in (
            {"conversation_id": str(theirs.conversation_id)},
            {"message_ids": [str(theirs.message_id)]},
            {"message_ids": [str(mine.message_id), str(theirs.message_id)]},
        ):
            answer = await client.post("/commands", json={"type": "delete", **target})
            assert answer.status_code == 404, target
        assignee = await client.patch(
            f"/conversations/{mine.conversation_id}", json={"assignee_id": str(theirs.teammate_id)}
        )
        assert assignee.status_code == 400
        for query in ({"account": theirs.account_id}, {"assignee": theirs.teammate_id}):
            page = await client.get("/conversations", params={k: str(v) for k, v in query.items()})
            assert page.json()["items"] == []

    async def test_nor_in_a_list(self, web: Web) -> None:
        theirs = await web.tenant(await web.other_workspace())
        _, text = await web.key(Scope.ADMIN)
        client = web.client(text)

        for path in (
            "/accounts", "/conversations", "/teammates", "/channels", "/events", "/outgoing",
            "/identities", "/signatures", "/templates", "/drafts",
        ):  # fmt: skip
            answer = await client.get(path)

            assert answer.status_code == 200
            for id_ in (theirs.account_id, theirs.conversation_id, theirs.teammate_id):
                assert str(id_) not in answer.text, path
        keys = (await client.get("/api-keys")).json()["items"]
        assert str(theirs.key_id) not in [one["id"] for one in keys]
