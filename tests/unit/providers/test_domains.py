"""Known mail domains, as data."""

import pytest

from app.mailbox.hosts import refuse_by_name
from app.providers.domains import KNOWN_DOMAINS, of_domain, of_exchanger


class TestTheTable:
    def test_names_each_domain_once(self) -> None:
        names = [domain for one in KNOWN_DOMAINS for domain in one.domains]

        assert len(set(names)) == len(names)

    def test_names_servers_that_may_be_connected_to(self) -> None:
        for one in KNOWN_DOMAINS:
            for server in (one.imap, one.smtp):
                refuse_by_name(server.host, allow_private=False)
                assert server.security in {"tls", "starttls"}
                assert (server.port == 587) == (server.security == "starttls")

    @pytest.mark.parametrize(
        ("domain", "title"),
        [
            ("gmail.com", "Gmail"),
            ("GMAIL.com", "Gmail"),
            ("acme.onmicrosoft.com", "Microsoft 365"),
            ("notgmail.com", None),
            ("evil.gmail.com.example", None),
        ],
    )
    def test_finds_a_domain_by_its_whole_name(self, domain: str, title: str | None) -> None:
        found = of_domain(domain)

        assert (found.title if found else None) == title

    @pytest.mark.parametrize(
        ("host", "title"),
        [
            ("aspmx.l.google.com", "Gmail"),
            ("acme-example.mail.protection.outlook.com", "Microsoft 365"),
            ("in1-smtp.messagingengine.com.", "Fastmail"),
            ("mail.protection.outlook.com.evil.example", None),
            ("notgoogle.com", None),
        ],
    )
    def test_finds_a_customer_by_where_the_mail_goes(self, host: str, title: str | None) -> None:
        found = of_exchanger(host)

        assert (found.title if found else None) == title
