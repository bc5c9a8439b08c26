"""Why the model was not used. Each sentence completes "because ...".

ServerError            the model server cannot be used; the photo is enlarged without it
├── ServerDown
├── ServerSlow
└── ServerInvalid
"""

# ruff: noqa: N818 - the names say what is wrong

from slackbot.errors import BotError

SERVER_DOWN = "the model server is not available"
SERVER_LATE = "the model server did not answer in time"
SERVER_TOO_SLOW = "the model server was too slow"
SERVER_NONSENSE = "the model server's answer could not be read"
SERVER_TOO_MUCH = "the model server's answer was larger than what I asked for"
SERVER_WRONG_SIZE = "the model server's answer was not a picture of the right size"
SERVER_COULD_NOT = "the model server could not do it"
WRONG_MODEL = "the model on the server has other inputs or outputs than pixels"
CERTIFICATE_UNKNOWN = "the model server's certificate is not signed by a trusted authority (TRITON_TLS_CA)"
CERTIFICATE_OF_ANOTHER = "the model server's certificate is for another name (TRITON_TLS_NAME)"
NO_TLS = "the model server does not speak TLS (TRITON_URL)"
HUNG_UP = "the model server closed the connection: it may want my certificate (TRITON_TLS_CERT)"


class ServerError(BotError):
    """The model server cannot be used. The text completes "because ..."."""


class ServerDown(ServerError):
    """No connection, no model, or refused."""


class ServerSlow(ServerError):
    """No answer within the deadline."""


class ServerInvalid(ServerError):
    """An answer of another shape or type, or a model that breaks the contract."""
