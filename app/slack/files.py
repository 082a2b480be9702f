"""Files that people attach in a window: fetched from Slack, once, and kept with the mail's own.

The bot token goes along, so it goes to Slack's own hosts only, whatever address we were given.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from app.core.errors import InvalidInput, SharedBoxError, Unavailable
from app.core.ids import WorkspaceId
from app.core.logging import get_logger
from app.slack.installations import Installations
from app.slack.writing import Field, SlackFile
from app.store.blobs import Blobs

FETCH_SECONDS: Final = 60
_AT_ONCE: Final = 4
"""Each may be as large as a mail may be, and is in memory while it comes."""
_CHUNK: Final = 1 << 16
_REMEMBERED: Final = 200
_SLACK: Final = ".slack.com"
log = get_logger(__name__)


class StillComing(Unavailable):
    """Slack has not handed a file over yet; it is being fetched."""


class SlackFiles:
    """Fetches files side by side; one that takes long is fetched on while its writer waits."""

    def __init__(
        self,
        blobs: Blobs,
        installations: Installations,
        http: aiohttp.ClientSession,
        api_url: str,
        largest: int,
    ) -> None:
        self._blobs = blobs
        self._installations = installations
        self._http = http
        self._api = urlsplit(api_url)
        self._largest = largest
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._coming: dict[tuple[WorkspaceId, str], asyncio.Task[bytes]] = {}

    async def kept(
        self, workspace_id: WorkspaceId, files: Sequence[SlackFile], *, within: float
    ) -> dict[str, str]:
        """The digests of these files by their ids, all of them in the blob store.

        Raises `StillComing`, and `InvalidInput` for a file that Slack does not hand over.
        """
        missing = [one for one in files if one.digest is None]
        tasks = {one.id: self._fetching(workspace_id, one) for one in missing}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=within)
        if any(not task.done() for task in tasks.values()):
            raise StillComing(
                "Slack has not handed the files over yet.", fix="Press Send again in a moment."
            )
        found: Mapping[str, str] = {id_: task.result().hex() for id_, task in tasks.items()}
        return {**{one.id: one.digest for one in files if one.digest}, **found}

    def _fetching(self, workspace_id: WorkspaceId, file: SlackFile) -> asyncio.Task[bytes]:
        key = (workspace_id, file.id)
        task = self._coming.get(key)
        if task is None:
            task = asyncio.create_task(self._fetch(workspace_id, file), name="slack file")
            self._coming[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return task

    def _ended(self, key: tuple[WorkspaceId, str], task: asyncio.Task[bytes]) -> None:
        """What came is remembered for a while; what did not may be tried again."""
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or error is not None:
            self._coming.pop(key, None)
            log.warning("slack.file", file=key[1], error=str(error or "cancelled"))
        while len(self._coming) > _REMEMBERED:
            self._coming.pop(next(iter(self._coming)))

    async def _fetch(self, workspace_id: WorkspaceId, file: SlackFile) -> bytes:
        """Raises `InvalidInput`."""
        if file.size > self._largest:
            raise _refused(f"“{file.name[:80]}” is larger than a mail may be.")
        token = await self._installations.token_of(workspace_id)
        if token is None or not self._is_slack(file.url):
            raise _refused(f"“{file.name[:80]}” cannot be fetched from Slack.")
        try:
            async with self._turn, asyncio.timeout(FETCH_SECONDS):
                data = await self._read(file, token)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("slack.file", file=file.id, error=str(error))
            raise _refused(f"“{file.name[:80]}” could not be fetched from Slack.") from None
        return await self._blobs.put(data)

    async def _read(self, file: SlackFile, token: str) -> bytes:
        headers = {"Authorization": f"Bearer {token}"}
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        async with self._http.get(
            file.url, headers=headers, timeout=timeout, allow_redirects=False
        ) as answer:
            if answer.status != 200:
                raise _refused(f"Slack answered {answer.status} for “{file.name[:80]}”.")
            data = bytearray()
            async for chunk in answer.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > self._largest:
                    raise _refused(f"“{file.name[:80]}” is larger than a mail may be.")
        if file.size and len(data) != file.size:
            raise _refused(f"“{file.name[:80]}” came incomplete from Slack.")
        return bytes(data)

    def _is_slack(self, url: str) -> bool:
        """Slack’s own hosts over TLS, or the very server that stands in for Slack."""
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) == (self._api.scheme, self._api.netloc):
            return True
        host = parts.hostname or ""
        return parts.scheme == "https" and host.endswith(_SLACK) and parts.username is None


def _refused(what: str) -> SharedBoxError:
    return InvalidInput(what, field=Field.FILES, fix="Choose it once more.")
