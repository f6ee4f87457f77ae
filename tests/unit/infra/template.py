"""The templates of `infra/`, or of a copy of it, and what they would deploy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
INFRA = ROOT / "infra"
PARAMETERS = Path(__file__).with_name("parameters")
COMPILED = Path(__file__).with_name("compiled")
SETS = ("default", "everything", "private_network", "us_government", "long_name")
"""The sets of parameters that are tried."""
CLIENT = "11111111-2222-3333-4444-555555555555"

Resource = dict[str, Any]


class Deployed:
    """The resources of a deployment."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.resources: list[Resource] = snapshot["predictedResources"]

    def all(self, kind: str, pattern: str = "") -> list[Resource]:
        """Return those of a type, such as `Microsoft.Web/sites`, in whose id the pattern is found."""
        return [each for each in self.resources if each["type"] == kind and re.search(pattern, each.get("id", ""))]

    def one(self, kind: str, pattern: str = "") -> Resource:
        """Return the only one of a type in whose id the pattern is found."""
        (resource,) = self.all(kind, pattern)
        return resource

    @property
    def settings(self) -> dict[str, str]:
        """The app settings."""
        settings: dict[str, str] = self.one("Microsoft.Web/sites/config", "/appsettings")["properties"]
        return settings

    @property
    def queries(self) -> dict[str, str]:
        """The query of each alarm."""
        alarms = [each["properties"] for each in self.all("Microsoft.Insights/scheduledQueryRules")]
        return {each["displayName"]: each["criteria"]["allOf"][0]["query"] for each in alarms}


def stored(name: str) -> Any:
    """Return what the compiler made of `infra/` when it last ran."""
    return json.loads((COMPILED / f"{name}.json").read_text("utf-8"))


class Infra:
    """The templates in a folder, as `read` finds them compiled."""

    def __init__(self, folder: Path = INFRA, read: Callable[[str], Any] = stored) -> None:
        self.folder = folder
        self.read = cache(read)

    def text(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    @cached_property
    def templates(self) -> dict[str, Any]:
        """The compiled template `main`, and those of its modules by their names."""
        templates = {"main": self.read("main")}
        waiting = [templates["main"]]
        while waiting:
            for name, resource in declared(waiting.pop()).items():
                if "template" in resource.get("properties", {}):
                    templates[name] = resource["properties"]["template"]
                    waiting.append(templates[name])
        return templates

    def deployed(self, parameters: str) -> Deployed:
        """Return what a set of parameters would deploy."""
        return Deployed(self.read(parameters))

    @cached_property
    def default(self) -> Deployed:
        return self.deployed("default")

    @cached_property
    def everything(self) -> Deployed:
        return self.deployed("everything")


def declared(template: dict[str, Any]) -> dict[str, Resource]:
    """Return the resources of a compiled template by their symbols, or by their numbers where it has none."""
    resources = template["resources"]
    return resources if isinstance(resources, dict) else {str(at): each for at, each in enumerate(resources)}


def role_of(assignment: Resource) -> str:
    """Return the id of the role that an assignment gives."""
    return str(assignment["properties"]["roleDefinitionId"]).rpartition("/")[2]


def scope_of(assignment: Resource) -> str:
    """Return the id of the resource that a role is given on."""
    return str(re.findall(r"^\[extensionResourceId\('(.+?)'", assignment["id"])[0])
