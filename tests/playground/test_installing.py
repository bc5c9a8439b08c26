"""Other workspaces: a token is good for its own alone, a code and a refresh token once."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from playground.seed import CLIENT_ID, CLIENT_SECRET
from playground.testing.client import PlaygroundClient
from tests.http_request import request


def allowed(workspace: PlaygroundClient, team: str, org: bool = False) -> str:
    """The code that Slack's page gives out."""
    asked = {"client_id": CLIENT_ID, "scope": "chat:write", "state": "s", "team": team, **({"org": "1"} if org else {})}
    answer = request(f"{workspace.base_url}/oauth/v2/authorize?{urlencode(asked)}")
    assert answer.status == 302
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def exchange(workspace: PlaygroundClient, **given: str) -> dict:
    answer = WebClient(base_url=workspace.api_url).oauth_v2_access(
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **given
    )
    assert isinstance(answer.data, dict)
    return answer.data


def refusal(call, **arguments) -> str:
    with pytest.raises(SlackApiError) as raised:
        call(**arguments)
    return raised.value.response["error"]


def test_a_token_is_good_for_its_workspace(workspace):
    red, blue = workspace.add_team("red"), workspace.add_team("blue")
    code = allowed(workspace, red["id"])
    answer = exchange(workspace, code=code)
    client = WebClient(answer["access_token"], base_url=workspace.api_url)
    assert client.auth_test()["team_id"] == red["id"]
    client.chat_postMessage(channel=red["channel"], text="hello")
    assert workspace.messages(red["channel"])[-1].data["user"] == red["bot_user"]
    assert refusal(client.chat_postMessage, channel=blue["channel"], text="hello") == "channel_not_found"
    theirs = workspace.post(blue["channel"], files=[("cat.png", b"bytes")])
    assert refusal(client.files_info, file=theirs.data["files"][0]["id"]) == "file_not_found"
    assert refusal(exchange, workspace=workspace, code=code) == "invalid_code"
    workspace.uninstall(red["id"])
    assert refusal(client.auth_test) == "invalid_auth"


def test_an_organisations_token_is_good_for_all_its_workspaces(workspace):
    east, west = (workspace.add_team(name, "E0COMPASS") for name in ("east", "west"))
    answer = exchange(workspace, code=allowed(workspace, east["id"], org=True))
    assert (answer["team"], answer["enterprise"]["id"], answer["is_enterprise_install"]) == (None, "E0COMPASS", True)
    client = WebClient(answer["access_token"], base_url=workspace.api_url)
    for team in (east, west):
        client.chat_postMessage(channel=team["channel"], text="hello")
    event = workspace.events("message")[-1]
    assert event["team_id"] == west["id"]
    assert event["authorizations"][0]["is_enterprise_install"] is True


def test_a_refresh_token_is_taken_once(workspace):
    red = workspace.add_team("red")
    workspace.set(token_seconds=43_200)
    answer = exchange(workspace, code=allowed(workspace, red["id"]))
    again = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    new = exchange(workspace, **again)
    assert new["access_token"] not in ("", answer["access_token"])
    assert refusal(exchange, workspace=workspace, **again) == "invalid_refresh_token"
