"""Of two real model servers one freezes: it holds its connections, and answers nothing."""

import signal
from contextlib import ExitStack

import pytest

from tests.processes import Bot, Triton, until

pytestmark = pytest.mark.system
TILE_SECONDS = 10.0


def test_a_frozen_server_costs_no_photo_its_model(workspace, ask, figures, full, tmp_path):
    """The promise is 40 photos, and none of them bicubic."""
    photos = 40 if full else 8
    with ExitStack() as stack:
        servers = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            servers.append(Triton(tmp_path / name))
            stack.callback(servers[-1].kill)
            servers[-1].start()
        one, two = servers
        settings = {"TRITON_URL": f"{one.address},{two.address}", "LIMIT_TILE_SECONDS": str(TILE_SECONDS)}
        stack.enter_context(Bot(tmp_path, {**workspace.environment, **settings}).connected(workspace))

        def both_work() -> bool:
            workspace.wait_for_replies(ask(), 1, 60)
            return bool(one.inferences() and two.inferences())

        until(both_work, 120, "tiles for both")
        frozen = two.server()
        stack.callback(frozen.send_signal, signal.SIGCONT)
        before, asked = one.inferences(), [ask(f"{number}.png") for number in range(photos // 2)]
        frozen.send_signal(signal.SIGSTOP)
        asked += [ask(f"{number}.png") for number in range(photos // 2, photos)]
        replies = [reply for message in asked for reply in workspace.wait_for_replies(message, 1, 20 * TILE_SECONDS)]
        assert len(replies) == photos
        bicubic = [reply.text for reply in replies if "enhanced by model" not in reply.text]
        assert not bicubic
        assert one.inferences() > before
    figures.write(
        "test_a_frozen_server_costs_no_photo_its_model",
        f"{photos} photos, {photos} replies, {len(bicubic)} bicubic; one tile may take {TILE_SECONDS:.0f} s",
    )
