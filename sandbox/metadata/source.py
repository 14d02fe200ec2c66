"""Reads classes out of the SDKs' generated source files."""

import ast
import re
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from sandbox.metadata.types import ClassRef, Kind, Property, Scalar, Type

_CLASS = re.compile(r"^class (\w+)(?:\(([^)\n]*)\))?:", re.MULTILINE)
_GETTER = re.compile(
    r"    @_builtins\.property\n"
    r"    @pulumi\.getter(?:\(name=\"(?P<wire>[^\"]+)\"\))?\n"
    r"(?:    @_utilities\.deprecated\(.*?\)\n)?"
    r"    def (?P<python>\w+)\(self\) -> (?P<type>[^\n]+):\n"
    r"(?:        \"\"\"\n(?P<doc>.*?)\n        \"\"\"\n)?",
    re.DOTALL,
)
_MEMBER = re.compile(r"^    [A-Z_][A-Z0-9_]* = (.+)$", re.MULTILINE)
_IMPORT = re.compile(r"^from (\.+)(\w*) import (\w+)(?: as (\w+))?$", re.MULTILINE)
_FIRST_DOC = re.compile(r"    def __init__\(__self__,.*?\):\n        \"\"\"\n(.*?)\n        :param ", re.DOTALL)

_SCALARS = {"str": Kind.STRING, "int": Kind.INTEGER, "float": Kind.NUMBER, "bool": Kind.BOOLEAN}
_ENUM_BASES = frozenset({"Enum", "_builtins.str, Enum", "_builtins.float, Enum", "_builtins.int, Enum"})


class SourceFile:
    """One generated file: where its classes are, and what they say."""

    def __init__(self, path: Path, open_file: "Callable[[Path], SourceFile]") -> None:
        self.path = path
        self._open = open_file
        self._text = path.read_text(encoding="utf-8")
        found = list(_CLASS.finditer(self._text))
        ends = [match.start() for match in found[1:]] + [len(self._text)]
        self._spans = {match[1]: (match.start(), end, match[2] or "") for match, end in zip(found, ends, strict=True)}

    def has(self, name: str) -> bool:
        """Whether the file defines the class."""
        return name in self._spans

    def is_enum(self, name: str) -> bool:
        """Whether the class is an enumeration."""
        return self._spans[name][2] in _ENUM_BASES

    def class_names(self) -> list[str]:
        """All classes, in the order of the file."""
        return list(self._spans)

    def properties(self, name: str) -> dict[str, Property]:
        """The getters of a class, by wire name."""
        start, end, _ = self._spans[name]
        found: dict[str, Property] = {}
        for match in _GETTER.finditer(self._text, start, end):
            wire = match["wire"] or match["python"]
            kind, optional = self._annotation(match["type"])
            found[wire] = Property(name=wire, python_name=match["python"], type=kind, required=not optional, doc=_dedent(match["doc"] or ""))
        return found

    def enum_values(self, name: str) -> tuple[Scalar, ...]:
        """The values of an enumeration."""
        start, end, _ = self._spans[name]
        return tuple(ast.literal_eval(match[1]) for match in _MEMBER.finditer(self._text, start, end))

    def document(self, name: str) -> str:
        """The documentation of a resource class, without its parameters."""
        start, end, _ = self._spans[name]
        match = _FIRST_DOC.search(self._text, start, end)
        return _dedent(match[1]) if match else ""

    @cached_property
    def _aliases(self) -> dict[str, Path]:
        """Modules of the same SDK that this file imports, by the name it uses."""
        found: dict[str, Path] = {}
        for match in _IMPORT.finditer(self._text):
            folder = self.path.parent
            for _ in range(len(match[1]) - 1):
                folder = folder.parent
            if match[2]:
                folder = folder / match[2]
            found[match[4] or match[3]] = folder / match[3]
        return found

    def _annotation(self, text: str) -> tuple[Type, bool]:
        """The type an annotation stands for, and whether it is optional."""
        return self._resolve(ast.parse(text, mode="eval").body)

    def _resolve(self, node: ast.expr) -> tuple[Type, bool]:
        if isinstance(node, ast.Subscript):
            return self._generic(_dotted(node.value).rsplit(".", 1)[-1], node.slice)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self._resolve(ast.parse(node.value, mode="eval").body)
        name = _dotted(node)
        last = name.rsplit(".", 1)[-1]
        if last in _SCALARS:
            return Type(_SCALARS[last]), False
        if last in ("Asset", "Archive"):
            return Type(Kind.ASSET), False
        if last == "Any" or name.startswith("pulumi."):
            return Type(Kind.ANY), False
        return self._class(name), False

    def _generic(self, name: str, argument: ast.expr) -> tuple[Type, bool]:
        arguments = argument.elts if isinstance(argument, ast.Tuple) else [argument]
        if name in ("Input", "Output"):
            return self._resolve(arguments[0])
        if name == "Optional":
            return self._resolve(arguments[0])[0], True
        if name == "Literal":
            values = tuple(ast.literal_eval(item) for item in arguments)
            return Type(Kind.STRING, values=values), False
        if name == "Sequence":
            return Type(Kind.LIST, item=self._resolve(arguments[0])[0]), False
        if name == "Mapping":
            return Type(Kind.MAP, item=self._resolve(arguments[1])[0]), False
        if name == "Union":
            options = tuple(dict.fromkeys(self._resolve(item)[0] for item in arguments))
            return (options[0] if len(options) == 1 else Type(Kind.UNION, options=options)), False
        return Type(Kind.ANY), False

    def _class(self, name: str) -> Type:
        module, _, cls = name.rpartition(".")
        if module == "outputs":  # objects only, and the files are large: not opened until somebody asks for the object
            return Type(Kind.OBJECT, ref=ClassRef(str(self.path.parent / "outputs.py"), cls))
        files = self._files_of(module)
        for path in files:
            source = self._open(path)
            if source.has(cls):
                if source.is_enum(cls):
                    values = source.enum_values(cls)
                    return Type(_kind_of(values), ref=ClassRef(str(path), cls), values=values)
                return Type(Kind.OBJECT, ref=ClassRef(str(path), cls))
        return Type(Kind.ANY)

    def _files_of(self, module: str) -> list[Path]:
        """The files in which a class named with this module prefix may be: beside this file, or in the module imported under that name."""
        if not module:
            folder, names = self.path.parent, ("_inputs.py", "_enums.py")
        else:
            first, *rest = module.split(".")
            target = self._aliases.get(first)
            if target is None:
                return []
            target = target.joinpath(*rest)
            if target.with_suffix(".py").exists():
                return [target.with_suffix(".py")]
            folder, names = target, ("_inputs.py", "_enums.py", "outputs.py")
        return [folder / name for name in names if (folder / name).exists()]


def _kind_of(values: tuple[Scalar, ...]) -> Kind:
    if values and all(isinstance(value, int) for value in values):
        return Kind.INTEGER
    if values and all(isinstance(value, int | float) for value in values):
        return Kind.NUMBER
    return Kind.STRING


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    return "Any"


def _dedent(doc: str) -> str:
    return "\n".join(line.strip() for line in doc.splitlines()).strip()
