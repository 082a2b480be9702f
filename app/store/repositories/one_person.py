"""Making one teammate of two rows that turned out to be the same person.

Whatever points at the one is pointed at the other: every foreign key, as the tables declare them,
and the ids that rules and commands keep in their JSON. The logs say what was true when they were
written, and stay.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Table, Text, cast, delete, func, or_, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import SQLModel, col, exists, select

from app.core.ids import TeammateId
from app.store.base import metadata
from app.store.models import Command, Draft, Rule, Signature, Teammate
from app.store.models.command import ABOUT_CONVERSATION
from app.store.repositories.base import Repository


def pointing_at_people() -> Iterator[tuple[Table, ColumnElement[Any]]]:
    """Every column that names a teammate."""
    people: Final = metadata.tables["teammates"]
    for table in metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            if key.referred_table is people:
                (column,) = (one for one in key.columns if one.name != "workspace_id")
                yield table, column


class OnePerson(Repository):
    async def lock(self, *ids: TeammateId) -> dict[TeammateId, Teammate]:
        """Them, as they are now; nothing can point at them anew until we commit."""
        statement = (
            select(Teammate)
            .where(col(Teammate.workspace_id) == self._workspace_id, col(Teammate.id).in_(ids))
            .order_by(col(Teammate.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found = (await self._session.exec(statement)).all()
        return {one.id: one for one in found}

    async def hand_over(self, former: TeammateId, to: TeammateId) -> None:
        """All that is `former`'s becomes `to`'s, and `former` is no more.

        Of two drafts of the same answer, and of two signatures for the same inbox, the one that was
        written last stays.
        """
        await self._drop_older(Draft, "conversation_id", "author_id", former, to)
        await self._drop_older(Signature, "account_id", "teammate_id", former, to)
        for table, column in pointing_at_people():
            await self._session.exec(
                update(table)
                .where(table.c.workspace_id == self._workspace_id, column == former)
                .values({column.name: to})
            )
        of_people = col(Command.type).in_(ABOUT_CONVERSATION)
        await self._rewrite(Rule, ["body"], former, to)
        await self._rewrite(Command, ["params", "inverse"], former, to, of_people)
        await self._session.exec(
            delete(Teammate).where(
                col(Teammate.workspace_id) == self._workspace_id, col(Teammate.id) == former
            )
        )

    async def _drop_older(
        self,
        model: type[Draft] | type[Signature],
        about: str,
        whose: str,
        former: TeammateId,
        to: TeammateId,
    ) -> None:
        """Where both have one about the same, take the older away."""
        other = aliased(model)
        mine: ColumnElement[Any] = getattr(model, whose)
        theirs: ColumnElement[Any] = getattr(other, whose)
        same_thing = getattr(model, about).is_not_distinct_from(getattr(other, about))
        if model is Draft:
            same_thing &= getattr(model, about).is_not(None)
        both = or_(
            (mine == former) & (theirs == to) & (other.updated_at >= model.updated_at),
            (mine == to) & (theirs == former) & (other.updated_at > model.updated_at),
        )
        await self._session.exec(
            delete(model).where(
                col(model.workspace_id) == self._workspace_id,
                mine.in_([former, to]),
                exists().where(other.workspace_id == model.workspace_id, same_thing, both),  # type: ignore[arg-type]
            )
        )

    async def _rewrite(
        self,
        model: type[SQLModel],
        names: list[str],
        former: TeammateId,
        to: TeammateId,
        *where: ColumnElement[bool],
    ) -> None:
        """Put one id for the other in JSON: an id is found nowhere but where it is meant."""
        for name in names:
            column = getattr(model, name)
            words = cast(column, Text)
            await self._session.exec(
                update(model)
                .where(
                    model.workspace_id == self._workspace_id,  # type: ignore[attr-defined]
                    words.contains(str(former)),
                    *where,
                )
                .values({name: cast(func.replace(words, str(former), str(to)), JSONB)})
            )
