"""The viewer: a result beside its original, by pointer and keyboard."""

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from tests.playground.results import colours, flat, open_results

pytestmark = pytest.mark.browser


@pytest.fixture
def results(page, workspace, app):
    open_results(page, workspace, app)
    return page


def test_original_and_result_share_one_frame(results):
    assert colours(results, 0.1, 0.4, 0.6, 0.9) == ["red", "red", "blue", "blue"]
    boxes = [results.get_by_test_id(name).bounding_box() for name in ("viewer-image", "viewer-before")]
    assert boxes[0] == boxes[1]


def test_line_is_moved_by_drag_and_by_keys(results):
    frame = results.locator(".viewer-frame").bounding_box()
    y = frame["y"] + 10
    results.mouse.move(frame["x"] + frame["width"] / 2, y)
    results.mouse.down()
    results.mouse.move(frame["x"] + frame["width"] * 0.2, y, steps=4)
    results.mouse.up()
    assert colours(results, 0.1, 0.4) == ["red", "blue"]
    line = results.get_by_test_id("divider")
    line.focus()
    results.keyboard.press("End")
    assert colours(results, 0.1, 0.9) == ["red", "red"]
    results.keyboard.press("ArrowLeft")
    expect(line).to_have_attribute("aria-valuenow", "98")


def test_space_and_a_long_press_show_the_original_while_held(results):
    results.keyboard.down(" ")
    assert colours(results, 0.1, 0.9) == ["red", "red"]
    results.keyboard.up(" ")
    assert colours(results, 0.1, 0.9) == ["red", "blue"]
    frame = results.locator(".viewer-frame").bounding_box()
    results.mouse.move(frame["x"] + frame["width"] * 0.8, frame["y"] + 5)
    results.mouse.down()
    expect(results.get_by_test_id("divider")).to_be_hidden()
    assert colours(results, 0.1, 0.9) == ["red", "red"]
    results.mouse.up()
    assert colours(results, 0.1, 0.9) == ["red", "blue"]


def test_one_side_alone(results):
    results.get_by_test_id("side-after").click()
    assert colours(results, 0.1, 0.9) == ["blue", "blue"]
    results.keyboard.press("o")
    assert colours(results, 0.1, 0.9) == ["red", "red"]
    results.keyboard.press("b")
    assert colours(results, 0.1, 0.9) == ["red", "blue"]


@pytest.mark.parametrize(("key", "percent", "width"), [("1", "100 %", 160), ("2", "200 %", 320)])
def test_pixel_by_pixel(results, key, percent, width):
    results.keyboard.press(key)
    expect(results.get_by_test_id("viewer-percent")).to_have_text(percent)
    assert results.get_by_test_id("viewer-before").bounding_box()["width"] == width
    assert colours(results, 0.1, 0.9) == ["red", "blue"]


def test_wheel_keeps_the_point_under_the_pointer(results):
    results.keyboard.press("1")
    before = results.locator(".viewer-frame").bounding_box()
    x, y = before["x"] + 72, before["y"] + 60
    results.mouse.move(x, y)
    results.mouse.wheel(0, -1600)  # far enough for the frame to be larger than the stage
    expect(results.get_by_test_id("viewer-percent")).not_to_have_text("100 %")
    after = results.locator(".viewer-frame").bounding_box()
    assert after["width"] > results.viewport_size["width"]
    assert (x - after["x"]) / after["width"] == pytest.approx(72 / 160, abs=0.01)
    results.mouse.move(x - 200, y)  # beside the line
    results.mouse.down()
    results.mouse.move(x - 140, y, steps=3)
    results.mouse.up()
    assert results.locator(".viewer-frame").bounding_box()["x"] == pytest.approx(after["x"] + 60, abs=1)


def test_arrows_go_through_the_photos_of_the_message_alone(results):
    image = results.get_by_test_id("viewer-image")
    first = image.get_attribute("src")
    results.keyboard.press("ArrowRight")
    expect(image).not_to_have_attribute("src", first)
    expect(results.get_by_test_id("viewer-details")).to_have_text("40 × 30 → 160 × 120")
    results.keyboard.press("ArrowRight")
    expect(image).to_have_attribute("src", first)


def test_a_photo_of_a_person_opens_alone(page, workspace):
    workspace.post("#photos", "mine", files=[("a_4x.png", flat("red", (40, 30)))])
    page.get_by_test_id("file-image").click()
    expect(page.get_by_test_id("viewer-details")).to_have_text("40 × 30")
    expect(page.get_by_test_id("divider")).to_be_hidden()
    expect(page.get_by_test_id("viewer-image")).to_have_js_property("naturalWidth", 40)
    assert colours(page, 0.1, 0.9) == ["red", "red"]
