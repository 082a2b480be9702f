"""Paragraphs that the sender's software broke into lines (format=flowed, RFC 3676)."""


def unflowed(text: str, *, delete_space: bool) -> str:
    """Join each flowed paragraph into one line. A line flows on if it ends with a blank."""
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        quotes = len(line) - len(content)
        content = content.removeprefix(" ")
        if paragraph and quotes != depth:
            out.append(_line(depth, paragraph))
            paragraph = []
        depth = quotes
        flows = content.endswith(" ") and content != "-- "
        paragraph.append(content[:-1] if flows and delete_space else content)
        if not flows:
            out.append(_line(depth, paragraph))
            paragraph = []
    if paragraph:
        out.append(_line(depth, paragraph))
    return "\n".join(out)


def _line(depth: int, paragraph: list[str]) -> str:
    text = "".join(paragraph)
    return f"{'>' * depth} {text}" if depth else text
