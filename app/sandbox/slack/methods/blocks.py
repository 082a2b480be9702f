"""blocks.validate: what Slack would say about a payload, without sending it."""

from typing import Final

from app.sandbox.slack.blockkit.payloads import check_blocks, check_view
from app.sandbox.slack.blockkit.rules import Findings
from app.sandbox.slack.calls import Call, Method
from app.sandbox.slack.rates import Tier
from app.sandbox.slack.wire import JSON, Refused

_SUBJECTS: Final = ("blocks", "message", "view")


def _validate(call: Call) -> JSON:
    given = [name for name in _SUBJECTS if name in call.arguments]
    if len(given) != 1:
        words = "must provide exactly one of `blocks`, `view`, or `message`"
        raise Refused("invalid_arguments", response_metadata={"messages": [words]})
    findings = _findings(call, given[0])
    if findings.list:
        errors = [finding.as_json() for finding in findings.list]
        raise Refused(f"invalid_{given[0]}", errors=errors)
    return {}


def _findings(call: Call, subject: str) -> Findings:
    if subject == "blocks":
        blocks = call.arguments.array("blocks", "invalid_blocks_format")
        return check_blocks(blocks, "", "message")
    payload = call.arguments.object(subject, "invalid_arguments") or {}
    if subject == "view":
        return check_view(payload, "")
    return check_blocks(payload.get("blocks") or [], "/blocks", "message")


METHODS: Final = {"blocks.validate": Method(_validate, tier=Tier.UNLIMITED)}
