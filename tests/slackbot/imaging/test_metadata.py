"""What a file says beside its pixels: the colour profile stays, the rest goes unless a person asks."""

from dataclasses import replace

from PIL import Image, ImageCms

from slackbot.imaging.encode import save_photo
from slackbot.imaging.formats import FORMATS

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_the_colour_profile_is_kept_and_other_metadata_is_not(photo_of, written, paint, encode):
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    result = written(photo_of(encode(paint(40, 30), "JPEG", icc_profile=SRGB, exif=exif)))

    assert result.info["icc_profile"] == SRGB
    assert "exif" not in result.info


def test_metadata_is_kept_where_a_person_asks_and_only_what_tells_something(photo_of, paint, encode, tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x0110] = 6, "where I live", "a camera"
    exif.get_ifd(0x8825)[1] = "N"
    photo = photo_of(encode(paint(40, 30), "JPEG", exif=exif))

    for kind in ("JPEG", "PNG", "WebP", "TIFF"):
        save_photo(replace(photo, image=photo.image.copy(), format=FORMATS[kind]), tmp_path / "kept", True)
        with Image.open(tmp_path / "kept") as kept:
            found = kept.getexif()
            assert (found[0x010E], found[0x0110]) == ("where I live", "a camera")
            assert kind == "TIFF" or found.get_ifd(0x8825)[1] == "N"
            assert found.get(0x0112, 1) == 1, "the pixels are upright already"
            assert kept.size == photo.size
