import sys

from PIL import Image

from training import show_pairs


def test_shows_a_page_of_pairs(tmp_path, photos, monkeypatch):
    Image.fromarray(photos[0]).save(tmp_path / "one.png")
    page = tmp_path / "pairs.png"
    monkeypatch.setattr(sys, "argv", ["show_pairs.py", "--out", str(page), "--photos", str(tmp_path)])
    show_pairs.main()
    with Image.open(page) as image:
        assert image.width > 300
        assert len(image.getcolors(1 << 24) or []) > 1000
