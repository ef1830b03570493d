"""A local JSMS, written from the remote's documentation and from nothing else."""

from .server import SandboxServer

__all__ = ["SandboxServer"]
