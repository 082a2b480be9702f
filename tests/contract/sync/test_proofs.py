"""Mails that prove an address, coming back through a real mail server."""

from datetime import timedelta

import pytest

from app.mail import proof
from app.store.models import Placement, PlacementState, Proof, SenderIdentity
from app.sync.proofs import REASON
from tests.fixtures.syncing import Sync

ALIAS = "billing@example.com"


async def asked_for(sync: Sync, *, valid: timedelta = timedelta(hours=1)) -> proof.Secret:
    """An identity whose proof was sent, and its secret."""
    async with sync.rows() as uow:
        identity = SenderIdentity(
            workspace_id=uow.workspace_id, account_id=sync.syncing.account_id, address=ALIAS
        )
        secret = proof.new_secret(identity.id)
        identity.proof_digest = secret.digest
        identity.proof_expires_at = await uow.outgoing.time() + valid
        await uow.identities.add(identity)
    return secret


def mail(subject: str, sender: str = ALIAS) -> bytes:
    return (
        f"From: {sender}\r\nTo: {ALIAS}\r\nSubject: {subject}\r\nMessage-ID: <p@example.com>\r\n"
        "\r\nThis mail proves an address.\r\n"
    ).encode()


async def identity(sync: Sync) -> SenderIdentity:
    (found,) = await sync.all(SenderIdentity)
    assert isinstance(found, SenderIdentity)
    return found


class TestAProof:
    async def test_verifies_the_address_and_is_no_card(self, sync: Sync) -> None:
        secret = await asked_for(sync)
        await sync.inbox.deliver(mail(proof.subject(secret)))

        await sync.look()

        found = await identity(sync)
        assert (found.proof, found.proof_digest) == (Proof.VERIFIED, None)
        assert found.verified_at is not None
        assert (await sync.announced(), await sync.subjects()) == ([], [])
        (place,) = await sync.all(Placement)
        assert (place.state, place.reason) == (PlacementState.SKIPPED, REASON)

    async def test_with_another_sender_says_what_the_provider_did(self, sync: Sync) -> None:
        secret = await asked_for(sync)
        await sync.inbox.deliver(mail(proof.subject(secret), "support@example.com"))

        await sync.look()

        found = await identity(sync)
        assert found.proof is Proof.FAILED
        assert "came back from support@example.com" in found.proof_detail
        assert await sync.announced() == []

    @pytest.mark.parametrize("late", [True, False])
    async def test_that_is_too_late_or_an_older_one_proves_nothing(
        self, sync: Sync, late: bool
    ) -> None:
        secret = await asked_for(sync, valid=timedelta(hours=-1 if late else 1))
        other = secret if late else proof.new_secret(secret.identity_id)
        await sync.inbox.deliver(mail(proof.subject(other)))

        await sync.look()

        assert (await identity(sync)).proof is Proof.ASKED
        assert await sync.announced() == []

    async def test_of_nobody_is_a_mail_like_any_other(self, sync: Sync) -> None:
        await asked_for(sync)
        foreign = proof.subject(proof.new_secret((await sync.mailbox()).id))
        await sync.inbox.deliver(mail(foreign))

        await sync.look()

        assert await sync.announced() == [foreign]
        assert (await identity(sync)).proof is Proof.ASKED
