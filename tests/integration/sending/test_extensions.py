"""What is said on the wire where a server offers an extension, and where it does not."""

import pytest

from app.mailbox.port import Security, ServerSpec
from app.sending.port import Delivered, Envelope, Refused
from app.sending.smtp import SMTPTransport
from tests.fixtures.sending import LIMITS
from tests.fixtures.smtp import ScriptedSMTP

US = "support@example.com"
ASCII, EIGHT = b"Subject: a\r\n\r\nHello\r\n", "Subject: a\r\n\r\nGrüße\r\n".encode()


async def sent(
    *extensions: str, raw: bytes = ASCII, to: str = "ana@acme.example", utf8: bool = False
) -> tuple[Delivered, dict[str, str]]:
    """What came of it, and the commands the server heard, by their verb."""

    async def nothing() -> None: ...

    async with ScriptedSMTP(extensions=extensions or ("HELP",)) as smtp:
        server = ServerSpec("127.0.0.1", smtp.port, Security.NONE, "", "")
        transport = SMTPTransport(allow_private=True, ca_file=None, limits=LIMITS)
        envelope = Envelope(US, [to], needs_smtputf8=utf8)
        delivered = await transport.deliver(server, envelope, raw, before_the_end=nothing)
        return delivered, {one.split(" ")[0]: one for one in smtp.commands}


class TestWhatIsSaid:
    async def test_without_extensions_is_the_bare_command(self) -> None:
        _, said = await sent()

        assert said["MAIL"] == f"MAIL FROM:<{US}>"
        assert said["RCPT"] == "RCPT TO:<ana@acme.example>"

    @pytest.mark.parametrize(
        ("extension", "raw", "option"),
        [
            ("SIZE 1000", ASCII, f"SIZE={len(ASCII)}"),
            ("SIZE", ASCII, f"SIZE={len(ASCII)}"),
            ("8BITMIME", ASCII, "BODY=7BIT"),
            ("8BITMIME", EIGHT, "BODY=8BITMIME"),
            ("DSN", ASCII, "RET=HDRS"),
        ],
    )
    async def test_of_the_mail(self, extension: str, raw: bytes, option: str) -> None:
        _, said = await sent(extension, raw=raw)

        assert said["MAIL"] == f"MAIL FROM:<{US}> {option}"

    async def test_of_who_is_to_be_told_what_became_of_it(self) -> None:
        _, said = await sent("DSN")

        assert said["RCPT"] == "RCPT TO:<ana@acme.example> NOTIFY=FAILURE,DELAY"

    async def test_in_letters_beyond_ascii(self) -> None:
        _, said = await sent("SMTPUTF8", "8BITMIME", to="пример@acme.example", utf8=True)

        assert said["MAIL"].endswith(" SMTPUTF8")
        assert said["RCPT"] == "RCPT TO:<пример@acme.example>"

    async def test_a_mail_that_takes_none_asks_for_none(self) -> None:
        _, said = await sent("SMTPUTF8", "8BITMIME")

        assert "SMTPUTF8" not in said["MAIL"]


class TestWhatIsNotSaid:
    async def test_letters_beyond_ascii_to_a_server_that_knows_none(self) -> None:
        with pytest.raises(Refused, match="letters beyond ASCII"):
            await sent("8BITMIME", to="пример@acme.example", utf8=True)

    @pytest.mark.parametrize("stated", ["SIZE", "SIZE 0", "SIZE lots", "SIZE -1"])
    async def test_a_limit_that_is_none(self, stated: str) -> None:
        delivered, _ = await sent(stated)

        assert delivered.takes == 0
