"""What axe-core finds wrong with a page, under the content policy: by all its rules, and by contrast in dark colours."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

FAULTS = {"resultTypes": ["violations"]}
CONTRAST = {**FAULTS, "runOnly": ["color-contrast"]}  # all that other colours can change
# Contrast is dear to find, and what rows of a list can look like is seen in the first ones.
REPEATED = "table:not(.waterfall) > tbody > tr:nth-child(n+13)"
RUN = "async ([context, options]) => (await axe.run(context, options)).violations"


def serious_faults(page: Page, within: str = "html") -> list[tuple[str, list[Any]]]:
    """Rule and places of each fault that axe calls serious or critical; `within` is a selector."""
    context = {"include": [[within]], "exclude": [[REPEATED]]}
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.evaluate(Axe().axe_script)
    faults = page.evaluate(RUN, [context, FAULTS])
    page.emulate_media(color_scheme="dark")
    faults += page.evaluate(RUN, [context, CONTRAST])
    return [
        (fault["id"], [node["target"] for node in fault["nodes"]][:5])
        for fault in faults
        if fault["impact"] in ("serious", "critical")
    ]
