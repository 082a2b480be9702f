"""Answering from the card, by really signed deliveries: the window, its draft, and Send."""

import asyncio
import email
import email.policy
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.commands.merge import merge
from app.core.access import system
from app.core.ids import OutgoingId, new_id
from app.feed.ids import CardValue
from app.mail.address import Address
from app.mail.compose import File
from app.sandbox.slack.wire import JSON
from app.sending.change import cancel, retry
from app.sending.context import Writing
from app.sending.enqueue import enqueue
from app.sending.wanted import Wanted
from app.sending.write import write
from app.slack.writing import ComposeMemory
from app.store.models import (
    Draft,
    Outgoing,
    OutgoingMode,
    OutgoingRecipient,
    OutgoingState,
    Proof,
    RecipientKind,
    SenderIdentity,
    Signature,
    Template,
)
from app.store.repositories.outgoing import OutgoingFilter
from tests.fixtures.database import are_waiting
from tests.fixtures.slack_door import SlackDoor
from tests.fixtures.stack import eventually, text_of

HERE = {"to": [{"name": "", "address": "support@example.com"}], "internet_message_id": "1@acme"}


@pytest.fixture(autouse=True)
async def can_send(door: SlackDoor) -> None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        account = await uow.accounts.get(door.feed.account_id)
        account.smtp_host, account.smtp_port = "smtp.example.com", 465
        account.smtp_security = "tls"


async def card(door: SlackDoor, subject: str = "Invoice", **values: Any) -> str:
    await door.feed.mail(subject, **{**HERE, **values})
    await door.draw()
    return str(door.slack.messages("support")[-1]["ts"])


async def drawn(door: SlackDoor, user: str = "Ana") -> dict[str, Any]:
    """The window, once it is more than a skeleton."""

    async def look() -> dict[str, Any] | None:
        views = door.slack.views(user)
        return views[-1] if views and len(views[-1]["blocks"]) > 1 else None

    found: dict[str, Any] = await eventually(look)
    return found


async def opened(door: SlackDoor, ts: str, user: str = "Ana") -> dict[str, Any]:
    outcome = await door.slack.click(user, "support", ts, "conversation.reply")
    assert outcome.ok, outcome
    return await drawn(door, user)


def block(view: Mapping[str, Any], field: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        one for one in view["blocks"] if one.get("element", {}).get("action_id") == field
    )
    return found


def value(view: Mapping[str, Any], field: str) -> Any:
    element = block(view, field)["element"]
    return next((element[key] for key in element if key.startswith("initial_")), None)


async def mails(door: SlackDoor) -> list[Outgoing]:
    """The oldest first."""
    async with door.store.begin(door.feed.workspace.id) as uow:
        return list(await uow.outgoing.page(OutgoingFilter(), before=None, limit=50))[::-1]


async def recipients(door: SlackDoor, id_: OutgoingId) -> list[tuple[RecipientKind, str]]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        found: list[OutgoingRecipient] = list(await uow.outgoing.recipients(id_))
    return [(one.kind, one.address) for one in found]


async def files_of(door: SlackDoor, id_: OutgoingId) -> dict[str, bytes]:
    async with door.store.begin(door.feed.workspace.id) as uow:
        files = await uow.outgoing.files(id_)
    blobs = door.feed.feeding.blobs
    return {one.filename: await blobs.get(one.sha256) for one in files}


async def failed_forward(
    door: SlackDoor, *files: File, send_at: datetime | None = None
) -> Outgoing:
    wanted = Wanted(
        account_id=door.feed.account_id,
        conversation_id=door.id_of("Invoice"),
        mode=OutgoingMode.FORWARD,
        text="For you",
        to=(Address("", "boss@example.com"),),
        files=files,
        send_at=send_at,
    )
    actor = system(door.feed.workspace.id)
    writing = Writing(door.store, door.feed.feeding.blobs, 10, 10_000_000)
    written = await write(writing, actor, wanted)
    async with door.store.begin(door.feed.workspace.id) as uow:
        mail = await enqueue(uow, actor, written)
        mail.state = OutgoingState.FAILED
    return mail


async def draft_of(door: SlackDoor, user: str, subject: str = "Invoice") -> Draft | None:
    async with door.store.begin(door.feed.workspace.id) as uow:
        teammate = await uow.teammates.by_slack_user(door.slack.users[user], user.lower())  # type: ignore[arg-type]
        return await uow.drafts.of_conversation(door.id_of(subject), teammate.id)


async def type_(door: SlackDoor, text: str, user: str = "Ana") -> None:
    outcome = await door.slack.act_in_view(user, "compose.body", text)
    assert outcome.ok, outcome


class TestReply:
    async def test_is_the_first_button_and_the_only_primary_one(self, door: SlackDoor) -> None:
        ts = await card(door)

        buttons = [
            one
            for part in door.slack.message("support", ts)["blocks"]
            if part["type"] == "actions"
            for one in part["elements"]
        ]
        assert buttons[0]["action_id"] == "conversation.reply"
        assert [one.get("style") for one in buttons].count("primary") == 1

    async def test_opens_a_window_filled_in_from_the_mail(self, door: SlackDoor) -> None:
        ts = await card(door, cc=[{"name": "Eva", "address": "eva@acme.example"}])

        view = await opened(door, ts)

        assert view["title"]["text"] == "Reply"
        assert (view["submit"]["text"], view["close"]["text"]) == ("Send", "Keep draft")
        assert value(view, "compose.to") == "Ana Ruiz <ana@acme.example>"
        assert value(view, "compose.cc") is None
        assert value(view, "compose.from")["text"]["text"] == "support@example.com"
        assert "The total is wrong." in text_of(view)

    async def test_offers_people_the_team_wrote_with_beside_typed_addresses(
        self, door: SlackDoor
    ) -> None:
        ts = await card(door)
        await door.feed.mail(
            "Chairs", from_name="Harriet Pike", from_address="harriet@pike.example"
        )
        await opened(door, ts)

        async def holds(field: str, wanted: str) -> None:
            async def look() -> bool:
                return bool(value(door.slack.views("Ana")[-1], field) == wanted)

            await eventually(look)

        offered = await door.slack.suggest("Ana", "compose.person", "harr")
        (cc,) = offered.groups[1]["options"]
        assert (cc["text"]["text"], offered.groups[1]["label"]["text"]) == ("Harriet Pike", "Cc")
        assert (await door.slack.act_in_view("Ana", "compose.person", cc)).ok
        await holds("compose.cc", "Harriet Pike <harriet@pike.example>")

        (to, *_) = (await door.slack.suggest("Ana", "compose.person", "eva@other.example")).groups
        assert (await door.slack.act_in_view("Ana", "compose.person", to["options"][0])).ok
        await holds("compose.to", "Ana Ruiz <ana@acme.example>, eva@other.example")
        await holds("compose.cc", "Harriet Pike <harriet@pike.example>")

    async def test_offers_nobody_of_a_channel_that_the_writer_is_not_in(
        self, door: SlackDoor
    ) -> None:
        ts = await card(door)
        await opened(door, ts, user="Ana")
        door.slack.remove_user("Ana", "support")

        assert (await door.slack.suggest("Ana", "compose.person", "ana")).groups == []

    @pytest.mark.both_ways
    async def test_writes_the_mail_once(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)

        outcome = await door.slack.submit_view("Ana", {"compose.body": "You are *right*, Ana."})

        assert outcome.ok, outcome
        (mail,) = await mails(door)
        assert (mail.state, mail.mode) == (OutgoingState.UNDO, OutgoingMode.REPLY)
        assert mail.text == "You are right, Ana."
        assert mail.html == "<div>You are <b>right</b>, Ana.</div>"
        assert (mail.subject, mail.from_address) == ("Re: Invoice", "support@example.com")
        assert await recipients(door, mail.id) == [(RecipientKind.TO, "ana@acme.example")]
        assert door.slack.views("Ana") == []
        await door.draw()
        (line,) = door.slack.replies("support", ts)
        assert "outgoing.undo" in json.dumps(line)

    async def test_to_an_address_that_nobody_reads_says_so(self, door: SlackDoor) -> None:
        ts = await card(door, from_address="no-reply@acme.example")

        view = await opened(door, ts)

        assert view["blocks"][0]["type"] == "alert"
        assert "nobody reads mail at no-reply@acme.example" in text_of(view)

    @pytest.mark.parametrize("name", ["Ruiz, Ana", "mallory@evil.example, Ana", 'Ana "A" <x> Ruiz'])
    async def test_goes_to_nobody_else_whatever_the_sender_is_called(
        self, door: SlackDoor, name: str
    ) -> None:
        ts = await card(door, from_name=name, from_address="ana@acme.example")
        await opened(door, ts)

        outcome = await door.slack.submit_view("Ana", {"compose.body": "You are right."})

        assert outcome.ok, outcome
        (mail,) = await mails(door)
        assert await recipients(door, mail.id) == [(RecipientKind.TO, "ana@acme.example")]

    async def test_pressed_twice_sends_once(self, door: SlackDoor) -> None:
        ts = await card(door)
        view = await opened(door, ts)
        payload = door.submission("compose", view["private_metadata"], state(view, "Hello"))
        payload["view"]["id"], payload["view"]["hash"] = view["id"], view["hash"]

        answers = await asyncio.gather(*(door.interaction(payload) for _ in range(3)))

        assert {one.status_code for one in answers} == {200}
        assert len(await mails(door)) == 1

    async def test_to_all_keeps_the_copy(self, door: SlackDoor) -> None:
        ts = await card(door, cc=[{"name": "Eva", "address": "eva@acme.example"}])
        view = await opened(door, ts)

        await door.slack.act_in_view(
            "Ana", "compose.mode", "reply_all", answers=answers(view, "Hello both")
        )
        view = await titled(door, "Reply to all")

        assert value(view, "compose.cc") == "Eva <eva@acme.example>"
        assert value(view, "compose.body")["elements"][0]["elements"][0]["text"] == "Hello both"
        assert (await door.slack.submit_view("Ana")).ok
        (mail,) = await mails(door)
        assert (RecipientKind.CC, "eva@acme.example") in await recipients(door, mail.id)

    async def test_keeps_addresses_that_somebody_typed_when_the_mode_changes(
        self, door: SlackDoor
    ) -> None:
        ts = await card(door)
        view = await opened(door, ts)
        to = {block(view, "compose.to")["block_id"]: {"compose.to": "boss@acme.example"}}

        await door.slack.act_in_view("Ana", "compose.mode", "reply_all", answers=to)

        view = await titled(door, "Reply to all")
        assert value(view, "compose.to") == "boss@acme.example"

    async def test_from_another_identity(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.identities.add(
                SenderIdentity(
                    workspace_id=uow.workspace_id,
                    account_id=door.feed.account_id,
                    address="billing@example.com",
                    name="Billing",
                    proof=Proof.VERIFIED,
                )
            )
        ts = await card(door)
        await opened(door, ts)

        await door.slack.submit_view(
            "Ana", {"compose.body": "Hello", "compose.from": "Billing <billing@example.com>"}
        )

        (mail,) = await mails(door)
        assert (mail.from_name, mail.from_address) == ("Billing", "billing@example.com")

    async def test_later_is_scheduled_and_marks_done(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await door.slack.act_in_view("Ana", "compose.when", "tomorrow")
        view = await submits(door, "Schedule")
        assert "Tomorrow 9:00 (Europe/Berlin)" in text_of(view)

        await door.slack.submit_view(
            "Ana", {"compose.body": "Hello", "compose.options": ["done", "unless_answered"]}
        )

        (mail,) = await mails(door)
        assert mail.state is OutgoingState.SCHEDULED
        assert (mail.then_done, mail.cancel_if_answered, mail.quotes) == (True, True, False)

    async def test_is_offered_as_its_inbox_does_it(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            account = await uow.accounts.get(door.feed.account_id)
            account.done_after_send, account.undo_seconds = True, 45
        ts = await card(door)

        view = await opened(door, ts)

        ticked = block(view, "compose.options")["element"]["initial_options"]
        assert {one["value"] for one in ticked} == {"quote", "done"}
        assert "It leaves 45 s after Send" in text_of(view)

        await door.slack.submit_view("Ana", {"compose.body": "Hello"})
        (mail,) = await mails(door)
        assert mail.then_done
        assert timedelta(seconds=30) < mail.due_at - mail.created_at < timedelta(seconds=60)

    async def test_takes_files_along(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        file = door.slack.upload_as_user("Ana", "offer.pdf", b"%PDF-1.7 the offer")

        outcome = await door.slack.submit_view(
            "Ana", {"compose.body": "Here it is", "compose.files": [file]}
        )

        assert outcome.ok, outcome
        (mail,) = await mails(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            (kept,) = await uow.outgoing.files(mail.id)
        assert (kept.filename, kept.content_type) == ("offer.pdf", "application/pdf")
        assert await door.feed.feeding.blobs.get(kept.sha256) == b"%PDF-1.7 the offer"

    @pytest.mark.both_ways
    async def test_with_files_alone(self, door: SlackDoor) -> None:
        ts = await card(door)
        view = await opened(door, ts)
        file = door.slack.upload_as_user("Ana", "contract.pdf", b"%PDF-1.7 the contract")

        nothing = await door.slack.submit_view("Ana", {})
        outcome = await door.slack.submit_view("Ana", {"compose.files": [file]})

        said = nothing.errors[block(view, "compose.body")["block_id"]]
        assert said == "There is nothing in it yet. Write something, or attach a file."
        assert outcome.ok, outcome
        (mail,) = await mails(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            (kept,) = await uow.outgoing.files(mail.id)
        assert kept.filename == "contract.pdf"

    async def test_with_a_template_below_what_is_written(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.templates.add(
                Template(
                    workspace_id=uow.workspace_id,
                    name="Thanks",
                    text="Thank you, {{ customer.first_name }}.",
                )
            )
        ts = await card(door)
        view = await opened(door, ts)
        offered = await door.slack.suggest("Ana", "compose.template", "tha")

        await door.slack.act_in_view(
            "Ana", "compose.template", offered.options[0], answers=answers(view, "Hello")
        )

        async def look() -> bool:
            return "Thank you, Ana." in text_of(door.slack.views("Ana")[-1])

        await eventually(look)
        assert (await door.slack.submit_view("Ana")).ok
        (mail,) = await mails(door)
        assert mail.text == "Hello\nThank you, Ana."

    async def test_with_a_template_whose_links_and_bold_words_stay_so(
        self, door: SlackDoor
    ) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.templates.add(
                Template(
                    workspace_id=uow.workspace_id,
                    name="Guide",
                    text="Read the guide.",
                    html="<p>Dear <b>{{ customer.first_name }}</b>, read "
                    '<a href="https://acme.example/guide">the guide</a>.</p>',
                )
            )
            signature = Signature(workspace_id=uow.workspace_id, text="Ana, Acme", html="")
            await uow.signatures.add(signature)
        ts = await card(door)
        view = await opened(door, ts)
        offered = await door.slack.suggest("Ana", "compose.template", "gui")

        await door.slack.act_in_view(
            "Ana", "compose.template", offered.options[0], answers=answers(view, "Hello")
        )

        async def look() -> bool:
            return "Dear" in text_of(door.slack.views("Ana")[-1])

        await eventually(look)
        assert (await door.slack.submit_view("Ana")).ok
        (mail,) = await mails(door)
        assert mail.html is not None
        assert '<b>Ana</b>, read <a href="https://acme.example/guide">the guide</a>' in mail.html
        raw = await door.feed.feeding.blobs.get(mail.raw_sha256)
        sent = email.message_from_bytes(raw, policy=email.policy.default)
        for kind in ("plain", "html"):
            part = sent.get_body((kind,))
            assert part is not None
            assert part.get_content().count("Ana, Acme") == 1, kind

    @pytest.mark.both_ways
    async def test_shows_what_would_leave(self, door: SlackDoor) -> None:
        ts = await card(door)
        view = await opened(door, ts)

        await door.slack.act_in_view(
            "Ana", "compose.preview", answers=answers(view, "Hello <!channel>")
        )

        async def look() -> dict[str, Any] | None:
            top = door.slack.views("Ana")[-1]
            return top if "*From*" in text_of(top) else None

        top = await eventually(look)
        assert "Hello &lt;!channel&gt;" in text_of(top)
        assert "&gt; The total is wrong." in text_of(top)
        assert await mails(door) == []


def answers(view: Mapping[str, Any], text: str) -> dict[str, dict[str, Any]]:
    return {block(view, "compose.body")["block_id"]: {"compose.body": text}}


def state(view: Mapping[str, Any], text: str) -> dict[str, Any]:
    """What Slack would say stands in the window."""
    leaf = {"type": "text", "text": text}
    section = {"type": "rich_text_section", "elements": [leaf]}
    rich = {"type": "rich_text", "elements": [section]}
    to = {"type": "plain_text_input", "value": value(view, "compose.to")}
    return {
        block(view, "compose.body")["block_id"]: {
            "compose.body": {"type": "rich_text_input", "rich_text_value": rich}
        },
        block(view, "compose.to")["block_id"]: {"compose.to": to},
    }


async def titled(door: SlackDoor, title: str, user: str = "Ana") -> dict[str, Any]:
    async def look() -> JSON | None:
        views = door.slack.views(user)
        is_it = views and views[-1]["title"]["text"] == title and len(views[-1]["blocks"]) > 1
        return views[-1] if is_it else None

    found: dict[str, Any] = await eventually(look)
    return found


async def submits(door: SlackDoor, label: str) -> dict[str, Any]:
    async def look() -> JSON | None:
        view = door.slack.views("Ana")[-1]
        return view if (view.get("submit") or {}).get("text") == label else None

    found: dict[str, Any] = await eventually(look)
    return found


class TestRefusals:
    @pytest.mark.both_ways
    async def test_say_so_at_the_field(self, door: SlackDoor) -> None:
        ts = await card(door)
        view = await opened(door, ts)

        outcome = await door.slack.submit_view(
            "Ana", {"compose.body": "Hello", "compose.to": "nobody"}
        )

        ((block_id, said),) = outcome.errors.items()
        assert block_id == block(view, "compose.to")["block_id"]
        assert said.startswith("“nobody” is no address.")
        assert await mails(door) == []

    async def test_a_header_cannot_be_slipped_in(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        to = "x@b.example\r\nX-Evil: yes <c@d.example>\x00"

        outcome = await door.slack.submit_view("Ana", {"compose.body": "Hello", "compose.to": to})

        assert outcome.errors
        assert await mails(door) == []

    async def test_an_account_that_cannot_send(self, door: SlackDoor) -> None:
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.accounts.get(door.feed.account_id)).smtp_host = None
        ts = await card(door)
        view = await opened(door, ts)
        assert "has no server to send by" in text_of(view)

        outcome = await door.slack.submit_view("Ana", {"compose.body": "Hello"})

        assert "SMTP server" in next(iter(outcome.errors.values()))

    async def test_a_file_that_lies_elsewhere_than_in_slack(self, door: SlackDoor) -> None:
        ts = await card(door)
        view = await opened(door, ts)
        file = door.slack.upload_as_user("Ana", "offer.pdf", b"%PDF-1.7")
        file["url_private_download"] = "http://169.254.169.254/latest"

        outcome = await door.slack.submit_view(
            "Ana", {"compose.body": "Here", "compose.files": [file]}
        )

        assert (
            "cannot be fetched from Slack"
            in outcome.errors[block(view, "compose.files")["block_id"]]
        )
        assert await mails(door) == []

    async def test_a_mail_that_is_too_large(self, door: SlackDoor) -> None:
        ts = await card(door)
        view = await opened(door, ts)
        file = door.slack.upload_as_user("Ana", "film.mp4", b"film")
        file["size"] = 30_000_000

        outcome = await door.slack.submit_view(
            "Ana", {"compose.body": "Here", "compose.files": [file]}
        )

        problem = outcome.errors[block(view, "compose.files")["block_id"]]
        assert "41.1 MB; SharedBox sends at most 26.2 MB" in problem

        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.accounts.get(door.feed.account_id)).smtp_takes = 20_000_000
        outcome = await door.slack.submit_view(
            "Ana", {"compose.body": "Here", "compose.files": [file]}
        )
        problem = outcome.errors[block(view, "compose.files")["block_id"]]
        assert "smtp.example.com sends at most 20.0 MB" in problem

    async def test_a_conversation_of_another_workspace(self, door: SlackDoor) -> None:
        ts = await card(door)
        strange = str(CardValue(new_id()))  # type: ignore[arg-type]

        await door.interaction(door.click(ts, "conversation.reply", strange))

        async def look() -> bool:
            views = door.slack.views("Ana")
            return bool(views) and "no such conversation" in text_of(views[-1])

        await eventually(look)

    async def test_the_draft_of_somebody_else(self, door: SlackDoor) -> None:
        ts = await card(door)
        view = await opened(door, ts)
        payload = door.submission("compose", view["private_metadata"], state(view, "Hi"), "Ben")

        answer = await door.interaction(payload)

        assert answer.status_code == 200
        assert "belongs to somebody else" in await door.told_directly("Ben")
        assert await mails(door) == []

    async def test_a_window_that_is_not_ours(self, door: SlackDoor) -> None:
        payload = door.submission("compose", json.dumps({"draft_id": "x"}), {})

        answer = await door.interaction(payload)

        assert answer.status_code == 200
        assert await mails(door) == []

    async def test_a_new_domain_until_send_is_pressed_again(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        to = "ana@acme.example, eve@acme-pay.example"

        assert (await door.slack.submit_view("Ana", {"compose.body": "Hi", "compose.to": to})).ok

        assert "acme-pay.example" in text_of(door.slack.views("Ana")[-1])
        assert await mails(door) == []
        assert (await door.slack.submit_view("Ana")).ok
        assert len(await mails(door)) == 1


class TestTheStaleGuard:
    async def test_shows_a_newer_mail_and_sends_the_second_time(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await door.feed.mail("Invoice 2", "Invoice", excerpt="Never mind, I found it.", **HERE)

        outcome = await door.slack.submit_view("Ana", {"compose.body": "Here it is"})

        assert outcome.ok, outcome
        assert await mails(door) == []
        view = door.slack.views("Ana")[-1]
        assert "wrote again meanwhile" in text_of(view)
        assert "Never mind, I found it." in text_of(view)
        assert "Here it is" in text_of(view)
        assert (await door.slack.submit_view("Ana")).ok
        assert len(await mails(door)) == 1

    async def test_of_two_who_send_one_is_told(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await opened(door, ts, "Ben")

        await door.slack.submit_view("Ana", {"compose.body": "From Ana"})
        await door.slack.submit_view("Ben", {"compose.body": "From Ben"})

        (mail,) = await mails(door)
        assert mail.text == "From Ana"
        view = door.slack.views("Ben")[-1]
        assert "Ana answered meanwhile" in text_of(view)
        assert "From Ben" in text_of(view)

    async def test_minds_no_mail_that_the_writer_had_seen_on_its_way(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await door.slack.submit_view("Ana", {"compose.body": "One thing"})
        await opened(door, ts)

        outcome = await door.slack.submit_view("Ana", {"compose.body": "And another"})

        assert outcome.ok
        assert [one.text for one in await mails(door)] == ["One thing", "And another"]

    async def test_waits_for_a_merge_and_not_in_a_ring_with_it(self, door: SlackDoor) -> None:
        ts = await card(door)
        await card(door, "Order", internet_message_id="2@acme")
        await opened(door, ts)
        by, now = system(door.feed.workspace.id), datetime.now(UTC)

        async with asyncio.TaskGroup() as tasks, door.store.begin(door.feed.workspace.id) as uow:
            await uow.conversations.lock(door.id_of("Invoice"))
            tasks.create_task(door.slack.submit_view("Ana", {"compose.body": "Here it is"}))
            await eventually(lambda: are_waiting(door.store, 1))
            await merge(uow, by, door.id_of("Invoice"), door.id_of("Order"), now=now)

        assert await mails(door) == []
        assert "was merged into another one meanwhile" in text_of(door.slack.views("Ana")[-1])


class TestDrafts:
    async def test_are_kept_while_they_are_typed_and_come_back(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await type_(door, "Dear Ana, I am")
        await door.slack.close_view("Ana")

        view = await opened(door, ts)

        assert "Your draft is back." in text_of(view)
        assert value(view, "compose.body")["elements"][0]["elements"][0]["text"] == "Dear Ana, I am"

    @pytest.mark.both_ways
    async def test_show_who_is_writing_until_the_window_closes(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await door.draw()
        assert "is replying" in text_of(door.slack.message("support", ts))

        await door.slack.close_view("Ana")
        await door.draw()

        assert "is replying" not in text_of(door.slack.message("support", ts))

    async def test_are_let_go_of_when_nothing_is_typed_for_long(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        draft = await draft_of(door, "Ana")
        assert draft is not None
        async with door.store.begin(door.feed.workspace.id) as uow:
            held = await uow.drafts.lock(draft.id)
            held.writing_until = held.created_at

        async with door.store.across_workspaces() as fleet:
            assert list(await fleet.workspaces_with_idle_writers()) == [door.feed.workspace.id]
        async with door.store.begin(door.feed.workspace.id) as uow:
            await uow.cards_are_stale(await uow.drafts.let_expired_go())

        await door.draw()
        assert "is replying" not in text_of(door.slack.message("support", ts))

    async def test_can_be_taken_over_and_nobody_loses_a_word(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await type_(door, "Ana began this")
        view = await opened(door, ts, "Ben")
        assert "is writing an answer, too" in text_of(view)

        await door.slack.act_in_view("Ben", "compose.take_over", answers=answers(view, "Ben, too"))

        async def taken() -> dict[str, Any] | None:
            top = door.slack.views("Ben")[-1]
            return top if "Ana began this" in text_of(top) else None

        view = await eventually(taken)
        assert "Ben, too" in text_of(view)

        async def told() -> bool:
            return "has taken your text over" in text_of(door.slack.views("Ana")[-1])

        await eventually(told)
        await door.slack.submit_view("Ana")
        assert await mails(door) == []
        assert (await door.slack.submit_view("Ben")).ok
        (mail,) = await mails(door)
        assert mail.text == "Ana began this\nBen, too"
        draft = await draft_of(door, "Ana")
        assert draft is not None
        assert "Ana began this" in json.dumps(draft.content)

    @pytest.mark.both_ways
    async def test_come_back_when_the_mail_is_taken_back(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await door.slack.submit_view("Ana", {"compose.body": "Too soon"})
        await door.draw()
        (line,) = door.slack.replies("support", ts)
        await door.slack.click("Ana", "support", line["ts"], "outgoing.undo")

        view = await opened(door, ts)

        assert "Too soon" in text_of(view)
        (mail,) = await mails(door)
        assert mail.state is OutgoingState.CANCELLED

    async def test_that_come_back_are_sent_from_a_window_that_was_open_before(
        self, door: SlackDoor
    ) -> None:
        """On another device: it would close as if they had been sent."""
        ts = await card(door)
        view = await opened(door, ts)
        other = door.submission("compose", view["private_metadata"], state(view, "Another try"))
        other["view"]["id"] = "V0ELSEWHERE"
        await door.slack.submit_view("Ana", {"compose.body": "One try"})
        (mail,) = await mails(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            await cancel(uow, mail.id)

        assert (await door.interaction(other)).status_code == 200

        first, second = await mails(door)
        assert (first.text, first.state) == ("One try", OutgoingState.CANCELLED)
        assert (second.text, second.state) == ("Another try", OutgoingState.UNDO)

    async def test_what_comes_late_changes_nothing(self, door: SlackDoor) -> None:
        ts = await card(door)
        view = await opened(door, ts)
        await type_(door, "the newer words")
        late = door.submission("compose", view["private_metadata"], state(view, "older"))
        late |= {"type": "block_actions", "actions": [
            {"type": "rich_text_input", "action_id": "compose.body", "action_ts": "1.5",
             "block_id": "b"}]}  # fmt: skip
        late["view"]["id"] = view["id"]

        await door.interaction(late)

        draft = await draft_of(door, "Ana")
        assert draft is not None
        assert "the newer words" in json.dumps(draft.content)

    @pytest.mark.both_ways
    async def test_discarded_are_gone(self, door: SlackDoor) -> None:
        ts = await card(door)
        view = await opened(door, ts)
        await type_(door, "Nonsense")

        await door.slack.act_in_view("Ana", "compose.discard", answers=answers(view, "Nonsense"))

        async def empty() -> bool:
            return value(door.slack.views("Ana")[-1], "compose.body") is None

        await eventually(empty)


class TestForgetting:
    async def test_drafts_of_mails_that_left_long_ago(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await door.slack.submit_view("Ana", {"compose.body": "Hello"})
        (mail,) = await mails(door)
        day = timedelta(days=1)
        async with door.store.across_workspaces() as fleet:
            await fleet.forget_old(requests=day, answers=day)
        assert await draft_of(door, "Ana") is not None

        async with door.store.begin(door.feed.workspace.id) as uow:
            sent = await uow.outgoing.lock(mail.id)
            sent.state, sent.settled_at = OutgoingState.SENT, sent.created_at - 2 * day
        async with door.store.across_workspaces() as fleet:
            await fleet.forget_old(requests=day, answers=day)

        assert await draft_of(door, "Ana") is None


class TestAMailThatFailed:
    async def test_can_be_mended_and_is_given_up_for_the_new_one(self, door: SlackDoor) -> None:
        ts = await card(door)
        await opened(door, ts)
        await door.slack.submit_view("Ana", {"compose.body": "Hello"})
        (mail,) = await mails(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            failed = await uow.outgoing.lock(mail.id)
            failed.state, failed.detail = OutgoingState.FAILED, "550 no such user"
        await door.draw()
        (line,) = door.slack.replies("support", ts)

        await door.slack.click("Ben", "support", line["ts"], "outgoing.edit")
        view = await drawn(door, "Ben")
        assert "Hello" in text_of(view)
        assert value(view, "compose.to") == "Ana Ruiz <ana@acme.example>"
        assert (await door.slack.submit_view("Ben")).ok

        first, second = await mails(door)
        assert (first.state, second.state) == (OutgoingState.CANCELLED, OutgoingState.UNDO)

    async def test_keeps_its_files_and_options_and_what_its_mender_had_begun(
        self, door: SlackDoor
    ) -> None:
        ts = await card(door)
        await opened(door, ts)
        file = door.slack.upload_as_user("Ana", "offer.pdf", b"%PDF-1.7 the offer")
        await door.slack.submit_view(
            "Ana",
            {"compose.body": "Hello", "compose.files": [file], "compose.options": ["done"]},
        )
        (mail,) = await mails(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            failed = await uow.outgoing.lock(mail.id)
            failed.state, failed.detail = OutgoingState.FAILED, "550 no such user"
        await opened(door, ts, "Ben")
        await type_(door, "Ben, too", "Ben")
        await door.slack.close_view("Ben")
        await door.draw()
        (line,) = door.slack.replies("support", ts)

        await door.slack.click("Ben", "support", line["ts"], "outgoing.edit")
        view = await drawn(door, "Ben")
        assert "offer.pdf" in text_of(view)
        assert (await door.slack.submit_view("Ben")).ok

        _, second = await mails(door)
        assert second.text == "Hello\nBen, too"
        assert (second.then_done, second.quotes) == (True, False)
        async with door.store.begin(door.feed.workspace.id) as uow:
            (kept,) = await uow.outgoing.files(second.id)
        assert (kept.filename, kept.content_type) == ("offer.pdf", "application/pdf")
        assert await door.feed.feeding.blobs.get(kept.sha256) == b"%PDF-1.7 the offer"

    async def test_a_forward_keeps_the_files_it_had_each_once(self, door: SlackDoor) -> None:
        ts, at = await card(door), datetime.now(UTC) + timedelta(days=2)
        await failed_forward(door, File("offer.pdf", "application/pdf", b"%PDF-1.7"), send_at=at)
        await door.draw()
        (line,) = door.slack.replies("support", ts)

        await door.slack.click("Ben", "support", line["ts"], "outgoing.edit")
        view = await drawn(door, "Ben")
        assert value(view, "compose.at") == int(at.timestamp())
        assert (await door.slack.submit_view("Ben")).ok

        _, second = await mails(door)
        assert (second.mode, second.state) == (OutgoingMode.FORWARD, OutgoingState.SCHEDULED)
        assert await files_of(door, second.id) == {"offer.pdf": b"%PDF-1.7"}

    async def test_keeps_its_files_beside_those_of_another_one(self, door: SlackDoor) -> None:
        """Both are the first of their mail."""
        ts = await card(door)
        await failed_forward(door, File("offer.pdf", "application/pdf", b"an offer"))
        await failed_forward(door, File("terms.pdf", "application/pdf", b"the terms"))
        await door.draw()
        one, other = door.slack.replies("support", ts)

        for line in (one, other, one):
            await door.slack.click("Ben", "support", line["ts"], "outgoing.edit")
            await drawn(door, "Ben")
            await door.slack.close_view("Ben")
        await door.slack.click("Ben", "support", one["ts"], "outgoing.edit")
        await drawn(door, "Ben")
        assert (await door.slack.submit_view("Ben")).ok

        sent = (await mails(door))[-1]
        both = {"offer.pdf": b"an offer", "terms.pdf": b"the terms"}
        assert await files_of(door, sent.id) == both

    async def test_cannot_be_tried_again_while_its_text_is_taken_up(self, door: SlackDoor) -> None:
        ts = await card(door)
        mail = await failed_forward(door)
        await door.draw()
        (line,) = door.slack.replies("support", ts)

        async with asyncio.TaskGroup() as tasks, door.store.begin(door.feed.workspace.id) as uow:
            await retry(uow, mail.id, even_if_sent=False)
            await uow.session.flush()
            tasks.create_task(door.slack.click("Ben", "support", line["ts"], "outgoing.edit"))
            await eventually(lambda: are_waiting(door.store, 1))

        async def is_refused() -> bool:
            views = door.slack.views("Ben")
            return bool(views) and "is on its way or was sent" in text_of(views[-1])

        await eventually(is_refused)


class TestForward:
    async def test_from_the_menu_asks_to_whom(self, door: SlackDoor) -> None:
        ts = await card(door)
        await door.slack.choose_overflow("Ana", "support", ts, "More actions…")
        await titled(door, "More actions")

        await door.slack.submit_view("Ana", {"more.action": "forward"})
        view = await titled(door, "Forward")

        assert value(view, "compose.to") is None
        await door.slack.submit_view(
            "Ana", {"compose.to": "boss@example.com", "compose.body": "For you"}
        )
        (mail,) = await mails(door)
        assert (mail.mode, mail.subject) == (OutgoingMode.FORWARD, "Fwd: Invoice")


class TestANewMail:
    @pytest.mark.both_ways
    async def test_is_written_by_the_shortcut(self, door: SlackDoor) -> None:
        await card(door)
        who = door.slack.users["Ana"]
        payload = {
            "type": "shortcut",
            "callback_id": "new_email",
            "user": {"id": who, "username": "ana"},
            "team": {"id": door.slack.team_id},
            "api_app_id": door.slack.app_id,
            "trigger_id": door.slack.emulator.views.give_trigger(who),
        }
        await door.interaction(payload)
        view = await titled(door, "New e-mail")
        assert value(view, "compose.from")["text"]["text"] == "support@example.com"

        outcome = await door.slack.submit_view(
            "Ana",
            {
                "compose.to": "Eva <eva@other.example>",
                "compose.subject": "Your order",
                "compose.body": "It is on its way.",
            },
        )

        assert outcome.ok, outcome
        (mail,) = await mails(door)
        assert (mail.mode, mail.subject) == (OutgoingMode.NEW, "Your order")

    async def test_leaves_once_though_two_windows_send_it_at_once(self, door: SlackDoor) -> None:
        """The same draft on two devices: neither is a repetition of the other."""
        assert (await door.slack.run_command("Ana", "support", "/inbox compose")).ok
        view = await titled(door, "New e-mail")
        memory, values = view["private_metadata"], state(view, "It is on its way.")
        for field, typed in (
            ("compose.to", "eva@other.example"),
            ("compose.subject", "Your order"),
        ):
            element = {"type": "plain_text_input", "value": typed}
            values[block(view, field)["block_id"]] = {field: element}
        windows = [door.submission("compose", memory, values) for _ in range(2)]
        for number, window in enumerate(windows):
            window["view"]["id"] = f"V{number}"

        async with asyncio.TaskGroup() as tasks, door.store.begin(door.feed.workspace.id) as uow:
            await uow.drafts.lock(ComposeMemory.parse(memory).draft)
            sending = [tasks.create_task(door.interaction(one)) for one in windows]
            await eventually(lambda: are_waiting(door.store, 2))

        assert [one.result().status_code for one in sending] == [200, 200]
        assert [one.subject for one in await mails(door)] == ["Your order"]

    async def test_that_went_out_meanwhile_is_not_sent_twice(self, door: SlackDoor) -> None:
        """It had failed and was written on, while a colleague had it tried again."""
        typed = {"compose.to": "eva@other.example", "compose.subject": "Your order"}
        await door.slack.run_command("Ana", "support", "/inbox compose")
        await titled(door, "New e-mail")
        await door.slack.submit_view("Ana", {**typed, "compose.body": "It is on its way."})
        (mail,) = await mails(door)
        async with door.store.begin(door.feed.workspace.id) as uow:
            (await uow.outgoing.lock(mail.id)).state = OutgoingState.FAILED
        await door.slack.run_command("Ana", "support", "/inbox compose")
        await titled(door, "New e-mail")
        async with door.store.begin(door.feed.workspace.id) as uow:
            await retry(uow, mail.id, even_if_sent=False)

        await door.slack.submit_view("Ana", {"compose.body": "It left today."})

        assert [one.id for one in await mails(door)] == [mail.id]
        assert "went out meanwhile" in text_of(door.slack.views("Ana")[-1])
        await door.slack.close_view("Ana")
        await door.slack.run_command("Ana", "support", "/inbox compose")
        assert "It left today." in text_of(await titled(door, "New e-mail"))
        await door.slack.submit_view("Ana")
        assert [one.text for one in await mails(door)] == ["It is on its way.", "It left today."]
