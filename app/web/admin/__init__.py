"""The web admin. To add a page: one file in `pages/`, one template, one line in `site.PAGES`.

A page module has a `router`, and a `NAV` entry (`nav.Entry`) if it belongs into the menu:

    router = APIRouter()
    NAV = Entry("Rules", "/rules", "filter", Group.INBOX, Role.AGENT)

    @router.get("/rules")
    async def rules(request: Request, visitor: AsAgent, parts: Parts) -> Response:
        async with parts.store.begin(visitor.workspace_id) as uow:
            found = await uow.rules.page(...)
        return page(request, visitor, "rules.html", rules=found)

Who may: the role stands in the signature, as one of `AsViewer`, `AsAgent`, `AsAdmin`, `AsOwner` of
`visitor.py`, and nowhere else. It also checks the CSRF token of every request that changes
something. A page for people who are not signed in takes a `Guest` instead. Use cases are given
`visitor.actor`; an id of an account from a path goes through `visitor.check_sees(account_id)`.

What is answered: `view.page` renders the template, the whole of it or, for htmx, only the block
that is asked for: the block whose name is the id of htmx's target (`-` for `_`), else `content`.
So a part that refreshes itself is a block inside of its element:

    <section id="folders" hx-get="" hx-trigger="live:account from:body" hx-target="this">
      {% block folders %}…{% endblock %}</section>

`live:…` names the first word of the types of events (`account`, `message`, `outgoing`,
`command`, …): `live.py` tells every open page when there are new ones.

Changing: a POST ends in `view.see_other(request, "/rules", "The rule is on.")`, which shows the
sentence on the next page; its form holds `{{ csrf_field() }}` or, for htmx, nothing more. Read a
form by `forms.read` into a pydantic model; errors of the model, and an `InvalidInput` of the use
case by `form.refuse(error)`, stand at their fields, which the macros of `templates/macros.html`
draw (they are `ui.…` in every template). What cannot be undone asks first: `ui.confirm`. Acts that
matter for security are written down by `visitor.audit(uow, …)`.

Templates extend `layout.html` and fill `title`, `content` and, for buttons beside the heading,
`actions`. `ui` has tables' pagers, states, moments in time in the reader's zone, empty
states, fields, dialogs. No inline script and no `style` attribute: the browser would refuse both.
Behaviour is in `static/admin.js`, by `data-` attributes; looks are Tabler's classes, and
`static/admin.css`.
"""
