"""The mail that proves an address: when it is sent, how often, and what becomes of the address."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.errors import Conflict, InvalidInput
from app.mail import proof
from app.mail.parse import parse
from app.sending import prove
from app.sending.identities import IdentityState, add_identity, standing
from app.store.models import Event, Proof, SenderIdentity
from tests.fixtures.sending import Outbox
from tests.fixtures.smtp import Fail

ALIAS = "billing@example.com"


async def add(outbox: Outbox, address: str = ALIAS, **values: Any) -> SenderIdentity:
    async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
        account = await uow.accounts.get(outbox.account_id)
        return await add_identity(uow, account, address, "", **values)


async def run(outbox: Outbox, identity: SenderIdentity) -> SenderIdentity:
    await prove.run(outbox.sending, outbox.workspace.id, identity.id)
    return await row(outbox, identity)


async def row(outbox: Outbox, identity: SenderIdentity) -> SenderIdentity:
    async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
        return await uow.identities.get(identity.id)


async def state(outbox: Outbox, identity: SenderIdentity) -> IdentityState:
    async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
        return standing(await uow.identities.get(identity.id), await uow.outgoing.time()).state


async def told(outbox: Outbox) -> list[str]:
    found = sorted(await outbox.all(Event), key=lambda one: one.seq)
    return [one.type for one in found if one.type.startswith("identity")]


class TestAnAlias:
    async def test_is_proven_by_a_mail_from_it_to_it(self, outbox: Outbox) -> None:
        identity = await run(outbox, await add(outbox))

        (taken,) = outbox.server.taken
        mail = parse(taken.raw)
        assert (taken.sender, taken.recipients) == (ALIAS, [ALIAS])
        assert mail.sender is not None
        assert mail.sender.address == ALIAS
        assert b"Auto-Submitted: auto-" in taken.raw
        secret = proof.read(mail.subject)
        assert secret is not None
        assert (secret.identity_id, secret.digest) == (identity.id, identity.proof_digest)
        assert await state(outbox, identity) is IdentityState.WAITING

    async def test_cannot_be_sent_from_before(self, outbox: Outbox) -> None:
        await run(outbox, await add(outbox, is_default=True))

        with pytest.raises(InvalidInput) as caught:
            await outbox.ask(sender=ALIAS)
        assert "not proven yet" in (caught.value.fix or "")

        outgoing = await outbox.send()
        assert outgoing.from_address == "support@example.com"

    async def test_that_is_the_account_itself_needs_no_proof(self, outbox: Outbox) -> None:
        identity = await add(outbox, "Support@example.com")

        assert identity.proof is Proof.VERIFIED

    async def test_that_has_not_come_back_in_a_day_is_too_late(self, outbox: Outbox) -> None:
        identity = await run(outbox, await add(outbox))
        await outbox.run("UPDATE identities SET proof_expires_at = now() - interval '1 second'")

        assert await state(outbox, identity) is IdentityState.EXPIRED

    async def test_is_asked_again_with_another_secret(self, outbox: Outbox) -> None:
        first = await run(outbox, await add(outbox))
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            account = await uow.accounts.get(outbox.account_id)
            with pytest.raises(Conflict, match="less than a minute"):
                await prove.ask(uow, account, await uow.identities.lock(first.id))
        await outbox.run("UPDATE identities SET proof_sent_at = now() - interval '2 minutes'")
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            await prove.ask(uow, account, await uow.identities.lock(first.id))

        second = await run(outbox, first)

        assert second.proof_digest != first.proof_digest
        assert len(outbox.server.taken) == 2


class TestTheServer:
    async def test_that_refuses_ends_it_with_its_words(self, outbox: Outbox) -> None:
        outbox.server.scripts = [{"MAIL": "553 5.7.1 not owned by user support@example.com"}]

        identity = await run(outbox, await add(outbox))

        assert identity.proof is Proof.FAILED
        assert "not owned by user" in identity.proof_detail
        assert await told(outbox) == ["identity.added", "identity.failed"]

    async def test_that_is_busy_is_asked_four_times(self, outbox: Outbox) -> None:
        outbox.server.scripts = [{"RCPT": "450 4.2.1 busy"}] * 9
        identity = await run(outbox, await add(outbox))
        assert (identity.proof, "busy" in identity.proof_detail) == (Proof.ASKED, True)

        for _ in range(5):
            identity = await run(outbox, identity)

        assert (identity.proof, identity.proof_attempts) == (Proof.FAILED, 4)

    async def test_that_is_not_there_is_said(self, outbox: Outbox) -> None:
        await outbox.run("UPDATE accounts SET smtp_host = NULL")

        identity = await run(outbox, await add(outbox))

        assert identity.proof is Proof.FAILED
        assert "no server to send by" in identity.proof_detail

    async def test_that_does_not_answer_at_the_end_may_have_sent_it(self, outbox: Outbox) -> None:
        from_now = timedelta(hours=23)
        outbox.server.scripts = [{"END": Fail.DROP}]
        async with outbox.workspace.store.begin(outbox.workspace.id) as uow:
            now = await uow.outgoing.time()

        identity = await run(outbox, await add(outbox))

        assert identity.proof is Proof.ASKED
        assert identity.proof_expires_at is not None
        assert identity.proof_expires_at > now + from_now
