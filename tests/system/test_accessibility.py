"""axe-core looks at every screen of the page: three widths, light and dark, with the real bot and model server."""

from collections.abc import Iterator
from typing import Any

import pytest

from docs.screenshots import SCHEMES, SIZES, demo
from playground.testing.browser import NoBrowserError, chromium
from playground.testing.client import PlaygroundClient
from playground.testing.walk import walk

pytest.importorskip("playwright")
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.browser, pytest.mark.system, pytest.mark.timeout(600)]
SCREENS = {
    "welcome",
    "thread",
    "compare",
    "delete",
    "messages",
    "notice",
    "samples",
    "direct",
    "home",
    "server-stopped",
}


@pytest.fixture(scope="module")
def demo_workspace() -> Iterator[PlaygroundClient]:
    with demo() as workspace:
        yield workspace


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        with chromium() as browser:
            yield browser
    except NoBrowserError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("width", SIZES)
def test_axe_finds_nothing_on_any_screen(browser, demo_workspace, width):
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        reduced_motion="reduce",  # what fades in has its colours at once
        bypass_csp=True,  # axe-core is put into the page, whose policy allows its own scripts alone
    )
    page, axe = context.new_page(), Axe()
    findings, seen = [], set()
    for screen in walk(page, demo_workspace, server=True):
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            seen.add((screen, scheme))
            for found in axe.run(page).response["violations"]:
                findings.append((screen, scheme, found["id"], [node["html"][:200] for node in found["nodes"]]))
    context.close()
    assert seen >= {(screen, scheme) for screen in SCREENS for scheme in SCHEMES}
    assert findings == []
