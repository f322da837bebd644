"""Every error that crosses a room, in one place; callers ask one question: refuse, try again, or give up."""


class WindfallError(Exception):
    """Base of all errors that are ours."""


class Rejected(WindfallError):
    """The door refuses a request; ``status`` is the HTTP answer, ``reason`` a short word for metrics."""

    status = 400
    reason = "malformed"


class Unauthorized(Rejected):
    """Missing or wrong secret."""

    status = 401
    reason = "unauthorized"


class UnknownSender(Rejected):
    """No such sender, or one that is off because it has no secret."""

    status = 404
    reason = "unknown_sender"


class BodyTooLarge(Rejected):
    """Over the sender's body limit, also after decompression."""

    status = 413
    reason = "too_large"


class UnsupportedEncoding(Rejected):
    """A Content-Encoding other than identity or gzip."""

    status = 415
    reason = "unsupported_encoding"


class MalformedEvent(Rejected):
    """Not an event: empty, unparsable, or without the field that names its type."""


class MalformedPayload(WindfallError):
    """A device payload (plist) that cannot be read within its budgets; the event is kept and flagged."""


class CannotStore(WindfallError):
    """Neither Redis nor the spool can take an event; the sender must try again."""


class BadQuery(WindfallError):
    """A list was asked for in a way it cannot be answered: an unknown filter, a limit or cursor that is none."""


class DatabaseAway(WindfallError):
    """The database cannot be read: it is not there, does not answer, or has no tables yet."""


class CannotReplay(WindfallError):
    """A stored event that cannot be run again: its body was pruned, or nobody could read it until it was redacted."""


class UnknownDevice(WindfallError):
    """No device has this name."""


class CannotSend(WindfallError):
    """A command that cannot go out as things are: nobody knows to which device, or through which MDM server."""


class CannotRetry(WindfallError):
    """An action that is not tried again: it is done, or a person must say first that it may happen twice."""


class Unreachable(WindfallError):
    """A server did not answer over HTTP."""


class ActionError(WindfallError):
    """An effect that did not happen, or that nobody knows to have happened.

    ``down`` says that the far end itself is away or asks for quiet, not that it refused this one thing: only that opens
    a destination's breaker.
    """

    def __init__(self, message: str, *, down: bool = False) -> None:
        super().__init__(message)
        self.down = down


class TransientError(ActionError):
    """Worth trying again, not before ``retry_after`` seconds when given."""

    def __init__(self, message: str, *, retry_after: float | None = None, down: bool = False) -> None:
        super().__init__(message, down=down)
        self.retry_after = retry_after


class OutcomeUnknown(TransientError):
    """The request left and no answer came: it may have happened. What must not happen twice is not tried again."""


class PermanentError(ActionError):
    """Trying again cannot help: the action goes to `dead` and people are told."""


class OutcomeNeverKnown(PermanentError):
    """It may have happened, must not happen twice, and is left to a person."""


class BadCommand(WindfallError):
    """A command that no device would understand: an unknown field, a value of the wrong type, a missing one."""
