"""Why a server cannot run here; every message is the one sentence that the person reads.

CannotServe
├── Unsupported    this machine or this Python cannot run the wheel's tritonserver
├── ModelMissing   the model repository does not hold what is to be served
├── ModelChanged   it holds another file than the one that was exported and checked
├── PortTaken      an address cannot be bound
├── KeyMissing     other machines could control the models
└── ServerFailed   tritonserver ended or refused a model, with its own reason
    └── ServerCrashed  a signal ended it, it ended while it served, or it got no CPU while it started: another may serve
"""


class CannotServe(Exception):  # noqa: N818 - it reads as what happened
    """The base of them all."""


class Unsupported(CannotServe):
    """This machine or this Python cannot run the wheel's tritonserver."""


class ModelMissing(CannotServe):
    """The model repository does not hold what is to be served."""


class ModelChanged(CannotServe):
    """The model repository holds another file than the one that was exported and checked."""


class PortTaken(CannotServe):
    """An address cannot be bound."""


class KeyMissing(CannotServe):
    """Other machines could control the models, or the key that was given is none."""


class ServerFailed(CannotServe):
    """tritonserver ended or refused a model."""


class ServerCrashed(ServerFailed):
    """A signal ended tritonserver, it ended by itself while it served, or it got too little CPU while it started."""
