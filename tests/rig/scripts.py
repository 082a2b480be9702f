"""Ways in which a mail server misbehaves; each is a script for `HostileServer.on`."""

import asyncio
import re
from collections.abc import Callable

from tests.rig.imap_answers import Reply
from tests.rig.imap_server import Call, Script


def bye(words: str = "Server shutting down", *, after: int = 0) -> Script:
    """Say BYE and close, perhaps after the first bytes of the right answer."""

    async def script(call: Call) -> None:
        await call.send(_whole(call)[:after], f"* BYE {words}\r\n".encode())
        call.session.writer.close()

    return script


def refuse(words: str, status: str = "NO") -> Script:
    """Answer NO (or BAD, or an OK that did nothing) and go on."""

    async def script(call: Call) -> None:
        await call.send_reply(Reply(status=f"{status} {words}"))

    return script


def reset(*, after: int = 0) -> Script:
    """End the connection by RST, perhaps after the first bytes of the right answer."""

    async def script(call: Call) -> None:
        await call.send(_whole(call)[:after])
        await asyncio.sleep(0.05)  # what was sent must be read before the RST throws it away
        call.reset()

    return script


def finish(*, after: int = 0) -> Script:
    """End the connection by FIN, perhaps after the first bytes of the right answer."""

    async def script(call: Call) -> None:
        await call.send(_whole(call)[:after])
        call.session.writer.close()

    return script


def hang(*, after: int = 0) -> Script:
    """Say nothing more, and keep the connection open."""

    async def script(call: Call) -> None:
        await call.send(_whole(call)[:after])
        await call.silence()

    return script


def drip(*, size: int = 1, pause: float = 0.1) -> Script:
    """The right answer, a few bytes at a time: no single read ever waits long."""

    async def script(call: Call) -> None:
        whole = _whole(call)
        for start in range(0, len(whole), size):
            await call.send(whole[start : start + size])
            await asyncio.sleep(pause)

    return script


def say(*lines: bytes, status: str = "OK done") -> Script:
    """Answer exactly this."""

    async def script(call: Call) -> None:
        await call.send_reply(Reply(list(lines), status))

    return script


def raw(data: bytes) -> Script:
    """Send these bytes, and no tagged line of ours."""

    async def script(call: Call) -> None:
        await call.send(data)

    return script


def changed(change: Callable[[Reply], None]) -> Script:
    """The right answer, after `change` has had its way with it."""

    async def script(call: Call) -> None:
        reply = call.honest()
        change(reply)
        await call.send_reply(reply)

    return script


def replaced(pattern: bytes, replacement: bytes) -> Script:
    """The right answer with something in its untagged lines rewritten."""

    def change(reply: Reply) -> None:
        reply.lines = [re.sub(pattern, replacement, line) for line in reply.lines]

    return changed(change)


def without(pattern: bytes) -> Script:
    """The right answer without those untagged lines that match."""

    def change(reply: Reply) -> None:
        reply.lines = [line for line in reply.lines if not re.search(pattern, line)]

    return changed(change)


def preceded_by(*lines: bytes) -> Script:
    """The right answer, with something unasked-for before it."""
    return changed(lambda reply: reply.lines.__setitem__(slice(0, 0), list(lines)))


def under_tag(tag: str) -> Script:
    """The right answer under a tag that is not the command's."""

    async def script(call: Call) -> None:
        await call.send_reply(call.honest(), tag=tag)

    return script


def first(do: Callable[[], object]) -> Script:
    """Something happens on the server just before the right answer is made."""

    async def script(call: Call) -> None:
        do()
        if call.name == "IDLE":
            await call.session.idle(call)
        else:
            await call.send_reply(call.honest())

    return script


def then(do: Callable[[], object]) -> Script:
    """Something happens on the server just after the right answer was sent."""

    async def script(call: Call) -> None:
        await call.send_reply(call.honest())
        do()

    return script


def before_idle(do: Callable[[], object]) -> Script:
    """Something happens as IDLE is asked for, and is told before it has begun."""

    async def script(call: Call) -> None:
        do()
        await call.send(*call.session.answers.news())
        await call.session.idle(call)

    return script


def in_idle(data: bytes = b"", *, close: bool = False, dark: bool = False) -> Script:
    """Let IDLE begin, then say something, close, or never say anything again."""

    async def script(call: Call) -> None:
        await call.send(b"+ idling\r\n", data)
        if close:
            call.session.writer.close()
        if dark:
            await call.silence()

    return script


def _whole(call: Call) -> bytes:
    if call.name == "IDLE":
        return b""
    reply = call.honest()
    return b"".join([*reply.lines, f"{call.tag} {reply.status}\r\n".encode()])
