"""Hooks of mkdocs.yml: pages that lie elsewhere in the repository are part of the site, and links lead to them.

A page keeps its path in the repository, but for `docs/`, which is the site's root, and for `README.md`, which is the
home page. A link to a file that is no page, such as a module or a test, becomes its bare text: the site lacks it.
"""

import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "benchmarks/**/*.md",
    "benchmarks/**/*.png",
    "model_repository/README.md",
    "training/*/*.md",
)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside `docs/`."""
    for pattern in ELSEWHERE:
        for path in sorted(ROOT.glob(pattern)):
            uri = site_path(path.relative_to(ROOT).as_posix())
            files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links as they are in the repository into links of the site."""
    del config
    here = page.file.src_uri
    pages = {file.src_uri for file in files}

    def link(match: re.Match[str]) -> str:
        image, text, target = match.groups()
        if "://" in target or target.startswith(("#", "mailto:")):
            return match[0]
        path, mark, anchor = target.partition("#")
        wanted = normpath(join(dirname(repository_path(here)), path))
        if site_path(wanted) in pages:
            return f"{image}[{text}]({relpath(site_path(wanted), dirname(here) or '.')}{mark}{anchor})"
        if not (ROOT / wanted).exists():
            raise PluginError(f"{repository_path(here)}: {target} leads nowhere")
        return text

    return _LINK.sub(link, markdown)


def site_path(path: str) -> str:
    """Where a file of the repository is in the site's sources."""
    return "index.md" if path == "README.md" else path.removeprefix("docs/")


def repository_path(uri: str) -> str:
    """Where a file of the site is in the repository."""
    if uri == "index.md":
        return "README.md"
    return f"docs/{uri}" if (ROOT / "docs" / uri).exists() else uri
