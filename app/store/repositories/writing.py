"""What people write mail with: addresses to send from, signatures and templates."""

from collections.abc import Sequence

from sqlalchemy import or_, update
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import AccountId, IdentityId, SignatureId, TeammateId, TemplateId
from app.store.models import SenderIdentity, Signature, Template
from app.store.repositories.base import Repository


class Identities(Repository):
    async def add(self, identity: SenderIdentity) -> None:
        self._session.add(identity)
        await self._session.flush()

    async def get(self, identity_id: IdentityId) -> SenderIdentity:
        """Raises `NotFound`."""
        identity = await self._session.get(SenderIdentity, (self._workspace_id, identity_id))
        if identity is None:
            raise NotFound("There is no such identity.")
        return identity

    async def lock(self, identity_id: IdentityId) -> SenderIdentity:
        """The row, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(SenderIdentity)
            .where(
                SenderIdentity.workspace_id == self._workspace_id,
                SenderIdentity.id == identity_id,
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        identity = (await self._session.exec(statement)).one_or_none()
        if identity is None:
            raise NotFound("There is no such identity.")
        return identity

    async def find(self, account_id: AccountId, identity_id: IdentityId) -> SenderIdentity | None:
        """The identity of this id, if it is one of the account's; held until we commit."""
        statement = (
            select(SenderIdentity)
            .where(
                SenderIdentity.workspace_id == self._workspace_id,
                SenderIdentity.account_id == account_id,
                SenderIdentity.id == identity_id,
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.exec(statement)).one_or_none()

    async def of_account(self, account_id: AccountId) -> Sequence[SenderIdentity]:
        statement = (
            select(SenderIdentity)
            .where(
                SenderIdentity.workspace_id == self._workspace_id,
                SenderIdentity.account_id == account_id,
            )
            .order_by(col(SenderIdentity.is_default).desc(), col(SenderIdentity.id))
        )
        return (await self._session.exec(statement)).all()

    async def all(self) -> Sequence[SenderIdentity]:
        statement = (
            select(SenderIdentity)
            .where(SenderIdentity.workspace_id == self._workspace_id)
            .order_by(col(SenderIdentity.account_id), col(SenderIdentity.id))
        )
        return (await self._session.exec(statement)).all()

    async def only_default(self, identity: SenderIdentity) -> None:
        """Make this one the account's default, and no other."""
        await self._session.exec(
            update(SenderIdentity)
            .where(
                col(SenderIdentity.workspace_id) == self._workspace_id,
                col(SenderIdentity.account_id) == identity.account_id,
            )
            .values(is_default=col(SenderIdentity.id) == identity.id)
        )
        await self._session.refresh(identity)

    async def delete(self, identity: SenderIdentity) -> None:
        await self._session.delete(identity)


class Signatures(Repository):
    async def add(self, signature: Signature) -> None:
        self._session.add(signature)
        await self._session.flush()

    async def get(self, signature_id: SignatureId) -> Signature:
        """Raises `NotFound`."""
        signature = await self._session.get(Signature, (self._workspace_id, signature_id))
        if signature is None:
            raise NotFound("There is no such signature.")
        return signature

    async def all(self) -> Sequence[Signature]:
        statement = (
            select(Signature)
            .where(Signature.workspace_id == self._workspace_id)
            .order_by(col(Signature.id))
        )
        return (await self._session.exec(statement)).all()

    async def exactly(
        self, account_id: AccountId | None, teammate_id: TeammateId | None
    ) -> Signature | None:
        """The one for just this inbox and person."""
        statement = select(Signature).where(
            Signature.workspace_id == self._workspace_id,
            col(Signature.account_id).is_not_distinct_from(account_id),
            col(Signature.teammate_id).is_not_distinct_from(teammate_id),
        )
        return (await self._session.exec(statement)).first()

    async def below(
        self, account_id: AccountId, teammate_id: TeammateId | None
    ) -> tuple[Signature | None, Signature | None]:
        """The person's and the inbox's; for each, the one that is most precisely about it."""
        statement = select(Signature).where(
            Signature.workspace_id == self._workspace_id,
            or_(col(Signature.account_id) == account_id, col(Signature.account_id).is_(None)),
            or_(col(Signature.teammate_id) == teammate_id, col(Signature.teammate_id).is_(None)),
        )
        found = sorted(
            (await self._session.exec(statement)).all(), key=lambda one: one.account_id is None
        )
        persons = [one for one in found if one.teammate_id is not None]
        inboxes = [one for one in found if one.teammate_id is None]
        return next(iter(persons), None), next(iter(inboxes), None)

    async def delete(self, signature: Signature) -> None:
        await self._session.delete(signature)


class Templates(Repository):
    async def add(self, template: Template) -> None:
        self._session.add(template)
        await self._session.flush()

    async def get(self, template_id: TemplateId) -> Template:
        """Raises `NotFound`."""
        template = await self._session.get(Template, (self._workspace_id, template_id))
        if template is None:
            raise NotFound("There is no such template.")
        return template

    async def all(self, *, for_account: AccountId | None = None) -> Sequence[Template]:
        """By name; of one account, those for every inbox among them."""
        statement = (
            select(Template)
            .where(Template.workspace_id == self._workspace_id)
            .order_by(col(Template.name))
        )
        if for_account is not None:
            statement = statement.where(
                or_(col(Template.account_id) == for_account, col(Template.account_id).is_(None))
            )
        return (await self._session.exec(statement)).all()

    async def named(self, name: str) -> Template | None:
        statement = select(Template).where(
            Template.workspace_id == self._workspace_id, Template.name == name
        )
        return (await self._session.exec(statement)).one_or_none()

    async def delete(self, template: Template) -> None:
        await self._session.delete(template)
