"""The XML of a domain, which anybody may write."""

import pytest

from app.accounts.autoconfig import Described, read

ADDRESS = "ana@acme.example"
PLAIN_SERVER = """\
<incomingServer type="imap"><hostname>mail.%EMAILDOMAIN%</hostname><port>143</port>
<socketType>plain</socketType><username>%EMAILADDRESS%</username></incomingServer>"""
STARTTLS_SERVER = PLAIN_SERVER.replace("plain", "STARTTLS")
TLS_SERVER = PLAIN_SERVER.replace("plain", "SSL").replace("143", "993")
SMTP_SERVER = """\
<outgoingServer type="smtp"><hostname>smtp.acme.example</hostname><port>465</port>
<socketType>SSL</socketType><username>%EMAILLOCALPART%</username>
<authentication>OAuth2</authentication></outgoingServer>"""


def config(*servers: str, before: str = "") -> bytes:
    body = "".join(servers)
    return (
        f'<?xml version="1.0"?>{before}<clientConfig version="1.1">'
        f'<emailProvider id="acme.example">'
        f"<displayName>Acme</displayName>{body}</emailProvider></clientConfig>"
    ).encode()


class TestReading:
    def test_fills_in_the_address(self) -> None:
        found = read(config(TLS_SERVER, SMTP_SERVER), ADDRESS)

        assert found is not None
        assert found.title == "Acme"
        assert found.imap == Described("mail.acme.example", 993, "tls", ADDRESS, takes_tokens=False)
        assert found.smtp == Described("smtp.acme.example", 465, "tls", "ana", takes_tokens=True)

    @pytest.mark.parametrize(
        "order", [[TLS_SERVER, STARTTLS_SERVER], [STARTTLS_SERVER, TLS_SERVER]]
    )
    def test_prefers_tls_from_the_first_byte(self, order: list[str]) -> None:
        found = read(config(*order), ADDRESS)

        assert found is not None
        assert found.imap.security == "tls"

    @pytest.mark.parametrize(
        "xml",
        [
            b"",
            b"<html>Not found</html>",
            b"<clientConfig>",
            b"\x00\xff\xfe",
            config(PLAIN_SERVER),
            config(SMTP_SERVER),
            config(TLS_SERVER.replace("imap", "pop3")),
            config(TLS_SERVER.replace("993", "99999")),
            config(TLS_SERVER.replace("993", "00000199999")),
            config(TLS_SERVER.replace("993", "-1")),
            config(TLS_SERVER.replace("993", "９９３")),
            config(TLS_SERVER.replace("mail.%EMAILDOMAIN%", "")),
            config(TLS_SERVER.replace("mail.%EMAILDOMAIN%", "a\nb.example")),
            b"<a>" * 5000,
        ],
    )
    def test_takes_nothing_from_what_is_not_one(self, xml: bytes) -> None:
        assert read(xml, ADDRESS) is None

    @pytest.mark.parametrize(
        "before",
        [
            '<!DOCTYPE x [<!ENTITY e "mail.acme.example">]>',
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">',
            '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
        ],
    )
    def test_takes_nothing_with_a_document_type(self, before: str) -> None:
        assert read(config(TLS_SERVER, before=before), ADDRESS) is None
