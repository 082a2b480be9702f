"""The IMAP flags and keywords that we read or set."""

from typing import Final

SEEN: Final = r"\Seen"
ANSWERED: Final = r"\Answered"
FLAGGED: Final = r"\Flagged"
DELETED: Final = r"\Deleted"
DRAFT: Final = r"\Draft"
RECENT: Final = r"\Recent"
"""Never stored by a client (RFC 3501 §2.3.2), and never a cursor."""

SYSTEM: Final = frozenset({SEEN, ANSWERED, FLAGGED, DELETED, DRAFT})
"""Those that a client may set."""

# Keywords of the IANA registry "IMAP and JMAP Keywords".
FORWARDED: Final = "$Forwarded"
JUNK: Final = "$Junk"
NOT_JUNK: Final = "$NotJunk"
PHISHING: Final = "$Phishing"
MDN_SENT: Final = "$MDNSent"

KEYWORDS: Final = frozenset({FORWARDED, JUNK, NOT_JUNK, PHISHING, MDN_SENT})
