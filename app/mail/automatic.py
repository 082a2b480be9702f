"""Mail that no person wrote: so that we never answer it by ourselves, and say what it is."""

import re
from typing import Final

from app.mail.address import Address
from app.mail.headers import Headers
from app.mail.parsed import Automatic
from app.mail.scan import Part

_ENDS_OF_WORDS: Final = re.compile(r"[\s;(]")
_DAEMONS: Final = (
    "mailer-daemon", "mail-daemon", "mailerdaemon", "mailer_daemon", "mail delivery",
)  # fmt: skip
_BOUNCE_SUBJECTS: Final = (
    "undeliver", "delivery fail", "delivery status", "returned mail", "failure notice",
    "not deliver", "mail system error", "mail failure", "could not be delivered",
    "couldn't be delivered", "returning message", "unzustellbar", "nicht zugestellt", "non remis",
    "non distribu", "no se puede entregar", "no entregado", "mancato recapito", "niet bezorgd",
    "não entregue", "kunde inte levereras", "не доставлено", "配信できません",
    "送信できません", "退信",
)  # fmt: skip
_REPLY_FIELDS: Final = (b"x-autoreply", b"x-autorespond", b"x-autoreply-from", b"x-auto-reply-from")
_LIST_FIELDS: Final = (b"list-id", b"list-unsubscribe", b"list-post", b"feedback-id")
_LOOP_FIELD: Final = b"x-sharedbox-loop"
"""Stands in what we sent ourselves; coming in, it has gone in a circle."""
_REPLY_SUBJECTS: Final = (
    "automatic reply", "auto reply", "autoreply", "auto-reply", "auto:", "out of office",
    "automatische antwort", "abwesenheitsnotiz", "réponse automatique", "respuesta automática",
    "risposta automatica", "automatisch antwoord", "resposta automática", "automatiskt svar",
    "automatisk svar", "autosvar", "automaattinen vastaus", "automatyczna odpowiedź",
    "автоматический ответ", "自動応答", "自动回复", "자동 회신",
)  # fmt: skip


def automatic(root: Part, sender: Address | None, subject: str) -> Automatic | None:
    """Judge by the header alone (RFC 3834, RFC 3464, and what came before them)."""
    top = root.headers
    said = _first_word(top, b"auto-submitted")
    precedence = _first_word(top, b"precedence")
    if _report_type(root) == "feedback-report":
        return Automatic.COMPLAINT
    if _is_bounce(root, sender, subject):
        return Automatic.BOUNCE
    if said == "auto-replied" or precedence == "auto_reply" or _any(top, _REPLY_FIELDS):
        return Automatic.REPLY
    if subject.lower().startswith(_REPLY_SUBJECTS):
        return Automatic.REPLY
    if said not in {"", "no"} or precedence in {"bulk", "list", "junk"}:
        return Automatic.GENERATED
    if _LOOP_FIELD in top:
        return Automatic.GENERATED
    if _any(top, _LIST_FIELDS) or _has_no_return(top) or _is_receipt(root):
        return Automatic.GENERATED
    return None


def _is_bounce(root: Part, sender: Address | None, subject: str) -> bool:
    if _report_type(root) == "delivery-status" or b"x-failed-recipients" in root.headers:
        return True
    local_part = "" if sender is None else sender.address.partition("@")[0].lower()
    name = "" if sender is None else sender.name.lower()
    if local_part.startswith(_DAEMONS) or name.startswith(_DAEMONS):
        return True
    by_software = "post" in local_part or "post" in name or _has_no_return(root.headers)
    return by_software and any(words in subject.lower() for words in _BOUNCE_SUBJECTS)


def _report_type(root: Part) -> str:
    if root.content_type.value != "multipart/report":
        return ""
    return root.content_type.parameters.get("report-type", "").lower()


def _is_receipt(root: Part) -> bool:
    return _report_type(root) == "disposition-notification"


def _has_no_return(top: Headers) -> bool:
    return top.plain(b"return-path").replace(" ", "") == "<>"


def _first_word(top: Headers, name: bytes) -> str:
    """Without the parameters or the comment that may follow."""
    return _ENDS_OF_WORDS.split(top.plain(name).lower(), maxsplit=1)[0]


def _any(top: Headers, names: tuple[bytes, ...]) -> bool:
    return any(name in top for name in names)
