from datetime import UTC, datetime

import pytest

from app.mail.dates import sent_at


class TestSentAt:
    @pytest.mark.parametrize(
        "text",
        [
            "Fri, 3 May 2024 12:00:00 +0200",
            "Fri, 03 May 2024 12:00:00 +0200 (CEST)",
            "3 May 2024 12:00 +0200",
            "Fri, 3 May 2024 10:00:00 GMT",
            "Fri, 3 May 2024 10:00:00 -0000",
            "Fri, 3 May 2024 10:00:00",
            "Fri, 3 May 24 10:00:00 Z",
            "Fri May  3 10:00:00 2024",
            "Fri, 3 May 2024 05:00:00 EST",
            "Fri, 3 May 2024 10:00:00 +9999",
        ],
    )
    def test_moment_in_utc(self, text: str) -> None:
        found = sent_at(text)

        assert found == datetime(2024, 5, 3, 10, 0, tzinfo=UTC)
        assert found is not None
        assert found.tzinfo is UTC

    def test_leap_second(self) -> None:
        assert sent_at("Sat, 31 Dec 2016 23:59:60 +0000") == datetime(
            2016, 12, 31, 23, 59, 59, tzinfo=UTC
        )

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "yesterday",
            "Fri, 33 May 2024 10:00:00 +0000",
            "Fri, 3 May 2024 25:00:00 +0000",
            "Fri, 3 May 99999 10:00:00 +0000",
            "Fri, 31 Dec 9999 23:59:59 -1200",
            ",,,",
            "1 " * 9_000,
            "\u0663 May 2024",
        ],
    )
    def test_no_date(self, text: str) -> None:
        assert sent_at(text) is None
