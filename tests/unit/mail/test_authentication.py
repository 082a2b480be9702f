"""What a server says of who sent a mail."""

import time

import pytest

from app.mail.authentication import Verdict, verdict, without_comments
from app.mail.scan import scan


def judged(*fields: str) -> Verdict | None:
    raw = "".join(f"{field}\r\n" for field in (*fields, "Subject: x")) + "\r\nHello.\r\n"
    return verdict(scan(raw.encode()).root.headers)


class TestVerdict:
    def test_of_three_methods(self) -> None:
        found = judged(
            "Authentication-Results: mx.example.com;\r\n spf=pass smtp.mailfrom=acme.example;\r\n"
            ' dkim=fail (bad "signature" (really)) header.d=acme.example;\r\n dmarc=none'
        )

        assert found == Verdict("mx.example.com", {"spf": "pass", "dkim": "fail", "dmarc": "none"})

    def test_without_the_field_is_none(self) -> None:
        assert judged() is None

    def test_says_nothing_where_the_server_tried_nothing(self) -> None:
        assert judged("Authentication-Results: mx.example.com 1; none") == Verdict(
            "mx.example.com", {}
        )

    def test_believes_the_topmost_alone(self) -> None:
        found = judged(
            "Authentication-Results: mx.example.com; spf=fail",
            "Authentication-Results: mx.example.com; spf=pass; dmarc=pass",
        )

        assert found == Verdict("mx.example.com", {"spf": "fail"})

    def test_one_signature_that_holds_is_enough(self) -> None:
        found = judged("Authentication-Results: mx; dkim=fail; dkim=pass; dkim=neutral")

        assert found == Verdict("mx", {"dkim": "pass"})

    def test_nothing_is_read_in_comments_or_values(self) -> None:
        found = judged("Authentication-Results: mx; spf=fail (; dmarc=pass;) reason=dmarc=pass")

        assert found == Verdict("mx", {"spf": "fail"})

    @pytest.mark.parametrize("value", [";", "", "a;b=c", ";;;spf", "mx; spf=", "(", '"', "\\"])
    def test_of_nonsense_is_empty(self, value: str) -> None:
        found = judged(f"Authentication-Results: {value}")

        assert found is None or found.results == {}

    def test_of_a_hostile_field_takes_no_time(self) -> None:
        began = time.perf_counter()

        without_comments("(" * 60_000 + '"\\' * 60_000)

        assert time.perf_counter() - began < 1
