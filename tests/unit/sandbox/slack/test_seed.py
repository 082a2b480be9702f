"""The app as its manifest describes it."""

from app.sandbox.slack.seed import AppSeed, CommandSeed, ShortcutSeed


class TestOfManifest:
    def test_nothing(self) -> None:
        app = AppSeed.of_manifest({})

        assert (app.name, app.scopes, app.commands) == ("SharedBox", frozenset(), ())

    def test_everything(self) -> None:
        app = AppSeed.of_manifest(
            {
                "features": {
                    "bot_user": {"display_name": "Post"},
                    "slash_commands": [
                        {"command": "/inbox", "description": "d", "should_escape": True}
                    ],
                    "shortcuts": [
                        {"name": "Compose", "type": "global", "callback_id": "c", "description": ""}
                    ],
                },
                "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
                "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
            }
        )

        assert app == AppSeed(
            name="Post",
            scopes=frozenset({"chat:write", "commands"}),
            events=frozenset({"app_mention"}),
            commands=(CommandSeed("/inbox", "d", "", escapes=True),),
            shortcuts=(ShortcutSeed("Compose", "c"),),
        )
