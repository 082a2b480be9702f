"""Secrets at rest, and API keys."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.core.crypto import SecretUnreadable, Vault, keys_beside
from app.core.keys import new_key, prefix_of

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


class TestVault:
    def test_opens_what_it_sealed(self) -> None:
        vault = Vault([OLD])

        sealed = vault.seal("pässwörd")

        assert b"rd" not in sealed
        assert vault.open(sealed) == "pässwörd"

    def test_a_new_key_before_the_old_one_opens_both(self) -> None:
        sealed = Vault([OLD]).seal("secret")

        assert Vault([NEW, OLD]).open(sealed) == "secret"

    def test_without_its_key_says_what_to_do(self) -> None:
        sealed = Vault([OLD]).seal("secret")

        with pytest.raises(SecretUnreadable) as error:
            Vault([NEW]).open(sealed)

        assert "SHAREDBOX_SECRET_KEYS" in error.value.sentence


class TestKeysBeside:
    def test_are_made_once_and_are_readable_by_their_owner_alone(self, tmp_path: Path) -> None:
        first, second = keys_beside(tmp_path / "data"), keys_beside(tmp_path / "data")

        assert first == second
        mode = (tmp_path / "data" / "secret.key").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


class TestAPIKeys:
    def test_have_a_public_prefix_and_a_secret(self) -> None:
        key = new_key()

        assert prefix_of(key.text) == key.prefix
        assert len(key.text.split("_", 2)[2]) >= 43
        assert new_key().text != key.text

    @pytest.mark.parametrize("text", ["", "sbx", "sbx_", "sbx_abc", "sbx_abc_", "ghp_abc_def"])
    def test_of_others_have_no_prefix(self, text: str) -> None:
        assert prefix_of(text) is None
