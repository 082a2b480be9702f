"""What a person filled in or chose, in Slack's words.

An answer is plain: a text, the value of an option (or a list of them), an id, a date. Here it
becomes what an app finds in `state.values` and in `actions`, as the element's type has it.
"""

from collections.abc import Iterator
from typing import Any, Final

from app.sandbox.slack.rich_text import rich_text
from app.sandbox.slack.wire import JSON, Refused

Answers = dict[str, dict[str, Any]]
"""By block_id, then action_id."""

_KEYS: Final = {
    "overflow": "selected_option",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "rich_text_input": "rich_text_value",
    "file_input": "files",
}
_STATELESS: Final = frozenset({"button", "overflow", "image"})
_EMPTY_LISTS: Final = frozenset(
    {"selected_options", "selected_users", "selected_channels", "selected_conversations", "files"}
)


def elements_of(blocks: list[JSON]) -> Iterator[tuple[JSON, JSON]]:
    """Each block with each interactive element in it."""
    for block in blocks:
        inside = [block.get("accessory"), block.get("element")]
        inside += block["elements"] if block["type"] == "actions" else []
        yield from ((block, element) for element in inside if element and "action_id" in element)
        yield from elements_of(block.get("child_blocks", []))


def find_element(blocks: list[JSON], action_id: str, block_id: str = "") -> tuple[JSON, JSON]:
    """Raises `Refused` (element_not_found): nobody can click what is not there."""
    for block, element in elements_of(blocks):
        if element["action_id"] == action_id and block_id in ("", block["block_id"]):
            return block, element
    raise Refused("element_not_found", action_id=action_id)


def state_of(blocks: list[JSON], answers: Answers) -> JSON:
    """`state.values`: every element that holds a value, filled in or as it was at first."""
    state: JSON = {}
    for block, element in elements_of(blocks):
        if element["type"] not in _STATELESS:
            given = answers.get(block["block_id"], {})
            answer = given.get(element["action_id"], initial_answer(element))
            value = {"type": element["type"], **value_of(element, answer)}
            state.setdefault(block["block_id"], {})[element["action_id"]] = value
    return state


def initial_answer(element: JSON) -> Any:  # noqa: ANN401 -- text, list, option or number
    for key, value in element.items():
        if key.startswith("initial_"):
            return value
    return None


def value_of(element: JSON, answer: Any) -> JSON:  # noqa: ANN401 -- see Answers
    """The answer under the key that Slack uses for such an element."""
    key = _KEYS.get(element["type"], "value")
    if key == "selected_option":
        return {key: None if answer in (None, "") else _option(element, answer)}
    if key == "selected_options":
        return {key: [_option(element, one) for one in answer or []]}
    if key == "rich_text_value":
        typed = isinstance(answer, str)
        return {key: (rich_text(answer) if answer else None) if typed else answer}
    if key in _EMPTY_LISTS:
        return {key: list(answer or [])}
    return {key: answer if answer not in (None, "") else None}


def what_is_missing(blocks: list[JSON], answers: Answers) -> dict[str, str]:
    """What the form itself refuses before anything is sent: block_id → words."""
    state, problems = state_of(blocks, answers), {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        value = dict(state[block["block_id"]][element["action_id"]])
        del value["type"]
        given = next(iter(value.values()))
        if given in (None, []):
            if not block.get("optional"):
                problems[block["block_id"]] = "Please fill this in."
        elif problem := _problem(element, given):
            problems[block["block_id"]] = problem
    return problems


def _problem(element: JSON, given: Any) -> str:  # noqa: ANN401 -- see Answers
    if isinstance(given, str):
        return _text_problem(element, given)
    return _file_problem(element, given) if element["type"] == "file_input" else ""


def _text_problem(element: JSON, text: str) -> str:
    if len(text) > element.get("max_length", 3_000):
        return f"Please use at most {element.get('max_length', 3_000)} characters."
    if len(text) < element.get("min_length", 0):
        return f"Please use at least {element['min_length']} characters."
    if element["type"] == "email_text_input" and text.count("@") != 1:
        return "Please give an email address."
    return ""


def _file_problem(element: JSON, files: list[JSON]) -> str:
    most, kinds = element.get("max_files", 10), element.get("filetypes")
    if len(files) > most:
        return f"Please choose at most {most} file{'' if most == 1 else 's'}."
    if kinds and any(file["filetype"] not in kinds for file in files):
        return f"Please choose files of these kinds only: {', '.join(kinds)}."
    return ""


def _option(element: JSON, answer: Any) -> JSON:  # noqa: ANN401 -- its value, its words, or all of it
    """The option that was meant. Raises `Refused` (option_not_found)."""
    if isinstance(answer, dict):
        return answer
    options = list(element.get("options", []))
    for group in element.get("option_groups", []):
        options += group["options"]
    for option in options:
        if answer in (option["value"], option["text"]["text"]):
            return dict(option)
    raise Refused("option_not_found", answer=answer)
