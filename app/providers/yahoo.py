"""Yahoo Mail and AOL."""

from typing import Final

from app.providers.base import Facts, KnownProvider

YAHOO: Final = KnownProvider(
    key="yahoo",
    title="Yahoo Mail",
    hosts=("yahoo.com", "yahoo.co.jp", "yahoodns.net", "aol.com"),
    # Its greeting ends “IMAP4rev1 imapgate-1.8.1_01.20166 imap1012.mail.ir2.yahoo.com” and its
    # capabilities hold this one (MailCore/mailcore2#1274).
    greeting=r"imapgate-|\.yahoo\.com",
    capability="XYMHIGHESTMODSEQ",
    facts=Facts(
        # It turns many logins away for a while (postalsys/imapflow#75).
        dials_at_once=2,
        roles={"Bulk": "junk", "Bulk Mail": "junk"},
        login_hint="Yahoo takes no account password here: make an app password under Account "
        "Security.",
    ),
)
"""developer.yahooinc.com/imap-smtp asks clients to name themselves by ID; ours always do."""
