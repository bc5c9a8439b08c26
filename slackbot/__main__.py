"""`python -m slackbot`."""

from slackbot.cli import main

if __name__ == "__main__":
    main()
