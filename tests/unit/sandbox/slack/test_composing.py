"""What people type becomes what Slack would say."""

import pytest

from app.core.clock import SystemClock
from app.sandbox.slack.changes import Changes
from app.sandbox.slack.composing import composed
from app.sandbox.slack.seed import Seed
from app.sandbox.slack.workspace import Workspace


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(Seed(), SystemClock(), Changes())


class TestComposed:
    def test_what_would_be_markup_is_escaped(self, workspace: Workspace) -> None:
        text, blocks = composed("1 < 2 & <@U1>", workspace)

        assert text == "1 &lt; 2 &amp; &lt;@U1&gt;"
        leaves = blocks[0]["elements"][0]["elements"]
        assert {leaf["type"] for leaf in leaves} == {"text"}
        assert "".join(leaf["text"] for leaf in leaves) == "1 < 2 & <@U1>"

    def test_people_channels_and_links_are_found(self, workspace: Workspace) -> None:
        text, blocks = composed("@ana see #sales https://a.example/?a=1&b=2", workspace)

        ana, sales = workspace.person("ana").id, workspace.channel("sales").id
        assert text == f"<@{ana}> see <#{sales}|sales> <https://a.example/?a=1&amp;b=2>"
        kinds = [leaf["type"] for leaf in blocks[0]["elements"][0]["elements"]]
        assert kinds == ["user", "text", "channel", "text", "link"]

    def test_nobody_by_that_name_is_plain_text(self, workspace: Workspace) -> None:
        assert composed("@nobody #nowhere", workspace)[0] == "@nobody #nowhere"
