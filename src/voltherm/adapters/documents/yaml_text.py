"""YAML (and so JSON) as plain values that remember their lines, without YAML 1.1's surprises.

``NO``, ``on`` and ``10:30`` stay the texts that people wrote: only ``true``, ``false``, ``null`` and numbers are read
as anything else. A key that stands twice in one mapping is a problem, where YAML would silently keep the last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from voltherm.adapters.documents.problem import Problem, path_of

Path = tuple[str | int, ...]
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

MOST_CHARACTERS = 1_000_000
MOST_VALUES = 100_000
DEEPEST = 40
_NUMBER = re.compile(r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_WORDS: Mapping[str, Plain] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlText:
    """What a text says.

    Parameters
    ----------
    value : Plain
        The whole document.
    lines : mapping of path to int
        Line of each value, counted from 1.
    problems : list of Problem
        What is wrong with the syntax, each with its line.
    """

    value: Plain = None
    lines: Mapping[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def parse_yaml(text: str, name: str) -> YamlText:
    """Return the plain value of ``text`` with the line of each part.

    Parameters
    ----------
    text : str
        YAML or JSON.
    name : str
        File name, for the problems.
    """
    if len(text) > MOST_CHARACTERS:
        return _refused(name, 1, "is too large", f"a document has at most {MOST_CHARACTERS} characters")
    try:
        # JSON allows tabs between its parts, YAML does not; inside a JSON text a tab is written \t.
        node = yaml.compose(text.replace("\t", " ") if text.lstrip().startswith("{") else text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or "is not YAML"
        return _refused(name, 1 if mark is None else mark.line + 1, f"is not YAML: {said}", "correct the syntax there")
    except RecursionError:
        return _refused(name, 1, "is nested too deep", "a document has a few levels only")
    reader = _Reader(name)
    value = None if node is None else reader.value(node, ())
    return YamlText(value=value, lines=reader.lines, problems=reader.problems)


def _refused(name: str, line: int, problem: str, remedy: str) -> YamlText:
    return YamlText(problems=[Problem(field=f"{name}:{line}", value=None, problem=problem, remedy=remedy)])


class _Reader:
    def __init__(self, name: str) -> None:
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._name = name

    def value(self, node: yaml.Node, path: Path) -> Plain:
        self.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > DEEPEST or len(self.lines) > MOST_VALUES:
            self._add(node, path, "is nested too deep or repeats itself", "a document has a few levels only")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Plain]:
        result: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self._add(key_node, path, "has a key that is not a text", "write the key as a word")
                continue
            if key in result:
                first = self.lines[(*path, key)]
                self._add(key_node, (*path, key), f"stands twice, first in line {first}", "keep one of the two")
                continue
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, (*path, key))
        return result

    def _add(self, node: yaml.Node, path: Path, problem: str, remedy: str) -> None:
        where = f"{self._name}:{node.start_mark.line + 1}: " + path_of(path)
        self.problems.append(Problem(field=where, value=None, problem=problem, remedy=remedy))


def _scalar(node: yaml.ScalarNode) -> Plain:
    text: str = node.value
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if not _NUMBER.fullmatch(text):
        return text
    digits = text.replace("_", "")
    try:
        return int(digits)
    except ValueError:
        return float(digits)
