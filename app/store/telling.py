"""Leaving work for later that writes to one person. See `queue.py`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.core.ids import CommandId, ConversationId, OutgoingId, TeammateId, WorkspaceId
from app.store.queue import FEED_QUEUE, Job


def tell_assignee(
    workspace_id: WorkspaceId, command_id: CommandId, *, not_before: datetime | None = None
) -> Job:
    """Tell somebody that a conversation was given to them."""
    subject = f"assigned:{workspace_id}:{command_id}"
    args = {"workspace_id": str(workspace_id), "command_id": str(command_id)}
    return _to_person("team.tell", subject, args, not_before)


def tell_author(
    workspace_id: WorkspaceId, outgoing_id: OutgoingId, *, not_before: datetime | None = None
) -> Job:
    """Write to whoever asked for a mail that it did not go as it should."""
    subject = f"author:{workspace_id}:{outgoing_id}"
    args = {"workspace_id": str(workspace_id), "outgoing_id": str(outgoing_id)}
    return _to_person("outgoing.tell", subject, args, not_before)


def tell_asker(
    workspace_id: WorkspaceId, command_id: CommandId, *, not_before: datetime | None = None
) -> Job:
    """Write to whoever asked for something of a mailbox that it was given up."""
    subject = f"asker:{workspace_id}:{command_id}"
    args = {"workspace_id": str(workspace_id), "command_id": str(command_id)}
    return _to_person("command.tell", subject, args, not_before)


def nudge(
    workspace_id: WorkspaceId,
    conversation_id: ConversationId,
    teammate_id: TeammateId,
    reason: str,
    key: str,
    *,
    others: Sequence[ConversationId] = (),
    not_before: datetime | None = None,
    since: datetime | None = None,
) -> Job:
    """Tell one person that the time of a conversation has come, once for each `key`.

    `others`: whose time came with it, to be told of in the same message. `since`: it was put off
    for want of Slack, for the first time then.
    """
    subject = f"nudge:{workspace_id}:{conversation_id}:{reason}:{key}"
    args: dict[str, Any] = {
        "workspace_id": str(workspace_id),
        "conversation_id": str(conversation_id),
        "teammate_id": str(teammate_id),
        "reason": reason,
        "key": key,
        "since": since.isoformat() if since else None,
        **({"others": [str(one) for one in others]} if others else {}),
    }
    return _to_person("team.nudge", subject, args, not_before)


def remind_person(
    workspace_id: WorkspaceId, teammate_id: TeammateId, *, not_before: datetime | None = None
) -> Job:
    """Remind somebody of what is theirs. What that is, is looked up when it runs."""
    subject = f"remind:{workspace_id}:{teammate_id}"
    args = {"workspace_id": str(workspace_id), "teammate_id": str(teammate_id)}
    return _to_person("team.remind", subject, args, not_before, hurries=False)


def summarise(
    workspace_id: WorkspaceId,
    teammate_id: TeammateId,
    due: datetime,
    *,
    not_before: datetime | None = None,
) -> Job:
    """Send somebody their summary of the day, the one that was due then."""
    subject = f"summary:{workspace_id}:{teammate_id}"
    args: dict[str, Any] = {
        "workspace_id": str(workspace_id),
        "teammate_id": str(teammate_id),
        "due": due.isoformat(),
    }
    return _to_person("team.summarise", subject, args, not_before)


def _to_person(
    task: str,
    subject: str,
    args: dict[str, Any],
    not_before: datetime | None,
    *,
    hurries: bool = True,
) -> Job:
    """One at a time of this subject, and one that waits."""
    return Job(task, FEED_QUEUE, subject, subject, args, not_before, hurries)
