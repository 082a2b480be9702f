"""The text of a mail of ours: what was written, the signature, what came before. Pure."""

from collections.abc import Sequence

from app.mail.history import Text, as_html


def assemble(
    text: str, html: str | None, *, signature: Sequence[Text] = (), history: Text | None = None
) -> tuple[str, str | None]:
    """The plain text, and the HTML where somebody wrote some: in the answer or in a signature.

    The mark of a signature (`-- `, RFC 3676 §4.3) stands only where nothing follows it, because
    readers take all that is below for the signature.
    """
    signed = [one for one in signature if one.plain.strip() or one.html.strip()]
    plain = [text.strip("\n")]
    if signed:
        mark = "" if history else "-- \n"
        plain.append(mark + "\n".join(one.plain.strip("\n") for one in signed))
    if history:
        plain.append(history.plain)
    if html is None and not any(one.html.strip() for one in signed):
        return "\n\n".join(plain) + "\n", None
    rich = [html if html is not None else f"<div>{as_html(text.strip())}</div>"]
    rich += [f"<div>{one.html.strip() or as_html(one.plain.strip())}</div>" for one in signed]
    if history:
        rich.append(history.html)
    return "\n\n".join(plain) + "\n", "<br>\n".join(rich) + "\n"
