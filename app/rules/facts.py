"""From a stored mail to what rules may ask about it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.core.ids import MessageId
from app.rules.match import Facts, Person


class Mail(Protocol):
    """A mail's row, new or old."""

    @property
    def id(self) -> MessageId: ...
    @property
    def subject(self) -> str: ...
    @property
    def from_name(self) -> str: ...
    @property
    def from_address(self) -> str: ...
    @property
    def to(self) -> Sequence[Mapping[str, str]]: ...
    @property
    def cc(self) -> Sequence[Mapping[str, str]]: ...
    @property
    def delivered_to(self) -> Sequence[str]: ...
    @property
    def body(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def list_id(self) -> str | None: ...


def facts_of(
    mail: Mail, *, files: Sequence[str], headers: Mapping[str, Sequence[str]] | None = None
) -> Facts:
    return Facts(
        message_id=mail.id,
        sender=Person(mail.from_name, mail.from_address),
        to=[
            *(Person(one.get("name", ""), one.get("address", "")) for one in (*mail.to, *mail.cc)),
            *(Person("", address) for address in mail.delivered_to),
        ],
        subject=mail.subject,
        text=mail.body,
        list_id=mail.list_id,
        size=mail.size,
        files=files,
        headers=headers or {},
    )
