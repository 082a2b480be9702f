"""Webhooks, templates, signatures, channels and rules, as people make them in the admin."""

import re
from uuid import UUID

from app.core.access import Role
from app.core.ids import ChannelId, RuleId, TemplateId
from app.rules.types import RuleBody
from app.store.models import ChannelState, Exposure, WebhookState
from tests.fixtures.admin import Admin
from tests.fixtures.web import Web

URL = "https://crm.example.com/sharedbox"


def id_in(page: str, path: str) -> str:
    """The id in the first link, or form, of this kind."""
    found = re.search(rf"{path}/([0-9a-f-]{{36}})", page)
    assert found is not None, page
    return found[1]


class TestWebhooks:
    async def test_an_address_that_would_not_be_asked_is_refused_at_its_field(
        self, admin: Admin
    ) -> None:
        ana = await admin.person(Role.ADMIN)

        answer = await ana.post("/webhooks/new", url="https://127.0.0.1/", description="x")

        assert answer.status_code == 422
        assert "not a public address" in answer.text
        assert 'aria-invalid="true"' in answer.text

    async def test_its_secret_is_shown_once(self, admin: Admin) -> None:
        ana = await admin.person(Role.ADMIN)

        made = await ana.post("/webhooks/new", url=URL, description="CRM", kinds=["message.*"])

        assert made.text.count("whsec_") >= 1
        shown = await ana.get("/webhooks")
        assert "CRM" in shown.text
        assert "whsec_" not in shown.text
        detail = await ana.get(f"/webhooks/{id_in(shown.text, '/webhooks')}")
        assert "whsec_" not in detail.text
        assert "Mail" in detail.text

    async def test_it_is_paused_goes_on_is_tested_and_removed(self, admin: Admin, web: Web) -> None:
        ana = await admin.person(Role.ADMIN)
        await ana.post("/webhooks/new", url=URL, kinds=["message.*"])
        where = f"/webhooks/{id_in((await ana.get('/webhooks')).text, '/webhooks')}"

        async def state() -> WebhookState:
            async with web.store.begin(web.workspace_id) as uow:
                (hook,) = await uow.webhooks.page(after=None, limit=9)
                return hook.state

        await ana.post(f"{where}/state/paused")
        assert await state() is WebhookState.PAUSED
        await ana.post(f"{where}/test")
        assert "set its state to active" in (await ana.get(where)).text.lower()
        await ana.post(f"{where}/state/active")
        assert await state() is WebhookState.ACTIVE
        assert (await ana.post(f"{where}/replay", after="99999")).status_code == 422
        assert (await ana.post(f"{where}/replay", after="0")).status_code == 303
        rotated = await ana.post(f"{where}/secret")
        assert "whsec_" in rotated.text
        assert (await ana.post(f"{where}/delete")).status_code == 303
        assert (await ana.get(where)).status_code == 404
        acts = (await ana.get("/audit")).text
        assert "removed the webhook to" in acts


class TestTemplates:
    async def test_an_unknown_variable_is_refused_at_its_field(self, admin: Admin) -> None:
        ben = await admin.person(Role.AGENT)

        answer = await ben.post("/templates/new", name="Thanks", text="Dear {{ nobody }}")

        assert answer.status_code == 422
        assert "Use one of" in answer.text

    async def test_one_is_written_changed_and_removed(self, admin: Admin, web: Web) -> None:
        ben = await admin.person(Role.AGENT)
        await ben.post("/templates/new", name="Thanks", text="Thank you.\r\nBye")
        id_ = id_in((await ben.get("/templates")).text, "/templates")

        again = await ben.post("/templates/new", name="Thanks", text="Another")
        assert "already" in again.text
        shown = await ben.get(f"/templates/{id_}")
        assert "<h1>Thanks</h1>" in shown.text
        assert "Thank you." in shown.text
        await ben.post(f"/templates/{id_}", name="Thanks a lot", text="Thank you very much.")

        async with web.store.begin(web.workspace_id) as uow:
            kept = await uow.templates.get(TemplateId(UUID(id_)))
        assert (kept.name, kept.text) == ("Thanks a lot", "Thank you very much.")
        await ben.post(f"/templates/{id_}/delete")
        assert "No templates yet" in (await ben.get("/templates")).text

    async def test_a_viewer_reads_them(self, admin: Admin) -> None:
        viewer = await admin.person(Role.VIEWER)

        assert (await viewer.get("/templates")).status_code == 200
        assert (await viewer.post("/templates/new", name="x", text="y")).status_code == 403


class TestSignatures:
    async def test_one_of_a_person_is_kept_once(self, admin: Admin) -> None:
        ben = await admin.person(Role.AGENT)
        for text in ("Ben", "Ben, Support"):
            await ben.post("/signatures/new", teammate=str(ben.teammate_id), text=text)

        shown = (await ben.get("/signatures")).text

        assert shown.count("Ben, Support") == 1
        id_ = id_in(shown, "/signatures")
        page = (await ben.get(f"/signatures/{id_}")).text
        assert "Ben, Support" in page
        assert re.search(r"<h1>Signature of .+ in every inbox</h1>", page)
        await ben.post(f"/signatures/{id_}/delete")
        assert "No signatures yet" in (await ben.get("/signatures")).text

    async def test_of_others_and_of_inboxes_are_an_admins_to_write(self, admin: Admin) -> None:
        ben = await admin.person(Role.AGENT)
        ana = await admin.person(Role.ADMIN)
        for teammate in (str(ana.teammate_id), ""):
            answer = await ben.post("/signatures/new", teammate=teammate, text="Ben was here")
            assert answer.status_code == 403

        await ana.post("/signatures/new", teammate=str(ana.teammate_id), text="Ana, Support")
        await ana.post("/signatures/new", teammate=str(ben.teammate_id), text="Ben, by Ana")

        found = (await ben.get("/signatures")).text
        assert "Ana, Support" in found
        assert "Ben was here" not in found
        theirs = re.findall(r'href="/signatures/([0-9a-f-]{36})"', found)
        assert len(theirs) == 1
        others = {*re.findall(r"/signatures/([0-9a-f-]{36})", (await ana.get("/signatures")).text)}
        (other,) = others - {*theirs}
        assert (await ben.get(f"/signatures/{other}")).status_code == 403
        assert (await ben.post(f"/signatures/{other}/delete")).status_code == 403
        assert (await ben.get(f"/signatures/{theirs[0]}")).status_code == 200

    async def test_an_address_is_added_and_has_to_be_proven(self, admin: Admin, web: Web) -> None:
        ana = await admin.person(Role.ADMIN)
        account = await web.account(
            smtp_host="smtp.example.com", smtp_port=465, smtp_security="tls",
            smtp_username="support@example.com", smtp_secret=b"sealed",
        )  # fmt: skip

        wrong = await ana.post("/senders/new", account=str(account), address="nobody")
        assert wrong.status_code == 422
        added = await ana.post("/senders/new", account=str(account), address="sales@example.com")

        assert added.status_code == 303, added.text
        shown = (await ana.get("/signatures")).text
        assert "sales@example.com" in shown
        assert "waiting" in shown
        id_ = id_in(shown, "/senders")
        await ana.post(f"/senders/{id_}/delete")
        assert "sales@example.com</span>" not in (await ana.get("/signatures")).text


class TestChannels:
    async def test_a_route_to_a_folder_that_is_not_there_is_refused(
        self, admin: Admin, web: Web
    ) -> None:
        ana, account = await admin.person(Role.ADMIN), await web.account()

        answer = await ana.post(
            "/routes", account=str(account), kind="folder", value="Nowhere", channel="C0BILLING"
        )

        assert answer.status_code == 422
        assert "has no folder" in answer.text

    async def test_an_alias_goes_to_another_channel_and_back(self, admin: Admin, web: Web) -> None:
        ana, account = await admin.person(Role.ADMIN), await web.account()

        await ana.post(
            "/routes", account=str(account), kind="alias", value="Billing@example.com",
            channel="C0BILLING",
        )  # fmt: skip

        shown = (await ana.get("/channels")).text
        assert "billing@example.com" in shown
        assert "C0BILLING" in shown
        await ana.post(f"/routes/{id_in(shown, '/routes')}/delete")
        assert "Each inbox goes to its own channel" in (await ana.get("/channels")).text

    async def test_how_much_is_shown_and_with_whom(self, admin: Admin, web: Web) -> None:
        ana = await admin.person(Role.ADMIN)
        await web.account(channel_id="C0SUPPORT")
        async with web.store.begin(web.workspace_id) as uow:
            channel = await uow.channels.lock(ChannelId("C0SUPPORT"))
            channel.is_shared, channel.state = True, ChannelState.HELD

        await ana.post("/channels/C0SUPPORT/exposure", exposure="headers")
        await ana.post("/channels/C0SUPPORT/sharing/true")

        async with web.store.begin(web.workspace_id) as uow:
            channel = await uow.channels.lock(ChannelId("C0SUPPORT"))
        assert channel.exposure is Exposure.HEADERS
        assert (channel.sharing_accepted, channel.state) == (True, ChannelState.OPEN)
        assert (await ana.post("/channels/C0SUPPORT/exposure", exposure="all")).status_code == 400
        assert (await ana.post("/channels/C0NOWHERE/retry")).status_code == 404

    async def test_whether_emoji_act(self, admin: Admin, web: Web) -> None:
        ana, ben = await admin.person(Role.ADMIN), await admin.person(Role.AGENT)
        await web.account(channel_id="C0SUPPORT")
        assert (await ben.post("/channels/C0SUPPORT/emoji/true")).status_code == 403
        assert (await ana.post("/channels/C0NOWHERE/emoji/true")).status_code == 404
        assert "Switch on" in (await ana.get("/channels")).text

        for on in (True, False):
            await ana.post(f"/channels/C0SUPPORT/emoji/{str(on).lower()}")

            async with web.store.begin(web.workspace_id) as uow:
                assert (await uow.channels.lock(ChannelId("C0SUPPORT"))).emoji_actions is on
        assert "let emoji act in" in (await ana.get("/audit")).text


class TestRules:
    async def test_one_without_a_condition_or_an_action_is_refused(self, admin: Admin) -> None:
        ana = await admin.person(Role.ADMIN)

        nothing = await ana.post("/rules/new", name="Newsletters", do_mute="yes")
        idle = await ana.post(
            "/rules/new", name="Newsletters", field_0="from", test_0="is", value_0="a@b.example"
        )
        senseless = await ana.post(
            "/rules/new", name="x", field_0="size", test_0="contains", value_0="9", do_flag="yes"
        )

        assert "at least one condition" in nothing.text
        assert "at least one thing" in idle.text
        assert "can be tested by" in senseless.text
        assert {one.status_code for one in (nothing, idle, senseless)} == {422}

    async def test_one_is_made_changed_switched_and_removed(self, admin: Admin, web: Web) -> None:
        ana = await admin.person(Role.ADMIN)

        made = await ana.post(
            "/rules/new", name="Invoices", match="any", field_0="subject", test_0="contains",
            value_0="invoice", field_1="from", test_1="domain", value_1="acme.example",
            tags="billing, urgent", do_flag="yes", teammate=str(ana.teammate_id), stop="yes",
        )  # fmt: skip

        assert made.status_code == 303, made.text
        shown = (await ana.get("/rules")).text
        assert "subject contains “invoice” or sender is of the domain “acme.example”" in shown
        assert "tag billing, urgent" in shown
        id_ = id_in(shown, "/rules")
        form = (await ana.get(f"/rules/{id_}")).text
        assert "<h1>Invoices</h1>" in form
        assert "For mail of every inbox." in form
        assert 'value="billing, urgent"' in form
        await ana.post(
            f"/rules/{id_}", name="Invoices", field_0="subject", test_0="not is",
            value_0="Invoice", do_done="yes",
        )  # fmt: skip
        assert "If subject is not “Invoice”" in (await ana.get("/rules")).text
        assert '<option value="not is" selected>' in (await ana.get(f"/rules/{id_}")).text
        await ana.post(f"/rules/{id_}/switch/false")
        async with web.store.begin(web.workspace_id) as uow:
            rule = await uow.rules.get(RuleId(UUID(id_)))
        assert (rule.enabled, rule.stop) == (False, False)
        body = RuleBody.model_validate(rule.body)
        assert [one.negated for one in body.conditions] == [True]
        assert [one.do for one in body.actions] == ["done"]
        await ana.post(f"/rules/{id_}/delete")
        assert "No rules yet" in (await ana.get("/rules")).text

    async def test_one_is_asked_earlier(self, admin: Admin) -> None:
        ana = await admin.person(Role.ADMIN)
        for name in ("First", "Second"):
            await ana.post(
                "/rules/new", name=name, field_0="text", test_0="contains", value_0="x",
                do_flag="yes",
            )  # fmt: skip
        shown = (await ana.get("/rules")).text
        second = re.findall(r'href="/rules/([0-9a-f-]{36})"', shown)[1]

        await ana.post(f"/rules/{second}/up")

        shown = (await ana.get("/rules")).text
        assert shown.index(">Second<") < shown.index(">First<")

    async def test_past_mail_shows_what_it_would_fit(self, admin: Admin, web: Web) -> None:
        ana = await admin.person(Role.ADMIN)
        account = await web.account()
        await web.conversation(account, subject="Invoice 4471")
        await web.conversation(account, subject="Hello")
        sent = {"field_0": "subject", "test_0": "contains", "value_0": "invoice"}

        answer = await ana.client.post(
            "/rules/try", data={"csrf": ana.csrf, **sent},
            headers={"HX-Request": "true", "HX-Target": "trial"},
        )  # fmt: skip

        assert "Would have fitted 1 of the latest 2 mails" in answer.text
        assert "Invoice 4471" in answer.text
        assert "<html" not in answer.text

    async def test_what_people_may_not_see_they_do_not(self, admin: Admin, web: Web) -> None:
        """Somebody of another workspace, with the ids of ours."""
        ana = await admin.person(Role.ADMIN)
        await ana.post(
            "/rules/new", name="Ours", field_0="text", test_0="contains", value_0="x",
            do_flag="yes",
        )  # fmt: skip
        await ana.post("/templates/new", name="Ours", text="x")
        await ana.post("/webhooks/new", url=URL)
        other = await admin.person(Role.OWNER, workspace_id=await web.other_workspace())

        for path in ("/rules", "/templates", "/webhooks"):
            id_ = id_in((await ana.get(path)).text, path)
            assert (await other.get(f"{path}/{id_}")).status_code == 404
            assert (await other.post(f"{path}/{id_}/delete")).status_code == 404
            assert "Ours" not in (await other.get(path)).text
