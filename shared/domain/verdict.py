"""What can be said, in fairness, of a licence that somebody holds. Pure; `docs/messages.md` is made of it."""

from __future__ import annotations

from shared.domain.word import Word


class Verdict(Word):
    """Whether a licence is used."""

    ACTIVE = "active", "There was activity in a service that the product pays for, within the days that were asked for."
    IDLE = "idle", "There was none, as far back as the days that were asked for."
    NEW = "new", "There was none, and the account or the assignment is younger than these days: nobody can tell yet."
    NOT_MEASURED = "not_measured", "No usage report tells of the product."
    UNKNOWN = "unknown", "No report that would tell is archived, or what is archived does not reach back so far."


class AccountState(Word):
    """What an account is, as far as the directory says."""

    ENABLED = "enabled", "A member of the organisation who can sign in."
    DISABLED = "disabled", "An account that cannot sign in."
    GUEST = "guest", "An account of somebody from another organisation."
    SHARED = "shared", "The mailbox of nobody in particular, where `getMailboxUsageDetail` says so."
