"""Where the app is installed, when many workspaces install it themselves (OAuth): their tokens, in the job database.

Tokens are encrypted there, with a key that is not in it. Each call asks for its token anew: one that was taken back or
renewed, by whichever bot, is used no longer.
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.installation_store.sqlalchemy import SQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import SQLAlchemyOAuthStateStore
from slack_sdk.oauth.token_rotation.rotator import TokenRotator
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from slackbot.jobs.database import locked, transact, transact_adding
from slackbot.ops import metrics
from slackbot.ops.metrics import SlackTrouble
from slackbot.slack.errors import SlackRefused, SlackUnavailable
from slackbot.slack.refusals import refusal_of

log = logging.getLogger(__name__)

STATE_SECONDS = 600
"""For how long somebody may look at Slack's page before they allow the app."""
_RENEW_BEFORE = 120  # minutes before a token ends; Slack gives it twelve hours
_ENDED = ("account_inactive", "invalid_auth", "token_revoked", "token_expired", "org_login_required")
_NOT_RENEWED = ("invalid_refresh_token", "account_inactive", "invalid_auth", "token_revoked", "token_expired")
_TOKENS = ("bot_token", "bot_refresh_token", "user_token", "user_refresh_token")
METADATA = MetaData()
_TEAMS = Table(  # of organisations: a job knows its workspace only
    "enhancer_teams",
    METADATA,
    Column("team", String, primary_key=True),
    Column("enterprise", String, index=True, nullable=False),
)
_GONE = Table(
    "enhancer_gone",
    METADATA,
    Column("team", String, primary_key=True),
    Column("enterprise", String, nullable=False),
    Column("since", Float, nullable=False),
)


class _Encrypted(TypeDecorator[str]):
    """A text that is encrypted in the database."""

    impl = Text
    cache_ok = False

    def __init__(self, cipher: MultiFernet) -> None:
        super().__init__()
        self._cipher = cipher

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        return self._cipher.encrypt(value.encode()).decode() if value else value

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:  # noqa: ARG002
        return self._cipher.decrypt(value.encode()).decode() if value else value


class _EncryptedStore(SQLAlchemyInstallationStore):
    """slack_sdk's store. Beside the tokens it keeps names and ids."""

    def __init__(self, client_id: str, engine: Engine, cipher: MultiFernet) -> None:
        super().__init__(client_id, engine)
        for table in (self.bots, self.installations):
            for name in _TOKENS:
                if name in table.c:
                    table.c[name].type = _Encrypted(cipher)


class Installations:
    """The database's side of OAuth. Every method may be called from any thread, and raises SQLAlchemyError."""

    def __init__(
        self, engine: Engine, client_id: str, client_secret: str, keys: Sequence[str], client: WebClient
    ) -> None:
        """`keys` are Fernet's: the first encrypts, all decrypt. `client` is one without a token."""
        cipher = MultiFernet([Fernet(key) for key in keys])
        self._engine = engine
        self.store = _EncryptedStore(client_id, engine, cipher)
        self.states = SQLAlchemyOAuthStateStore(STATE_SECONDS, engine)
        self._rotator = TokenRotator(client_id=client_id, client_secret=client_secret, client=client)
        self.tables = [METADATA, self.store.metadata, self.states.metadata]
        self._renewing = threading.Lock()

    def drop_expired_states(self) -> None:
        """Forget installations that somebody began and did not end."""
        states, now = self.states.oauth_states, datetime.now(UTC).replace(tzinfo=None)
        old = delete(states).where(states.c.expire_at < now)
        transact(self._engine, lambda connection: connection.execute(old))

    def note(self, team: str, enterprise: str, at: float) -> bool:
        """A workspace belongs to this organisation, as an event says that happened at `at`, in seconds since 1970.

        False where that was before the app was taken from it: Slack sends some events late. Asked of the database each
        time, since another bot may have heard since then that it is gone.
        """
        if self._enterprise(team) == enterprise:
            return True
        query = select(_GONE.c.since).where(_GONE.c.team == team)
        since = transact(self._engine, lambda connection: connection.execute(query).scalar())
        if since is not None and at < since:
            return False

        def write(connection: Connection) -> None:
            connection.execute(delete(_TEAMS).where(_TEAMS.c.team == team))
            connection.execute(insert(_TEAMS).values(team=team, enterprise=enterprise))

        transact_adding(self._engine, write)
        return True

    def teams(self, enterprise: str) -> list[str]:
        """The workspaces of an organisation that anything was heard of."""
        query = select(_TEAMS.c.team).where(_TEAMS.c.enterprise == enterprise)
        return [str(team) for (team,) in transact(self._engine, lambda connection: connection.execute(query).all())]

    def bot(self, team: str, enterprise: str = "") -> Bot:
        """The bot's token and ids in a workspace, which an organisation may have installed as a whole.

        A token that ends soon is renewed. Raises SlackRefused where the app is not installed, the token was encrypted
        with another key, or Slack does not renew it any more; SlackUnavailable where a new one cannot be had now.
        """
        try:
            bot = self._find(team, enterprise or self._enterprise(team))
            return self._renewed(bot, team, enterprise) if bot and _ends_soon(bot) else _present(bot)
        except InvalidToken:
            raise SlackRefused("token_unreadable", "installation") from None
        except SQLAlchemyError as error:
            raise SlackUnavailable(f"The tokens cannot be read now ({type(error).__name__}).") from None

    def has(self, team: str, enterprise: str = "") -> bool:
        """Whether the app is installed in a workspace, by itself or its organisation; or in the organisation `team`."""
        if team.startswith("E"):
            return self.store.find_bot(enterprise_id=team, team_id=None, is_enterprise_install=True) is not None
        return self._find(team, enterprise or self._enterprise(team)) is not None

    def remove(self, team: str, enterprise: str, org_wide: bool, at: float) -> list[str]:
        """The app was removed at `at`, in seconds since 1970: from a workspace, or its organisation that installed it.

        Deletes their tokens and names, and gives back the workspaces that have it no longer. Slack does not always say
        that an organisation is meant (`org_wide`): then its token does not work any more. Slack says it late or again
        at times: where the app was installed anew since then, all stays. Raises SlackUnavailable.
        """
        whole = org_wide or bool(enterprise and not self._own(team, enterprise) and not self._works(enterprise))
        place = {"enterprise_id": enterprise or None, "team_id": None if whole else team}
        if self._installed(**place) > at:
            return []
        self.store.delete_all(**place)
        if whole:
            gone = [one for one in {team, *self.teams(enterprise)} if one and not self._own(one, enterprise)]
        else:
            gone = [] if enterprise and self._find(team, enterprise) else [team]
        return self.leave(gone, enterprise)

    def leave(self, gone: list[str], enterprise: str) -> list[str]:
        """These workspaces have it no longer, whatever others of their organisation have. It is remembered."""
        rows = [{"team": team, "enterprise": enterprise, "since": time.time()} for team in gone]

        def write(connection: Connection) -> None:
            connection.execute(delete(_TEAMS).where(_TEAMS.c.team.in_(gone)))
            connection.execute(delete(_GONE).where(_GONE.c.team.in_(gone)))
            if rows:
                connection.execute(insert(_GONE), rows)

        transact(self._engine, write)
        return gone

    def gone(self) -> list[tuple[str, float]]:
        """The workspaces that are remembered as gone, each with the time since when."""
        query = select(_GONE.c.team, _GONE.c.since)
        rows = transact(self._engine, lambda connection: connection.execute(query).all())
        return [(str(team), float(since)) for team, since in rows]

    def forget_gone(self, team: str) -> None:
        """Remember it no longer."""
        transact(self._engine, lambda connection: connection.execute(delete(_GONE).where(_GONE.c.team == team)))

    def _installed(self, enterprise_id: str | None, team_id: str | None) -> int:
        """The second in which the app was last installed there, since 1970; 0 where it is not. Reads no token."""
        bots = self.store.bots.c
        there = (bots.enterprise_id == enterprise_id) & (bots.team_id == team_id)
        query = select(func.max(bots.installed_at)).where(there & (bots.client_id == self.store.client_id))
        last = transact(self._engine, lambda connection: connection.execute(query).scalar())
        return int(last.replace(tzinfo=UTC).timestamp()) if last else 0

    def _works(self, enterprise: str) -> bool:
        """Whether an organisation has the app, and Slack takes its token."""
        bot = self.store.find_bot(enterprise_id=enterprise, team_id=None, is_enterprise_install=True)
        try:
            return bot is not None and bool(self._rotator.client.auth_test(token=bot.bot_token))
        except SlackApiError as error:
            if error.response.get("error") in _ENDED:
                return False
            raise SlackUnavailable("Slack does not say whether a token works.") from None

    def _own(self, team: str, enterprise: str) -> bool:
        return self.store.find_bot(enterprise_id=enterprise, team_id=team) is not None

    def _find(self, team: str, enterprise: str | None) -> Bot | None:
        found = self.store.find_bot(enterprise_id=enterprise, team_id=team)
        if found is None and enterprise:
            found = self.store.find_bot(enterprise_id=enterprise, team_id=None, is_enterprise_install=True)
        return found

    def _enterprise(self, team: str) -> str | None:
        query = select(_TEAMS.c.enterprise).where(_TEAMS.c.team == team)
        return transact(self._engine, lambda connection: connection.execute(query).scalar())

    def _renewed(self, bot: Bot, team: str, enterprise: str) -> Bot:
        """A new token, which one bot at a time asks for: Slack takes each refresh token once."""
        with self._renewing, self._engine.begin() as connection:
            locked(connection, f"token of {bot.enterprise_id or ''} {bot.team_id or ''}")
            bot = _present(self._find(team, enterprise or self._enterprise(team)))
            if not _ends_soon(bot):
                return bot
            try:
                new = self._rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=_RENEW_BEFORE)
            except (SlackTokenRotationError, OSError) as error:
                return self._not_renewed(bot, team, enterprise, error)
            if new:
                self.store.save_bot(new)
            return new or bot

    def _not_renewed(self, old: Bot, team: str, enterprise: str, error: Exception) -> Bot:
        """What to go on with, as Slack gave no new token: the old one while it lasts, or what another bot got since."""
        reason = type(error).__name__
        if isinstance(error, SlackTokenRotationError):
            refusal = refusal_of(error.api_error, "oauth_v2_access")
            reason = refusal.code if isinstance(refusal, SlackRefused) else reason
        else:
            metrics.slack_refused(SlackTrouble.UNAVAILABLE)
        if (old.bot_token_expires_at or 0) > time.time():
            return old
        if reason not in _NOT_RENEWED:
            raise SlackUnavailable(f"Slack gives no new token now ({reason}).") from None
        # PostgreSQL frees the lock of a bot that waits long for Slack: another may have used the refresh token.
        now = _present(self._find(team, enterprise or self._enterprise(team)))
        if now.bot_token != old.bot_token:
            return now
        log.warning("workspace %s has to install the app again: Slack does not renew its token (%s)", team, reason)
        raise SlackRefused("token_not_renewed", "installation") from None


def _ends_soon(bot: Bot) -> bool:
    return bot.bot_token_expires_at is not None and bot.bot_token_expires_at <= time.time() + _RENEW_BEFORE * 60


def _present(bot: Bot | None) -> Bot:
    if bot is None or not bot.bot_token:
        raise SlackRefused("app_not_installed", "installation")
    return bot
