"""Answering in the browser: kept whatever is wrong, sent once, never past a newer mail."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from app.core.access import Role
from app.core.ids import AccountId, ConversationId, DraftId, OutgoingId
from app.sending.change import cancel, retry
from app.store.models import Draft, Outgoing, OutgoingState
from app.store.repositories.outgoing import OutgoingFilter
from tests import factories
from tests.fixtures.admin import Admin, Person
from tests.fixtures.browser import chromium, serving, window
from tests.fixtures.database import are_waiting
from tests.fixtures.stack import eventually
from tests.fixtures.web import Web

SMTP: dict[str, Any] = {"smtp_host": "smtp.example.com", "smtp_port": 465, "smtp_security": "tls"}
HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
KEPT = {"HX-Request": "true", "HX-Target": "kept"}


class Writing:
    """Somebody who answers a conversation, and what the page they write on remembers."""

    def __init__(self, web: Web, person: Person, conversation_id: ConversationId) -> None:
        self.web = web
        self.person = person
        self.conversation_id = conversation_id
        self.where = f"/conversations/{conversation_id}/answer"
        self.page = ""
        self.status = 0

    async def look(self) -> str:
        self.page = (await self.person.get(self.where)).text
        return self.page

    def remembered(self) -> dict[str, str]:
        form = self.page[self.page.index('id="answer"') :]
        return {name: value for name, value in HIDDEN.findall(form) if name != "csrf"}

    async def press(self, do: str, **fields: str) -> str:
        """Answers where it led, or what the page says that was wrong."""
        values = {"to": "ana@acme.example", "text": "You are right.", **fields}
        answer = await self.person.post(self.where, do=do, **{**self.remembered(), **values})
        self.status = answer.status_code
        if answer.status_code == 303:
            return answer.headers["location"]
        self.page = answer.text
        return self.page

    async def asked_for(self) -> list[Outgoing]:
        async with self.web.store.begin(self.web.workspace_id) as uow:
            wanted = OutgoingFilter(conversation_id=self.conversation_id)
            return list(await uow.outgoing.page(wanted, before=None, limit=9))

    async def draft(self) -> Draft | None:
        async with self.web.store.begin(self.web.workspace_id) as uow:
            return await uow.drafts.of_conversation(self.conversation_id, self.person.teammate_id)

    async def another_mail(self) -> None:
        async with self.web.store.begin(self.web.workspace_id) as uow:
            conversation = await uow.conversations.get(self.conversation_id)
            row = factories.message(
                self.web.workspace_id, conversation.account_id, conversation.id,
                excerpt="Forget it, I found it.",
                received_at=conversation.last_message_at + timedelta(minutes=1),
            )  # fmt: skip
            await uow.messages.add_all([row])
            conversation.message_count += 1


@pytest.fixture
async def account(web: Web) -> AccountId:
    return await web.account(**SMTP)


@pytest.fixture
async def writing(admin: Admin, web: Web, account: AccountId) -> Writing:
    conversation_id, _ = await web.conversation(account)
    return Writing(web, await admin.person(Role.AGENT), conversation_id)


class TestThePage:
    async def test_of_another_workspace_is_not_there(
        self, admin: Admin, web: Web, writing: Writing
    ) -> None:
        stranger = await admin.person(Role.OWNER, await web.other_workspace())

        assert (await stranger.get(writing.where)).status_code == 404
        answer = await stranger.post(writing.where, do="send", seen="1", to="a@b.example", text="x")
        assert answer.status_code == 404
        assert await writing.asked_for() == []

    async def test_is_for_those_who_may_answer(self, admin: Admin, writing: Writing) -> None:
        viewer = await admin.person(Role.VIEWER)

        assert (await viewer.get(writing.where)).status_code == 403
        assert "/answer" not in (await viewer.get(f"/conversations/{writing.conversation_id}")).text

    async def test_says_where_nothing_can_be_sent(self, web: Web, admin: Admin) -> None:
        conversation_id, _ = await web.conversation(await web.account())
        writing = Writing(web, await admin.person(), conversation_id)

        assert "has no server to send by" in await writing.look()
        await writing.press("send")

        assert writing.status == 422
        assert "has no server to send by" in writing.page

    async def test_has_whom_to_answer_and_what(self, writing: Writing) -> None:
        page = await writing.look()

        assert 'value="Ana Ruiz &lt;ana@acme.example&gt;"' in page
        assert "What you answer" in page


class TestKeeping:
    async def test_is_gone_on_with(self, writing: Writing) -> None:
        await writing.look()

        assert await writing.press("keep", text="Half a th") == (
            f"/conversations/{writing.conversation_id}"
        )

        assert "Half a th" in await writing.look()
        conversation = await writing.person.get(f"/conversations/{writing.conversation_id}")
        assert "Go on with your answer" in conversation.text

    async def test_while_somebody_types_says_so_and_goes_on(self, writing: Writing) -> None:
        await writing.look()
        known = writing.remembered()

        for text in ("Half", "Half a thought"):
            answer = await writing.person.client.post(
                f"{writing.where}/kept",
                data={"csrf": writing.person.csrf, **known, "to": "a@b.example", "text": text},
                headers=KEPT,
            )
            assert "Kept" in answer.text
            known |= dict(HIDDEN.findall(answer.text))

        assert "Half a thought" in await writing.look()

    async def test_from_a_page_that_is_too_old_changes_nothing(self, writing: Writing) -> None:
        await writing.look()
        await writing.press("keep", text="The first")

        await writing.press("keep", text="From another tab")

        assert writing.status == 422
        assert "You have begun an answer here already" in writing.page
        assert "From another tab" in writing.page
        assert "The first" in await writing.look()

    async def test_leaves_what_is_open_in_slack_alone(self, web: Web, writing: Writing) -> None:
        await writing.look()
        await writing.press("keep", text="Begun here")
        draft = await writing.draft()
        assert draft is not None
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.drafts.lock(draft.id)).view_id = "V1"

        assert "This answer is open in Slack" in await writing.look()
        await writing.press("keep", text="Written over")

        assert "open in Slack" in writing.page
        assert "Begun here" in await writing.look()

    async def test_is_discarded_when_somebody_asks(self, writing: Writing) -> None:
        await writing.look()
        await writing.press("keep", text="Never mind")

        await writing.person.post(f"{writing.where}/discard")

        assert await writing.draft() is None
        assert "Never mind" not in await writing.look()


class TestSending:
    async def test_of_what_cannot_go_says_why_at_its_field(self, writing: Writing) -> None:
        await writing.look()
        for field, value in (("to", "nobody at all"), ("to", ""), ("text", " ")):
            await writing.press("send", **{field: value})

            assert writing.status == 422, (field, value)
            assert re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', writing.page, re.DOTALL)
        assert await writing.asked_for() == []

    async def test_waits_for_its_undo_and_goes_to_whom_it_says(self, writing: Writing) -> None:
        await writing.look()

        led = await writing.press("send", cc="ben@acme.example", done="true")

        (mail,) = await writing.asked_for()
        assert led == f"/outbox/{mail.id}"
        assert (mail.state, mail.text, mail.then_done) == (
            OutgoingState.UNDO, "You are right.", True,
        )  # fmt: skip
        assert mail.requested_by_id == writing.person.teammate_id
        async with writing.web.store.begin(writing.web.workspace_id) as uow:
            people = [one.address for one in await uow.outgoing.recipients(mail.id)]
        assert people == ["ana@acme.example", "ben@acme.example"]

    async def test_twice_is_one_mail(self, writing: Writing) -> None:
        await writing.look()
        first = writing.page
        await writing.press("send")

        writing.page = first
        await writing.press("send")

        assert writing.status == 422
        assert len(await writing.asked_for()) == 1

    async def test_past_a_newer_mail_waits_until_that_was_seen(self, writing: Writing) -> None:
        await writing.look()
        await writing.another_mail()

        await writing.press("send")

        assert "wrote again meanwhile" in writing.page
        assert "Forget it, I found it." in writing.page
        assert "You are right." in writing.page
        assert await writing.asked_for() == []
        assert (await writing.press("send")).startswith("/outbox/")
        assert len(await writing.asked_for()) == 1

    async def test_past_a_colleagues_answer_waits_too(
        self, admin: Admin, web: Web, writing: Writing
    ) -> None:
        bens = Writing(web, await admin.person(Role.AGENT), writing.conversation_id)
        await writing.look()
        await bens.look()
        await bens.press("send", text="Ben answers.")

        await writing.press("send")

        assert "answered meanwhile" in writing.page
        assert "Ben answers." in writing.page
        assert [one.text for one in await writing.asked_for()] == ["Ben answers."]

    async def test_to_a_new_domain_is_asked_about_once(self, writing: Writing) -> None:
        await writing.look()

        await writing.press("send", to="ana@acme.example.evil.example")

        assert "Nobody of this conversation is at acme.example.evil.example" in writing.page
        await writing.press("send", to="ana@acme.example.evil.example")
        assert len(await writing.asked_for()) == 1

    async def test_taken_back_it_is_a_draft_again(self, web: Web, writing: Writing) -> None:
        await writing.look()
        await writing.press("send", text="Too early.")
        (mail,) = await writing.asked_for()
        async with web.store.begin(web.workspace_id) as uow:
            await cancel(uow, OutgoingId(mail.id))

        assert "Too early." in await writing.look()
        assert (await writing.press("send", text="Now.")).startswith("/outbox/")

    async def test_in_place_of_a_mail_that_failed_waits_for_nobody_in_a_ring(
        self, web: Web, writing: Writing
    ) -> None:
        """A colleague has the failed one tried again at the same moment."""
        await writing.look()
        await writing.press("send")
        (failed,) = await writing.asked_for()
        async with web.store.begin(web.workspace_id) as uow:
            (await uow.outgoing.lock(OutgoingId(failed.id))).state = OutgoingState.FAILED
        await writing.look()

        async with asyncio.TaskGroup() as tasks, web.store.begin(web.workspace_id) as uow:
            await uow.outgoing.lock(OutgoingId(failed.id))
            sending = tasks.create_task(writing.press("send"))
            await eventually(lambda: are_waiting(web.store, 1))
            await retry(uow, OutgoingId(failed.id), even_if_sent=False)

        assert "It was sent meanwhile." in sending.result()
        (mail,) = await writing.asked_for()
        assert (mail.id, mail.state) == (failed.id, OutgoingState.QUEUED)


class TestTakingOver:
    async def test_goes_on_with_the_text_and_stops_the_first(
        self, admin: Admin, web: Web, writing: Writing
    ) -> None:
        await writing.look()
        await writing.press("keep", text="Anas beginning")
        theirs = await writing.draft()
        assert theirs is not None
        bens = Writing(web, await admin.person(Role.AGENT), writing.conversation_id)
        assert "is writing an answer, too" in await bens.look()

        await bens.person.post(f"{bens.where}/take-over", draft=str(theirs.id))

        assert "Anas beginning" in await bens.look()
        await writing.look()
        await writing.press("send")
        assert "has taken your text over" in writing.page
        assert (await writing.press("send")).startswith("/outbox/")

    async def test_of_a_draft_elsewhere_is_refused(
        self, web: Web, account: AccountId, writing: Writing
    ) -> None:
        other, _ = await web.conversation(account)
        elsewhere = Writing(web, writing.person, other)
        await elsewhere.look()
        await elsewhere.press("keep")
        draft = await elsewhere.draft()
        assert draft is not None

        answer = await writing.person.post(
            f"{writing.where}/take-over", draft=str(DraftId(draft.id))
        )

        assert answer.status_code == 404


@pytest.mark.browser
class TestInABrowser:
    async def test_is_written_kept_and_sent_by_the_keyboard(
        self, admin: Admin, writing: Writing
    ) -> None:
        async with (
            serving(admin) as base,
            chromium() as browser,
            window(browser, base, person=writing.person) as seen,
        ):
            await seen.goto(f"/conversations/{writing.conversation_id}")
            await seen.page.get_by_role("link", name="Answer", exact=True).press("Enter")
            await seen.page.get_by_label("Answer", exact=True).focus()
            await seen.page.keyboard.type("You are right.")
            await expect(seen.page.get_by_text("Kept", exact=False).last).to_be_visible()
            assert await seen.violations() == []
            await writing.another_mail()
            await seen.page.get_by_role("button", name="Send").press("Enter")
            await expect(seen.page.get_by_text("wrote again meanwhile")).to_be_visible()
            assert await seen.violations() == []
            await seen.page.get_by_role("button", name="Send").press("Enter")

            await expect(seen.page.get_by_text("Your answer is on its way.")).to_be_visible()
            await expect(seen.page.get_by_role("button", name="Undo")).to_be_visible()
            assert [one.text for one in await writing.asked_for()] == ["You are right."]
            # The browser notes that the first Send was refused.
            assert [one for one in seen.complaints if "422" not in one] == []
