"""Which mails a wish is about."""

from datetime import timedelta
from typing import Any

import pytest

from app.commands.targets import Placed, select
from app.commands.types import (
    Archive,
    Delete,
    Flag,
    MailIntent,
    MarkRead,
    MarkUnread,
    Move,
    Restore,
    Spam,
    Unflag,
    mail_intent,
)
from app.core.ids import WorkspaceId, new_id
from app.mailbox.port import Role
from app.store.models import (
    ABOUT_CONVERSATION,
    ABOUT_SENT,
    CommandType,
    Direction,
    Mailbox,
    Message,
    Placement,
)
from tests.factories import MOMENT


def placed(
    name: str = "INBOX",
    role: Role | None = Role.INBOX,
    *flags: str,
    minutes: int = 0,
    direction: Direction = Direction.INBOUND,
) -> Placed:
    ids: dict[str, Any] = {"workspace_id": WorkspaceId(new_id())}
    return Placed(
        Message(
            **ids,
            received_at=MOMENT + timedelta(minutes=minutes),
            raw_sha256=b"",
            direction=direction,
        ),
        Placement(**ids, uid=1, uidvalidity=1, flags=list(flags)),
        Mailbox(**ids, name=name, role=role),
    )


class TestFiling:
    @pytest.mark.parametrize(
        ("intent", "role"),
        [(Archive(), Role.ARCHIVE), (Delete(), Role.TRASH), (Spam(), Role.JUNK)],
    )
    def test_leaves_what_is_there_already(self, intent: MailIntent, role: Role) -> None:
        here, there = placed(), placed("There", role)

        assert select(intent, [here, there]) == [here]

    def test_does_not_touch_what_we_sent(self) -> None:
        here, sent, draft = placed(), placed("Sent", Role.SENT), placed("Drafts", Role.DRAFTS)

        assert select(Delete(), [here, sent, draft]) == [here]
        assert select(Move("Projects"), [here, sent, draft]) == [here]

    def test_a_move_leaves_what_lies_in_its_folder(self) -> None:
        here, there = placed(), placed("Projects", None)

        assert select(Move("Projects"), [here, there]) == [here]


class TestFlags:
    def test_flag_is_for_the_newest_mail(self) -> None:
        older, newer = placed(), placed(minutes=5)

        assert select(Flag(), [older, newer]) == [newer]

    def test_unflag_is_for_every_flagged_mail(self) -> None:
        plain, flagged = placed(), placed("INBOX", Role.INBOX, "\\Flagged")

        assert select(Unflag(), [plain, flagged]) == [flagged]

    def test_read_is_for_every_unread_mail(self) -> None:
        unread, read = placed(), placed("INBOX", Role.INBOX, "\\Seen", minutes=5)

        assert select(MarkRead(), [unread, read]) == [unread]

    def test_unread_is_for_the_newest_mail(self) -> None:
        older = placed("INBOX", Role.INBOX, "\\Seen")
        newer = placed("INBOX", Role.INBOX, "\\Seen", minutes=5)

        assert select(MarkUnread(), [older, newer]) == [newer]

    def test_what_we_sent_is_not_the_newest_mail(self) -> None:
        received = placed()
        sent = placed("Sent", Role.SENT, minutes=5, direction=Direction.OUTBOUND)

        assert select(Flag(), [received, sent]) == [received]

    def test_nothing_is_left_to_do(self) -> None:
        assert select(Flag(), [placed("INBOX", Role.INBOX, "\\Flagged")]) == []


class TestMailIntent:
    def test_every_mail_type_has_one(self) -> None:
        types = set(CommandType) - ABOUT_CONVERSATION - ABOUT_SENT

        assert {mail_intent(type_, "Projects").type for type_ in types} == types

    def test_a_move_needs_a_folder(self) -> None:
        with pytest.raises(ValueError, match="folder"):
            mail_intent(CommandType.MOVE)

    def test_a_change_of_a_conversation_is_none(self) -> None:
        with pytest.raises(ValueError, match="does not change mail"):
            mail_intent(CommandType.ASSIGN)

    def test_a_restore_is_made_by_undo_alone(self) -> None:
        assert select(Restore(), [placed()]) == []
