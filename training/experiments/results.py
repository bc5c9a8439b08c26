"""What a comparison has found so far, in its folder, so that it goes on where it was stopped, or in another process."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from training.checkpoint import CheckpointError
from training.evaluation import Score
from training.experiments.trials import Row
from training.files import replacing

SECONDS, ROWS = "seconds.json", "rows.json"


class Results:
    """Files in `folder`, of a comparison with these settings. Raises OSError."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._folder, self._settings = folder, json.loads(json.dumps(settings))

    def seconds_a_step(self, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
        """Of each candidate: as they were measured the first time, so that all get the same time.

        Raises CheckpointError where the folder is of other settings.
        """
        file = self._folder / SECONDS
        if not file.is_file():
            _write(file, {"settings": self._settings, "seconds": measure()})
        found = json.loads(file.read_text())
        if found["settings"] != self._settings:
            raise CheckpointError(f"{self._folder} holds a comparison with other options: give another --out")
        return found["seconds"]

    def place(self, name: str) -> Path:
        """The folder of a candidate."""
        return self._folder / name.replace(" ", "-")

    def keep(self, name: str, rows: list[Row]) -> None:
        _write(self.place(name) / ROWS, [asdict(row) for row in rows])

    def rows(self, name: str) -> list[Row]:
        """A candidate's, at equal steps and at equal time; none where it was not trained yet."""
        file = self.place(name) / ROWS
        return [_row(found) for found in json.loads(file.read_text())] if file.is_file() else []


def _row(found: dict[str, Any]) -> Row:
    scores = {
        kind: Score(**{**score, "distances": tuple(score["distances"])}) for kind, score in found["scores"].items()
    }
    return Row(**{**found, "scores": scores})


def _write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1))
