"""Who hosts a mailbox, by what a server shows of itself."""

import pytest

from app.mailbox.port import Role
from app.providers.base import Clues
from app.providers.registry import PROVIDERS, by_key, detect, of_host


class TestDetect:
    @pytest.mark.parametrize(
        ("host", "key"),
        [
            ("imap.gmail.com", "google"),
            ("IMAP.GMAIL.COM.", "google"),
            ("imap.googlemail.com", "google"),
            ("outlook.office365.com", "microsoft"),
            ("imap-mail.outlook.com", "microsoft"),
            ("imap.mail.yahoo.com", "yahoo"),
            ("imap.mail.me.com", "apple"),
            ("imap.fastmail.com", "fastmail"),
            ("imap.163.com", "netease"),
            ("mail.example.com", "generic"),
            ("gmail.com.example.net", "generic"),
            ("notgmail.com", "generic"),
            ("", "generic"),
        ],
    )
    def test_by_the_name_of_the_host(self, host: str, key: str) -> None:
        assert of_host(host).key == key

    @pytest.mark.parametrize(
        ("greeting", "key"),
        [
            ("* OK Gimap ready for requests from 127.0.0.1 k2if6111336rvb.0", "google"),
            ("* OK The Microsoft Exchange IMAP4 service is ready. [TAB]", "microsoft"),
            ("* OK [CAPABILITY IMAP4rev1 SASL-IR] Dovecot (Debian) ready.", "dovecot"),
            ("* OK [CAPABILITY IMAP4rev1] Dovecot ready.", "dovecot"),
            ("* OK [CAPABILITY IMAP4rev1] vm Cyrus IMAP 3.6.1-Debian server ready", "cyrus"),
            ("* OK [CAPABILITY IMAP4rev1] Courier-IMAP ready. Copyright 1998-2018", "courier"),
            ("* OK Coremail System IMap Server Ready(163com[10774b26])", "netease"),
            ("* OK IMAP4 ready", "generic"),
        ],
    )
    def test_by_the_greeting_under_a_name_of_their_own(self, greeting: str, key: str) -> None:
        assert detect(Clues("mail.example.com", greeting)).key == key

    def test_of_an_endless_greeting_by_its_beginning(self) -> None:
        greeting = "* OK " + "Welcome. " * 10_000 + "Dovecot ready."

        assert detect(Clues("mail.example.com", greeting)).key == "generic"

    def test_by_the_answer_to_id(self) -> None:
        assert detect(Clues(id={"name": "Cyrus IMAPD", "vendor": "Project Cyrus"})).key == "cyrus"

    def test_by_a_capability(self) -> None:
        assert detect(Clues(capabilities=frozenset({"IDLE", "X-GM-EXT-1"}))).key == "google"

    def test_believes_the_name_rather_than_the_software(self) -> None:
        clues = Clues("imap.fastmail.com", id={"name": "Cyrus IMAP"})

        assert detect(clues).key == "fastmail"


class TestByKey:
    @pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.key)
    def test_finds_each_again(self, provider: object) -> None:
        assert by_key(provider.key) is provider  # type: ignore[attr-defined]

    @pytest.mark.parametrize("key", [None, "", "gone"])
    def test_of_nobody_is_nothing_special(self, key: str | None) -> None:
        assert by_key(key).key == "generic"


class TestFacts:
    @pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.key)
    def test_are_such_as_can_be_used(self, provider: object) -> None:
        facts = provider.facts  # type: ignore[attr-defined]

        assert set(facts.roles.values()) <= {role.value for role in Role}
        assert facts.dials_at_once >= 1
        assert facts.login_hint.endswith(".")
