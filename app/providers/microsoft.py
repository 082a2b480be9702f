"""Microsoft 365 and Outlook.com: Exchange, in both cases."""

from datetime import timedelta
from typing import Final

from app.providers.base import Facts, KnownProvider

MICROSOFT: Final = KnownProvider(
    key="microsoft",
    title="Microsoft 365 or Outlook.com",
    hosts=("office365.com", "outlook.com", "hotmail.com", "live.com", "office.com"),
    # learn.microsoft.com, Set-ImapSettings -Banner: the default text of every Exchange.
    greeting=r"Microsoft Exchange IMAP4 service",
    facts=Facts(
        # learn.microsoft.com, “Set connection limits for IMAP4”: MaxConnectionsPerUser is 16 unless
        # changed. What Exchange Online allows is not published; this is the nearest there is.
        connections=16,
        # Many logins from one address look like an attack to it.
        dials_at_once=4,
        # Since June 2018 what is sent by SMTP AUTH is kept in Sent Items (itsupport.ou.edu, article
        # 83, quotes the notice); Outlook.com does the same (chatmail/provider-db#258).
        files_sent=True,
        # learn.microsoft.com, “Message storage and concurrent connection throttling for SMTP
        # Authenticated Submission”: three connections at once for one mailbox, its printers and
        # scripts included. So ours is not in anybody’s way for long.
        sending_line_kept=timedelta(seconds=5),
        login_hint="Microsoft takes no password over IMAP any more: connect the account by "
        "signing in with Microsoft, or check that your tenant allows app passwords.",
    ),
)
