"""The ids of our modals and their fields, and what a modal remembers. See also `feed/ids.py`."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.errors import InvalidInput
from app.core.ids import ConversationId


class ViewId(StrEnum):
    """`callback_id`s of modals and shortcuts."""

    MOVE = "move"
    DELETE = "delete"
    SPAM = "spam"
    MORE = "more"
    SNOOZE = "snooze"
    COMPOSE = "compose"
    PREVIEW = "compose.preview"
    NEW_EMAIL = "new_email"
    """A global shortcut; the next five stand in the menu of a message."""
    REPLY_EMAIL = "reply_email"
    ASSIGN_ME = "assign_me"
    FILE_UNDER = "file_under"
    EMAIL_FROM = "email_from_message"
    ADD_TO = "add_to_conversation"
    """The next one is global again."""
    FIND_MAIL = "find_mail"
    ASSIGN = "assign"
    TAGS = "tags"
    READING = "reading"
    UNSUBSCRIBE = "unsubscribe"
    FIND = "find"
    FOLLOW_UP = "follow_up"
    MERGE = "merge"
    SPLIT = "split"
    ROUTE = "route"
    RULE = "rule"
    SIGNATURE = "signature"
    NOTICES = "notices"


class FieldId(StrEnum):
    """`block_id`s and `action_id`s of the fields in modals."""

    FOLDER = "move.folder"
    ACTION = "more.action"
    ASSIGN_WHO = "assign.who"
    ASSIGN_GROUP = "assign.group"
    ASSIGN_NOTE = "assign.note"
    FIND = "find.words"
    FOLLOW_UP = "follow_up.days"
    MERGE_INTO = "merge.into"
    SPLIT_MAIL = "split.mail"
    ROUTE_ACCOUNT = "route.account"
    ROUTE_WHAT = "route.what"
    ROUTE_VALUE = "route.value"
    ROUTE_CHANNEL = "route.channel"
    ROUTE_EXPOSURE = "route.exposure"
    ROUTE_SHARED = "route.shared"
    RULE_WHOSE = "rule.whose"
    RULE_DO = "rule.do"
    RULE_TAGS = "rule.tags"
    RULE_ASSIGN = "rule.assign"
    RULE_CHANNEL = "rule.channel"
    SIGNATURE = "signature.text"
    NOTICES = "notices.wanted"
    SUMMARY = "notices.summary"
    ADD_TO = "add.to"
    ADD_TEXT = "add.text"
    TAGS = "tags.chosen"
    TAGS_NEW = "tags.new"
    SNOOZE_UNTIL = "snooze.until"
    SNOOZE_MOMENT = "snooze.moment"
    SNOOZE_REPLY = "snooze.reply"


class Memory(BaseModel):
    """The `private_metadata` of a modal: ids only. It comes back from outside, so it is parsed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conversation_id: ConversationId

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `InvalidInput`."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise InvalidInput("This window does not belong to a conversation of ours.") from None
