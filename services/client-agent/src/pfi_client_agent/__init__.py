"""The client agent: trains, evaluates and personalises on the device where the data lies."""

from importlib.metadata import version

__version__ = version("pfi-client-agent")
