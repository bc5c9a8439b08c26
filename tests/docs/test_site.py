"""The site that `make docs` builds: strictly, complete, and without a request to any other host."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docs.site_hooks import ROOT, repository_path, site_path

TWO_SCREENS = 100  # lines of Markdown
LOADED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}


class _Page(HTMLParser):
    """What a page loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in LOADED and given.get("rel") != "canonical":
            self.loaded.append(given.get(LOADED[tag]) or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_is_built(site):
    for path in (ROOT / "docs").glob("*.md"):
        assert (site / f"{path.stem}.html").is_file(), path.name
    for name in ("index.html", "SECURITY.html", "benchmarks/amx/serving.html", "training/weights/MODEL_CARD.html"):
        assert (site / name).is_file(), name


def test_no_page_asks_another_host_for_anything(site):
    pages = [*site.rglob("*.html")]
    for path in pages:
        loaded = _Page(path.read_text()).loaded
        assert loaded
        outside = [address for address in loaded if re.match(r"(https?:)?//", address)]
        assert not outside, path.name
    for path in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", path.read_text()), path.name


def test_no_page_holds_a_diagram_that_the_theme_would_fetch_a_script_for():
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        assert "```mermaid" not in path.read_text(), path.name


def test_what_the_pages_load_is_there(site):
    for path in site.rglob("*.html"):
        if path.name == "404.html":
            continue
        for address in _Page(path.read_text()).loaded:
            if address and not address.startswith("data:"):
                assert (path.parent / address.partition("?")[0].partition("#")[0]).exists(), f"{path.name}: {address}"


def test_a_long_page_has_a_table_of_contents(site):
    for path in site.rglob("*.html"):
        source = ROOT / repository_path(path.relative_to(site).with_suffix(".md").as_posix())
        if source.is_file() and source.read_text().count("\n") > TWO_SCREENS:
            contents = path.read_text().partition('data-md-component="toc"')[2]
            assert contents.count("md-nav__link") >= 2, source.name


def test_paths_map_both_ways():
    for path in ("README.md", "SECURITY.md", "docs/settings.md", "benchmarks/amx/serving.md"):
        assert repository_path(site_path(path)) == path
