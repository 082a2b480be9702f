"""What is done to both workspaces, and what is noted of their answers.

Of every answer its shape is noted (which keys, of which type), and the values that mean the same
everywhere: words, counts, errors. Ids, times and addresses differ by nature.
"""

import asyncio
import re
from collections.abc import Awaitable, Iterator
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from app.sandbox.slack.wire import JSON
from tests.contract.slack_witness.sides import Side

TELLING: Final = frozenset(
    {
        "ok", "error", "warning", "needed", "text", "type", "subtype", "reply_count", "has_more",
        "event_type", "post_id", "count", "title", "name", "is_private", "is_archived",
        "is_member", "private_metadata", "callback_id", "real_name", "is_bot",
    }
)  # fmt: skip
"""Keys whose values are noted too."""
CARD: Final[list[JSON]] = [
    {"type": "section", "block_id": "s", "text": {"type": "mrkdwn", "text": "*A mail*"}}
]
SHARING_SECONDS: Final = 5
AN_ID: Final = re.compile(r"[CDG][A-Z0-9]{8,}")
METADATA: Final[JSON] = {"event_type": "post", "event_payload": {"post_id": "1"}}


def view(title: str) -> JSON:
    words = {"type": "plain_text", "text": title}
    return {"type": "modal", "title": words, "callback_id": "form", "blocks": CARD}


class Scenario:
    def __init__(self, side: Side) -> None:
        self._side = side
        self._client = side.client
        self.noted: dict[str, set[str]] = {}

    async def note(self, step: str, call: Awaitable[AsyncSlackResponse]) -> JSON:
        try:
            answer = (await call).data
        except SlackApiError as error:
            answer = error.response.data
        told: JSON = answer if isinstance(answer, dict) else {"ok": False, "error": "no JSON"}
        self.noted[step] = set(_shape(told))
        return told

    async def run(self) -> dict[str, set[str]]:
        await self._who_and_where()
        head = await self._messages()
        await self._refusals(head)
        await self._files(head)
        await self._views()
        await self._deletion(head)
        return self.noted

    async def _who_and_where(self) -> None:
        client, ids = self._client, self._side.ids
        await self.note("auth.test", client.auth_test())
        await self.note("team.info", client.team_info())
        await self.note("users.info", client.users_info(user=ids["ana"]))
        await self.note("conversations.info", client.conversations_info(channel=ids["support"]))
        await self.note("conversations.join", client.conversations_join(channel=ids["support"]))
        await self.note("members", client.conversations_members(channel=ids["support"]))
        await self.note("conversations.open", client.conversations_open(users=ids["ana"]))

    async def _messages(self) -> str:
        client, channel = self._client, self._side.ids["support"]
        posted = await self.note(
            "post",
            client.chat_postMessage(channel=channel, text="x", blocks=CARD, metadata=METADATA),
        )
        head: str = posted["ts"]
        reply = client.chat_postMessage(channel=channel, text="a reply", thread_ts=head)
        await self.note("reply", reply)
        update = client.chat_update(channel=channel, ts=head, text="new", blocks=CARD)
        await self.note("update", update)
        whole = client.conversations_history(channel=channel, include_all_metadata=True)
        await self.note("history with metadata", whole)
        await self.note("history", client.conversations_history(channel=channel))
        await self.note("replies", client.conversations_replies(channel=channel, ts=head))
        await self.note("permalink", client.chat_getPermalink(channel=channel, message_ts=head))
        for step in ("react", "react again"):
            await self.note(
                step, client.reactions_add(channel=channel, timestamp=head, name="eyes")
            )
        await self.note("reactions", client.reactions_get(channel=channel, timestamp=head))
        whisper = client.chat_postEphemeral(channel=channel, user=self._side.ids["ana"], text="x")
        await self.note("whisper", whisper)
        await self.note("too long", client.chat_postMessage(channel=channel, text="x" * 40_001))
        return head

    async def _refusals(self, head: str) -> None:
        client, channel = self._client, self._side.ids["support"]
        await self.note("no text", client.chat_postMessage(channel=channel, text=""))
        nowhere = client.chat_postMessage(channel="C0NOWHERE00", text="x")
        await self.note("no such channel", nowhere)
        nothing = client.chat_update(channel=channel, ts="1700000000.000100", text="x")
        await self.note("no such message", nothing)
        long = client.chat_update(channel=channel, ts=head, text="x" * 4_001)
        await self.note("update too long", long)
        odd = client.chat_postMessage(channel=channel, text="x", blocks=[{"type": "odd"}])
        await self.note("odd block", odd)
        await self.note("scope", self._side.narrow.chat_postMessage(channel=channel, text="x"))
        stranger = type(client)(token="xoxb-stranger", base_url=client.base_url)
        await self.note("stranger", stranger.auth_test())
        await self.note("no token", type(client)(base_url=client.base_url).auth_test())
        await self.note("unknown method", client.api_call("chat.sing"))

    async def _files(self, head: str) -> None:
        client, channel = self._client, self._side.ids["support"]
        begun = await self.note(
            "upload url", client.files_getUploadURLExternal(filename="a.eml", length=5)
        )
        early = client.files_completeUploadExternal(files=[{"id": begun["file_id"]}])
        await self.note("complete too early", early)
        uploaded = client.files_upload_v2(
            channel=channel, thread_ts=head, filename="b.eml", content="bytes", title="A mail"
        )
        file = await self.note("upload", uploaded)
        await self._until_shared(file["files"][0]["id"])
        await self.note("file", client.files_info(file=file["files"][0]["id"]))
        await self.note("no such file", client.files_info(file="F0NOWHERE00"))

    async def _until_shared(self, file_id: str) -> None:
        """Slack shares a file after it has answered; how soon is not said."""
        async with asyncio.timeout(SHARING_SECONDS):
            while not (await self._client.files_info(file=file_id))["file"]["shares"]:
                continue

    async def _views(self) -> None:
        client, ana = self._client, self._side.ids["ana"]
        trigger = await self._side.trigger(ana, "")
        opened = await self.note("open", client.views_open(trigger_id=trigger, view=view("One")))
        await self.note("open again", client.views_open(trigger_id=trigger, view=view("One")))
        await self.note("no trigger", client.views_open(trigger_id="1.2.x", view=view("One")))
        where = opened["view"]
        fresh = client.views_update(view_id=where["id"], hash=where["hash"], view=view("Two"))
        await self.note("update view", fresh)
        stale = client.views_update(view_id=where["id"], hash=where["hash"], view=view("Old"))
        await self.note("old hash", stale)
        top: str = where["id"]
        for step in ("push", "push again", "push too far"):
            trigger = await self._side.trigger(ana, top)
            pushed = await self.note(step, client.views_push(trigger_id=trigger, view=view(step)))
            top = pushed.get("view", {}).get("id", top)

    async def _deletion(self, head: str) -> None:
        client, channel = self._client, self._side.ids["support"]
        await self.note("delete", client.chat_delete(channel=channel, ts=head))
        await self.note("delete again", client.chat_delete(channel=channel, ts=head))


def _shape(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            name = "(id)" if AN_ID.fullmatch(key) else key
            yield from _shape(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield f"{path}: list"
        for item in value:
            yield from _shape(item, f"{path}[]")
    else:
        yield f"{path}: {type(value).__name__}"
        if path.rpartition(".")[2] in TELLING:
            yield f"{path} = {str(value)[:40]}"
