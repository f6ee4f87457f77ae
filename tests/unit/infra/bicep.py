"""Works out what a Bicep template would deploy, offline: its resources with their properties, for given parameters.

It stands in for the compiler and Resource Manager, which need a network, and knows the part of the language that
`infra/` uses: anything else raises BicepError, and so does what either of them would refuse (an unknown name, a
parameter outside its limits). What only Azure knows, such as a resource's address, is a Runtime.
"""

from __future__ import annotations

import ipaddress
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_bicep

_LANGUAGE = tree_sitter.Language(tree_sitter_bicep.language())
_EXTENSION = re.compile(rb"^extension \w+$", re.MULTILINE)  # not known to grammar 1.1.0
_ESCAPES = {r"\'": "'", r"\n": "\n", r"\\": "\\", r"\t": "\t", r"\$": "$"}
_TYPES: dict[str, type] = {"string": str, "int": int, "bool": bool, "array": list, "object": dict}

CLOUDS: dict[str, Any] = {
    "AzureCloud": {
        "suffixes": {"storage": "core.windows.net"},
        "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
    },
    "AzureUSGovernment": {
        "suffixes": {"storage": "core.usgovcloudapi.net"},
        "authentication": {"loginEndpoint": "https://login.microsoftonline.us"},
    },
    "AzureChinaCloud": {
        "suffixes": {"storage": "core.chinacloudapi.cn"},
        "authentication": {"loginEndpoint": "https://login.chinacloudapi.cn"},
    },
    "AzureGermanCloud": {
        "suffixes": {"storage": "core.cloudapi.de"},
        "authentication": {"loginEndpoint": "https://login.microsoftonline.de"},
    },
}
"""What `environment()` tells in each cloud. The last was closed in 2021, and stands for one that is not known."""


class BicepError(Exception):
    """The template is wrong, or uses what is not known here."""


class Runtime(str):
    """A value that is known only once it is deployed; as text, where it comes from."""

    def part(self, key: Any) -> Runtime:
        return Runtime(f"{self[:-1]}.{key}>")


@dataclass(frozen=True)
class Parameter:
    """A parameter as declared."""

    name: str
    type: str
    default: str | None
    """As written; None: must be given."""
    decorators: Mapping[str, Any]

    def check(self, value: Any) -> None:
        """Refuse what Resource Manager would refuse."""
        limits = self.decorators
        kind = _TYPES[self.type]
        size = len(value) if isinstance(value, str | list) else 0
        number = value if isinstance(value, int) else 0
        if isinstance(value, Runtime):
            return
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BicepError(f"{self.name} is {value!r} and no {self.type}")
        if "allowed" in limits and value not in limits["allowed"]:
            raise BicepError(f"{self.name} is {value!r} and none of {limits['allowed']}")
        if not limits.get("minLength", 0) <= size <= limits.get("maxLength", size):
            raise BicepError(f"{self.name} has the wrong length: {value!r}")
        if not limits.get("minValue", number) <= number <= limits.get("maxValue", number):
            raise BicepError(f"{self.name} is out of range: {value!r}")


@dataclass(frozen=True)
class Resource:
    """A resource that would be deployed; `properties` are what stands in the template, worked out."""

    file: str
    symbol: str
    type: str
    version: str
    name: str
    id: str
    body: Mapping[str, Any]
    waits_for: frozenset[str]
    """The symbols of its file that are deployed before it."""
    path: tuple[str, ...]
    """The modules around it, outermost first."""

    @property
    def properties(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body["properties"]
        return found

    def __getitem__(self, key: str) -> Any:
        """What an expression may ask of it."""
        if key in ("id", "name"):
            return getattr(self, key)
        return Runtime(f"<{self.symbol}.{key}>")


@dataclass(frozen=True)
class Module:
    """A module that would be deployed."""

    deployment: Deployment

    def __getitem__(self, key: str) -> Any:
        if key != "outputs":
            raise BicepError(f"a module has no {key!r}")
        return self.deployment.outputs


@dataclass
class Template:
    """A parsed file."""

    path: Path
    source: bytes = field(init=False)
    declarations: dict[str, tree_sitter.Node] = field(init=False, default_factory=dict)
    outputs: dict[str, tree_sitter.Node] = field(init=False, default_factory=dict)
    parameters: dict[str, Parameter] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.source = _EXTENSION.sub(lambda found: b" " * len(found[0]), self.path.read_bytes())
        root = tree_sitter.Parser(_LANGUAGE).parse(self.source).root_node
        for node in _walk(root):
            if node.type == "ERROR" or node.is_missing:
                raise BicepError(
                    f"{self.path.name}:{node.start_point[0] + 1}: syntax error at {self.text(node)[:40]!r}"
                )
        decorators: dict[str, Any] = {}
        for node in root.named_children:
            if node.type == "decorators":
                decorators = dict(map(self._decorator, node.named_children))
                continue
            names = [child for child in node.named_children if child.type == "identifier"]
            if node.type.endswith("_declaration"):
                kept = self.outputs if node.type == "output_declaration" else self.declarations
                if (name := self.text(names[0])) in kept:
                    raise BicepError(f"{self.path.name}: {name} is declared twice")
                kept[name] = node
                if node.type == "parameter_declaration":
                    self.parameters[name] = self._parameter(name, node, decorators)
            decorators = {}

    def text(self, node: tree_sitter.Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode()

    def _decorator(self, node: tree_sitter.Node) -> tuple[str, Any]:
        name, arguments = node.named_children[0].named_children
        return self.text(name), _Scope(self, {}, "", "").value(arguments.named_children[0])

    def _parameter(self, name: str, node: tree_sitter.Node, decorators: Mapping[str, Any]) -> Parameter:
        _, kind, *default = node.named_children
        return Parameter(name, self.text(kind), self.text(default[0]) if default else None, decorators)


@dataclass
class Deployment:
    """A template with its parameters, deployed into `cloud`."""

    template: Template
    given: Mapping[str, Any]
    cloud: str = "AzureCloud"
    group: str = "rg"
    path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        declared = self.template.parameters
        if unknown := self.given.keys() - declared.keys():
            raise BicepError(f"{self.template.path.name} has no parameter {unknown}")
        for name, parameter in declared.items():
            if name not in self.given and parameter.default is None:
                raise BicepError(f"{self.template.path.name} needs the parameter {name}")
        self._scope = _Scope(self.template, self.given, self.cloud, self.group, self.path)

    @cached_property
    def resources(self) -> list[Resource]:
        """Everything that would be deployed, the modules' included; not what exists already."""
        found: list[Resource] = []
        for name, node in self.template.declarations.items():
            value = self._scope.symbol(name)
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, Module):
                    found += each.deployment.resources
                elif isinstance(each, Resource) and "existing" not in [child.type for child in node.children]:
                    found.append(each)
        return found

    @cached_property
    def outputs(self) -> dict[str, Any]:
        return {name: self._scope.value(node.named_children[-1]) for name, node in self.template.outputs.items()}


class _Scope:
    """The names of a file and their values, worked out when first asked for."""

    def __init__(
        self, template: Template, given: Mapping[str, Any], cloud: str, group: str, path: tuple[str, ...] = ()
    ) -> None:
        self.template = template
        self.given = given
        self.cloud = cloud
        self.group = group
        self.path = path
        self._known: dict[str, Any] = {}
        self._locals: list[dict[str, Any]] = []

    # -- names

    def symbol(self, name: str) -> Any:
        for local in reversed(self._locals):
            if name in local:
                return local[name]
        if name not in self._known:
            if name not in self.template.declarations:
                raise BicepError(f"{self.template.path.name}: there is no {name!r}")
            around, self._locals = self._locals, []
            self._known[name] = self._declared(name, self.template.declarations[name])
            self._locals = around
        return self._known[name]

    def _declared(self, name: str, node: tree_sitter.Node) -> Any:
        if node.type == "parameter_declaration":
            parameter = self.template.parameters[name]
            value = self.given[name] if name in self.given else self.value(node.named_children[-1])
            parameter.check(value)
            return value
        if node.type == "variable_declaration":
            return self.value(node.named_children[-1])
        make = self._resource if node.type == "resource_declaration" else self._module
        body = node.named_children[-1]
        if body.type == "if_statement":
            condition, body = body.named_children
            if not self.value(condition):
                return None
        if body.type == "for_statement":
            return list(self._each(body, lambda inner: make(name, node, inner)))
        return make(name, node, body)

    def _resource(self, name: str, node: tree_sitter.Node, body: tree_sitter.Node) -> Resource:
        kind, version = str(self.value(node.named_children[1])).split("@")
        held = self.value(body)
        parent, scope = held.get("parent"), held.get("scope")
        own = str(held.get("name", name))
        full = f"{parent.name}/{own}" if parent else own
        around = scope.id if isinstance(scope, Resource) else f"/subscriptions/S/resourceGroups/{self.group}"
        segments = zip(kind.split("/")[1:], full.split("/"), strict=True)
        id = "/".join([around, "providers", kind.split("/")[0], *(part for pair in segments for part in pair)])
        waits = frozenset(self._waits_for(body))
        return Resource(self.template.path.name, name, kind, version, full, id, held, waits, self.path)

    def _module(self, name: str, node: tree_sitter.Node, body: tree_sitter.Node) -> Module:
        path = self.template.path.parent / str(self.value(node.named_children[1]))
        if not path.is_file():
            raise BicepError(f"{self.template.path.name}: there is no {path.name}")
        held = self.value(body)
        group = held["scope"].name if "scope" in held else self.group
        deployment = Deployment(Template(path), held.get("params", {}), self.cloud, group, (*self.path, name))
        _ = deployment.resources, deployment.outputs  # refuse what is wrong in it now
        return Module(deployment)

    def _waits_for(self, node: tree_sitter.Node) -> Iterator[str]:
        """The resources and modules that an expression names, through variables too."""
        for each in _walk(node):
            declared = self.template.declarations.get(self.template.text(each)) if each.type == "identifier" else None
            if declared and declared.type in ("resource_declaration", "module_declaration"):
                yield self.template.text(each)
                yield from self._waits_for(declared.named_children[-1])
            elif declared and declared.type == "variable_declaration":
                yield from self._waits_for(declared.named_children[-1])

    # -- expressions

    def value(self, node: tree_sitter.Node) -> Any:
        """The value of an expression."""
        how: Callable[[tree_sitter.Node], Any] | None = getattr(self, f"_{node.type}", None)
        if how is None:
            raise BicepError(f"{self.template.path.name}: {node.type} is not known here: {self.template.text(node)}")
        return how(node)

    def _identifier(self, node: tree_sitter.Node) -> Any:
        return self.symbol(self.template.text(node))

    def _number(self, node: tree_sitter.Node) -> int:
        return int(self.template.text(node))

    def _boolean(self, node: tree_sitter.Node) -> bool:
        return self.template.text(node) == "true"

    def _null(self, node: tree_sitter.Node) -> None:
        return None

    def _string(self, node: tree_sitter.Node) -> str:
        parts = []
        for part in node.named_children:
            text = self.template.text(part)
            if part.type == "interpolation":
                parts.append(_text(self.value(part.named_children[0])))
            elif part.type == "escape_sequence":
                parts.append(_ESCAPES[text])
            else:
                parts.append(text.removeprefix("\n") if node.children[0].type == "'''" else text)
        return "".join(parts)

    def _object(self, node: tree_sitter.Node) -> dict[str, Any]:
        held: dict[str, Any] = {}
        for entry in node.named_children:
            if entry.type == "comment":
                continue
            key, value = (child for child in entry.named_children if child.type != "comment")
            name = self.template.text(key) if key.type == "identifier" else str(self.value(key))
            if name in held:
                raise BicepError(f"{self.template.path.name}: {name} is given twice")
            held[name] = self.value(value)
        return held

    def _array(self, node: tree_sitter.Node) -> list[Any]:
        return [self.value(item) for item in node.named_children if item.type != "comment"]

    def _for_statement(self, node: tree_sitter.Node) -> list[Any]:
        return list(self._each(node, self.value))

    def _each(self, node: tree_sitter.Node, make: Callable[[tree_sitter.Node], Any]) -> Iterator[Any]:
        head, items, body = (child for child in node.named_children if child.type != "comment")
        names = re.findall(r"\w+", self.template.text(head))
        for number, item in enumerate(self.value(items)):
            self._locals.append(dict(zip(names, (item, number), strict=False)))
            yield make(body)
            self._locals.pop()

    def _parenthesized_expression(self, node: tree_sitter.Node) -> Any:
        return self.value(node.named_children[0])

    def _ternary_expression(self, node: tree_sitter.Node) -> Any:
        condition, yes, no = node.named_children
        return self.value(yes if self.value(condition) else no)

    def _unary_expression(self, node: tree_sitter.Node) -> bool:
        return not self.value(node.named_children[0])

    def _binary_expression(self, node: tree_sitter.Node) -> bool:
        left, right = node.named_children
        match self.template.text(node.children[1]):
            case "&&":
                return bool(self.value(left) and self.value(right))
            case "||":
                return bool(self.value(left) or self.value(right))
            case "==":
                return bool(self.value(left) == self.value(right))
            case ">":
                return bool(self.value(left) > self.value(right))
            case other:
                raise BicepError(f"the operator {other} is not known here")

    def _member_expression(self, node: tree_sitter.Node) -> Any:
        held = self.value(node.named_children[0])
        if held is None and node.children[1].type == ".?":
            return None
        return self._part(node, held, self.template.text(node.named_children[1]))

    def _subscript_expression(self, node: tree_sitter.Node) -> Any:
        held, key = map(self.value, node.named_children)
        return self._part(node, held, key)

    def _part(self, node: tree_sitter.Node, held: Any, key: Any) -> Any:
        if isinstance(held, Runtime):
            return held.part(key)
        try:
            return held[key]
        except (KeyError, IndexError, TypeError):
            raise BicepError(f"{self.template.path.name}: {self.template.text(node)} has no {key!r}") from None

    def _call_expression(self, node: tree_sitter.Node) -> Any:
        name, arguments = (self.template.text(node.named_children[0]), node.named_children[1].named_children)
        if name == "filter":  # only ever asked of what Azure alone knows
            return Runtime(f"<filter({self.template.text(node.named_children[1])})>")
        function = getattr(self, f"_function_{name}", None) or _FUNCTIONS.get(name)
        if function is None:
            raise BicepError(f"{self.template.path.name}: the function {name} is not known here")
        return function(*map(self.value, arguments))

    # -- functions that know where they are

    def _function_environment(self) -> dict[str, Any]:
        return {"name": self.cloud, **CLOUDS[self.cloud]}

    def _function_resourceGroup(self) -> dict[str, str]:
        return {"id": f"/subscriptions/S/resourceGroups/{self.group}", "location": "here"}

    def _function_tenant(self) -> dict[str, str]:
        return {"tenantId": "TENANT"}

    def _function_loadTextContent(self, name: str) -> str:
        return (self.template.path.parent / name).read_text("utf-8")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _guid(*parts: Any) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([str(part) for part in parts])))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "cidrSubnet": lambda network, size, number: str(
        list(ipaddress.ip_network(network).subnets(new_prefix=size))[number]
    ),
    "concat": lambda *lists: [item for each in lists for item in each],
    "empty": lambda value: not value,
    "guid": _guid,
    "last": lambda value: value[-1],
    "replace": lambda text, old, new: text.replace(old, new),
    "split": lambda text, by: text.split(by),
    "string": _text,
    "subscriptionResourceId": lambda kind, name: f"/subscriptions/S/providers/{kind}/{name}",
    "take": lambda text, count: text[:count],
    "uniqueString": lambda *parts: _guid(*parts).replace("-", "")[:13],
    "uri": lambda base, path: f"{base.rstrip('/')}/{path}",
}


def _walk(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from _walk(child)
