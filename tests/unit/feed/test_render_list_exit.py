from datetime import UTC, datetime

import pytest

from app.feed.render_list_exit import list_exit
from app.feed.view import ListExitView, Person
from app.store.models import ListExitState

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def view(state: ListExitState, detail: str = "", whom: str = "list.example") -> ListExitView:
    return ListExitView(state, whom, detail, Person("Ana", "U1"), AT)


class TestListExit:
    def test_nothing_where_nobody_asked(self) -> None:
        assert list_exit(None) == []

    @pytest.mark.parametrize(
        ("shown", "expected"),
        [
            (view(ListExitState.ASKED), "📭 Leaving the list: asking list.example…"),
            (view(ListExitState.ASKED, "It hung up."), "asking list.example… (It hung up.)"),
            (view(ListExitState.MAILED), "<@U1> asked list.example by mail"),
            (view(ListExitState.DONE), "📭 <@U1> left the list <!date"),
            (view(ListExitState.REFUSED, "x answered 404."), "⚠️ The list was not left: x answered"),
        ],
    )
    def test_says_where_it_stands(self, shown: ListExitView, expected: str) -> None:
        (line,) = list_exit(shown)

        assert expected in line

    def test_a_host_can_ping_nobody(self) -> None:
        (line,) = list_exit(view(ListExitState.ASKED, "<!here> no", whom="<!channel>.example"))

        assert "<!" not in line
