"""Software that many run themselves: Dovecot, Cyrus and Courier. Their limits are defaults."""

from typing import Final

from app.providers.base import Facts, KnownProvider

DOVECOT: Final = KnownProvider(
    key="dovecot",
    title="Dovecot",
    id_name="^Dovecot",
    greeting=r"Dovecot( \([^)]*\))? ready",
    # doveconf -d: mail_max_userip_connections = 10, for one user from one address.
    facts=Facts(connections=10, takes_commands_ahead=True),
)

CYRUS: Final = KnownProvider(
    key="cyrus",
    title="Cyrus IMAP",
    id_name="^Cyrus IMAPD?",
    greeting=r"Cyrus IMAP",
    facts=Facts(takes_commands_ahead=True),
)
"""imapd.conf(5): `maxlogins_per_user` is 0, no limit, and `imapidlepoll` 60 s without idled."""

COURIER: Final = KnownProvider(
    key="courier",
    title="Courier IMAP",
    greeting=r"Courier-IMAP ready",
    # /etc/courier/imapd as shipped: MAXPERIP=20, here of all accounts of one worker together.
    # The other was seen with 5.0.13: it numbers the mails for good only where it may write.
    facts=Facts(
        connections=20, dials_at_once=4, forgets_unselected=True, takes_commands_ahead=True
    ),
)
