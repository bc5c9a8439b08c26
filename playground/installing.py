"""Workspaces beside the first, and how each gets the app and loses it: the page at which somebody allows it."""

from dataclasses import replace
from urllib.parse import urlencode

from aiohttp import web

from playground import payloads
from playground.control_requests import json_body
from playground.errors import BadRequest
from playground.event_delivery import EventDelivery
from playground.seed import BOT_NAME, CLIENT_ID, Channel, Grant, Team, User, new_id
from playground.workspace import Workspace


class Installing:
    """`/oauth/v2/authorize`, and the control of workspaces."""

    def __init__(self, workspace: Workspace, delivery: EventDelivery) -> None:
        self._workspace, self._delivery = workspace, delivery

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/oauth/v2/authorize", self.authorize),
            web.post("/control/teams", self.add_team),
            web.post("/control/uninstall", self.uninstall),
            web.post("/control/access", self.access),
        ]

    async def authorize(self, request: web.Request) -> web.StreamResponse:
        """Somebody allows the app at once, in the workspace `team`; with `org` for its whole organisation."""
        asked = request.query
        team = self._workspace.teams.get(asked.get("team", ""))
        if asked.get("client_id") != CLIENT_ID or team is None or not asked.get("state"):
            return web.Response(status=400, text="no such app or workspace, or no state")
        unknown = set(asked.get("scope", "").split(",")) - set(self._workspace.settings.scopes)
        if unknown:
            return web.Response(status=400, text=f"invalid_scope {unknown}")
        code = new_id("code").lower()
        whole = bool(asked.get("org"))
        self._workspace.codes[code] = Grant("", team.bot_user, "" if whole else team.id, team.enterprise)
        back = asked.get("redirect_uri") or self._workspace.settings.redirect_url
        raise web.HTTPFound(f"{back}?{urlencode({'code': code, 'state': asked['state']})}")

    async def add_team(self, request: web.Request) -> web.Response:
        """A workspace with a channel `#NAME-photos`, in which everybody is, and the app's bot."""
        body = await json_body(request, "name")
        enterprise = body.get("enterprise", "")
        others = [one for one in self._workspace.teams.values() if enterprise and one.enterprise == enterprise]
        bot_user = others[0].bot_user if others else new_id("U")
        team = Team(new_id("T"), body["name"], bot_user, enterprise)
        members = [user.id for user in self._workspace.users.values() if not user.is_bot]
        self._workspace.teams[team.id] = team
        self._workspace.users[bot_user] = User(bot_user, f"{BOT_NAME}-{team.name}", "Enhancer", is_bot=True)
        channel = Channel(new_id("C"), f"{team.name}-photos", "channel", [*members, bot_user], team=team)
        self._workspace.channels[channel.id] = channel
        self._workspace.record("channel", channel=channel.id)
        return web.json_response({"id": team.id, "bot_user": bot_user, "channel": channel.id})

    async def uninstall(self, request: web.Request) -> web.Response:
        """The app is removed from a workspace, or with `org` from its organisation: tokens end, and it is told."""
        body = await json_body(request, "team")
        team = self._team(body["team"])
        whole = bool(body.get("org"))
        for token, grant in list(self._workspace.grants.items()):
            if grant.org_wide == whole and grant.covers(team):
                del self._workspace.grants[token]
        told = []
        revoked = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [team.bot_user]}}
        for event in (revoked, {"type": "app_uninstalled"}):
            callback = payloads.event_callback(event, team, org_wide=whole)
            self._delivery.deliver(callback)
            told.append(callback["event_id"])
        return web.json_response({"event_ids": told})

    async def access(self, request: web.Request) -> web.Response:
        """An organisation that has the app gives it to one of its workspaces, or takes it and says so."""
        body = await json_body(request, "team")
        team, given = self._team(body["team"]), bool(body.get("given"))
        for token, grant in list(self._workspace.grants.items()):
            if grant.org_wide and grant.enterprise == team.enterprise:
                without = grant.without - {team.id} if given else grant.without | {team.id}
                self._workspace.grants[token] = replace(grant, without=without)
        if not given:
            event = {"type": "team_access_revoked", "team_ids": [team.id]}
            self._delivery.deliver(payloads.event_callback(event, replace(team, id=""), org_wide=True))
        return web.json_response({})

    def _team(self, team_id: str) -> Team:
        if team_id not in self._workspace.teams:
            raise BadRequest(f"No workspace {team_id}.")
        return self._workspace.teams[team_id]
