"""Accounts at the admin: connected, shown, changed, filled, removed; never another team's."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from app.accounts.routing import set_route
from app.accounts.trials import ask_for_account_trial
from app.core.access import Role, system
from app.core.ids import AccountId, RouteId, RuleId, TrialId, new_id
from app.rules.edit import create
from app.rules.types import RuleBody
from app.store.models import AccountState, ImportState, RouteKind, TrialState
from tests.fixtures.admin import Admin, Person
from tests.fixtures.web import Tenant, Web
from tests.integration.web.admin.test_every_page import routes

SERVERS = {
    "imap_host": "imap.example.net",
    "imap_port": "993",
    "imap_security": "tls",
    "imap_username": "support@example.net",
    "sends": "true",
    "smtp_host": "smtp.example.net",
    "smtp_port": "587",
    "smtp_security": "starttls",
}
WANTED = {
    "address": "support@example.net",
    "password": "correct horse",
    "channel": "C0SUPPORT",
    "folders": "INBOX\nBilling",
    "history_days": "30",
    "watch_sent": "true",
    **SERVERS,
}


async def acts(web: Web) -> list[str]:
    async with web.store.begin(web.workspace_id) as uow:
        return [one.act for one in await uow.audit.page(before=None, limit=50)]


class TestPausing:
    async def test_is_an_act_of_its_own_and_shows_on_the_page(self, admin: Admin, web: Web) -> None:
        ana = await admin.person()
        id_ = await web.account()

        answer = await ana.post(f"/accounts/{id_}/pause")
        shown = await ana.get(f"/accounts/{id_}")

        assert answer.status_code == 303
        assert "Paused by Ana" in shown.text
        assert f'action="/accounts/{id_}/resume"' in shown.text
        assert f'action="/accounts/{id_}/retry"' not in shown.text
        await ana.post(f"/accounts/{id_}/resume")
        assert await acts(web) == ["account.resumed", "account.paused"]

    async def test_twice_says_so(self, admin: Admin, web: Web) -> None:
        ana = await admin.person()
        id_ = await web.account()

        answer = await ana.post(f"/accounts/{id_}/resume")
        shown = await ana.get(answer.headers["location"])

        assert "is not paused" in shown.text
        assert await acts(web) == []


class TestConnecting:
    async def test_of_what_is_no_address_is_refused_at_the_field(self, admin: Admin) -> None:
        ana = await admin.person()

        answer = await ana.post("/connect", address="nobody")

        assert answer.status_code == 422
        assert 'id="f-address-error"' in answer.text

    async def test_shows_the_servers_of_a_known_provider(self, admin: Admin) -> None:
        ana = await admin.person()

        answer = await ana.post("/connect", address="ana@fastmail.com")

        assert answer.status_code == 200
        assert 'value="imap.fastmail.com"' in answer.text

    async def test_by_a_password_adds_the_account(self, admin: Admin, web: Web) -> None:
        ana = await admin.person()

        answer = await ana.post("/connect/password", **WANTED)

        assert answer.status_code == 303
        id_ = AccountId(UUID(answer.headers["location"].rpartition("/")[2]))
        async with web.store.begin(web.workspace_id) as uow:
            account = await uow.accounts.get(id_)
            wanted = await uow.imports.find(id_)
        assert account.folders == ["INBOX", "Billing"]
        assert account.smtp_username == "support@example.net"
        assert web.container.vault.open(account.imap_secret) == "correct horse"
        assert wanted is not None
        assert wanted.days == 30
        assert await acts(web) == ["account.connected"]

    async def test_puts_the_inbox_first_of_the_folders_that_are_ticked(
        self, admin: Admin, web: Web
    ) -> None:
        ana = await admin.person()

        answer = await ana.post("/connect/password", **WANTED, chosen=["Archive", "INBOX", "Bills"])

        id_ = AccountId(UUID(answer.headers["location"].rpartition("/")[2]))
        async with web.store.begin(web.workspace_id) as uow:
            account = await uow.accounts.get(id_)
        assert account.folders == ["INBOX", "Archive", "Bills"]

    async def test_says_what_is_wrong_and_never_repeats_the_password(self, admin: Admin) -> None:
        ana = await admin.person()
        wrongs = {
            "channel": ({"channel": "#support"}, "SharedBox sees no channel #support"),
            "f-imap_host": ({"imap_host": "127.0.0.1"}, ""),
            "f-imap_port": ({"imap_port": "many"}, "Write a number."),
        }

        for field, (wrong, words) in wrongs.items():
            answer = await ana.post(
                "/connect/password", **{**WANTED, "address": "ana@fastmail.com", **wrong}
            )

            assert answer.status_code == 422, field
            assert "is-invalid" in answer.text, field
            assert words in answer.text, field
            assert "correct horse" not in answer.text

    async def test_of_one_that_is_connected_leads_to_it(self, admin: Admin, web: Web) -> None:
        ana = await admin.person()
        id_ = await web.account(address="ana@fastmail.com")

        answer = await ana.post("/connect", address="Ana@fastmail.com")

        assert answer.headers["location"] == f"/accounts/{id_}"

    async def test_by_a_provider_that_is_not_set_up_says_so(self, admin: Admin) -> None:
        ana = await admin.person()
        given = {"address": "ana@gmail.com", "provider": "google", "channel": "C0SUPPORT"}

        answer = await ana.post("/connect/sign-in", **given)

        assert answer.status_code == 422
        assert "not set up to sign in with Google" in answer.text


class TestATest:
    async def test_of_what_cannot_be_reached_says_so_and_keeps_the_form(
        self, admin: Admin, web: Web
    ) -> None:
        ana = await admin.person()

        answer = await ana.post("/connect/try", **{**WANTED, "imap_host": "127.0.0.1"})

        assert answer.status_code == 422
        assert "It cannot be tested so" in answer.text
        assert "correct horse" not in answer.text

    async def test_shows_its_steps_until_it_is_done_and_then_the_folders(
        self, admin: Admin, web: Web
    ) -> None:
        ana = await admin.person()
        htmx = {"HX-Request": "true", "HX-Target": "trial", "X-CSRF-Token": ana.csrf}
        begun = await ana.client.post("/connect/try", data=WANTED, headers=htmx)
        (path,) = re.findall(r'hx-get="(/trials/[^"]+)"', begun.text)
        assert "<html" not in begun.text
        async with web.store.begin(web.workspace_id) as uow:
            trial = await uow.trials.lock(TrialId(UUID(path[8:44])))
            step = {"key": "login", "title": "Login", "state": "failed", "detail": "No.",
                    "fix": "Use an app password.", "seconds": 0.2}  # fmt: skip
            trial.state, trial.steps = TrialState.DONE, [step]
            trial.found = {"folders": [{"name": "<Billing>", "role": None}]}

        done = await ana.get(path, **{"HX-Request": "true", "HX-Target": "trial"})

        assert "Use an app password." in done.text
        assert 'name="chosen" value="&lt;Billing&gt;"' in done.text
        assert "hx-get" not in done.text

    async def test_chooses_the_folders(self, admin: Admin, web: Web) -> None:
        ana = await admin.person()

        answer = await ana.post("/connect/password", **WANTED, chosen=["INBOX", "Sales"])

        id_ = AccountId(UUID(answer.headers["location"].rpartition("/")[2]))
        async with web.store.begin(web.workspace_id) as uow:
            assert (await uow.accounts.get(id_)).folders == ["INBOX", "Sales"]


class TestAnAccount:
    async def test_is_shown_with_what_is_wrong_in_words(self, admin: Admin, web: Web) -> None:
        ana = await admin.person(Role.VIEWER)
        id_ = await web.account()
        async with web.store.begin(web.workspace_id) as uow:
            account = await uow.accounts.get(id_)
            account.state, account.detail = AccountState.REFUSED, "<b>Wrong</b> password."
            uow.emit("account.refused", account_id=id_, reason="Wrong password.")

        page = (await ana.get(f"/accounts/{id_}")).text

        assert "&lt;b&gt;Wrong&lt;/b&gt; password." in page
        assert "Refused. Wrong password." in page
        assert "Retry now" not in page

    @pytest.mark.parametrize(
        ("at_start", "shown"),
        [(0, "not counted yet"), (7, '7<span class="sub">when it began</span>')],
    )
    async def test_that_is_new_says_that_nobody_counted_its_folders_yet(
        self, admin: Admin, web: Web, at_start: int, shown: str
    ) -> None:
        """A count of the start is no count of now, however many mails came since."""
        id_, now = await web.account(), web.container.clock.now()
        async with web.store.begin(web.workspace_id) as uow:
            (inbox,) = [one for one in (await uow.mailboxes.of_accounts([id_]))[id_] if one.watched]
            inbox.started_at = inbox.last_reconciled_at = now
            inbox.uids_on_server = inbox.older = at_start
        ana = await admin.person()
        before = (await ana.get(f"/accounts/{id_}")).text
        async with web.store.begin(web.workspace_id) as uow:
            (inbox,) = [one for one in (await uow.mailboxes.of_accounts([id_]))[id_] if one.watched]
            inbox.uids_on_server, inbox.last_reconciled_at = 9, now + timedelta(hours=1)

        after = (await ana.get(f"/accounts/{id_}")).text

        assert shown in before
        assert ("not counted yet" in after, "when it began" in after) == (False, False)

    async def test_answers_htmx_with_the_part_it_asks_for(self, admin: Admin, web: Web) -> None:
        ana = await admin.person()
        id_ = await web.account()

        part = await ana.get(f"/accounts/{id_}", **{"HX-Request": "true", "HX-Target": "log"})
        whole = await ana.get(f"/accounts/{id_}")

        assert "<html" not in part.text
        assert "Nothing lately" in part.text
        assert "Folders" not in part.text
        assert part.headers["vary"] == whole.headers["vary"] == "HX-Request, Cookie"

    async def test_is_changed_with_another_password(self, admin: Admin, web: Web) -> None:
        ana = await admin.person()
        id_ = await web.account(smtp_host=None)

        answer = await ana.post(
            f"/accounts/{id_}/change",
            folders="INBOX\nSales", channel="C0SALES", password="another one",
        )  # fmt: skip

        assert answer.status_code == 422  # its server is a private one
        assert "is-invalid" in answer.text or "alert-danger" in answer.text
        answer = await ana.post(
            f"/accounts/{id_}/change", folders="INBOX\nSales", channel="C0SALES"
        )
        assert answer.status_code == 303
        async with web.store.begin(web.workspace_id) as uow:
            account = await uow.accounts.get(id_)
        assert (account.folders, account.channel_id, account.watch_sent) == (
            ["INBOX", "Sales"], "C0SALES", False,
        )  # fmt: skip

    async def test_is_filled_with_older_mail_and_told_to_stop(self, admin: Admin, web: Web) -> None:
        ana = await admin.person()
        id_ = await web.account()

        assert (await ana.post(f"/accounts/{id_}/import", days="0")).status_code == 422
        assert (await ana.post(f"/accounts/{id_}/import", days="7")).status_code == 303
        assert "are being counted" in (await ana.get(f"/accounts/{id_}")).text
        assert (await ana.post(f"/accounts/{id_}/import/cancel")).status_code == 303

        async with web.store.begin(web.workspace_id) as uow:
            found = await uow.imports.find(id_)
        assert found is not None
        assert found.state is ImportState.CANCELLED
        assert await acts(web) == ["account.import_cancelled", "account.import_started"]

    async def test_is_removed_only_by_its_name_and_says_what_goes(
        self, admin: Admin, web: Web
    ) -> None:
        ana, tenant = await admin.person(), await web.tenant()
        path = f"/accounts/{tenant.account_id}/delete"

        page = " ".join((await ana.get(path)).text.split())
        assert "1 mail in 1 conversation" in page
        assert "1 mail that waits to be sent" in page
        refused = await ana.post(path, address="sales@example.com")
        assert refused.status_code == 422
        answer = await ana.post(path, address="Support@example.com")

        assert answer.headers["location"] == "/accounts"
        assert (await ana.get(f"/accounts/{tenant.account_id}")).status_code == 404
        assert (await acts(web))[0] == "account.removed"


class TestAnotherTeam:
    async def test_has_nothing_that_can_be_reached_from_here(self, admin: Admin, web: Web) -> None:
        there = await web.other_workspace()
        theirs = await web.tenant(there)
        stranger = await admin.enter(await admin.teammate(Role.AGENT, workspace_id=there))
        mine = await admin.person()
        ids = {
            **theirs.ids(),
            "teammate_id": str(stranger.teammate_id),
            "session_id": str(await _session(web, stranger)),
            "invitation_id": str(new_id()),
            "trial_id": str(await _trial(web, theirs)),
            "placement_id": str(new_id()),
            "rule_id": str(await _rule(web, theirs)),
            "route_id": str(await _route(web, theirs)),
            "on": "true",
            "state": "active",
            "accepted": "true",
        }
        asked = 0
        reached = []

        for method, route in routes():
            if not re.search(r"{(\w+_id)}", route.path):
                continue
            given = {
                "role": "viewer", "days": "3", "address": "x", "folders": "x", "channel": "C1",
                "do": "flag", "text": "x", "until": "reply",
            }  # fmt: skip
            path = route.path.format(**ids)
            if method == "GET":
                answer = await mine.get(path)
            else:
                answer = await mine.post(path, **given)

            if answer.status_code != 404:
                reached.append((method, route.path, answer.status_code))
            asked += 1
        assert reached == []
        assert asked >= 15
        assert (await stranger.get("/")).status_code == 200

    async def test_stands_in_no_list(self, admin: Admin, web: Web) -> None:
        there = await web.other_workspace()
        await web.account(there, address="theirs@example.com")
        await admin.teammate(Role.AGENT, workspace_id=there, name="Their Agent")
        mine = await admin.person()

        for path in ("/", "/accounts", "/team", "/keys", "/audit", "/start", "/profile"):
            page = await mine.get(path)

            assert page.status_code == 200
            assert "theirs@example.com" not in page.text, path
            assert "Their Agent" not in page.text, path


async def _trial(web: Web, tenant: Tenant) -> TrialId:
    sealed = web.container.vault.seal("a password")
    async with web.store.begin(tenant.workspace_id) as uow:
        (await uow.accounts.get(tenant.account_id)).imap_secret = sealed
        trial = await ask_for_account_trial(uow, web.container.vault, tenant.account_id)
        return trial.id


async def _session(web: Web, person: Person) -> object:
    now = web.container.clock.now()
    async with web.store.begin(person.workspace_id) as uow:
        (found,) = await uow.members.sessions(
            person.teammate_id, seen_after=now.min.replace(tzinfo=now.tzinfo), now=now
        )
        return found.id


async def _rule(web: Web, tenant: Tenant) -> RuleId:
    body = RuleBody.model_validate(
        {
            "conditions": [{"field": "text", "test": "contains", "value": "x"}],
            "actions": [{"do": "flag"}],
        }
    )
    async with web.store.begin(tenant.workspace_id) as uow:
        rule = await create(uow, system(tenant.workspace_id), "Theirs", body)
    return RuleId(rule.id)


async def _route(web: Web, tenant: Tenant) -> RouteId:
    async with web.store.begin(tenant.workspace_id) as uow:
        route = await set_route(uow, tenant.account_id, RouteKind.FOLDER, "INBOX", "C0OTHER")
    return RouteId(route.id)
