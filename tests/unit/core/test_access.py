"""Who may do what."""

import pytest

from app.core.access import Actor, Origin, Role, Scope
from app.core.errors import NotAllowed
from app.core.ids import WorkspaceId, new_id
from app.store.models import Teammate


def somebody(role: Role) -> Actor:
    return Actor(WorkspaceId(new_id()), Origin.API, scopes=role.scopes)


class TestRole:
    @pytest.mark.parametrize(
        ("role", "refused"),
        [
            (Role.VIEWER, {Scope.WRITE, Scope.SEND, Scope.IMAP, Scope.ADMIN}),
            (Role.AGENT, {Scope.ADMIN}),
            (Role.ADMIN, set()),
            (Role.OWNER, set()),
        ],
    )
    def test_is_refused_what_it_does_not_grant(self, role: Role, refused: set[Scope]) -> None:
        actor = somebody(role)

        for scope in Scope:
            if scope in refused:
                with pytest.raises(NotAllowed):
                    actor.require(scope)
            else:
                actor.require(scope)

    def test_includes_itself_and_those_below(self) -> None:
        included = {role: [one for one in Role if role.includes(one)] for role in Role}

        assert included == {
            Role.OWNER: [Role.OWNER, Role.ADMIN, Role.AGENT, Role.VIEWER],
            Role.ADMIN: [Role.ADMIN, Role.AGENT, Role.VIEWER],
            Role.AGENT: [Role.AGENT, Role.VIEWER],
            Role.VIEWER: [Role.VIEWER],
        }


class TestATeammate:
    def test_whose_role_nobody_decided_is_an_agent(self) -> None:
        assert Teammate(workspace_id=WorkspaceId(new_id())).standing is Role.AGENT

    def test_has_the_role_that_was_decided(self) -> None:
        row = Teammate(workspace_id=WorkspaceId(new_id()), role=Role.VIEWER)

        assert row.standing is Role.VIEWER
