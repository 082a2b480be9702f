"""The signature, against the example that Slack publishes."""

from app.sandbox.slack.signing import sign

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
    b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


class TestSign:
    def test_reproduces_the_published_example(self) -> None:
        signature = sign(SECRET, "1531420618", BODY)

        expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
        assert signature == expected

    def test_another_body_has_another_signature(self) -> None:
        assert sign(SECRET, "1531420618", BODY + b" ") != sign(SECRET, "1531420618", BODY)
