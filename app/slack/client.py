"""Slack's Web API, as one workspace's bot: the feed's port over slack_sdk.

slack_sdk re-sends a call by itself when the connection drops, which would post a message twice; so
it is given no retry handlers, and every outcome is sorted into happened, refused, surely not
happened, and unknown. (docs.slack.dev/apis/web-api/errors)
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from app.core.faults import faultpoint
from app.core.ids import ChannelId, PostId, SlackUserId, WorkspaceId
from app.core.logging import get_logger
from app.feed.port import (
    ChannelInfo,
    ChannelRefused,
    ContentRefused,
    MessageGone,
    NotReached,
    OutcomeUnknown,
    Presence,
    RateLimited,
    Rendered,
    ScopeMissing,
    SlackFeed,
    SlackRefused,
    Upload,
    WorkspaceRefused,
)
from app.slack import availability, people
from app.slack.installations import Installations

METADATA_EVENT: Final = "sharedbox_post"
CALL_SECONDS: Final = 15
UPLOAD_SECONDS: Final = 120
_HISTORY_PAGE: Final = 200
_HISTORY_PAGES: Final = 25
_NO_RETRY_AFTER: Final = timedelta(seconds=10)
_LONGEST_RETRY_AFTER: Final = timedelta(hours=1)
log = get_logger(__name__)

_WORKSPACE_CODES: Final = frozenset({
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired",
    "not_allowed_token_type", "org_login_required", "ekm_access_denied",
    "team_access_not_granted",
})  # fmt: skip
_CHANNEL_CODES: Final = frozenset({
    "channel_not_found", "is_archived", "not_in_channel", "restricted_action",
    "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
    "user_not_in_channel", "posting_to_general_channel_denied", "channel_is_limited_access",
    "is_inactive",
})  # fmt: skip
_GONE_CODES: Final = frozenset({
    "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found",
    "file_not_found", "file_deleted",
})  # fmt: skip
_BUSY_CODES: Final = frozenset({
    "ratelimited", "rate_limited", "service_unavailable", "internal_error", "fatal_error",
    "request_timeout", "team_added_to_org",
})  # fmt: skip
_CHANNEL_FIXES: Final = {
    "not_in_channel": "Invite the app to the channel: /invite @SharedBox.",
    "channel_not_found": "Invite the app if the channel is private, or choose another channel.",
    "is_archived": "Unarchive the channel, or choose another one.",
}


class WorkspaceClient:
    """Implements `feed.port.SlackFeed`."""

    def __init__(self, client: AsyncWebClient, http: aiohttp.ClientSession) -> None:
        self._client = client
        self._http = http

    async def post(
        self, channel: ChannelId, message: Rendered, *, post_id: PostId, thread_ts: str | None
    ) -> str:
        answer = await self._call(
            "chat.postMessage",
            {
                "channel": channel,
                **_content(message),
                **({"thread_ts": thread_ts} if thread_ts else {}),
                "unfurl_links": False,
                "unfurl_media": False,
                "metadata": {
                    "event_type": METADATA_EVENT,
                    "event_payload": {"post_id": str(post_id)},
                },
            },
        )
        return str(answer["ts"])

    async def update(self, channel: ChannelId, ts: str, message: Rendered) -> None:
        await self._call("chat.update", {"channel": channel, "ts": ts, **_content(message)})

    async def delete(self, channel: ChannelId, ts: str) -> None:
        try:
            await self._call("chat.delete", {"channel": channel, "ts": ts})
        except MessageGone:
            return

    async def find(
        self, channel: ChannelId, post_id: PostId, *, since: datetime, thread_ts: str | None
    ) -> list[str]:
        found = await self._look_through(channel, since=since, until=None, thread_ts=thread_ts)
        return found.get(post_id, [])

    async def marked(
        self, channel: ChannelId, *, since: datetime, until: datetime, thread_ts: str | None
    ) -> dict[UUID, list[str]]:
        return await self._look_through(channel, since=since, until=until, thread_ts=thread_ts)

    async def _look_through(
        self,
        channel: ChannelId,
        *,
        since: datetime,
        until: datetime | None,
        thread_ts: str | None,
    ) -> dict[UUID, list[str]]:
        """What of ours the channel, or the thread, has (newest first, as Slack pages)."""
        query: dict[str, Any] = {
            "channel": channel,
            "oldest": f"{since.timestamp():.6f}",
            "limit": _HISTORY_PAGE,
            "include_all_metadata": True,
        }
        if until is not None:
            query["latest"] = f"{until.timestamp():.6f}"
        method = "conversations.history"
        if thread_ts:
            method = "conversations.replies"
            query["ts"] = thread_ts
        found: defaultdict[UUID, set[str]] = defaultdict(set)
        for _ in range(_HISTORY_PAGES):
            answer = await self._call(method, query, is_read=True)
            for message in answer.get("messages", ()):
                if (marked := _mark_of(message)) is not None:
                    found[marked].add(str(message["ts"]))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
            query["cursor"] = cursor
        else:
            log.warning("slack.history_too_long", channel=channel, since=since.isoformat())
        return {id_: sorted(times, key=float) for id_, times in found.items()}

    async def open_direct(self, user: SlackUserId) -> ChannelId:
        answer = await self._call("conversations.open", {"users": user})
        return ChannelId(str(answer["channel"]["id"]))

    async def about_channel(self, channel: ChannelId) -> ChannelInfo:
        answer = await self._call("conversations.info", {"channel": channel}, is_read=True)
        return channel_info(answer.get("channel") or {})

    async def name_of(self, user: SlackUserId) -> str:
        answer = await self._call("users.info", {"user": user}, is_read=True)
        return str((answer.get("user") or {}).get("name") or user)

    async def group_members(self, group_id: str) -> list[SlackUserId]:
        return await availability.group_members(self._read, group_id)

    async def resting(self, users: Sequence[SlackUserId]) -> frozenset[SlackUserId]:
        return await availability.resting(self._read, users, datetime.now(UTC))

    async def presence_of(self, user: SlackUserId) -> Presence:
        return await availability.presence_of(self._read, user)

    async def channels_of(self, user: SlackUserId) -> frozenset[ChannelId]:
        return await people.channels_by(self._read, user)

    async def _read(self, method: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._call(method, values, is_read=True)

    async def permalink(self, channel: ChannelId, ts: str) -> str:
        query = {"channel": channel, "message_ts": ts}
        answer = await self._call("chat.getPermalink", query, is_read=True)
        return str(answer["permalink"])

    async def begin_upload(self, filename: str, size: int) -> Upload:
        answer = await self._call(
            "files.getUploadURLExternal", {"filename": filename, "length": size}
        )
        return Upload(str(answer["file_id"]), str(answer["upload_url"]))

    async def send_bytes(self, upload: Upload, data: bytes) -> None:
        timeout = aiohttp.ClientTimeout(total=UPLOAD_SECONDS)
        try:
            async with self._http.post(upload.url, data=data, timeout=timeout) as response:
                if response.status >= 400:
                    raise OutcomeUnknown(f"The upload was answered with {response.status}.")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _broken(error) from error

    async def complete_upload(
        self, file_id: str, title: str, channel: ChannelId, *, thread_ts: str
    ) -> None:
        await self._call(
            "files.completeUploadExternal",
            {
                "files": json.dumps([{"id": file_id, "title": title}]),
                "channel_id": channel,
                "thread_ts": thread_ts,
            },
        )

    async def is_shared(self, file_id: str, channel: ChannelId) -> bool:
        answer = await self._call("files.info", {"file": file_id}, is_read=True)
        file = answer.get("file", {})
        places = (*file.get("channels", ()), *file.get("groups", ()), *file.get("ims", ()))
        return channel in places

    async def _call(
        self, method: str, values: Mapping[str, Any], *, is_read: bool = False
    ) -> Mapping[str, Any]:
        """One call, tried once, within a total time limit."""
        body: dict[str, Any] = {"params": values} if is_read else {"json": values}
        if method.startswith("files."):
            body = {"params" if is_read else "data": values}
        try:
            async with asyncio.timeout(CALL_SECONDS):
                response = await self._client.api_call(
                    method, http_verb="GET" if is_read else "POST", **body
                )
        except SlackApiError as error:
            raise _refused(error) from error
        except (aiohttp.ClientError, SlackClientError, TimeoutError, ValueError) as error:
            raise _broken(error) from error
        if not isinstance(response.data, dict):
            raise OutcomeUnknown(f"Slack’s answer to {method} makes no sense.")
        return response.data


class WorkspaceClients:
    """Implements `feed.port.SlackFeeds`."""

    def __init__(
        self, installations: Installations, http: aiohttp.ClientSession, base_url: str
    ) -> None:
        self._installations = installations
        self._http = http
        self._base_url = base_url

    @asynccontextmanager
    async def of(self, workspace_id: WorkspaceId) -> AsyncIterator[SlackFeed]:
        token = await self._installations.token_of(workspace_id)
        if token is None:
            raise WorkspaceRefused(
                "not_installed",
                "SharedBox is not connected to Slack.",
                fix="Set SHAREDBOX_SLACK_BOT_TOKEN to the bot token of your Slack app.",
            )
        client = web_client(self._http, self._base_url, token)
        try:
            yield WorkspaceClient(client, self._http)
        except WorkspaceRefused as refused:
            await self._installations.note_refusal(workspace_id, refused.code)
            raise


def web_client(http: aiohttp.ClientSession, base_url: str, token: str | None) -> AsyncWebClient:
    """A client that tries each call once."""
    return AsyncWebClient(
        token=token, base_url=base_url, session=http, timeout=CALL_SECONDS, retry_handlers=[]
    )


def http_session() -> aiohttp.ClientSession:
    """The connections to Slack, shared by a process."""
    tracing = aiohttp.TraceConfig()
    tracing.on_request_chunk_sent.append(_request_is_out)
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=5),
        trace_configs=[tracing],
        trust_env=True,
    )


async def _request_is_out(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    request: aiohttp.TraceRequestChunkSentParams,
) -> None:
    if request.url.name == "chat.postMessage":
        faultpoint("K12")


def channel_info(told: Mapping[str, Any]) -> ChannelInfo:
    """From Slack's words (docs.slack.dev/reference/objects/conversation-object)."""
    return ChannelInfo(
        name=str(told.get("name") or ""),
        is_private=bool(told.get("is_private")),
        is_member=bool(told.get("is_member")),
        is_archived=bool(told.get("is_archived")),
        is_shared=bool(told.get("is_ext_shared") or told.get("is_pending_ext_shared")),
    )


def _content(message: Rendered) -> dict[str, Any]:
    """Text and blocks. Without blocks the text alone is the message, escaped already."""
    return {"text": message.text, "blocks": list(message.blocks), "parse": "none"}


def _mark_of(message: Mapping[str, Any]) -> UUID | None:
    """The id of ours that a message carries."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != METADATA_EVENT:
        return None
    try:
        return UUID((metadata.get("event_payload") or {}).get("post_id", ""))
    except (ValueError, AttributeError, TypeError):
        return None


def _refused(error: SlackApiError) -> SlackRefused | OutcomeUnknown:
    response = error.response
    status = getattr(response, "status_code", 200)
    headers = getattr(response, "headers", {}) or {}
    data = response.data if isinstance(getattr(response, "data", None), dict) else {}
    code = str(data.get("error", ""))
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return RateLimited(_retry_after(headers))
    if status >= 500 or not code or code in _BUSY_CODES:
        return OutcomeUnknown(f"Slack answered {code or status}.")
    if code == "missing_scope":
        needed = str(data.get("needed", ""))
        return ScopeMissing(
            needed,
            f"The Slack app lacks the scope {needed}.",
            fix="Add it to the app and install the app again.",
        )
    if code in _WORKSPACE_CODES:
        return WorkspaceRefused(code)
    if code in _CHANNEL_CODES:
        return ChannelRefused(code, fix=_CHANNEL_FIXES.get(code, ""))
    if code in _GONE_CODES:
        return MessageGone(code)
    return ContentRefused(code, f"Slack refused the message: {code} {_messages(data)}".strip())


def _messages(data: Mapping[str, Any]) -> str:
    metadata = data.get("response_metadata") or {}
    return "; ".join(str(one) for one in metadata.get("messages", ()))[:500]


def _retry_after(headers: Mapping[str, str]) -> timedelta:
    value = next((text for name, text in headers.items() if name.lower() == "retry-after"), "")
    if not value.isdigit():
        return _NO_RETRY_AFTER
    return min(timedelta(seconds=int(value[:9])), _LONGEST_RETRY_AFTER)


def _broken(error: Exception) -> NotReached | OutcomeUnknown:
    """Only a connection that never came about proves that nothing happened."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return NotReached(f"Slack cannot be reached: {error}")
    return OutcomeUnknown(f"Slack did not answer: {str(error) or type(error).__name__}")
