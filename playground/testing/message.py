"""A message, as tests ask about it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Message:
    """A message where it stands; `data` is Slack's object."""

    channel: str
    ts: str
    data: dict[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """What a person reads: the text, or where there are blocks only, a line for each section of them."""
        sections = (one["text"]["text"] for one in self.data.get("blocks", []) if "text" in one)
        return self.data.get("text") or "\n".join(sections)

    @property
    def files(self) -> list[dict[str, Any]]:
        return self.data.get("files", [])

    @property
    def reactions(self) -> set[str]:
        return {one["name"] for one in self.data.get("reactions", [])}
