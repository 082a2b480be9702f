"""The mail client that a mail was written with, where it is one that people know.

Anybody may write anything into these headers, so only known names come out of here, never the
header itself.
"""

from typing import Final

from app.mail.headers import Headers

_HEADERS: Final = (b"x-mailer", b"user-agent")
_LONGEST: Final = 300
_CLIENTS: Final = {
    "thunderbird": "Thunderbird", "betterbird": "Betterbird", "postbox": "Postbox",
    "outlook": "Outlook", "apple mail": "Apple Mail", "iphone mail": "iPhone Mail",
    "ipad mail": "iPad Mail", "k-9 mail": "K-9 Mail", "fairemail": "FairEmail",
    "evolution": "Evolution", "geary": "Geary", "kmail": "KMail", "claws mail": "Claws Mail",
    "sylpheed": "Sylpheed", "neomutt": "NeoMutt", "mutt": "Mutt", "alpine": "Alpine",
    "the bat!": "The Bat!", "mailspring": "Mailspring", "em client": "eM Client",
    "emclient": "eM Client", "airmail": "Airmail", "spark": "Spark", "mailmate": "MailMate",
    "roundcube": "Roundcube", "horde": "Horde", "rainloop": "RainLoop", "snappymail": "SnappyMail",
    "squirrelmail": "SquirrelMail", "nextcloud mail": "Nextcloud Mail", "sogo": "SOGo",
    "zimbra": "Zimbra", "open-xchange": "Open-Xchange", "cyrus-jmap": "Fastmail",
    "zoho mail": "Zoho Mail", "lotus notes": "Notes", "hcl notes": "Notes",
    "blackberry": "BlackBerry", "yahoomail": "Yahoo Mail",
}  # fmt: skip
"""By what stands in the header, in lower case; the first that fits counts."""


def mailer(top: Headers) -> str | None:
    """`Mozilla/5.0 (X11; …) Thunderbird/102.4` is Thunderbird."""
    for header in _HEADERS:
        said = top.plain(header)[:_LONGEST].lower() if header in top else ""
        for words, name in _CLIENTS.items():
            if words in said:
                return name
    return None
