"""Where the token goes, and what comes back."""

import pytest

from slackbot.imaging.errors import PhotoTooLarge
from slackbot.limits import SlackLimits
from slackbot.slack.download import download
from slackbot.slack.errors import DownloadError, MissingScope, SlackRefused, SlackUnavailable
from slackbot.slack.transport import is_trusted

API = "https://slack.com/api/"
LOCAL = "http://127.0.0.1:3900/api/"


@pytest.mark.parametrize(
    ("address", "api_url"),
    [
        ("https://files.slack.com/files-pri/T1-F1/cat.png", API),
        ("https://files.slack.com:443/files-pri/T1-F1/cat.png", API),
        ("https://FILES.slack.com/files-pri/T1-F1/cat.png", API),
        ("https://files.slack-gov.com/files-pri/T1-F1/cat.png", API),
        ("https://slack.com/somewhere", API),
        ("http://127.0.0.1:3900/files/cat.png", LOCAL),
    ],
)
def test_slacks_file_hosts_and_the_api_server_get_the_token(address, api_url):
    assert is_trusted(address, api_url)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "cat.png",
        "//files.slack.com/cat.png",
        "http://files.slack.com/cat.png",
        "ftp://files.slack.com/cat.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "https://files.slack.com.evil.example/cat.png",
        "https://evil.example/files.slack.com/cat.png",
        "https://evil.example/?files.slack.com",
        "https://evil.example#files.slack.com",
        "https://evil-files.slack.com.example/",
        "https://xfiles.slack.com/cat.png",
        "https://a.files.slack.com/cat.png",
        "https://acme.slack.com/cat.png",
        "https://filesXslack.com/cat.png",
        "https://files.slack.com@evil.example/cat.png",
        "https://files.slack.com:x@evil.example/cat.png",
        "https://user@files.slack.com/cat.png",
        "https://:@files.slack.com/cat.png",
        "https://files.slack.com:8443/cat.png",
        "https://files.slack.com:80/cat.png",
        "https://files.slack.com:99999/cat.png",
        "https://files.slack.com:x/cat.png",
        "https://files.slack.com\\@evil.example/",
        "https://files.slack.com\\.evil.example/",
        "https://evil.example\\files.slack.com/",
        "https://files.slack.com%2eevil.example/",
        "https://files.slack.com%00.evil.example/",
        "https://files。slack。com/cat.png",
        "https://fіles.slack.com/cat.png",
        "https://files.slack.com\u202e/cat.png",
        "https://files.slack.com /cat.png",
        " https://files.slack.com/cat.png",
        "https://files.slack.com/cat.png\r\nX-Evil: 1",
        "https://files.slack.com\t.evil.example/",
        "https://files.slack.com./cat.png",
        "https://[files.slack.com]/cat.png",
        "https://[::1]/cat.png",
        "https://127.0.0.1/cat.png",
        "https://169.254.169.254/latest/meta-data/",
        "https://0x7f000001/",
        "https://localhost/",
        "http://slack.com/api/",
        "https://slack.com:444/api/",
        "https://slack.com.evil.example/api/",
    ],
)
def test_nobody_else_gets_the_token(address):
    assert not is_trusted(address, API)


@pytest.mark.parametrize("address", ["http://127.0.0.1:3901/x", "https://127.0.0.1:3900/x", "http://localhost:3900/x"])
def test_only_the_very_server_of_the_api_url_is_trusted(address):
    assert not is_trusted(address, LOCAL)


@pytest.fixture
def share(workspace):
    """Share bytes as a file; its private address."""
    return lambda content: workspace.post("#photos", files=[("cat.png", content)]).files[0]["url_private_download"]


@pytest.fixture
def fetch(workspace, tmp_path):
    def fetched(address, limits=None, token=workspace.bot_token, most=50_000_000) -> bytes:
        path = tmp_path / "0.photo"
        download(address, path, token, workspace.api_url, limits or SlackLimits(), most)
        assert [file.name for file in tmp_path.iterdir()] == ["0.photo"]
        return path.read_bytes()

    return fetched


def test_a_file_comes_as_it_is(share, fetch):
    assert fetch(share(b"\0\1" * 100_000)) == b"\0\1" * 100_000
    assert fetch(share(b"")) == b""


def test_bytes_at_the_limit_and_one_over(share, fetch):
    assert len(fetch(share(b"x" * 1000), most=1000)) == 1000
    with pytest.raises(PhotoTooLarge):
        fetch(share(b"x" * 1001), most=1000)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("login_page", MissingScope),
        ("redirect", MissingScope),
        ("truncated", SlackUnavailable),
        ("reset", SlackUnavailable),
        ("server_error", SlackUnavailable),
        ("rate_limited", SlackUnavailable),
    ],
)
def test_what_slack_does_instead_is_told_apart(workspace, share, fetch, kind, error):
    address = share(b"x" * 1000)
    workspace.inject_fault("download", kind)

    with pytest.raises(error):
        fetch(address)


def test_a_drip_ends_at_the_deadline(workspace, share, fetch):
    address = share(b"x" * 1_000_000)  # in 16 pieces
    workspace.inject_fault("download", "drip", seconds=8)

    with pytest.raises(SlackUnavailable):
        fetch(address, SlackLimits(download_seconds=0.5))


def test_a_wrong_token_and_a_missing_file(share, fetch):
    address = share(b"x")
    with pytest.raises(MissingScope):
        fetch(address, token="xoxb-wrong")
    with pytest.raises((SlackRefused, MissingScope)):
        fetch(address.replace("/cat", "/dog").replace("F0", "F9"))


def test_an_address_elsewhere_is_not_even_asked(fetch):
    with pytest.raises(DownloadError, match="not hosted by Slack"):
        fetch("https://files.slack.com.evil.example/cat.png")
