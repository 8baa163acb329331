"""Settings as frozen dataclasses: to and from plain dicts, JSON or TOML; unknown keys are errors."""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from .errors import UserError, one_line, shown
from .provenance import digest_json


class _Dataclass(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


T = TypeVar("T", bound=_Dataclass)
MAX_BYTES = 2**20  # of a file of settings


def to_dict(config: Any) -> dict[str, Any]:
    """A (nested) dataclass as JSON values; tuples become lists."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def from_dict(cls: type[T], values: Mapping[str, Any], where: str = "config") -> T:
    """Build a (nested) dataclass from a mapping.

    Raises
    ------
    UserError
        For an unknown or missing key, or a value of the wrong type; names the key.
    """
    if not isinstance(values, Mapping):
        raise UserError(f"{where}: must be a table of keys and values; got {shown(values)}")
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    made = {}
    for key, value in values.items():
        if key not in fields:
            near = difflib.get_close_matches(key[:100], fields, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise UserError(f"{where}: unknown key {shown(key)}{hint}; allowed: {', '.join(fields)}")
        made[key] = _convert(hints[key], value, f"{where}.{key}")
    for name, f in fields.items():
        if name not in made and f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING:
            raise UserError(f"{where}: {name} missing; add it")
    return cls(**made)


def load(cls: type[T], path) -> T:
    """Read a config from a .toml or .json file."""
    path = Path(path)
    parse = {".toml": tomllib.loads, ".json": json.loads}.get(path.suffix.lower())
    if parse is None:
        raise UserError(f"{path}: a config must be a .toml or a .json file")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path}: is larger than {MAX_BYTES >> 20} MB, far more than settings take")
        values = parse(path.read_text(encoding="utf-8-sig"))
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error
    except RecursionError as error:
        raise UserError(f"{path}: cannot be read: brackets are nested too deeply") from error
    except ValueError as error:  # both parsers and the decoder raise its subclasses
        raise UserError(f"{path}: cannot be read: {one_line(error)}") from error
    return from_dict(cls, values, path.name)


def diff(a: Any, b: Any) -> dict[str, tuple[Any, Any]]:
    """The settings in which two configs differ: dotted key -> (value in a, value in b).

    Takes dataclasses or dicts; a key that one of them lacks counts as None there.
    """
    flat_a, flat_b = (_flatten(c if isinstance(c, Mapping) else to_dict(c)) for c in (a, b))
    keys = [*flat_a, *(k for k in flat_b if k not in flat_a)]
    return {k: (flat_a.get(k), flat_b.get(k)) for k in keys if flat_a.get(k) != flat_b.get(k)}


def digest(config: Any) -> str:
    """SHA-256 of a config's values."""
    return digest_json(to_dict(config))


def _flatten(values: Mapping, prefix: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat.update(_flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _convert(hint: Any, value: Any, where: str) -> Any:
    """`value` as the type of a field; refuses what would change its meaning."""
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        options = typing.get_args(hint)
        if value is None and type(None) in options:
            return None
        rest = [o for o in options if o is not type(None)]
        return _convert(rest[0], value, where)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_dict(hint, value, where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise UserError(f"{where}: must be a list; got {shown(value)}")
        args = typing.get_args(hint)
        kinds = [args[0]] * len(value) if args[-1] is Ellipsis else list(args)
        if len(kinds) != len(value):
            raise UserError(f"{where}: must hold {len(kinds)} values; got {len(value)}")
        return tuple(_convert(kind, v, f"{where}[{k}]") for k, (kind, v) in enumerate(zip(kinds, value, strict=True)))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError as error:
            raise UserError(f"{where}: must be a number below 1e308; got {shown(value)}") from error
    if hint in (int, float, str, bool) and (type(value) is not hint):
        raise UserError(f"{where}: must be {hint.__name__}; got {shown(value)}")
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise UserError(f"{where}: holds half a character, which no file or page can hold; got {shown(value)}")
    return value
