"""The team's rules, and what they did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.core.errors import NotFound
from app.core.ids import AccountId, ConversationId, MessageId, RuleId, RuleRunId
from app.store.bulk import is_any
from app.store.models import Rule, RuleApplication, RuleRun, RunState
from app.store.repositories.base import Repository


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a rule fitted, and when it last did."""

    times: int = 0
    last_at: datetime | None = None


class Rules(Repository):
    async def add(self, rule: Rule) -> None:
        """Behind all the others."""
        last = select(func.coalesce(func.max(Rule.position), 0)).where(
            col(Rule.workspace_id) == self._workspace_id
        )
        rule.position = (await self._session.exec(last)).one() + 1
        self._session.add(rule)
        await self._session.flush()

    async def get(self, rule_id: RuleId) -> Rule:
        """Raises `NotFound`."""
        rule = await self._session.get(Rule, (self._workspace_id, rule_id))
        if rule is None:
            raise NotFound("There is no such rule.")
        return rule

    async def lock(self, rule_id: RuleId) -> Rule:
        """The rule, held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(Rule)
            .where(Rule.workspace_id == self._workspace_id, Rule.id == rule_id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        rule = (await self._session.exec(statement)).one_or_none()
        if rule is None:
            raise NotFound("There is no such rule.")
        return rule

    async def all(self) -> Sequence[Rule]:
        """In their order."""
        statement = (
            select(Rule)
            .where(Rule.workspace_id == self._workspace_id)
            .order_by(col(Rule.position), col(Rule.id))
        )
        return (await self._session.exec(statement)).all()

    async def lock_all(self) -> Sequence[Rule]:
        """All of them in their order, held against other changes until we commit."""
        statement = (
            select(Rule)
            .where(Rule.workspace_id == self._workspace_id)
            .order_by(col(Rule.id))
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
        found = (await self._session.exec(statement)).all()
        return sorted(found, key=lambda rule: (rule.position, rule.id))

    async def enabled_for(self, account_id: AccountId) -> Sequence[Rule]:
        """Those that are asked about an account's new mail, in their order."""
        statement = (
            select(Rule)
            .where(
                Rule.workspace_id == self._workspace_id,
                col(Rule.enabled),
                or_(col(Rule.account_id).is_(None), col(Rule.account_id) == account_id),
            )
            .order_by(col(Rule.position), col(Rule.id))
        )
        return (await self._session.exec(statement)).all()

    async def count(self) -> int:
        statement = select(func.count()).where(col(Rule.workspace_id) == self._workspace_id)
        return (await self._session.exec(statement)).one()

    async def delete(self, rule: Rule) -> None:
        await self._session.delete(rule)

    async def tallies(self, rule_ids: Iterable[RuleId]) -> Mapping[RuleId, Tally]:
        statement = (
            select(RuleApplication.rule_id, func.count(), func.max(col(RuleApplication.created_at)))
            .where(
                RuleApplication.workspace_id == self._workspace_id,
                is_any(col(RuleApplication.rule_id), list(rule_ids)),
            )
            .group_by(col(RuleApplication.rule_id))
        )
        rows = await self._session.exec(statement)
        return {RuleId(id_): Tally(times, at) for id_, times, at in rows if id_ is not None}

    async def note(self, application: RuleApplication) -> bool:
        """Write down that a rule fits a mail; False where that was written down before."""
        values = application.model_dump(exclude={"created_at"})
        statement = (
            insert(RuleApplication)
            .values(**values)
            .on_conflict_do_nothing()
            .returning(col(RuleApplication.id))
        )
        return (await self._session.exec(statement)).first() is not None

    async def applied_to(
        self, conversation_id: ConversationId, *, limit: int = 50
    ) -> Sequence[RuleApplication]:
        """What rules did in a conversation, the latest first."""
        statement = (
            select(RuleApplication)
            .where(
                RuleApplication.workspace_id == self._workspace_id,
                RuleApplication.conversation_id == conversation_id,
            )
            .order_by(col(RuleApplication.id).desc())
            .limit(limit)
        )
        return (await self._session.exec(statement)).all()

    async def known(self, rule_id: RuleId, ids: Iterable[MessageId]) -> frozenset[MessageId]:
        """Those of these mails that the rule was applied to already."""
        statement = select(RuleApplication.message_id).where(
            RuleApplication.workspace_id == self._workspace_id,
            RuleApplication.rule_id == rule_id,
            is_any(col(RuleApplication.message_id), list(ids)),
        )
        return frozenset(MessageId(id_) for id_ in await self._session.exec(statement))


class RuleRuns(Repository):
    async def add(self, run: RuleRun) -> None:
        self._session.add(run)
        await self._session.flush()

    async def get(self, run_id: RuleRunId) -> RuleRun:
        """Raises `NotFound`."""
        run = await self._session.get(RuleRun, (self._workspace_id, run_id))
        if run is None:
            raise NotFound("There is no such run of a rule.")
        return run

    async def lock(self, run_id: RuleRunId) -> RuleRun:
        """Held against other changes until we commit. Raises `NotFound`."""
        statement = (
            select(RuleRun)
            .where(RuleRun.workspace_id == self._workspace_id, RuleRun.id == run_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        run = (await self._session.exec(statement)).one_or_none()
        if run is None:
            raise NotFound("There is no such run of a rule.")
        return run

    async def running(self, rule_id: RuleId) -> RuleRun | None:
        statement = select(RuleRun).where(
            RuleRun.workspace_id == self._workspace_id,
            RuleRun.rule_id == rule_id,
            RuleRun.state == RunState.RUNNING,
        )
        return (await self._session.exec(statement)).one_or_none()

    async def latest(self, rule_id: RuleId) -> RuleRun | None:
        statement = (
            select(RuleRun)
            .where(RuleRun.workspace_id == self._workspace_id, RuleRun.rule_id == rule_id)
            .order_by(col(RuleRun.id).desc())
            .limit(1)
        )
        return (await self._session.exec(statement)).first()
