"""The customer beside the workspace: someone who writes to the inbox and reads what comes back."""

from typing import Any, Protocol


class Customer(Protocol):
    """What the demo plugs in, so that the page can show its Customer pane."""

    @property
    def address(self) -> str:
        """The inbox the customer writes to."""
        ...

    async def send(
        self,
        sender_name: str,
        sender_address: str,
        subject: str,
        text: str,
        *,
        in_reply_to: str | None = None,
    ) -> object:
        """Send a mail to the inbox; `in_reply_to` is the Message-ID of the mail it answers."""
        ...

    async def received(self) -> list[dict[str, Any]]:
        """What was received, oldest first.

        Objects with `from`, `to`, `subject`, `text` and `date`; `message_id` where it can be
        answered, `references` where it belongs to mails before it.
        """
        ...
