"""What tests measured. `python -m tests.reliability.report` makes `docs/reliability.md` from it."""

import json
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).with_name("figures.json")


class Figures:
    """Sentences by the test that measured them, in words that stand in a table."""

    def __init__(self) -> None:
        self._measured: dict[str, dict[str, str]] = {}

    def write(self, test: str, figure: str) -> None:
        """Note what `test` (its name alone) measured."""
        self._measured[test] = {"figure": figure, "day": datetime.now(UTC).date().isoformat()}

    def keep(self) -> None:
        """Write into the file, beside what other runs measured."""
        known = json.loads(FILE.read_text()) if FILE.exists() else {}
        FILE.write_text(
            json.dumps(dict(sorted({**known, **self._measured}.items())), indent=1, ensure_ascii=False) + "\n"
        )
