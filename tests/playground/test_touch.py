"""The viewer on a phone, by fingers."""

import time

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import expect

from tests.playground.results import colours, open_results

pytestmark = pytest.mark.browser


class Fingers:
    """Fingers on the page, by number; places are CSS pixels of the window.

    What they do takes the same time however busy the machine is: each event carries its own.
    """

    FRAME_SECONDS = 1 / 60

    def __init__(self, page) -> None:
        self._page = page
        self._touch = page.context.new_cdp_session(page)
        self._down: dict[int, tuple[float, float]] = {}
        self._now = time.time()

    def _send(self, kind: str, fingers: dict[int, tuple[float, float]]) -> None:
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in fingers.items()]
        self._now += self.FRAME_SECONDS
        self._touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points, "timestamp": self._now})
        # The page hears of moves once a frame.
        self._page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def put(self, finger: int, x: float, y: float) -> None:
        self._down[finger] = x, y
        self._send("touchStart", self._down)

    def move(self, *places: dict[int, tuple[float, float]]) -> None:
        """Through these places, one after another; fingers that are not named stay."""
        for place in places:
            self._down.update(place)
            self._send("touchMove", self._down)

    def lift(self, finger: int) -> None:
        self._send("touchEnd", {finger: self._down.pop(finger)})

    def tap(self, x: float, y: float) -> None:
        self.put(0, x, y)
        self.lift(0)


@pytest.fixture
def results(phone, workspace, app):
    """A red original and a blue result, opened; fitted into the width, the line in the middle."""
    open_results(phone, workspace, app)
    return phone


@pytest.fixture
def fingers(results) -> Fingers:
    return Fingers(results)


def frame(page) -> dict[str, float]:
    return page.locator(".viewer-frame").bounding_box()


def middle(page) -> tuple[float, float]:
    box = frame(page)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pinch(fingers: Fingers, x: float, y: float, before: float, after: float) -> None:
    """Two fingers, each so far from (x, y), one after the other put down and lifted."""
    fingers.put(0, x - before, y)
    fingers.put(1, x + before, y)
    between = (before + after) / 2
    fingers.move(*({0: (x - gap, y), 1: (x + gap, y)} for gap in (between, after)))


@pytest.mark.parametrize("begin", [0.0, 0.3], ids=["the line", "beside it"])
def test_a_finger_moves_the_line(results, fingers, begin):
    box, (x, y) = frame(results), middle(results)
    fingers.put(0, x + begin * box["width"], y)
    fingers.move(*({0: (box["x"] + share * box["width"], y)} for share in (0.7, 0.5, 0.2)))
    fingers.lift(0)
    assert colours(results, 0.1, 0.4) == ["red", "blue"]
    assert frame(results) == box


def test_a_quick_finger_moves_the_line_also_on_a_busy_page(results, fingers):
    box, (x, y) = frame(results), middle(results)
    fingers.put(0, x + 0.3 * box["width"], y)
    expect(results.get_by_test_id("divider")).to_be_hidden()  # it hears of the move after it took it for a long press
    fingers.move({0: (box["x"] + 0.5 * box["width"], y)}, {0: (box["x"] + 0.2 * box["width"], y)})
    fingers.lift(0)
    assert colours(results, 0.1, 0.4) == ["red", "blue"]


def test_two_quick_taps_enlarge_also_on_a_busy_page(results, fingers):
    before, (x, y) = frame(results), middle(results)
    for _ in range(2):
        fingers.put(0, x - 60, y)
        expect(results.get_by_test_id("divider")).to_be_hidden()
        fingers.lift(0)
    expect(results.get_by_test_id("viewer-image")).to_have_css("width", f"{2 * before['width']:g}px")


@pytest.mark.parametrize("begin", [10, 40], ids=["on the line", "beside it"])
def test_two_fingers_enlarge(results, fingers, begin):
    before, (x, y) = frame(results), middle(results)
    pinch(fingers, x, y, begin, 3 * begin)
    assert frame(results)["width"] == pytest.approx(3 * before["width"], rel=0.02)
    # Fingers move one after the other, and a picture that is smaller than the screen stays in its middle meanwhile.
    assert middle(results) == pytest.approx((x, y), abs=20)
    assert results.evaluate("visualViewport.scale") == 1  # the picture, not the page
    expect(results.get_by_test_id("divider")).to_have_attribute("aria-valuenow", "50")


def test_the_finger_that_stays_moves_the_picture_and_not_the_line(results, fingers):
    x, y = middle(results)
    pinch(fingers, x, y, 30, 90)
    before = frame(results)
    fingers.lift(0)
    fingers.move({1: (x + 70, y)}, {1: (x + 50, y)})
    fingers.lift(1)
    assert frame(results)["x"] == pytest.approx(before["x"] - 40, abs=1)
    expect(results.get_by_test_id("divider")).to_have_attribute("aria-valuenow", "50")


def test_a_finger_moves_the_enlarged_picture(results, fingers):
    x, y = middle(results)
    pinch(fingers, x, y, 30, 90)
    fingers.lift(0)
    fingers.lift(1)
    before = frame(results)
    fingers.put(0, x - 100, y)
    fingers.move({0: (x - 80, y)}, {0: (x - 60, y)})
    fingers.lift(0)
    assert frame(results)["x"] == pytest.approx(before["x"] + 40, abs=1)


def test_two_taps_enlarge_and_two_more_fit_again(results, fingers):
    before, (x, y) = frame(results), middle(results)
    for width in (2 * before["width"], before["width"]):
        fingers.tap(x - 60, y)
        fingers.tap(x - 60, y)
        expect(results.get_by_test_id("viewer-image")).to_have_css("width", f"{width:g}px")


def test_a_long_press_shows_the_original(results, fingers):
    x, y = middle(results)
    fingers.put(0, x + 60, y)
    expect(results.get_by_test_id("divider")).to_be_hidden()
    assert colours(results, 0.1, 0.9) == ["red", "red"]
    fingers.lift(0)
    assert colours(results, 0.1, 0.9) == ["red", "blue"]


def test_the_arrows_lead_to_the_other_photos(results, fingers):
    image = results.get_by_test_id("viewer-image")
    first = image.get_attribute("src")
    box = results.get_by_test_id("viewer-next").bounding_box()
    fingers.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(image).not_to_have_attribute("src", first)
    expect(results.locator(".viewer-place")).to_have_text("2 of 2")
