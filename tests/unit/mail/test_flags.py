from app.mail import flags


class TestFlags:
    def test_system_flags_are_those_a_client_may_set(self) -> None:
        assert flags.RECENT not in flags.SYSTEM
        assert all(flag.startswith("\\") for flag in flags.SYSTEM)

    def test_keywords_are_those_of_the_registry(self) -> None:
        assert all(keyword.startswith("$") for keyword in flags.KEYWORDS)
