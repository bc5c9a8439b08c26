"""What a file says beside its pixels: the colour profile and the density stay, the rest goes unless a person asks."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, IptcImagePlugin, PngImagePlugin

from slackbot.imaging.encode import save_photo
from slackbot.imaging.formats import FORMATS
from tests.png import chunk, png

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
KINDS = ("JPEG", "PNG", "WebP", "TIFF")
CASES = Path(__file__).resolve().parents[4] / "shared" / "cases"

XMP = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 tiff:Orientation="6" hdrgm:Version="1.0" xmp:Rating="4">
<dc:creator><rdf:Seq><rdf:li>Jane &amp; Jo</rdf:li></rdf:Seq></dc:creator><tiff:ImageWidth>40</tiff:ImageWidth>
<xmp:Thumbnails><rdf:Alt><rdf:li>AAAA</rdf:li></rdf:Alt></xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
IPTC = b"\x1c\x02\x50\0\x04Jane" + b"\x1c\x02\x78\0\x05a dog"


def kept(photo, kind: str, path: Path, keep: bool = True) -> Any:
    """The file that becomes of a photo in a format, opened again."""
    save_photo(replace(photo, image=photo.image.copy(), format=FORMATS[kind]), path, keep)
    image = Image.open(io.BytesIO(path.read_bytes()))
    image.load()
    return image


def segment(resource: int, content: bytes) -> bytes:
    """A JPEG's segment of Photoshop's resources, after Adobe's Photoshop File Formats Specification."""
    block = b"8BIM" + resource.to_bytes(2, "big") + b"\0\0" + len(content).to_bytes(4, "big") + content
    block += b"\0" * (len(content) % 2)
    return b"\xff\xed" + (len(block) + 16).to_bytes(2, "big") + b"Photoshop 3.0\0" + block


def test_the_colour_profile_is_kept_and_other_metadata_is_not(photo_of, written, paint, encode):
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    result = written(photo_of(encode(paint(40, 30), "JPEG", icc_profile=SRGB, exif=exif, xmp=XMP, comment=b"at home")))

    assert result.info["icc_profile"] == SRGB
    assert not {"exif", "xmp", "comment", "photoshop"} & set(result.info)


def test_exif_is_kept_where_a_person_asks_and_only_what_is_still_true(photo_of, paint, encode, tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x0110], exif[0x0100] = 6, "where I live", "a camera", 40
    table = exif.get_ifd(0x8769)
    table[0x9003], table[0xA002], table[0xA003], table[0x9214] = "2026:01:02 03:04:05", 40, 30, (20, 15)
    exif.get_ifd(0x8825)[1] = "N"
    photo = photo_of(encode(paint(40, 30), "JPEG", exif=exif))

    for kind in KINDS:
        result = kept(photo, kind, tmp_path / "kept")
        found = result.getexif()
        assert (found[0x010E], found[0x0110]) == ("where I live", "a camera")
        assert found.get_ifd(0x8825)[1] == "N"
        assert dict(found.get_ifd(0x8769)) == {0x9003: "2026:01:02 03:04:05"}
        assert kind == "TIFF" or 0x0100 not in found
        assert found.get(0x0112, 1) == 1, "the pixels are upright already"
        assert result.size == photo.size


def test_a_thumbnail_is_not_kept(photo_of, paint, encode, tmp_path):
    small = encode(paint(8, 6), "JPEG")
    exif = Image.Exif()
    exif[0x0110] = "a camera"
    plain = exif.tobytes()
    # Append a second table, IFD1, that points to the thumbnail: its offset stands at the end of the first.
    body = bytearray(plain[6:])
    order = "little" if body[:2] == b"II" else "big"
    entries = int.from_bytes(body[8:10], order)
    at = 10 + 12 * entries
    body[at : at + 4] = len(body).to_bytes(4, order)

    def entry(tag: int, value: int) -> bytes:
        return b"".join(n.to_bytes(size, order) for n, size in ((tag, 2), (4, 2), (1, 4), (value, 4)))

    start = len(body) + 2 + 24 + 4
    body += (2).to_bytes(2, order) + entry(0x0201, start) + entry(0x0202, len(small)) + bytes(4) + small
    photo = photo_of(encode(paint(40, 30), "JPEG", exif=b"Exif\0\0" + bytes(body)))

    save_photo(photo, tmp_path / "kept", True)

    content = (tmp_path / "kept").read_bytes()
    assert b"a camera" in content
    assert content.count(b"\xff\xd8\xff") == 1


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_xmp_is_kept_less_what_is_no_longer_true(photo_of, paint, encode, tmp_path, source):
    more = {"xmp": XMP}
    if source == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        more = {"pnginfo": info}
    elif source == "TIFF":
        more = {"tiffinfo": {700: XMP}}
    photo = photo_of(encode(paint(40, 30), source, **more))

    for kind in KINDS:
        result = kept(photo, kind, tmp_path / "kept")
        found = result.info["xmp"]
        assert b"Jane &amp; Jo" in found
        assert b'xmp:Rating="4"' in found
        assert not [name for name in (b"Orientation=", b"hdrgm:V", b"ImageWidth", b"Thumbnails") if name in found]
        assert result.getxmp()["xmpmeta"]["RDF"]["Description"]["creator"]["Seq"]["li"] == "Jane & Jo"


@pytest.mark.parametrize("xmp", [b"<x", b"\xff\xfe", b'<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>', b"<a>" * 5_000])
def test_xmp_that_is_not_sound_is_left_out(photo_of, paint, encode, tmp_path, xmp):
    photo = photo_of(encode(paint(40, 30), "JPEG", xmp=xmp))

    assert "xmp" not in kept(photo, "JPEG", tmp_path / "kept").info


def test_iptc_is_kept(photo_of, paint, encode, tmp_path):
    content = encode(paint(40, 30), "JPEG")
    photo = photo_of(content[:2] + segment(0x0404, IPTC) + content[2:])

    for kind in ("JPEG", "TIFF"):
        found = IptcImagePlugin.getiptcinfo(kept(photo, kind, tmp_path / "kept"))
        assert found == {(2, 80): b"Jane", (2, 120): b"a dog"}
    again = photo_of(Path(tmp_path / "kept").read_bytes())
    assert again.metadata.iptc == IPTC
    kept(photo, "PNG", tmp_path / "kept")
    assert photo_of(Path(tmp_path / "kept").read_bytes()).metadata.iptc == IPTC


def test_texts_of_a_png_and_comments_of_a_jpeg_are_kept(photo_of, paint, encode, tmp_path):
    info = PngImagePlugin.PngInfo()
    for name, text in (("parameters", "a cat, steps: 20"), ("Title", "größer 猫"), ("Thumb::Image::Width", "40")):
        info.add_itxt(name, text) if not text.isascii() else info.add_text(name, text)
    photo = photo_of(encode(paint(40, 30), "PNG", pnginfo=info))
    commented = photo_of(encode(paint(40, 30), "JPEG", comment=b"at home"))

    assert kept(photo, "PNG", tmp_path / "kept").text == {"parameters": "a cat, steps: 20", "Title": "größer 猫"}
    assert kept(photo, "PNG", tmp_path / "kept", keep=False).text == {}
    assert kept(commented, "JPEG", tmp_path / "kept").info["comment"] == b"at home"
    assert kept(commented, "PNG", tmp_path / "kept").text == {"Comment": "at home"}


def test_what_tells_of_one_camera_is_not_kept(photo_of, paint, encode, tmp_path):
    exif = Image.Exif()
    exif[0x0110] = "a camera"
    secret = {0x927C: b"SECRET of its maker", 0xA430: "SECRET name", 0xA431: "SECRET 1", 0xA435: "SECRET 2"}
    exif.get_ifd(0x8769).update({0x9003: "2026:01:02 03:04:05", **secret})
    spaces = (
        b'xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:exifEX="http://cipa.jp/exif/1.0/" '
        b'xmlns:dji="http://www.dji.com/drone-dji/1.0/" xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"'
    )
    numbers = b'aux:SerialNumber="SECRET 1" exifEX:LensSerialNumber="SECRET 2" dji:DroneSerialNumber="SECRET 3"'
    xmp = XMP.replace(b"tiff:Orientation", b" ".join((spaces, numbers, b"tiff:Orientation")))
    number = b"<MicrosoftPhoto:CameraSerialNumber>SECRET 4</MicrosoftPhoto:CameraSerialNumber>"
    xmp = xmp.replace(b"<dc:creator>", number + b"<dc:creator>")
    photo = photo_of(encode(paint(40, 30), "JPEG", exif=exif, xmp=xmp))

    for kind in KINDS:
        result = kept(photo, kind, tmp_path / "kept")
        assert dict(result.getexif().get_ifd(0x8769)) == {0x9003: "2026:01:02 03:04:05"}
        assert b'xmp:Rating="4"' in result.info["xmp"]
        assert b"SECRET" not in Path(tmp_path / "kept").read_bytes()


@pytest.mark.parametrize(
    "name", ["exif:BodySerialNumber", "exif:MakerNote", "drone-dji:CameraSerialNumber", "dng:serial.number"]
)
def test_texts_of_a_png_that_tell_of_one_camera_are_not_kept(photo_of, paint, encode, name):
    info = PngImagePlugin.PngInfo()
    info.add_text(name, "SECRET")
    info.add_text("Title", "a cat")

    assert photo_of(encode(paint(4, 4), "PNG", pnginfo=info)).metadata.text == (("Title", "a cat"),)


def test_texts_of_a_png_are_kept_as_far_as_they_fit_into_one_part(photo_of, paint, encode):
    info = PngImagePlugin.PngInfo()
    for number in range(30):
        info.add_itxt(f"{number}", "a" * 40_000 + "😀", zip=True)
    info.add_text("Title", "a cat")
    photo = photo_of(encode(paint(4, 4), "PNG", pnginfo=info))

    assert [name for name, _ in photo.metadata.text] == ["0", "Title"]


def test_a_colour_profile_of_many_megabytes_is_left_out(photo_of, paint, encode):
    assert photo_of(encode(paint(4, 4), "TIFF", icc_profile=SRGB)).icc == SRGB
    assert photo_of(encode(paint(4, 4), "TIFF", icc_profile=SRGB.ljust(5 * 2**20, b"\0"))).icc is None


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "TIFF", "BMP"])
def test_the_density_is_kept(photo_of, paint, encode, tmp_path, source, keep):
    photo = photo_of(encode(paint(40, 30), source, dpi=(300, 150)))

    for kind in ("JPEG", "PNG", "TIFF"):
        assert kept(photo, kind, tmp_path / "kept", keep).info["dpi"] == pytest.approx((300, 150), abs=0.02)
    exif = kept(photo, "WebP", tmp_path / "kept", keep).getexif()
    assert (float(exif[282]), float(exif[283]), exif[296]) == pytest.approx((300, 150, 2), abs=0.02)
    assert set(exif) == {282, 283, 296}


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_keeps_its_metadata(photo_of, paint, encode, tmp_path, kind):
    exif = Image.Exif()
    exif[0x0110] = "a camera"
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    more = {"pnginfo": info} if kind == "PNG" else {"xmp": XMP}
    frames = [paint(24, 16), paint(24, 16).rotate(180)]
    photo = photo_of(encode(frames[0], kind, save_all=True, append_images=frames[1:], exif=exif, **more))

    result = kept(photo, photo.format.name, tmp_path / "kept")

    assert result.n_frames == 2
    assert result.getexif()[0x0110] == "a camera"
    assert b"Jane &amp; Jo" in result.info["xmp"]


def test_no_density_is_made_up(photo_of, paint, encode, tmp_path):
    aspect = chunk(b"pHYs", (2).to_bytes(4, "big") + (1).to_bytes(4, "big") + b"\0")

    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 1.0, 1.0, 1  # no unit

    contents = [encode(paint(8, 8), kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF")]
    contents += [encode(paint(8, 8), kind, exif=exif) for kind in ("JPEG", "WEBP")]
    for content in (*contents, png(4, 4, aspect)):
        assert "dpi" not in kept(photo_of(content), "PNG", tmp_path / "kept").info


def test_a_density_in_exif_counts_where_the_format_has_none(photo_of, paint, encode, tmp_path):
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 100.0, 100.0, 3  # per centimetre
    photo = photo_of(encode(paint(40, 30), "WEBP", exif=exif))

    assert kept(photo, "PNG", tmp_path / "kept").info["dpi"] == pytest.approx((254, 254), abs=0.02)


@pytest.mark.parametrize("source", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_only_exif_turns_a_picture(photo_of, paint, encode, source):
    more = {"xmp": XMP}
    if source == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        more = {"pnginfo": info}
    elif source == "TIFF":
        more = {"tiffinfo": {700: XMP}}

    assert photo_of(encode(paint(40, 30), source, **more)).size == (40, 30)


@pytest.mark.skipif(not CASES.exists(), reason="the files that people shared lie beside the project")
@pytest.mark.parametrize("name", ["dpi300.jpg", "dpi300.png", "dpi300.tif", "xmporient.jpg"])
def test_shared_files(photo_of, tmp_path, name):
    photo = photo_of((CASES / name).read_bytes())

    if name.startswith("dpi"):
        assert kept(photo, photo.format.name, tmp_path / "kept", False).info["dpi"] == pytest.approx((300, 300), 0.001)
    else:
        with Image.open(CASES / name) as image:
            assert photo.size == image.size
