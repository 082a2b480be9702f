"""Who may see the channel may act: checked at every click, before any listener hears of it.

The mail that a delivery names must stand in a channel that the person is in, by what Slack says
now and not by where the button was. Guests and people of other workspaces look only, unless the
workspace lets them act; so does who was made a viewer. Everybody else who is in the channel acts.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from app.core.access import Role
from app.core.errors import NotAllowed
from app.core.ids import ChannelId, SlackUserId, WorkspaceId
from app.core.logging import get_logger
from app.slack.errors import words
from app.slack.installations import Installations
from app.slack.members import Members, Standing
from app.slack.middleware import known_workspace_of, user_of
from app.slack.subjects import ids_in, only_looks, reads_on
from app.slack.views import told
from app.store.repositories.sight import HouseRules
from app.store.unit_of_work import Store

Body = Mapping[str, Any]
_BY_A_PERSON: Final = frozenset(
    {"block_actions", "view_submission", "shortcut", "message_action", "block_suggestion"}
)
log = get_logger(__name__)


class Gate:
    def __init__(self, store: Store, installations: Installations, members: Members) -> None:
        self._store = store
        self._installations = installations
        self._members = members

    async def guard(
        self,
        context: AsyncBoltContext,
        body: Body,
        client: AsyncWebClient,
        next_: Callable[[], Awaitable[None]],
    ) -> BoltResponse | None:
        """Let a delivery pass, or refuse it in words; to be used after `Door.identify`.

        Closing a window is let pass: it only lets go of what its own author wrote. Events are none
        of a person's doing alone; their listeners ask by `require`.
        """
        workspace_id = known_workspace_of(context)
        kind = body.get("type") if "command" not in body else "command"
        if workspace_id is not None and (kind in _BY_A_PERSON or kind == "command"):
            try:
                await self.require(
                    client,
                    workspace_id,
                    user_of(body)[0],
                    ids_in(body),
                    acts=not only_looks(body),
                    reads_on=reads_on(body),
                )
            except NotAllowed as error:
                if (answer := _answer(kind, error)) is None:
                    raise
                return answer
        await next_()
        return None

    async def require(
        self,
        client: AsyncWebClient,
        workspace_id: WorkspaceId,
        user_id: SlackUserId,
        ids: Iterable[UUID],
        *,
        acts: bool = True,
        reads_on: bool = False,
    ) -> None:
        """Raises `NotAllowed` unless the person may act on, or look at, all of these rows.

        `reads_on`: they ask for more of a mail than its card shows. Who may only look is shown no
        more of it than the channel is.
        """
        async with self._store.without_transaction(workspace_id) as uow:
            asked = await uow.sight.asked(user_id, ids)
        house, behind = asked.house, asked.behind
        standing = await self._standing(client, workspace_id, user_id)
        if why := refusal(standing, asked.role, house, acts=acts):
            log.info("slack.not_allowed", user=user_id, why=why)
            raise NotAllowed(why, fix="Ask somebody of the team to do it.")
        if not behind:
            return
        sought: frozenset[ChannelId] = frozenset().union(*behind.values())
        seen = await self._members.channels(client, (workspace_id, user_id), sought=sought)
        if not all(channels & seen for channels in behind.values()):
            log.info("slack.not_in_channel", user=user_id, channels=sorted(sought - seen))
            raise NotAllowed(
                "You are not in the channel that this mail is shown in, so nothing was done.",
                fix="Ask somebody who is to add you to it.",
            )
        if reads_on and refusal(standing, None, house, acts=True):
            async with self._store.without_transaction(workspace_id) as uow:
                whole = seen - await uow.sight.shown_in_part(seen & sought)
            if not all(channels & whole for channels in behind.values()):
                raise NotAllowed(
                    "You are shown what this channel shows of a mail, and no more of it.",
                    fix="Ask somebody of the team for the rest.",
                )

    async def is_admin(
        self, client: AsyncWebClient, workspace_id: WorkspaceId, user_id: SlackUserId
    ) -> bool:
        """By the role somebody gave them; until then, whether they are an admin in Slack.

        Who was shut out looks after nothing any more. Raises `NotAllowed` where Slack does not say.
        """
        async with self._store.without_transaction(workspace_id) as uow:
            decided = await uow.sight.decided_of(user_id)
        if decided.is_shut_out:
            return False
        if decided.role is not None:
            return decided.role.includes(Role.ADMIN)
        standing = await self._standing(client, workspace_id, user_id)
        return standing.admin and not standing.stranger

    async def _standing(
        self, client: AsyncWebClient, workspace_id: WorkspaceId, user_id: SlackUserId
    ) -> Standing:
        home = await self._installations.home_of(workspace_id)
        return await self._members.standing(
            client, (workspace_id, user_id), team_id=home.team_id, enterprise_id=home.enterprise_id
        )


def refusal(standing: Standing, role: Role | None, house: HouseRules, *, acts: bool) -> str:
    """Why somebody may not, in a sentence; nothing where they may."""
    if standing.deleted:
        return "This person’s Slack account is switched off."
    if not acts:
        return ""
    if standing.stranger and not house.strangers_may_act:
        return "People of another workspace can read the mail here, and not work with it."
    if standing.guest and not house.guests_may_act:
        return "Guests can read the mail here, and not work with it."
    if role is Role.VIEWER:
        return "You were made a viewer: you can read the mail here, and not work with it."
    return ""


def _answer(kind: object, error: NotAllowed) -> BoltResponse | None:
    """What a window shows in place of itself, and a select of no options; None: say it aside."""
    if kind == "view_submission":
        return BoltResponse(
            status=200, body={"response_action": "update", "view": told.view(words(error))}
        )
    if kind == "block_suggestion":
        return BoltResponse(status=200, body={"options": []})
    return None
