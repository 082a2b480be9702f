"""Our workspace beside another that we did not write: npm's `emulate`, on the same scenario.

Whatever differs between the two answers has to be in the table below with its reason, and every
row of the table has to be needed: a new difference fails, and so does one that has gone.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Final

import pytest

from tests.contract.slack_witness.scenario import Scenario
from tests.contract.slack_witness.sides import our_side, their_side


@dataclass(frozen=True)
class Reason:
    """Why lines such as `ours    message.team: str` may differ in certain steps."""

    steps: str
    lines: str
    why: str


_MESSAGE: Final = r"(messages\[\]|message)\."
_MESSAGES: Final = r"(post|reply|update|history.*|replies|reactions|too long)"
EXPLAINED: Final = (
    Reason(_MESSAGES, rf"ours +{_MESSAGE}(app_id|bot_id|bot_profile\..*|team).*",
           "Slack puts the bot's identity and the team on each of its messages; emulate does not."),
    Reason(_MESSAGES, rf"ours +{_MESSAGE}(thread_ts|latest_reply|is_locked|reply_users_count).*",
           "Slack tells more of a thread on its head."),
    Reason("history|replies|reactions", rf"emulate {_MESSAGE}metadata\..*",
           "Slack returns metadata only where include_all_metadata is set."),
    Reason("history.*", r"ours +pin_count: int", "Slack counts pins; emulate does not."),
    Reason("history.*", r"emulate response_metadata\.next_cursor: str",
           "On the last page Slack leaves the cursor out; emulate sends an empty one."),
    Reason("reactions", r"ours +(channel|message\.permalink): str",
           "Slack names the channel and links to the message."),
    Reason("too long", r"emulate response_metadata\.messages(\[\])?: .*",
           "emulate adds a sentence to the warning message_truncated."),
    Reason("update too long", r"(ours|emulate) .*",
           "Slack refuses an update of more than 4,000 characters; emulate takes it."),
    Reason("odd block", r"(ours|emulate) .*",
           "Slack validates blocks; emulate takes any list of objects."),
    Reason("stranger", r"(ours|emulate) .*",
           "Slack refuses a token it did not give; to emulate it is the first person's."),
    Reason("unknown method", r"(ours|emulate) .*",
           "Slack answers unknown_method; emulate has no such route and answers 404."),
    Reason("auth.test", r"(ours +is_enterprise_install: bool|emulate app_id: str)",
           "Slack gives app_id to app-level tokens, and says whether the whole company installed."),
    Reason("team.info", r"ours +team\.(email_domain|icon\..*|url): .*", "Slack tells more."),
    Reason("users.info", r"ours +user\.(is_.*|tz|updated|profile\.team): .*", "Slack tells more."),
    Reason("users.info", r"emulate user\.profile\.(huddle|image|phone|skype|status|title).*",
           "Ours leaves out what SharedBox has no use for: pictures, status, telephone."),
    Reason("conversations.(info|join)", r"emulate channel\.(is_open|last_read): .*",
           "Ours keeps no read marks for the bot."),
    Reason("conversations.(info|join)", r"ours +channel\.is_.*: bool", "Slack tells more."),
    Reason("conversations.info", r"(ours|emulate) +channel\.is_member = .*",
           "Our bot is a member from the start; emulate's is made after the channels."),
    Reason("conversations.info", r"emulate channel\.num_members: int",
           "Slack counts members only where include_num_members is set."),
    Reason("conversations.join", r"ours +(response_metadata\.warnings|warning).*",
           "Slack warns already_in_channel; emulate's bot was not in it."),
    Reason("upload", r"emulate (file|files\[\])\..*",
           "Slack answers id and title only, and shares later; emulate shares before it answers."),
    Reason("file", r"emulate (file\..*|paging\..*)",
           "Ours leaves out what SharedBox has no use for: comments, stars, previews."),
    Reason("(open|update view|push.*)", r"ours +view\.(app_installed_team_id|submit_disabled): .*",
           "Slack tells more of a view."),
)  # fmt: skip


async def compared() -> set[tuple[str, str]]:
    """What only one side answered: step and line."""
    async with our_side() as side:
        ours = await Scenario(side).run()
    async with their_side() as side:
        theirs = await Scenario(side).run()
    assert ours.keys() == theirs.keys()
    return {
        (step, f"{who} {line}")
        for step in ours
        for who, lines in (
            ("ours   ", ours[step] - theirs[step]),
            ("emulate", theirs[step] - ours[step]),
        )
        for line in lines
    }


@pytest.fixture(scope="module")
def differences() -> set[tuple[str, str]]:
    return asyncio.run(compared())


def explains(reason: Reason, step: str, line: str) -> bool:
    return bool(re.fullmatch(reason.steps, step) and re.fullmatch(reason.lines, line))


@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing:UserWarning")
class TestTheSameScenario:
    def test_every_difference_is_explained(self, differences: set[tuple[str, str]]) -> None:
        unexplained = {
            found for found in differences if not any(explains(row, *found) for row in EXPLAINED)
        }

        assert sorted(unexplained) == []

    def test_every_explanation_is_needed(self, differences: set[tuple[str, str]]) -> None:
        idle = [row for row in EXPLAINED if not any(explains(row, *found) for found in differences)]

        assert idle == []
