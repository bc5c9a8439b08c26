import sys

import numpy as np
import pytest
from PIL import Image

from training import drawings


@pytest.mark.parametrize("kind", ["chart", "line_art", "comic", "patterns", "sheet", "interface", "text_page"])
def test_every_kind_draws_something_and_the_same_again(kind):
    try:
        one, two = (np.asarray(getattr(drawings, kind)(np.random.default_rng(4))) for _ in range(2))
    except drawings.DrawingsError:
        assert kind != "patterns"  # the others write, and this machine has no fonts
        return
    assert one.shape == (drawings.SIDE, drawings.SIDE, 3)
    assert len(np.unique(one.reshape(-1, 3), axis=0)) >= 2
    np.testing.assert_array_equal(one, two)


def test_writes_as_many_as_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(drawings, "KINDS", (drawings.patterns,))
    monkeypatch.setattr(sys, "argv", ["drawings.py", str(tmp_path), "--count", "2", "--seed", "7"])
    drawings.main()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawing-7-0000.png", "drawing-7-0001.png"]
    with Image.open(tmp_path / "drawing-7-0000.png") as image:
        assert image.size == (drawings.SIDE, drawings.SIDE)


def test_a_machine_without_fonts_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setattr(drawings, "FONT_FOLDER", tmp_path)
    drawings._fonts.cache_clear()
    with pytest.raises(drawings.DrawingsError, match="no fonts in"):
        drawings.text_page(np.random.default_rng(0))
    drawings._fonts.cache_clear()
