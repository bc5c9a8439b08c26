"""Results beside their originals in the page's viewer, and what is seen there."""

import io

from PIL import Image

PHOTOS = "C0PHOTOS01"


def flat(colour: str, size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def open_results(page, workspace, app) -> None:
    """Open the first of two blue results of 160 x 120 pixels, made from two red originals of 40 x 30."""
    from playwright.sync_api import expect

    names = ("a", "b")
    asked = workspace.post("#photos", "two", files=[(f"{name}.png", flat("red", (40, 30))) for name in names])
    uploads = [{"content": flat("blue", (160, 120)), "filename": f"{name}_4x.png"} for name in names]
    app.files_upload_v2(channel=PHOTOS, thread_ts=asked.ts, file_uploads=uploads, initial_comment="done")
    page.get_by_test_id("reply-count").click()
    page.get_by_test_id("thread-pane").get_by_test_id("file-image").nth(2).click()
    expect(page.get_by_test_id("viewer-details")).to_have_text("40 × 30 → 160 × 120")
    for image in page.locator("#viewer img").all():
        expect(image).to_have_js_property("complete", True)


def colours(page, *places: float) -> list[str]:
    """What is seen at these shares of the frame's width, in its middle: "red", "blue" or "other"."""
    box = page.locator(".viewer-frame").bounding_box()
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    y = round(box["y"] + box["height"] * 0.3)
    seen = [
        shot.crop((x, y, x + 1, y + 1)).tobytes() for x in (round(box["x"] + share * box["width"]) for share in places)
    ]
    return [{b"\xff\x00\x00": "red", b"\x00\x00\xff": "blue"}.get(pixel, "other") for pixel in seen]
