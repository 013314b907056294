"""Serialised examples of every message of the protocol, made from the descriptors.

`python -m tests.contract.golden_messages` writes tests/regression/golden/<package>.json. Do it when
a message or field is added, and read the difference: a line that changes, instead of being added,
is a protocol that broke.
"""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import json_format, message, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor

import pfi

FOLDER = Path(__file__).resolve().parents[1] / "regression" / "golden"


def proto_files() -> list[FileDescriptor]:
    """Descriptors of every generated module of `pfi`."""
    modules = pkgutil.walk_packages(pfi.__path__, prefix="pfi.")
    names = sorted(module.name for module in modules if module.name.endswith("_pb2"))
    return [importlib.import_module(name).DESCRIPTOR for name in names]


def message_types() -> dict[str, Descriptor]:
    """Every message by full name."""
    return {
        found.full_name: found
        for file in proto_files()
        for found in file.message_types_by_name.values()
    }


def enum_values() -> dict[str, dict[str, int]]:
    """Every enum: its names and numbers."""
    return {
        found.full_name: {value.name: value.number for value in found.values}
        for file in proto_files()
        for found in file.enum_types_by_name.values()
    }


def scalar(field: FieldDescriptor) -> object:
    """A value that tells one field from another by its number."""
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return field.enum_type.values[-1].number
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return True
    if kind in {FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT}:
        return field.number + 0.5
    if kind == FieldDescriptor.CPPTYPE_STRING:
        text = f"{field.name}-{field.number}"
        return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
    return 1000 + field.number


def is_map(field: FieldDescriptor) -> bool:
    """True for `map<...>` fields."""
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def set_field(target: message.Message, field: FieldDescriptor, arm: int) -> None:
    """Gives `field` of `target` its example value."""
    if is_map(field):
        entry = field.message_type.fields_by_name
        getattr(target, field.name)[scalar(entry["key"])] = scalar(entry["value"])
    elif field.message_type is not None:
        example = build(field.message_type, arm)
        if field.is_repeated:
            getattr(target, field.name).append(example)
        else:
            getattr(target, field.name).CopyFrom(example)
    elif field.is_repeated:
        getattr(target, field.name).append(scalar(field))
    else:
        setattr(target, field.name, scalar(field))


def build(kind: Descriptor, arm: int = 0) -> message.Message:
    """An example with every field set; of each oneof the arm number `arm` (or its last)."""
    example = message_factory.GetMessageClass(kind)()
    for field in kind.fields:
        if field.containing_oneof is None:
            set_field(example, field, 0)
    for group in kind.oneofs:
        set_field(example, group.fields[min(arm, len(group.fields) - 1)], 0)
    return example


def examples(kind: Descriptor) -> Iterator[message.Message]:
    """One example for every arm of the widest oneof; one in all without."""
    widest = max((len(group.fields) for group in kind.oneofs), default=1)
    for arm in range(widest):
        yield build(kind, arm)


def encoded(example: message.Message) -> str:
    """The deterministic serialisation in hexadecimal digits."""
    return example.SerializeToString(deterministic=True).hex()


def as_json(example: message.Message) -> dict:
    """The fields under their proto names."""
    return json_format.MessageToDict(example, preserving_proto_field_name=True)


def document(package: str) -> dict:
    """What the golden file of a package holds."""
    return {
        "enums": {n: v for n, v in enum_values().items() if n.rpartition(".")[0] == package},
        "messages": {
            name: [{"fields": as_json(item), "hex": encoded(item)} for item in examples(kind)]
            for name, kind in message_types().items()
            if kind.file.package == package
        },
    }


def main() -> None:
    """Writes the golden files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for package in sorted({file.package for file in proto_files()}):
        text = json.dumps(document(package), indent=1, sort_keys=True)
        (FOLDER / f"{package}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
