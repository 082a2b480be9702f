"""What comes in for a conversation that was merged joins the other one, on a real Dovecot."""

from app.commands.merge import merge, split
from app.core.access import Actor, Origin
from app.core.ids import ConversationId
from app.store.models import Conversation, Message
from tests.fixtures.sessions import mail
from tests.fixtures.syncing import Sync

SCRIPT = "Script"


async def bring(sync: Sync, subject: str, message_id: str, answers: str = "") -> None:
    raw = mail(subject, message_id, "Hello.").decode()
    head = f"In-Reply-To: <{answers}>\r\n" if answers else ""
    await sync.inbox.server.save(
        sync.inbox.username, "INBOX", raw.replace("Date:", f"{head}Date:", 1).encode()
    )
    await sync.look()


async def conversation_of(sync: Sync, subject: str) -> ConversationId:
    found = [one for one in await sync.all(Message) if one.subject == subject]
    return ConversationId(found[-1].conversation_id)


async def join(sync: Sync, source: str, target: str) -> None:
    one, other = await conversation_of(sync, source), await conversation_of(sync, target)
    actor = Actor(sync.workspace.id, Origin.API, name=SCRIPT)
    async with sync.workspace.store.begin(sync.workspace.id) as uow:
        await merge(uow, actor, one, other, now=await uow.outgoing.time())


class TestAfterAMerge:
    async def test_an_answer_to_a_merged_mail_joins_the_other_conversation(
        self, sync: Sync
    ) -> None:
        await bring(sync, "Invoice", "one@acme.example")
        await bring(sync, "Delivery", "two@acme.example")
        await join(sync, "Delivery", "Invoice")

        await bring(sync, "Answer", "three@acme.example", answers="two@acme.example")

        assert await conversation_of(sync, "Answer") == await conversation_of(sync, "Invoice")

    async def test_so_does_one_that_only_its_subject_leads_there(self, sync: Sync) -> None:
        await bring(sync, "Invoice", "one@acme.example")
        await bring(sync, "Delivery", "two@acme.example")
        await join(sync, "Delivery", "Invoice")

        await bring(sync, "Re: Delivery", "three@acme.example")

        assert await conversation_of(sync, "Re: Delivery") == await conversation_of(sync, "Invoice")
        assert len(await sync.all(Conversation)) == 2


class TestAfterASplit:
    async def test_an_answer_to_the_mail_that_was_split_off_follows_it(self, sync: Sync) -> None:
        await bring(sync, "Invoice", "one@acme.example")
        await bring(sync, "Another thing", "two@acme.example", answers="one@acme.example")
        actor = Actor(sync.workspace.id, Origin.API, name=SCRIPT)
        (mail_,) = [one for one in await sync.all(Message) if one.subject == "Another thing"]
        async with sync.workspace.store.begin(sync.workspace.id) as uow:
            now = await uow.outgoing.time()
            await split(uow, actor, mail_.conversation_id, mail_.id, now=now)

        await bring(sync, "About that", "three@acme.example", answers="two@acme.example")
        await bring(sync, "About the invoice", "four@acme.example", answers="one@acme.example")

        split_off = await conversation_of(sync, "Another thing")
        assert await conversation_of(sync, "About that") == split_off
        first = await conversation_of(sync, "Invoice")
        assert await conversation_of(sync, "About the invoice") == first != split_off
