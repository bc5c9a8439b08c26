"""Where the model server is. Apart from the other settings: the command line needs no more of them than this."""

from slackbot.errors import SettingsError

TRITON_URL = "127.0.0.1:8001"


def check_triton_url(address: str) -> None:
    """Raise SettingsError unless the address is HOST:PORT (gRPC), or a gRPC name such as dns:///host:port."""
    host, _, port = address.rpartition(":")
    if not host or host.startswith("http") or not port.isdecimal() or not 0 < int(port) < 65536:
        raise SettingsError("TRITON_URL must be HOST:PORT of Triton's gRPC port, such as 127.0.0.1:8001.")
