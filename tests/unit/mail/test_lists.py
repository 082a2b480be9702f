"""How a list can be left, and when one request is enough."""

from collections.abc import Sequence

import pytest

from app.mail.lists import Letter, Way, WayOut, way_out
from app.mail.scan import scan

URL = "https://list.example/leave?id=7"
FIELD = "Authentication-Results: mx.example.com"
RESULTS = f"{FIELD}; dkim=pass header.d=list.example header.s=s1"
SIGNATURE = (
    "DKIM-Signature: v=1; a=rsa-sha256; d=list.example; s=s1;\r\n"
    "\th=From:To:Subject:\r\n\t List-Unsubscribe:List-Unsubscribe-Post; b=AbC="
)
POST = "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


def found(*lines: str) -> WayOut | None:
    return way_out(scan("\r\n".join([*lines, "", "text"]).encode()).root.headers)


def one_click(
    *,
    results: Sequence[str] = (RESULTS,),
    signatures: Sequence[str] = (SIGNATURE,),
    targets: str = f"<{URL}>",
    post: str = POST,
    others: Sequence[str] = (),
) -> WayOut | None:
    return found(*results, *signatures, f"List-Unsubscribe: {targets}", post, *others)


class TestOneClick:
    @pytest.mark.parametrize(
        ("case", "why"),
        [
            ({"results": ()}, "does not confirm"),
            ({"results": (RESULTS.replace("pass", "fail"),)}, "does not confirm"),
            ({"results": ("Authentication-Results: mx.example.com; none", RESULTS)}, "confirm"),
            ({"results": (RESULTS.replace("list.example", "other.example"),)}, "no confirmed"),
            ({"results": (f"{FIELD}; spf=pass (dkim=pass header.d=list.example)",)}, "confirm"),
            ({"signatures": ()}, "no confirmed"),
            ({"signatures": (SIGNATURE.replace(":List-Unsubscribe-Post", ""),)}, "no confirmed"),
            ({"targets": f"<{URL}>, <https://other.example/>"}, "one address"),
            ({"targets": "<http://list.example/leave>"}, "one address"),
            ({"others": (f"List-Unsubscribe: <{URL}>",)}, "more than once"),
            ({"others": (POST,)}, "more than once"),
        ],
    )  # fmt: skip
    def test_is_not_believed(self, case: dict[str, Sequence[str]], why: str) -> None:
        way = one_click(**case)  # type: ignore[arg-type]

        assert way is not None
        assert way.way is Way.LINK
        assert why in way.why_not

    def test_that_nobody_claims_needs_no_reason(self) -> None:
        way = one_click(post="X-Other: 1")

        assert way == WayOut(Way.LINK, url=URL)

    @pytest.mark.parametrize(
        "results",
        [
            RESULTS,
            f"{FIELD}; dkim=fail header.d=x.example; dkim=pass header.i=@list.example",
            f"{FIELD}; dkim=pass (1024-bit key) header.d=LIST.example",
        ],
    )
    def test_is_enough_where_it_is_signed(self, results: str) -> None:
        way = one_click(results=(results,))

        assert way == WayOut(Way.ONE_CLICK, url=URL)
        assert way.whom == "list.example"


class TestByMail:
    def test_is_written_as_the_list_wants_it(self) -> None:
        way = found("List-Unsubscribe: <mailto:leave%2B7@l.example?Subject=un%20do&body=a+b%0Ac>")

        assert way is not None
        assert (way.way, way.whom) == (Way.MAIL, "leave+7@l.example")
        assert way.letter == Letter("leave+7@l.example", "un do", "a+b\nc")

    def test_says_something_even_so(self) -> None:
        way = found("List-Unsubscribe: <mailto:leave@l.example>")

        assert way is not None
        assert way.letter is not None
        assert way.letter.subject == "unsubscribe"
        assert way.letter.text

    @pytest.mark.parametrize("field", ["to", "cc", "bcc"])
    def test_goes_to_nobody_else(self, field: str) -> None:
        way = found(f"List-Unsubscribe: <mailto:leave@l.example?{field}=another@acme.example>")

        assert way is not None
        assert way.letter is not None
        assert way.letter.to == "leave@l.example"

    @pytest.mark.parametrize(
        "target",
        ["mailto:", "mailto:a@b.example,c@d.example", "mailto:a@b.example%0ABcc:x@y.example",
         "mailto:nobody", f"mailto:{'a' * 400}@b.example"],
    )  # fmt: skip
    def test_to_nobody_is_no_way(self, target: str) -> None:
        assert found(f"List-Unsubscribe: <{target}>") is None

    def test_subject_cannot_begin_a_header(self) -> None:
        way = found("List-Unsubscribe: <mailto:leave@l.example?subject=a%0d%0aBcc:%20x@y.example>")

        assert way is not None
        assert way.letter is not None
        assert way.letter.subject == "a Bcc: x@y.example"

    def test_with_very_many_fields_ignores_them(self) -> None:
        way = found(f"List-Unsubscribe: <mailto:a@b.example?{'&'.join(['x=1'] * 60)}>")

        assert way is not None
        assert way.letter is not None
        assert way.letter.subject == "unsubscribe"


class TestLink:
    def test_without_https_is_shown(self) -> None:
        assert found("List-Unsubscribe: <http://l.example/x>") == WayOut(
            Way.LINK, url="http://l.example/x"
        )

    @pytest.mark.parametrize("said", ["", "NO", "<javascript:alert(1)>", "<file:///etc/passwd>"])
    def test_nothing_that_could_be_followed(self, said: str) -> None:
        assert found(f"List-Unsubscribe: {said}") is None
