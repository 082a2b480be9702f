"""What tries the servers of a mailbox, for a worker and for the command line."""

from app.core.config import Settings
from app.jobs.checking import Checker
from app.mailbox.sessions import IMAPServers
from app.sending.smtp import SMTPTransport


def checker(settings: Settings, servers: IMAPServers) -> Checker:
    """What tries a mailbox's servers, step by step."""
    allow_private, ca_file = settings.allow_private_mail_hosts, settings.tls_ca_file
    transport = SMTPTransport(allow_private=allow_private, ca_file=ca_file)
    return Checker(servers, transport, allow_private=allow_private, ca_file=ca_file)
