"""Gmail and Google Workspace."""

from datetime import timedelta
from typing import Final

from app.providers.base import Facts, KnownProvider

GOOGLE: Final = KnownProvider(
    key="google",
    title="Gmail",
    hosts=("gmail.com", "googlemail.com", "google.com"),
    # developers.google.com/workspace/gmail/imap/imap-extensions shows all three.
    id_name="^GImap$",
    greeting=r"^\* OK Gimap ready",
    capability="X-GM-EXT-1",
    facts=Facts(
        # “Too many simultaneous connections” comes at the 16th (zone-eu/wildduck#35); Google's help
        # page 97150 once said 10.
        connections=15,
        # Who goes beyond its limits is shut out of IMAP for a while (goldenhillsoftware.com,
        # “CloudPull Throttling”), so we knock rarely.
        rest_when_busy=timedelta(minutes=15),
        # support.google.com/mail/answer/78892: “Sent messages are automatically copied to the
        # Gmail/Sent folder if your email client uses SMTP”.
        files_sent=True,
        # The same page of Google's lists no \Archive: what has no other label is in All Mail.
        roles={"\\All": "archive"},
        login_hint="Gmail takes no account password here: make an app password at "
        "myaccount.google.com/apppasswords (it needs 2-Step Verification).",
    ),
)
