"""Making a post ready to be shown: what it says, and in whose thread it stands."""

from dataclasses import dataclass

from app.core.ids import PostId
from app.feed import (
    exposure,
    render,
    render_alarm,
    render_assigned,
    render_channel,
    render_digest,
    render_failed,
    render_file,
    render_rearranged,
    render_reminder,
    render_summary,
)
from app.feed.attach import is_upload
from app.feed.load import load_card, load_command, load_failed, load_mail, load_quarantine
from app.feed.load_alarm import load_alarm
from app.feed.load_assigned import load_assigned
from app.feed.load_channel import load_closed
from app.feed.load_digest import load_digest
from app.feed.load_file import load_left_out
from app.feed.load_note import load_note
from app.feed.load_outgoing import load_outgoing_of
from app.feed.load_rearranged import load_rearranged
from app.feed.load_reminder import load_nudge, load_reminder
from app.feed.load_summary import load_summary
from app.feed.port import Rendered
from app.feed.render_outgoing import outgoing, outgoing_direct
from app.store.models import Exposure, Post, PostKind
from app.store.repositories.drawing import Sources
from app.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Ready:
    """A post as it is to be shown, and what we must know to settle it."""

    post_id: PostId
    kind: PostKind
    attempts: int
    wanted: int
    ts: str | None
    thread_ts: str | None
    message: Rendered
    is_upload: bool


def ready(
    post: Post, message: Rendered, thread_ts: str | None, *, wanted: int | None = None
) -> Ready:
    return Ready(
        post_id=post.id,
        kind=post.kind,
        attempts=post.attempts,
        wanted=post.wanted if wanted is None else wanted,
        ts=post.ts,
        thread_ts=thread_ts,
        message=message,
        is_upload=is_upload(post),
    )


async def thread_of(uow: UnitOfWork, post: Post) -> Post | None:
    """The post in whose thread this one stands; None for one that stands in the channel."""
    match post.kind:
        case PostKind.MAIL | PostKind.NOTICE | PostKind.OUTGOING:
            assert post.conversation_id is not None
            return await uow.posts.card_of(post.conversation_id, post.channel_id)
        case PostKind.FILE if post.conversation_id is not None:
            return await uow.posts.card_of(post.conversation_id, post.channel_id)
        case PostKind.FILE:
            assert post.placement_id is not None
            beside = await uow.posts.of_placements([post.placement_id], PostKind.QUARANTINE)
            return beside[0] if beside else None
        case (
            PostKind.CARD
            | PostKind.QUARANTINE
            | PostKind.DIRECT
            | PostKind.ALARM
            | PostKind.ALARM_OVER
            | PostKind.DIGEST
            | PostKind.REMINDER
        ):
            return None


async def rendered(uow: UnitOfWork, sources: Sources, site: str, pages: str = "") -> Rendered:
    """`site`: where links to cards begin; `pages`: where our own do."""
    message = await _render_fully(uow, sources, site, pages)
    return Rendered(message.text, ()) if sources.post.payload.get("plain") else message


async def _render_fully(uow: UnitOfWork, sources: Sources, site: str, pages: str) -> Rendered:
    post = sources.post
    match post.kind:
        case PostKind.CARD:
            view = await load_card(uow, sources, site, pages)
            return render.card(exposure.card(view, await _exposure(uow, post)))
        case PostKind.MAIL:
            assert post.message_id is not None
            mail = await load_mail(uow, post.message_id, pages)
            return render.mail(exposure.mail(mail, await _exposure(uow, post)))
        case PostKind.QUARANTINE:
            return render.quarantine(await load_quarantine(uow, post))
        case PostKind.NOTICE:
            return await _notice(uow, post, site)
        case PostKind.OUTGOING:
            ours = await load_outgoing_of(uow, post)
            return outgoing(exposure.outgoing(ours, await _exposure(uow, post)))
        case PostKind.DIRECT:
            return await _direct(uow, post, site)
        case PostKind.FILE:
            return await _file(uow, post, pages)
        case PostKind.ALARM | PostKind.ALARM_OVER | PostKind.DIGEST | PostKind.REMINDER:
            return await _about_no_conversation(uow, post, site)


async def _file(uow: UnitOfWork, post: Post, pages: str) -> Rendered:
    if is_upload(post):
        return Rendered("", ())
    return render_file.left_out(await load_left_out(uow, post, pages))


async def _about_no_conversation(uow: UnitOfWork, post: Post, site: str) -> Rendered:
    if post.kind is PostKind.REMINDER:
        return render_reminder.reminder(await load_reminder(uow, post, site))
    if post.kind is PostKind.DIGEST:
        return render_digest.digest(await load_digest(uow, post))
    view = await load_alarm(uow, post)
    if post.payload.get("card"):
        return render_alarm.card(view)
    return render_alarm.alarm(view) if post.kind is PostKind.ALARM else render_alarm.over(view)


async def _exposure(uow: UnitOfWork, post: Post) -> Exposure:
    return (await uow.channels.get(post.channel_id)).exposure


async def _direct(uow: UnitOfWork, post: Post, site: str) -> Rendered:
    if "closed_channel" in post.payload:
        return render_channel.closed(await load_closed(uow, post))
    if "nudge" in post.payload:
        return render_reminder.nudge(await load_nudge(uow, post, site))
    if "reason" in post.payload:
        return render_reminder.reminder(await load_reminder(uow, post, site))
    if "command_id" in post.payload:
        return render_failed.failed(await load_failed(uow, post))
    if "summary" in post.payload:
        return render_summary.summary(await load_summary(uow, post))
    if "outgoing_id" in post.payload:
        view = await load_outgoing_of(uow, post)
        return outgoing_direct(view, post.payload.get("link"))
    return render_assigned.direct(await load_assigned(uow, post))


async def _notice(uow: UnitOfWork, post: Post, site: str) -> Rendered:
    if "nobody_of" in post.payload:
        return render_assigned.nobody(post.payload["nobody_of"], post.payload["why"])
    if "rearranged_by" in post.payload:
        return render_rearranged.line(await load_rearranged(uow, post, site))
    if "assigned_by" in post.payload:
        return render_assigned.line(await load_assigned(uow, post))
    if "note_id" in post.payload:
        return render.note(await load_note(uow, post))
    return render.notice(render.failure(await load_command(uow, post)))
