"""The services of the tenant and the actions in them, with how common each is."""

from dataclasses import dataclass
from datetime import date

FOUNDED = date(2016, 1, 4).toordinal()
"""First day of the tenant."""


@dataclass(frozen=True)
class Service:
    """A product: who gets a licence when, and how often it is used."""

    launched: int
    """First day on which somebody has a licence."""
    rollout: int
    """Days from the launch until everybody who gets a licence has it."""
    licensed: float
    """Share of the kinds that get a licence."""
    active_share: float
    """Share of the working days on which a typical member is active."""


def _service(launched: date, rollout: int, licensed: float, active_share: float) -> Service:
    return Service(max(launched.toordinal(), FOUNDED), rollout, licensed, active_share)


SERVICES = {
    "Exchange": _service(date(2016, 1, 4), 1, 0.96, 0.9),
    "OneDrive": _service(date(2016, 1, 4), 1500, 0.93, 0.5),
    "SharePoint": _service(date(2016, 1, 4), 1000, 0.93, 0.4),
    "Skype For Business": _service(date(2016, 1, 4), 1, 0.9, 0.0),  # retired on 2021-07-31
    "Yammer": _service(date(2016, 1, 4), 2000, 0.9, 0.08),
    "Teams": _service(date(2017, 3, 14), 1400, 0.93, 0.8),
    "Forms": _service(date(2018, 5, 14), 1500, 0.9, 0.06),
    "M365 Apps": _service(date(2016, 1, 4), 700, 0.92, 0.85),
    "Edge": _service(date(2016, 1, 4), 2500, 0.9, 0.7),
    "Copilot": _service(date(2023, 11, 1), 1500, 0.45, 0.45),
    "Site": _service(date(2016, 1, 4), 1, 1.0, 0.4),
    "Group": _service(date(2016, 1, 4), 1, 1.0, 0.35),
    "Team": _service(date(2017, 3, 14), 200, 1.0, 0.5),
    "Community": _service(date(2016, 1, 4), 1, 1.0, 0.2),
}
SUITE = "Office 365"
"""The union of the services in SUITE_PARTS, which everybody has."""
SUITE_PARTS = ("Exchange", "OneDrive", "SharePoint", "Skype For Business", "Yammer", "Teams")

ACTIONS = {
    "Send": (0.97, 25),
    "Receive": (1.0, 90),
    "Read": (1.0, 60),
    "Visited Page": (0.9, 30),
    "Viewed Or Edited": (0.95, 20),
    "Team Chat Message": (0.6, 12),
    "Private Chat Message": (0.98, 60),
    "Audio Duration": (0.9, 250),
    "Video Duration": (0.7, 250),
    "Screen Share Duration": (0.6, 250),
    "Outlook For Windows": (0.8, 1),
    "Outlook For Mac": (0.2, 1),
    "Mail For Mac": (0.15, 1),
    "Outlook 2013": (0.1, 1),
    "Outlook 2010": (0.05, 1),
    "Outlook 2007": (0.02, 1),
    "Undetermined": (0.05, 1),
    "Indeterminate": (0.0, 0),
    "IMAP4 App": (0.04, 1),
    "POP3 App": (0.02, 1),
    "SMTP App": (0.03, 1),
    "Window": (0.9, 1),
    "Windows Phone": (0.0, 0),  # deprecated column, always 0
    "Linux": (0.03, 1),
    "Chrome OS": (0.03, 1),
    "Edge Legacy": (0.05, 1),
    "Internet Explorer": (0.03, 1),
}
"""Action -> (share of the kinds that ever do it, most times a day); other actions have USUAL."""
USUAL = (0.6, 8)
PLATFORMS = ("Windows", "Mac", "Mobile", "Web")
