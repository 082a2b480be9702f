"""A small app made of Slack's own Bolt, as the workspace's client: it verifies every signature."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from app.sandbox.slack.local import LocalSlack
from app.sandbox.slack.serving import LoopbackServer
from app.sandbox.slack.wire import JSON


def words(text: str) -> JSON:
    return {"type": "plain_text", "text": text}


def button(text: str, action_id: str, **more: object) -> JSON:
    return {"type": "button", "text": words(text), "action_id": action_id, "value": "42", **more}


MENU: JSON = {
    "type": "overflow",
    "action_id": "menu",
    "options": [
        {"text": words("Archive"), "value": "archive"},
        {"text": words("Delete"), "value": "delete"},
    ],
}
CARD: list[JSON] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*A mail*"}, "accessory": MENU},
    {
        "type": "actions",
        "elements": [
            button("Assign to me", "assign"),
            button("Reply", "reply", style="primary"),
            button("Stay silent", "silent"),
        ],
    },
]


def form(title: str, **more: object) -> JSON:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": words(title),
        "submit": words("Send"),
        "blocks": [
            {
                "type": "input",
                "block_id": "body",
                "label": words("Text"),
                "element": {"type": "plain_text_input", "action_id": "text"},
            },
            {
                "type": "input",
                "block_id": "template",
                "optional": True,
                "label": words("Template"),
                "element": {
                    "type": "external_select",
                    "action_id": "template",
                    "min_query_length": 0,
                },
            },
        ],
        **more,
    }


class BoltApp:
    """What it heard is in `heard`; tests add listeners of their own to `bolt`."""

    def __init__(self, slack: LocalSlack) -> None:
        self._slack = slack
        self.heard: list[JSON] = []
        self.client = AsyncWebClient(
            token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=3
        )
        self.bolt = AsyncApp(signing_secret=slack.signing_secret, client=self.client)
        self.bolt.action("assign")(self._assign)
        self.bolt.action("reply")(self._reply)
        self.bolt.action("menu")(self._note)
        self.bolt.options("template")(self._suggest)
        self.status = 200
        """What HTTP status events are answered with; 200 lets Bolt answer."""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        web, handler = FastAPI(), AsyncSlackRequestHandler(self.bolt)

        @web.post("/slack/events")
        async def take(request: Request) -> Response:
            if self.status != 200 and "json" in request.headers["content-type"]:
                self.heard.append({"headers": dict(request.headers)})
                return Response(status_code=self.status)
            return await handler.handle(request)

        async with LoopbackServer(web) as server:
            await self._slack.connect(f"{server.url}/slack/events")
            yield

    @asynccontextmanager
    async def serve_by_socket(self) -> AsyncIterator[SocketModeClient]:
        """The same app in Socket Mode, by Bolt's own handler and slack_sdk's own client."""
        handler = AsyncSocketModeHandler(self.bolt, self._slack.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        try:
            await self._slack.wait_for(lambda: self._slack.sockets_open)
            yield handler.client
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]

    async def post_card(self) -> str:
        answer = await self.client.chat_postMessage(channel="support", text="A mail", blocks=CARD)
        ts: str = answer["ts"]
        return ts

    async def _assign(self, ack: AsyncAck, body: JSON) -> None:
        await ack()
        self.heard.append(body)
        await self.client.chat_update(
            channel=body["channel"]["id"],
            ts=body["message"]["ts"],
            text=f"assigned to {body['user']['name']}",
        )

    async def _reply(self, ack: AsyncAck, body: JSON) -> None:
        await ack()
        await self.client.views_open(trigger_id=body["trigger_id"], view=form("Reply"))

    async def _note(self, ack: AsyncAck, body: JSON) -> None:
        await ack()
        self.heard.append(body)

    async def _suggest(self, ack: AsyncAck, payload: JSON) -> None:
        query = payload["value"].lower()
        found = [name for name in ("Refund", "Thanks", "Apology") if query in name.lower()]
        await ack(options=[{"text": words(name), "value": name} for name in found])
