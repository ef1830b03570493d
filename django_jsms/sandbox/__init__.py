"""A local JSMS, written from the remote's documentation and from nothing else."""

from .server import SandboxServer
from .state import Options

__all__ = ["Options", "SandboxServer"]
