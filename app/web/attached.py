"""The files of a draft that is sent from here, and not from Slack's window."""

from app.core.errors import Conflict
from app.mail.compose import File
from app.slack.writing import SlackFile
from app.store.blobs import Blobs


async def bytes_of(blobs: Blobs, file: SlackFile) -> File:
    """Raises `Conflict` for one that Slack alone has."""
    if file.digest is None:
        raise Conflict(f"Only Slack has the file {file.name} yet.", fix="Send the draft there.")
    return File(file.name, file.mimetype, await blobs.get(bytes.fromhex(file.digest)))
