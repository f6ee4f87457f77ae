"""`infra/`, or a copy of it, as tests ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.unit.infra.bicep import Deployment, Resource, Template

ROOT = Path(__file__).parents[3]
INFRA = ROOT / "infra"
CLIENT = "11111111-2222-3333-4444-555555555555"
EVERY_OPTION = {
    "grantGraphPermissions": True,
    "alertEmail": "owner@contoso.com",
    "personalRetentionDays": 365,
    "immutabilityDays": 3650,
    "auditArchive": True,
    "privateNetwork": True,
    "zoneRedundant": True,
    "entraClientId": CLIENT,
    "entraHost": "reports.contoso.com",
}
"""Each with a value that switches it on; the delete lock is on without."""


class Infra:
    """The templates in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = sorted(folder.glob("*.bicep"))

    def template(self, name: str) -> Template:
        return Template(self.folder / name)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def deploy(self, azure: str = "AzureCloud", /, **given: Any) -> Deployed:
        """What main.bicep would deploy, into that cloud of Azure."""
        return Deployed(Deployment(self.template("main.bicep"), {"name": "usage", "location": "here"} | given, azure))


class Deployed:
    """The resources of a deployment, to be found by type or symbol."""

    def __init__(self, deployment: Deployment) -> None:
        self.resources = deployment.resources
        self.outputs = deployment.outputs

    def all(self, kind: str) -> list[Resource]:
        """Those of a type, such as `Microsoft.Web/sites`."""
        return [resource for resource in self.resources if resource.type == kind]

    def one(self, symbol: str) -> Resource:
        """The one that the template calls so."""
        (found,) = [resource for resource in self.resources if resource.symbol == symbol]
        return found

    def has(self, symbol: str) -> bool:
        return any(resource.symbol == symbol for resource in self.resources)

    @property
    def settings(self) -> dict[str, Any]:
        """The app settings."""
        return dict(self.one("settings").properties)
