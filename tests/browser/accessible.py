"""What axe-core finds wrong with a page, under the content policy: by all its rules, and by contrast in dark colours."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

FAULTS = {"resultTypes": ["violations"]}
CONTRAST = {**FAULTS, "runOnly": ["color-contrast"]}  # all that other colours can change


def serious_faults(page: Page, within: str | None = None) -> list[tuple[str, list[Any]]]:
    """Rule and places of each fault that axe calls serious or critical; `within` is a selector."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    faults = Axe().run(page, context=within, options=FAULTS).response["violations"]
    page.emulate_media(color_scheme="dark")
    faults += Axe().run(page, context=within, options=CONTRAST).response["violations"]
    return [
        (fault["id"], [node["target"] for node in fault["nodes"]][:5])
        for fault in faults
        if fault["impact"] in ("serious", "critical")
    ]
