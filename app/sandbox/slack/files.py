"""Files: an upload begins with a ticket, its bytes follow, and completing it shares them."""

import mimetypes
from dataclasses import dataclass, field
from typing import Final

from app.sandbox.slack.room import Channel
from app.sandbox.slack.wire import JSON, Refused, slack_id
from app.sandbox.slack.workspace import Workspace

_FILES_KEPT: Final = 2_000


@dataclass(slots=True)
class File:
    name: str
    size: int
    user: str
    created: int
    id: str = field(default_factory=lambda: slack_id("F"))
    ticket: str = field(default_factory=lambda: slack_id("U") + slack_id("P"))
    title: str = ""
    data: bytes | None = None
    complete: bool = False
    shares: list[tuple[Channel, str, str | None]] = field(default_factory=list)
    """Where it was shared: channel, ts of the message, and of its thread."""

    def as_json(self, workspace: Workspace, base_url: str) -> JSON:
        suffix = self.name.rpartition(".")[2].lower() if "." in self.name else "text"
        private = f"{base_url}/files-pri/{workspace.team_id}-{self.id}"
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": mimetypes.guess_type(self.name)[0] or "application/octet-stream",
            "filetype": suffix,
            "pretty_type": suffix.upper(),
            "user": self.user,
            "size": self.size,
            "mode": "hosted",
            "is_external": False,
            "is_public": any(not channel.private for channel, _, _ in self.shares),
            "url_private": f"{private}/{self.name}",
            "url_private_download": f"{private}/download/{self.name}",
            "permalink": f"{base_url}/files/{self.id}",
            "channels": [channel.id for channel, _, _ in self.shares if channel.type == "channel"],
            "groups": [channel.id for channel, _, _ in self.shares if channel.type == "group"],
            "ims": [channel.id for channel, _, _ in self.shares if channel.type == "im"],
            "shares": self._shares_json(),
        }

    def _shares_json(self) -> JSON:
        shares: JSON = {}
        for channel, ts, thread_ts in self.shares:
            share = {"ts": ts, **({"thread_ts": thread_ts} if thread_ts else {})}
            by_channel = shares.setdefault("private" if channel.private else "public", {})
            by_channel.setdefault(channel.id, []).append(share)
        return shares


class Files:
    def __init__(self) -> None:
        self._by_id: dict[str, File] = {}

    def begin(self, name: str, size: int, user: str, created: int) -> File:
        file = File(name, size, user, created)
        self._by_id[file.id] = file
        if len(self._by_id) > _FILES_KEPT:
            del self._by_id[next(iter(self._by_id))]
        return file

    def receive(self, ticket: str, data: bytes) -> bool:
        """Take the bytes of an upload that was begun; False where they are not what was said."""
        for file in self._by_id.values():
            if file.ticket == ticket and not file.complete and len(data) == file.size:
                file.data = data
                return True
        return False

    def uploaded(self, file_id: str) -> File:
        """One whose bytes have arrived. Raises `Refused` (file_not_found)."""
        file = self._by_id.get(file_id)
        if file is None or file.data is None:
            raise Refused("file_not_found")
        return file

    def complete(self, file_id: str) -> File:
        """One that can be seen. Raises `Refused` (file_not_found)."""
        file = self.uploaded(file_id)
        if not file.complete:
            raise Refused("file_not_found")
        return file

    def delete(self, file: File) -> None:
        del self._by_id[file.id]
