"""How each benchmark runs from the command line."""

import signal
import sys
from collections.abc import Callable


def run(main: Callable[[], None]) -> None:
    """Run it. Ctrl-C ends what it started, and then it, with status 130 and no traceback."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
