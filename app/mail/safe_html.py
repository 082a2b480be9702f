"""The HTML of a mail, made harmless: what a sandboxed frame may be given to show.

Mail is written by strangers. What is kept is a list of elements, attributes and properties of style
that can lay a text out, and nothing else: nothing that runs, nothing that is sent, nothing that is
loaded but pictures, and those only where somebody asked for them. The frame that shows it forbids
all that once more; neither relies on the other.

HTML is first taken apart by our own linear reader (`html_tokens`), which cuts it to size and bounds
how deep it nests; then nh3 (Ammonia), which parses as browsers do, keeps what is listed.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Final

import nh3

from app.mail import charset, links
from app.mail.html_tokens import Tag, text, tokens

MAX_HTML: Final = 1_000_000
"""Characters that are read; what comes later is left out."""
MAX_DEPTH: Final = 150
"""Elements within elements. Real mails nest some forty tables at the worst."""
_MAX_STYLE: Final = 4_000
_MAX_DATA: Final = 2_000_000


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


_TAGS: Final = _names(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup"
    " dd del dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins"
    " kbd li main mark nav ol p pre q s samp section small span strike strong sub sup table tbody"
    " td tfoot th thead tr tt u ul var wbr"
)
_NOT_EVEN_THEIR_TEXT: Final = _names(
    "applet audio canvas frameset head iframe math noembed noframes noscript object script select"
    " style svg template textarea title video xml xmp"
)
_VOID: Final = _names(
    "area base basefont bgsound br col embed frame hr img input link meta param source track wbr"
)
_CLOSE_THEMSELVES: Final = _names("p li dt dd tr td th thead tbody tfoot colgroup caption option")
"""Often left open, and closed by the next one: they do not add up."""
_ATTRIBUTES: Final = {
    "*": {"align", "dir", "lang", "style", "title"},
    "a": {"href"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "font": {"color", "face", "size"},
    "hr": {"color", "noshade", "size", "width"},
    "img": {"alt", "border", "height", "src", "width"},
    "li": {"type", "value"},
    "ol": {"reversed", "start", "type"},
    "table": {"bgcolor", "border", "cellpadding", "cellspacing", "height", "width"},
    "td": {"bgcolor", "colspan", "height", "nowrap", "rowspan", "valign", "width"},
    "th": {"bgcolor", "colspan", "height", "nowrap", "rowspan", "scope", "valign", "width"},
    "tr": {"bgcolor", "valign"},
    "tbody": {"valign"},
    "ul": {"type"},
}
_SCHEMES: Final = {"http", "https", "mailto", "tel", "cid", "data"}
_LEADS_SOMEWHERE: Final = ("http://", "https://", "mailto:", "tel:")

_PROPERTIES: Final = _names(
    "background background-color border border-bottom border-bottom-color border-bottom-style"
    " border-bottom-width border-collapse border-color border-left border-left-color"
    " border-left-style border-left-width border-radius border-right border-right-color"
    " border-right-style border-right-width border-spacing border-style border-top border-top-color"
    " border-top-style border-top-width border-width clear color direction display float font"
    " font-family font-size font-style font-variant font-weight height letter-spacing line-height"
    " list-style list-style-type margin margin-bottom margin-left margin-right margin-top"
    " max-height max-width min-height min-width padding padding-bottom padding-left padding-right"
    " padding-top table-layout text-align text-decoration text-indent text-transform unicode-bidi"
    " vertical-align white-space width word-break word-spacing word-wrap overflow-wrap"
)
"""They colour and arrange; none of them lays one thing over another."""
_VALUE: Final = re.compile(r"(?:(?:rgb|rgba|hsl|hsla)\([\d\s.,%/]{1,60}+\)|[\w\s#%.,!+'\"-])++")
"""No address, no function but colours, no escape, and nothing that could end the declaration."""
_PICTURE_DATA: Final = re.compile(
    r"data:image/(?:png|jpeg|jpg|gif|webp);base64,[\w+/=\s]+", re.IGNORECASE
)


@dataclass(slots=True)
class Safe:
    """`remote` counts the pictures that would have to be loaded from elsewhere."""

    html: str
    remote: int = 0
    is_cut: bool = False


Inline = Callable[[str], str | None]
"""From a Content-ID to the `data:` address of the picture that came with the mail; None without."""


def no_pictures(_content_id: str) -> str | None:
    return None


def make_safe(source: str, *, inline: Inline = no_pictures, load_remote: bool = False) -> Safe:
    """What can be shown of it. `load_remote`: keep the addresses of pictures elsewhere."""
    found = Safe("", is_cut=len(source) > MAX_HTML)
    source = charset.without_controls(source[:MAX_HTML])
    judge = _Judge(found, inline, load_remote=load_remote)
    cleaned = nh3.clean(
        "".join(_shallow(source)),
        tags=set(_TAGS),
        clean_content_tags=set(_NOT_EVEN_THEIR_TEXT),
        attributes={name: set(kept) for name, kept in _ATTRIBUTES.items()},
        attribute_filter=judge.attribute,
        url_schemes=set(_SCHEMES),
        url_relative="deny",
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    found.html = "".join(_with_destinations(cleaned))
    return found


def _shallow(source: str) -> Iterator[str]:
    """The same, but for what would nest too deep: those tags are left out, and their text stays."""
    opened: Counter[str] = Counter()
    depth = 0
    for token in tokens(source):
        if isinstance(token, str):
            yield token.replace("<", "&lt;")
            continue
        if token.name not in _VOID and token.name not in _CLOSE_THEMSELVES:
            if token.closes:
                if not opened[token.name]:
                    continue
                opened[token.name] -= 1
                depth -= 1
            elif depth >= MAX_DEPTH:
                continue
            else:
                opened[token.name] += 1
                depth += 1
        yield f"<{'/' if token.closes else ''}{token.name}{token.attributes}>"


class _Judge:
    """Decides on the value of each attribute, and counts what it sees."""

    def __init__(self, found: Safe, inline: Inline, *, load_remote: bool) -> None:
        self._found = found
        self._inline = inline
        self._load_remote = load_remote

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """What is kept of it; None where nothing is."""
        if name == "style":
            return "; ".join(_declarations(value[:_MAX_STYLE])) or None
        if tag == "a" and name == "href":
            return value if value.strip().lower().startswith(_LEADS_SOMEWHERE) else None
        if tag == "img" and name == "src":
            return self._picture(value.strip())
        return value

    def _picture(self, source: str) -> str | None:
        kind = source[:8].lower()
        if kind.startswith("cid:"):
            return self._inline(source[4:])
        if kind.startswith("data:"):
            fits = len(source) <= _MAX_DATA and _PICTURE_DATA.fullmatch(source)
            return source if fits else None
        if kind.startswith(("http://", "https://")):
            self._found.remote += 1
            rest = source.partition(":")[2]
            return f"https:{rest}" if self._load_remote else None
        return None


def _declarations(style: str) -> Iterator[str]:
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        is_known = name in _PROPERTIES and bool(value) and _VALUE.fullmatch(value) is not None
        if is_known and value.count('"') % 2 == 0 and value.count("'") % 2 == 0:
            yield f"{name}: {value}"


# Where links lead


@dataclass(slots=True)
class _Open:
    address: str
    words: list[str]


def _with_destinations(cleaned: str) -> Iterator[str]:
    """After each link whose words do not say where it leads, or say something else: its host.

    What nh3 has written is well-formed, so each tag is passed on as it stands.
    """
    link: _Open | None = None
    for token in tokens(cleaned):
        if isinstance(token, str):
            if link is not None:
                link.words.append(text(token))
            yield token
            continue
        yield f"<{'/' if token.closes else ''}{token.name}{token.attributes}>"
        if token.name == "a":
            if link is not None:
                yield _destination(link)
            link = None if token.closes else _Open(_address(token), [])
    if link is not None:
        yield _destination(link)


def _address(tag: Tag) -> str:
    return tag.attribute("href")


def _destination(link: _Open) -> str:
    said = links.to_be_told("".join(link.words), link.address)
    if not said:
        return ""
    return f' <span title="{escape(link.address)}">[leads to {escape(said)}]</span>'
