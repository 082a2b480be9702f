"""The configuration in the dialect of the Dovecot that is not installed here, too."""

from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.sandbox.mail.certificates import ServerCertificate
from app.sandbox.mail.dovecot_config import GERMAN_FOLDERS, DovecotConfig, user_line


@pytest.fixture
def config() -> DovecotConfig:
    return DovecotConfig(
        folder=Path("/srv/mail"),
        run=Path("/run/mail"),
        imap_port=20143,
        imaps_port=20993,
        lmtp_port=20024,
        certificate=ServerCertificate(Path("ca.pem"), Path("server.pem"), Path("server.key")),
        mail_format="sdbox",
        folders=GERMAN_FOLDERS,
        without=frozenset({"MOVE", "IDLE"}),
        extra="mail_debug = yes",
    )


class TestText:
    @pytest.mark.parametrize("version", [(2, 3), (2, 4)])
    def test_holds_what_every_version_needs(
        self, config: DovecotConfig, version: tuple[int, int]
    ) -> None:
        text = config.text(version)

        assert "listen = 127.0.0.1\n" in text
        assert all(f"port = {port}\n" in text for port in (20143, 20993, 20024))
        assert '  mailbox "Gesendete Elemente" {\n    auto = subscribe\n' in text
        assert text.endswith("mail_debug = yes\n")
        assert text.count("{") == text.count("}")

    def test_in_2_3_lists_what_it_announces(self, config: DovecotConfig) -> None:
        text = config.text((2, 3))

        [announced] = [line for line in text.splitlines() if line.startswith("imap_capability")]
        assert not {"MOVE", "IDLE"} & set(announced.split())
        assert {"UIDPLUS", "CONDSTORE"} <= set(announced.split())
        assert "mail_location = sdbox:~/mail\n" in text
        assert "dovecot_config_version" not in text

    def test_in_2_4_takes_away_what_it_does_not(self, config: DovecotConfig) -> None:
        text = config.text((2, 4))

        assert text.startswith("dovecot_config_version = 2.4.0\n")
        assert "imap_capability {\n  IDLE = no\n  MOVE = no\n}\n" in text
        assert "mail_driver = sdbox\n" in text
        assert "ssl_server_cert_file = server.pem\n" in text
        assert "%{user}" in text


class TestUserLine:
    def test_has_the_fields_of_a_passwd_file(self) -> None:
        line = user_line("ann@example.com", "pass-word", 0, Path("/srv/mail/ann"))

        name, password, uid, gid, _, home, _, _ = line.rstrip("\n").split(":")
        assert (name, password, home) == ("ann@example.com", "{PLAIN}pass-word", "/srv/mail/ann")
        assert uid.isdigit()
        assert gid.isdigit()

    @pytest.mark.parametrize("name", ["", "../ann", ".ann", "Ann", "a:b", "a b", "a\nb", "a/b"])
    def test_refuses_a_name_that_is_no_file_name(self, name: str) -> None:
        with pytest.raises(InvalidInput):
            user_line(name, "password", 0, Path("/srv"))

    @pytest.mark.parametrize("password", ["", "a:b", "a b", "a\nb", "a\x00b"])
    def test_refuses_a_password_that_would_end_its_field(self, password: str) -> None:
        with pytest.raises(InvalidInput):
            user_line("ann", password, 0, Path("/srv"))
