"""Far ends that misbehave, for all clients."""

from tests.clients.far_end import far_end, nobody

__all__ = ["far_end", "nobody"]
