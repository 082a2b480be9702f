"""What a folder is for: by its attribute (RFC 6154), else by a well-known name.

Names are only asked where the server names no folder for the role itself, and only a name at the
top of the hierarchy (or right below INBOX) counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from app.mailbox.port import Folder, Role

_BY_ATTRIBUTE: Final = {
    b"\\ARCHIVE": Role.ARCHIVE,
    b"\\SENT": Role.SENT,
    b"\\DRAFTS": Role.DRAFTS,
    b"\\TRASH": Role.TRASH,
    b"\\JUNK": Role.JUNK,
    b"\\SPAM": Role.JUNK,
}
"""Those of RFC 6154, and what XLIST calls `\\Junk`."""

_BY_NAME: Final = {
    Role.ARCHIVE: ("archive", "archives", "archiv", "archivo", "archivio", "archief"),
    Role.SENT: (
        "sent", "sent items", "sent mail", "sent messages",
        "gesendet", "gesendete elemente", "gesendete objekte",
        "envoyés", "éléments envoyés", "messages envoyés",
        "enviados", "elementos enviados", "inviata", "posta inviata", "verzonden items",
        "wysłane", "отправленные", "已发送", "送信済み",
    ),
    Role.DRAFTS: (
        "drafts", "draft", "entwürfe", "brouillons", "borradores", "rascunhos", "bozze",
        "concepten", "wersje robocze", "черновики", "草稿", "下書き",
    ),
    Role.TRASH: (
        "trash", "deleted items", "deleted messages", "deleted", "bin",
        "papierkorb", "gelöschte elemente", "gelöscht", "corbeille", "éléments supprimés",
        "papelera", "elementos eliminados", "lixeira", "cestino", "prullenbak", "kosz",
        "корзина", "удаленные", "已删除", "ゴミ箱",
    ),
    Role.JUNK: (
        "junk", "spam", "junk e-mail", "junk email", "bulk mail", "spamverdacht",
        "indésirables", "courrier indésirable", "correo no deseado", "lixo eletrônico",
        "posta indesiderata", "ongewenste e-mail", "спам", "垃圾邮件", "迷惑メール",
    ),
}  # fmt: skip

_ROLE_OF_NAME: Final = {name: role for role, names in _BY_NAME.items() for name in names}

NEW_FOLDER_NAMES: Final = {
    Role.ARCHIVE: "Archive",
    Role.SENT: "Sent",
    Role.TRASH: "Trash",
    Role.JUNK: "Junk",
}
"""What a folder is called that has to be made because the account has none for the role."""


def folder(
    name: str, attributes: Iterable[bytes], delimiter: str | None, also: Mapping[str, str]
) -> Folder:
    """One line of LIST, with the role its attributes give it."""
    marks = {attribute.upper() for attribute in attributes}
    role = Role.INBOX if name.upper() == "INBOX" else by_attribute(marks, also)
    selectable = not marks & {b"\\NOSELECT", b"\\NONEXISTENT"}
    return Folder(name, role, selectable, delimiter)


def by_attribute(attributes: Iterable[bytes], also: Mapping[str, str]) -> Role | None:
    """The role that attributes give; those of the standard count before the provider's own."""
    marks = {attribute.upper() for attribute in attributes}
    own = {mark.upper().encode(): Role(role) for mark, role in also.items() if mark[0] == "\\"}
    for table in (_BY_ATTRIBUTE, own):
        if role := next((table[mark] for mark in sorted(marks) if mark in table), None):
            return role
    return None


def with_roles_by_name(folders: Sequence[Folder], also: Mapping[str, str]) -> list[Folder]:
    """Give the roles that no attribute gave to the first folder with a well-known name."""
    names = _ROLE_OF_NAME | {name.casefold(): Role(role) for name, role in also.items()}
    taken = {folder.role for folder in folders}
    result = []
    for one in folders:
        role = one.role
        if role is None and one.selectable:
            named = names.get(_top_name(one))
            role = None if named in taken else named
            taken.add(role)
        result.append(replace(one, role=role))
    return result


def _top_name(folder: Folder) -> str:
    """The name, in lower case, of a folder at the top or right below INBOX; else nothing."""
    parts = folder.name.split(folder.delimiter) if folder.delimiter else [folder.name]
    if parts[0].upper() == "INBOX":
        parts = parts[1:]
    return parts[0].casefold() if len(parts) == 1 else ""
