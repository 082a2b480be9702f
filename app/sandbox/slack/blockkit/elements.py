"""Tables of the interactive elements and the small objects they are made of."""

from typing import Final

from app.sandbox.slack.blockkit.rules import (
    Anything,
    Flag,
    Items,
    OneOf,
    Rule,
    Shape,
    String,
    Text,
    Typed,
    Whole,
)

Keys = dict[str, Rule]
URL: Final = String(3_000, 1, pattern=r"(https?|mailto|tel|slack):.+")
_PLAIN: Final = ("plain_text",)
_ACTION_ID: Final = String(255, 1)
_STYLE: Final = OneOf(("primary", "danger"))


def plain(most: int) -> Text:
    return Text(most, _PLAIN)


def option(kinds: tuple[str, ...] = _PLAIN, *, url: bool = False) -> Shape:
    keys: Keys = {
        "text": Text(75, kinds),
        "value": String(150, 1),
        "description": Text(75, kinds),
    }
    return Shape({**keys, "url": URL} if url else keys, needs=("text", "value"))


OPTION: Final = option()
OPTION_GROUP: Final = Shape(
    {"label": plain(75), "options": Items(OPTION, 100)}, needs=("label", "options")
)
CONFIRM: Final = Shape(
    {
        "title": plain(100),
        "text": Text(300),
        "confirm": plain(30),
        "deny": plain(30),
        "style": _STYLE,
    },
    needs=("text",),
)
_DISPATCH: Final = Shape(
    {"trigger_actions_on": Items(OneOf(("on_enter_pressed", "on_character_entered")), 2)}
)
IMAGE_SOURCE: Final[Keys] = {
    "image_url": String(3_000, 1, pattern=r"https?://.+"),
    "slack_file": Shape({"id": String(), "url": String()}, only_one_of=("id", "url")),
}
IMAGE: Final = Shape(
    {"type": Anything(), "alt_text": String(2_000), **IMAGE_SOURCE},
    needs=("alt_text",),
    only_one_of=("image_url", "slack_file"),
)
_LIST: Final = Items(OPTION, 100)
_GROUPS: Final = Items(OPTION_GROUP, 100)
_USER, _CHANNEL = String(pattern=r"[UW][A-Z0-9]+"), String(pattern=r"[CG][A-Z0-9]+")
_CONVERSATION: Final = String(pattern=r"[CGDUW][A-Z0-9]+")


def _element(
    keys: Keys, *more: Keys, needs: tuple[str, ...] = (), only_one_of: tuple[str, ...] = ()
) -> Shape:
    """An element with an action_id and these keys of its own."""
    every: dict[str, Rule] = {"type": Anything(), "action_id": _ACTION_ID, **keys}
    for others in more:
        every.update(others)
    return Shape(every, needs=needs, only_one_of=only_one_of)


_MENU: Final[Keys] = {
    "confirm": CONFIRM,
    "focus_on_load": Flag(),
    "placeholder": plain(150),
}
_CHOICE: Final[Keys] = {"confirm": CONFIRM, "focus_on_load": Flag()}
_INPUT: Final[Keys] = {
    "placeholder": plain(150),
    "focus_on_load": Flag(),
    "dispatch_action_config": _DISPATCH,
}
_SOURCES: Final = ("options", "option_groups")
_MANY: Final[Keys] = {**_MENU, "max_selected_items": Whole(1, 1_000_000)}
_WRITTEN: Final = option(("plain_text", "mrkdwn"))
_NUMBER: Final = String(pattern=r"-?\d+(\.\d+)?")
_FILTER: Final = Shape(
    {
        "include": Items(OneOf(("im", "mpim", "private", "public")), 4),
        "exclude_external_shared_channels": Flag(),
        "exclude_bot_users": Flag(),
    }
)
_ONE_FOR_ANSWERS: Final[Keys] = {"response_url_enabled": Flag()}
_ANY_CONVERSATION: Final[Keys] = {
    "default_to_current_conversation": Flag(),
    "filter": _FILTER,
}

ELEMENTS: Final[dict[str, Rule]] = {
    "button": _element(
        {
            "text": plain(75),
            "value": String(2_000, 1),
            "url": URL,
            "style": _STYLE,
            "confirm": CONFIRM,
            "accessibility_label": String(75, 1),
        },
        needs=("text",),
    ),
    "image": IMAGE,
    "overflow": _element(
        {"options": Items(option(url=True), 5), "confirm": CONFIRM}, needs=("options",)
    ),
    "static_select": _element(
        {"options": _LIST, "option_groups": _GROUPS, "initial_option": OPTION},
        _MENU,
        only_one_of=_SOURCES,
    ),
    "multi_static_select": _element(
        {"options": _LIST, "option_groups": _GROUPS, "initial_options": _LIST},
        _MANY,
        only_one_of=_SOURCES,
    ),
    "external_select": _element(
        {"min_query_length": Whole(0, 1_000), "initial_option": OPTION}, _MENU
    ),
    "multi_external_select": _element(
        {"min_query_length": Whole(0, 1_000), "initial_options": _LIST}, _MANY
    ),
    "users_select": _element({"initial_user": _USER}, _MENU),
    "multi_users_select": _element({"initial_users": Items(_USER)}, _MANY),
    "channels_select": _element({"initial_channel": _CHANNEL}, _MENU, _ONE_FOR_ANSWERS),
    "multi_channels_select": _element({"initial_channels": Items(_CHANNEL)}, _MANY),
    "conversations_select": _element(
        {"initial_conversation": _CONVERSATION}, _ANY_CONVERSATION, _MENU, _ONE_FOR_ANSWERS
    ),
    "multi_conversations_select": _element(
        {"initial_conversations": Items(_CONVERSATION)}, _ANY_CONVERSATION, _MANY
    ),
    "radio_buttons": _element(
        {"options": Items(_WRITTEN, 10), "initial_option": _WRITTEN}, _CHOICE, needs=("options",)
    ),
    "checkboxes": _element(
        {"options": Items(_WRITTEN, 10), "initial_options": Items(_WRITTEN, 10)},
        _CHOICE,
        needs=("options",),
    ),
    "datepicker": _element(
        {"initial_date": String(pattern=r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")}, _MENU
    ),
    "timepicker": _element(
        {"initial_time": String(pattern=r"([01]\d|2[0-3]):[0-5]\d"), "timezone": String()}, _MENU
    ),
    "datetimepicker": _element({"initial_date_time": Whole(1_000_000_000, 9_999_999_999)}, _CHOICE),
    "plain_text_input": _element(
        {
            "initial_value": String(3_000),
            "multiline": Flag(),
            "min_length": Whole(0, 3_000),
            "max_length": Whole(1, 3_000),
        },
        _INPUT,
    ),
    "email_text_input": _element({"initial_value": String()}, _INPUT),
    "url_text_input": _element({"initial_value": String()}, _INPUT),
    "number_input": _element(
        {
            "initial_value": _NUMBER,
            "min_value": _NUMBER,
            "max_value": _NUMBER,
            "is_decimal_allowed": Flag(),
        },
        _INPUT,
        needs=("is_decimal_allowed",),
    ),
    "file_input": _element({"filetypes": Items(String()), "max_files": Whole(1, 10)}),
    "rich_text_input": _element({"initial_value": Anything()}, _INPUT, needs=("action_id",)),
}

_SELECTS: Final = frozenset(name for name in ELEMENTS if name.endswith("_select"))
_CHOICES: Final = frozenset({"radio_buttons", "checkboxes"})
_DATES: Final = frozenset({"datepicker", "timepicker"})
IN_ACTIONS: Final = (
    frozenset({"button", "overflow", "datetimepicker", "rich_text_input"})
    | _SELECTS
    | _CHOICES
    | _DATES
)
IN_SECTION: Final = frozenset({"button", "overflow", "image"}) | _SELECTS | _CHOICES | _DATES
IN_INPUT: Final = (
    frozenset(name for name in ELEMENTS if name.endswith("_input"))
    | {"datetimepicker"}
    | _SELECTS
    | _CHOICES
    | _DATES
)


def element(allowed: frozenset[str]) -> Typed:
    return Typed(ELEMENTS, allowed)
