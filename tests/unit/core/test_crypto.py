"""Secrets at rest, and API keys."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.core.crypto import SecretUnreadable, Vault, keys_beside
from app.core.errors import InvalidInput
from app.core.keys import new_key, prefix_of

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


class TestVault:
    def test_opens_what_it_sealed(self) -> None:
        vault = Vault([OLD])

        sealed = vault.seal("pässwörd-correcthorse")

        assert b"correcthorse" not in sealed
        assert vault.open(sealed) == "pässwörd-correcthorse"

    def test_a_new_key_before_the_old_one_opens_both(self) -> None:
        sealed = Vault([OLD]).seal("secret")

        assert Vault([NEW, OLD]).open(sealed) == "secret"

    def test_without_its_key_says_what_to_do(self) -> None:
        sealed = Vault([OLD]).seal("secret")

        with pytest.raises(SecretUnreadable) as error:
            Vault([NEW]).open(sealed)

        assert "SHAREDBOX_SECRET_KEYS" in error.value.sentence

    @pytest.mark.parametrize("keys", [[], [""], ["not a key"], [OLD, "x"]])
    def test_of_what_is_no_key_is_refused_in_words(self, keys: list[str]) -> None:
        with pytest.raises(InvalidInput) as error:
            Vault(keys)

        assert "sharedbox secrets" in error.value.sentence


class TestKeysBeside:
    def test_are_made_once_and_are_readable_by_their_owner_alone(self, tmp_path: Path) -> None:
        first, second = keys_beside(tmp_path / "data"), keys_beside(tmp_path / "data")

        assert first == second
        mode = (tmp_path / "data" / "secret.key").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600

    def test_are_the_same_for_all_who_come_first_together(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(keys_beside, [tmp_path / "data"] * 8))

        assert found == [found[0]] * 8
        assert len(found[0]) == 1

    def test_are_made_where_a_crash_left_an_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "secret.key").touch(0o600)

        (key,) = keys_beside(tmp_path)

        assert (tmp_path / "secret.key").read_text().split() == [key]

    def test_may_lie_in_a_file_that_cannot_be_written(self, tmp_path: Path) -> None:
        path = tmp_path / "secret.key"
        path.write_text(f"{NEW}\n{OLD}\n")
        path.chmod(0o400)

        assert keys_beside(tmp_path) == [NEW, OLD]


class TestAPIKeys:
    def test_have_a_public_prefix_and_a_secret(self) -> None:
        key = new_key()

        assert prefix_of(key.text) == key.prefix
        assert len(key.text.split("_", 2)[2]) >= 43
        assert new_key().text != key.text

    @pytest.mark.parametrize("text", ["", "sbx", "sbx_", "sbx_abc", "sbx_abc_", "ghp_abc_def"])
    def test_of_others_have_no_prefix(self, text: str) -> None:
        assert prefix_of(text) is None
