"""The version this code is, as its package says."""

from importlib.metadata import version

VERSION = version("winnow")
