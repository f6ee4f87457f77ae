"""The words for how the archive stands: each call by itself, and what a person should know of all. Pure.

`docs/messages.md` is made of them.
"""

from __future__ import annotations

from shared.domain.word import Word


class CallStanding(Word):
    """How one selected call stands, the worst that is true of it."""

    FAILING = "failing", "The last pull could not archive it, and time will not heal that."
    NO_DATA = "no_data", "Nothing is archived, as Graph has nothing of it for this tenant."
    AWAITED = "awaited", "Nothing is archived yet: the next run asks for it."
    MISSING = "missing", "Single days that should be archived by now are not, and Graph can still be asked for them."
    LATE = "late", "A newer refresh date should be there by now."
    FILLING_UP = "filling_up", "Single days of the past are still to be asked for, some in each run."
    UP_TO_DATE = "up_to_date", "All is archived that there should be."


class Level(Word):
    """What a problem asks of a person."""

    BAD = "bad", "Somebody has to act, or days are lost."
    WARN = "warn", "Worth a look."
    BUSY = "busy", "The archive is at work: all is well."
    NOTE = "note", "Good to know."


class Problem(Word):
    """What a person should know of the archive, the worst first."""

    level: Level

    def __init__(self, word: str, meaning: str = "", advice: str = "", level: Level = Level.BAD) -> None:
        super().__init__(word, meaning, advice)
        self.level = level

    NO_PERMISSION = (
        "no_permission",
        "Microsoft Graph refuses reports, as the app's identity lacks a permission.",
        "Grant it as docs/deploy.md says. Microsoft Graph takes up to a day to notice.",
    )
    UNSCHEDULED = (
        "unscheduled",
        "The timer never fires.",
        "Correct the app setting `PULL_SCHEDULE`: docs/settings.md says what it may hold.",
    )
    STOPPED = (
        "stopped",
        "No run ended while two were due.",
        "Check that the Function App runs and that its function `pull` is enabled. Days are being lost.",
    )
    FAILING = (
        "failing",
        "Some calls could not be archived, and time will not heal that.",
        "docs/messages.md explains each reason.",
    )
    STALE = "stale", "No pull ended well for two days.", "docs/troubleshooting.md lists the causes."
    BAD_INPUT = (
        "bad_input",
        "A file of your own has a mistake.",
        "Correct it in the container `usage-input`.",
        Level.WARN,
    )
    EMPTY = (
        "empty",
        "Runs have ended, and nothing is archived.",
        "Look at the outcome of the calls below; docs/messages.md explains each reason.",
        Level.WARN,
    )
    MISSING = (
        "missing",
        "Single days that should be archived by now are not.",
        "The next run asks for them. If they stay, look at how the last run ended.",
        Level.WARN,
    )
    LATE = (
        "late",
        "Newer refresh dates should be there by now.",
        "Microsoft is often a few days behind, and nothing is lost by it. After a week, look at the service health of "
        "Microsoft 365.",
        Level.WARN,
    )
    STARTING = "starting", "No run has ended yet.", "Nothing has to be done.", Level.BUSY
    FILLING_UP = (
        "filling_up",
        "Single days of the past are still to be fetched.",
        "Nothing has to be done: Microsoft allows ten requests per report in ten minutes, so each run gets some.",
        Level.BUSY,
    )
    CONCEALED = (
        "concealed",
        "Names of people, sites and groups are concealed, so they cannot be joined with other data.",
        "A global administrator can change that: Microsoft 365 admin centre, Settings, Org settings, Reports. What is "
        "archived stays as it is.",
        Level.NOTE,
    )
