"""What browsers may do with what we answer (Content Security Policy)."""

from typing import Final

PAGES: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Nothing inline, and nothing from elsewhere; the pictures in `data:` are Tabler's own."""
DATA: Final = "default-src 'none'; frame-ancestors 'none'"
FRAMING: Final = f"{PAGES}; frame-src 'self'"
"""Of a page that shows mails in frames: documents of ours, each with a policy of its own."""
