"""Whatever goes wrong with one report, as a PullError: it must not cost the others their day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared import events
from shared.domain.errors import ArchiveUnavailable, PullError
from shared.domain.outcome import Reason


@contextmanager
def as_pull_errors(what: str) -> Iterator[None]:
    """Raise PullError for trouble with storage and for a mistake in the app; `what` it befell, for the log."""
    try:
        yield
    except PullError:
        raise
    except ArchiveUnavailable as error:
        raise PullError(Reason.ARCHIVE_UNAVAILABLE, str(error)) from error
    except Exception as error:
        events.log_unexpected(f"{what} failed.")
        raise PullError(Reason.INTERNAL_ERROR, f"{type(error).__name__} in the app itself.") from error
