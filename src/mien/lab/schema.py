"""The part of JSON schema that chats use: whether a value fits, and what is wrong if not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from mien.errors import InputError

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Schema: TypeAlias = Mapping[str, Json]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_CHECKED = frozenset(
    {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "minimum", "maximum"}
)
_REMARKS = frozenset({"title", "description", "$schema", "default"})


def fault(value: Json, schema: Schema, where: str = "reply") -> str:
    """What in a value breaks a schema, empty if nothing does; a keyword that is not checked here is an error."""
    if strange := set(schema) - _CHECKED - _REMARKS:
        raise InputError(f"schema keywords must be among {sorted(_CHECKED)}, got {sorted(strange)}")
    if str(schema.get("type", "object")) not in _TYPES:
        raise InputError(f"the type of {where} must be one of {sorted(_TYPES)}, got {schema['type']!r}")
    return next(_faults(value, schema, where), "")


def _faults(value: Json, schema: Schema, where: str) -> Iterator[str]:
    kind = schema.get("type")
    if isinstance(kind, str) and (
        not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        yield f"{where} must be of type {kind}, got {value!r:.80}"
    allowed = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        yield f"{where} must be one of {allowed}, got {value!r:.80}"
    if isinstance(value, (int, float)):
        low, high = schema.get("minimum"), schema.get("maximum")
        below = isinstance(low, (int, float)) and not value >= low
        if below or (isinstance(high, (int, float)) and not value <= high):
            yield f"{where} must lie in [{low}, {high}], got {value}"
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, dict):
        yield from filter(None, (fault(item, items, f"{where}[{i}]") for i, item in enumerate(value)))
    if isinstance(value, dict):
        yield from _object_faults(value, schema, where)


def _object_faults(value: Mapping[str, Json], schema: Schema, where: str) -> Iterator[str]:
    properties, required = schema.get("properties"), schema.get("required")
    known = properties if isinstance(properties, dict) else {}
    for name in required if isinstance(required, list) else []:
        if name not in value:
            yield f"{where} lacks {name!r}"
    for name, item in value.items():
        inner = known.get(name)
        if isinstance(inner, dict):
            yield from filter(None, [fault(item, inner, f"{where}.{name}")])
        elif schema.get("additionalProperties") is False:
            yield f"{where} has {name!r}, which nobody asked for"
