"""The variables of this process, which the app and the identity library read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_IDENTITY = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")


@contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """With these variables set; after it all is as before."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def identity(settings: Mapping[str, str]) -> dict[str, str]:
    """Those of the settings that are the platform's: where the identity library gets tokens."""
    return {name: settings[name] for name in _IDENTITY}
