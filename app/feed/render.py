"""The card and what stands in its thread, as blocks. Pure.

One card per conversation, always edited in place: who wrote what, and the state line that tells
where it stands. A word goes with every glyph, so that nothing is said by colour or picture alone.
All text of a message together stays far below the 13,200 characters at which Slack refuses it.
"""

from typing import Final

from app.feed.blocks import button, context, files, section
from app.feed.blocks import linked as linked_to
from app.feed.ids import ActionId, CardValue, MenuChoice, MenuValue
from app.feed.mrkdwn import (
    bold,
    cut_lines,
    escape,
    escape_line,
    link_up,
    mention,
    moment,
    verbatim,
)
from app.feed.port import Block, Rendered
from app.feed.render_list_exit import list_exit
from app.feed.render_outgoing import outgoing_state
from app.feed.render_rearranged import linked
from app.feed.view import (
    MOVES,
    CardView,
    CommandView,
    ElsewhereView,
    MailView,
    NoteView,
    Person,
    ProposalView,
    QuarantineView,
    Where,
)
from app.store.models import CommandState, CommandType

_SUBJECT: Final = 200
_NAME: Final = 80
_ADDRESS: Final = 120
_CLIENT: Final = 40
_EXCERPT: Final = 600
_EXCERPT_LINES: Final = 6
_THREAD_EXCERPT: Final = 2400
_THREAD_LINES: Final = 40
_DETAIL: Final = 300
_MOST_BUTTONS: Final = 4
_WRITERS: Final = 3
_SECTION: Final = 2900
"""Slack's own limit is 3,000 (docs.slack.dev/reference/block-kit/blocks/section-block)."""

_DOING: Final = {
    CommandType.ARCHIVE: "Archiving",
    CommandType.MOVE: "Moving",
    CommandType.DELETE: "Moving to Trash",
    CommandType.SPAM: "Marking as spam",
    CommandType.FLAG: "Flagging",
    CommandType.UNFLAG: "Removing the flag",
    CommandType.MARK_READ: "Marking as read",
    CommandType.MARK_UNREAD: "Marking as unread",
    CommandType.RESTORE: "Undoing",
}
_NAMES: Final = {
    CommandType.ARCHIVE: "Archive",
    CommandType.MOVE: "Move",
    CommandType.DELETE: "Delete",
    CommandType.SPAM: "Mark as spam",
    CommandType.FLAG: "Flag",
    CommandType.UNFLAG: "Remove flag",
    CommandType.MARK_READ: "Mark as read",
    CommandType.MARK_UNREAD: "Mark as unread",
    CommandType.RESTORE: "Undo",
}
_MENU: Final = {
    MenuChoice.ARCHIVE: "Archive",
    MenuChoice.MOVE: "Move to…",
    MenuChoice.DELETE: "Delete",
    MenuChoice.SPAM: "Mark as spam",
    MenuChoice.MORE: "More actions…",
}
_PUT_AWAY: Final = {
    Where.ARCHIVE: "🗄 Archived",
    Where.TRASH: "🗑 In Trash",
    Where.JUNK: "🚫 Spam",
    Where.GONE: "👻 No longer on the mail server",
}


def card(view: CardView) -> Rendered:
    """The one message of a conversation."""
    subject = _subject(view.subject)
    text = f"{_sender(view.mail)} - {subject} ({escape_line(view.address, _ADDRESS)})"
    if view.merged_into is not None:
        return Rendered(text, [context(_merged(view, view.merged_into)), *_actions(view)])
    if view.where in _PUT_AWAY:
        return Rendered(text, [context(_put_away(view)), *_actions(view)])
    blocks: list[Block] = [
        {
            "type": "section",
            "text": verbatim(bold(linked_to(subject, view.page))),
            "accessory": _menu(view),
        },
        context(_envelope(view)),
    ]
    blocks += _notes(view.mail)
    excerpt = cut_lines(view.mail.excerpt, lines=_EXCERPT_LINES, characters=_EXCERPT)
    if words := escape(excerpt, _SECTION).strip():
        blocks.append(_words(view.mail, words))
    if view.mail.files:
        blocks.append(context(files(view.mail.files)))
    if view.proposal:
        blocks.append(_proposal(view, view.proposal))
    blocks.append(context(_state(view)))
    return Rendered(text, [*blocks, *_actions(view)])


def mail(view: MailView) -> Rendered:
    """A later mail of a conversation, in the thread of its card."""
    sender = _sender(view)
    first_line = cut_lines(view.excerpt, lines=1, characters=150)
    who = bold(sender)
    if view.is_ours:
        client = escape_line(view.sent_with, _CLIENT) or "another mail client"
        head = f"↩️ {who} replied from {client}"
    else:
        head = f"✉️ {who} {escape_line(view.sender_address, _ADDRESS)}"
    blocks: list[Block] = [context(f"{head} · {moment(view.received_at)}")]
    blocks += _notes(view)
    body = cut_lines(view.excerpt, lines=_THREAD_LINES, characters=_THREAD_EXCERPT)
    if words := escape(body, _SECTION).strip():
        blocks.append(_words(view, words))
    if view.files:
        blocks.append(context(files(view.files)))
    no_words = "new mail" if view.is_hidden else "(no text)"
    return Rendered(f"{sender}: {escape(first_line, 300) or no_words}", blocks)


def _words(view: MailView, words: str) -> Block:
    """What it says; where that was cut, with the button that shows the rest."""
    said = section(link_up(words))
    if view.id is None or not words.endswith("…"):
        return said
    return {**said, "accessory": button(ActionId.READ, "… more", str(view.id))}


def _proposal(view: CardView, proposal: ProposalView) -> Block:
    """A person looks at it and sends it, or does not: it never leaves by itself."""
    rule, template = escape_line(proposal.rule, 100), escape_line(proposal.template, 75)
    value = str(CardValue(view.conversation_id))
    return {
        **section(f"💡 The rule {bold(rule)} proposes an answer: {bold(template)}"),
        "accessory": button(ActionId.PROPOSED, "Review", value),
    }


def _notes(view: MailView) -> list[Block]:
    return [context(shown) for note in view.notes if (shown := escape_line(note, _DETAIL))]


def notice(text: str) -> Rendered:
    """A line in the thread. `text` is our own words; what it quotes is escaped already."""
    return Rendered(text, [context(text)])


def note(view: NoteView) -> Rendered:
    """In the thread, as people's own words stand there; so by name, to ping nobody."""
    who = escape_line(view.by.name, _NAME) or "Somebody"
    text = cut_lines(view.text, lines=_THREAD_LINES, characters=_THREAD_EXCERPT)
    first = escape(cut_lines(text, lines=1, characters=150), 300)
    blocks = [context(f"💬 {bold(who)}"), section(link_up(escape(text, _SECTION)) or "(nothing)")]
    return Rendered(f"💬 {who}: {first}", blocks)


def failure(command: CommandView) -> str:
    """What a notice says when a command has failed for good."""
    reason = escape_line(command.detail, _DETAIL)
    return f"⚠️ {_NAMES.get(command.type, 'Action')} failed: {reason}"


def quarantine(view: QuarantineView) -> Rendered:
    """A mail that could not be brought in, standing where its card would stand."""
    where = f"{escape_line(view.address, _ADDRESS)}, folder {escape_line(view.folder, 80)}"
    if view.settled:
        text = f"✅ A mail to {where} that could not be read at first was read after all."
        return Rendered(text, [context(text)])
    when = f" It arrived {moment(view.received_at)}." if view.received_at else ""
    raw = " The original is attached in the thread." if view.has_raw else ""
    text = (
        f"⚠️ *A mail to {where} could not be read:* {escape_line(view.reason, _DETAIL)}.{when}{raw}"
    )
    blocks: list[Block] = [section(text)]
    if view.pending:
        blocks.append(context("⏳ Reading it once more…"))
    else:
        value = str(view.placement_id)
        again = button(ActionId.PROCESS_AGAIN, "Process again", value)
        blocks.append({"type": "actions", "elements": [again]})
    return Rendered(f"⚠️ A mail to {where} could not be read.", blocks)


def _subject(subject: str) -> str:
    return escape_line(subject, _SUBJECT) or "(no subject)"


def _sender(view: MailView) -> str:
    name = escape_line(view.sender_name, _NAME)
    return name or escape_line(view.sender_address, _ADDRESS) or "(unknown sender)"


def _envelope(view: CardView) -> str:
    """The line below the subject: from whom to whom, when, and what comes with it."""
    mail = view.mail
    who = bold(_sender(mail))
    if mail.sender_name.strip():
        who += f" {escape_line(mail.sender_address, _ADDRESS)}"
    parts = [f"{who} → {escape_line(view.address, _ADDRESS)}", moment(mail.received_at)]
    if mail.files:
        parts.append(f"📎 {len(mail.files)}")
    if mail.cc_count:
        parts.append(f"CC {mail.cc_count}")
    if view.first_contact:
        parts.append("🆕 first contact")
    return " · ".join(parts)


def _state(view: CardView) -> str:
    """The state line, always the last one above the buttons."""
    parts = [_standing(view)]
    if view.waiting_since and not (view.is_done or view.is_snoozed) and not view.answered:
        parts.append(f"⏱ waiting since {moment(view.waiting_since)}")
    parts += _awaited(view)
    if view.further_mails:
        mails = "mail" if view.further_mails == 1 else "mails"
        parts.append(f"✉️ {view.further_mails} more {mails} in the thread")
    if view.answered:
        parts.append("↩️ Answered")
    elif view.read:
        parts.append("👁 Read")
    if view.flagged:
        parts.append("🚩 Flagged")
    if view.tags:
        parts.append("🏷 " + ", ".join(escape_line(tag, 40) for tag in view.tags[:8]))
    if view.folder:
        parts.append(f"📂 {escape_line(view.folder, 80)}")
    if view.writers:
        parts.append(_writing(view.writers))
    if view.outgoing:
        parts.append(outgoing_state(view.outgoing))
    return " · ".join([*parts, *list_exit(view.list_exit), *_command_state(view.command)])


def _awaited(view: CardView) -> list[str]:
    """The answer that somebody wants to be told of if it does not come."""
    if view.no_answer_since:
        return [f"🔔 No answer since {moment(view.no_answer_since)}"]
    if view.follow_up_at:
        return [f"⏳ Waiting for customer (follow-up {moment(view.follow_up_at)})"]
    return []


def _standing(view: CardView) -> str:
    if view.is_done:
        by = f" by {mention(view.done_by.name, view.done_by.slack_user_id)}" if view.done_by else ""
        return f"✅ Done{by}" + (f" {moment(view.done_at)}" if view.done_at else "")
    who = "🟠 Unassigned"
    if view.assignee:
        who = f"🔵 {mention(view.assignee.name, view.assignee.slack_user_id)}"
    return f"{_asleep(view)} · {who}" if view.is_snoozed else who


def _asleep(view: CardView) -> str:
    if view.snoozed_until is None:
        return "💤 Snoozed until they reply"
    or_earlier = " or they reply" if view.snoozed_until_reply else ""
    return f"💤 Snoozed until {moment(view.snoozed_until)}{or_earlier}"


def _writing(writers: tuple[Person, ...]) -> str:
    names = [mention(one.name, one.slack_user_id) for one in writers[:_WRITERS]]
    return f"✍️ {' and '.join(names)} {'is' if len(names) == 1 else 'are'} replying"


def _merged(view: CardView, into: ElsewhereView) -> str:
    """The single line of a card whose mails are on another one now."""
    by = f" by {mention(view.done_by.name, view.done_by.slack_user_id)}" if view.done_by else ""
    when = f" {moment(view.done_at)}" if view.done_at else ""
    subject = f"{bold(_subject(view.subject))} from {_sender(view.mail)}"
    return f"🔀 Merged into {linked(into)}{by}{when} · {subject}"


def _put_away(view: CardView) -> str:
    """The single line of a card whose mails were put away."""
    parts = [_PUT_AWAY[view.where]]
    command = view.command
    if command and command.state is CommandState.DONE and command.type in MOVES and command.by:
        parts[0] += f" by {mention(command.by.name, command.by.slack_user_id)} {moment(command.at)}"
    parts.append(f"{bold(_subject(view.subject))} from {_sender(view.mail)}")
    return " · ".join([*parts, *list_exit(view.list_exit), *_command_state(command)])


def _command_state(command: CommandView | None) -> list[str]:
    """What is under way or went wrong; nothing once the card shows it done."""
    if command is None or command.type not in _DOING:
        return []
    match command.state:
        case CommandState.QUEUED if command.is_held:
            return [f"⏸ {_NAMES[command.type]} waits: the mailbox is paused"]
        case CommandState.QUEUED | CommandState.RUNNING:
            folder = f" to {escape_line(command.folder, 80)}" if command.folder else ""
            retry = f" ({escape_line(command.detail, _DETAIL)})" if command.detail else ""
            return [f"⏳ {_DOING[command.type]}{folder}…{retry}"]
        case CommandState.FAILED:
            return [failure(command)]
        case CommandState.DONE if command.detail:
            return [f"ℹ️ {escape_line(command.detail, _DETAIL)}"]
        case _:
            return []


def _actions(view: CardView) -> list[Block]:
    """The buttons, by state; four at the most."""
    about_it = _about_the_command(view)
    buttons = [*_by_state(view)[: _MOST_BUTTONS - len(about_it)], *about_it]
    return [{"type": "actions", "elements": buttons}] if buttons else []


def _by_state(view: CardView) -> list[Block]:
    """The most wanted first. What finds no room stands among “More actions…” as well."""
    value = str(CardValue(view.conversation_id))
    if view.where in _PUT_AWAY or view.merged_into is not None:
        return []
    if view.is_done:
        return [button(ActionId.REOPEN, "Reopen", value)]
    if view.is_snoozed:
        return [button(ActionId.WAKE, "Wake now", value)]
    buttons: list[Block] = [
        button(ActionId.DONE, "Done", value),
        button(ActionId.SNOOZE, "Snooze", value),
    ]
    if view.assignee is None:
        buttons.insert(0, button(ActionId.ASSIGN_ME, "Assign to me", value))
    else:
        buttons.append(button(ActionId.HAND_OVER, "Hand over", value))
    return [button(ActionId.REPLY, "Reply", value, primary=True), *buttons]


def _about_the_command(view: CardView) -> list[Block]:
    command = view.command
    if command is None:
        return []
    about_it = str(CardValue(view.conversation_id, command.id))
    buttons: list[Block] = []
    if command.state is CommandState.FAILED:
        buttons.append(button(ActionId.RETRY, "Retry", about_it))
    if command.can_be_undone:
        buttons.append(button(ActionId.UNDO, "Undo", about_it))
    return buttons


def _menu(view: CardView) -> Block:
    return {
        "type": "overflow",
        "action_id": ActionId.MENU,
        "options": [
            {
                "text": {"type": "plain_text", "text": label},
                "value": str(MenuValue(choice, view.conversation_id)),
            }
            for choice, label in _MENU.items()
        ],
    }
