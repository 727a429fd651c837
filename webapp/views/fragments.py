"""Page or fragment: the only room that knows htmx's headers."""

from urllib.parse import parse_qsl, urlsplit

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse


def wants_part() -> bool:
    """Whether htmx asks for a part of the page. Going back in history asks for the whole."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


def wants_navigation() -> bool:
    """Whether somebody followed a link or sent a form, for a part of the page: no part that asks for itself."""
    return request.headers.get("HX-Boosted") == "true"


def page_address() -> dict[str, str]:
    """The parameters in the address of the page that htmx asks from."""
    query = urlsplit(request.headers.get("HX-Current-URL", "")).query
    return dict(parse_qsl(query))


def page_or_part(page: str, part: str, /, **context: object) -> Response:
    """Render `part` alone when htmx asks, the whole `page` that includes it otherwise."""
    response = make_response(render_template(part if wants_part() else page, **context))
    return two_faced(response)


def leave_to(url: str) -> BaseResponse:
    """Go to another page as a whole: htmx would fetch a redirect and put that page into its own part of this one."""
    if not wants_part():
        return redirect(url)
    return Response(headers={"HX-Redirect": url})


def reload_page() -> Response:
    """Let htmx load the page anew that it asks from."""
    return Response(headers={"HX-Refresh": "true"})


def as_whole(response: Response) -> Response:
    """Let htmx load an error as the page it is, in place of swapping it into a part."""
    if wants_part():
        response.headers["HX-Redirect"] = request.full_path.rstrip("?")
    return response


def two_faced(response: Response) -> Response:
    """Tell caches that this address answers htmx and browsers differently."""
    response.vary.update(("HX-Request", "HX-Request-Type"))
    return response
