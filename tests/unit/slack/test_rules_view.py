"""Rules in words."""

from app.slack.views.rules import did, said


class TestDid:
    def test_says_what_was_done_and_what_was_not(self) -> None:
        text = did(
            [
                {"do": "tag", "tags": ["refund", "vip"], "outcome": "done"},
                {"do": "move", "folder": "Bills", "outcome": "The account has no folder “Bills”."},
                {"do": "channel", "channel": "C0BILLING", "outcome": "done"},
            ]
        )

        assert text == (
            "tagged refund, vip, not moved to “Bills” (The account has no folder “Bills”.), "
            "shown in <#C0BILLING>"
        )

    def test_pings_nobody(self) -> None:
        hostile = "<!channel> <@U1> {0} {folder}"

        text = did([{"do": "tag", "tags": [hostile], "outcome": hostile}])

        assert "<!" not in text
        assert "<@" not in text

    def test_of_a_newer_version(self) -> None:
        assert "does not know" in did([{"do": "sing", "outcome": "done"}])


class TestSaid:
    def test_if_this_then_that(self) -> None:
        body = {
            "match": "any",
            "conditions": [
                {"field": "from", "test": "domain", "value": "acme.example"},
                {"field": "header", "header": "X-Spam", "test": "exists", "negated": True},
            ],
            "actions": [{"do": "flag"}, {"do": "done"}],
        }

        assert said(body) == (
            "If from is of “acme.example” or not (header X-Spam is there): "
            "flag it, mark it as done."
        )

    def test_pings_nobody(self) -> None:
        condition = {"field": "subject", "test": "is", "value": "<!here> & <@U1>"}

        text = said(
            {"conditions": [condition], "actions": [{"do": "move", "folder": "<!channel>"}]}
        )

        assert "<!" not in text
        assert "<@" not in text
