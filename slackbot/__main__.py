"""`python -m slackbot`, and the command `slackbot`."""

import signal  # and nothing else before Ctrl-C is left to the system


def main() -> None:
    """The command line, see `slackbot.cli`. Does not return."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback
    from slackbot import cli

    cli.main()


if __name__ == "__main__":
    main()
