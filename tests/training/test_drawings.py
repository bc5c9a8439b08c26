import sys

import numpy as np
import pytest
from PIL import Image

from training.drawings import __main__ as command
from training.drawings import art, canvas, charts, documents, draw, writing

DRAWN = (charts.chart, art.line_art, art.comic, art.patterns, documents.sheet, documents.interface, documents.text_page)


@pytest.mark.parametrize("kind", DRAWN)
def test_every_kind_draws_something_and_the_same_again(kind):
    try:
        one, two = (np.asarray(kind(np.random.default_rng(4))) for _ in range(2))
    except writing.DrawingsError:
        assert kind is not art.patterns  # the others write, and this machine has no fonts
        return
    assert one.shape == (canvas.SIDE, canvas.SIDE, 3)
    assert len(np.unique(one.reshape(-1, 3), axis=0)) >= 2
    np.testing.assert_array_equal(one, two)


def test_writes_as_many_as_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(draw, "KINDS", (art.patterns,))
    monkeypatch.setattr(sys, "argv", ["drawings", str(tmp_path), "--count", "2", "--seed", "7"])
    command.main()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawing-7-0000.png", "drawing-7-0001.png"]
    with Image.open(tmp_path / "drawing-7-0000.png") as image:
        assert image.size == (canvas.SIDE, canvas.SIDE)


def test_a_machine_without_fonts_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setattr(writing, "FONT_FOLDER", tmp_path)
    writing._fonts.cache_clear()
    with pytest.raises(writing.DrawingsError, match="no fonts in"):
        documents.text_page(np.random.default_rng(0))
    writing._fonts.cache_clear()
