"""What an engine would make of `Dockerfile` and `.dockerignore`, read without one."""

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
NOT_LOOKED_INTO = frozenset({".git", ".venv", ".mypy_cache", ".ruff_cache", ".hypothesis", "shared"})


@dataclass(frozen=True)
class Instruction:
    """One instruction, with the stage that it belongs to; -1 stands before the first."""

    stage: int
    keyword: str
    value: str

    @property
    def words(self):
        """The argument as a command line: of its JSON form, or else split at blanks."""
        command = self.value[self.value.find("[") :]
        return json.loads(command) if command.startswith("[") else self.value.split()


def dockerfile():
    text = (ROOT / "Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    read, stage = [], -1
    for line in filter(None, map(str.strip, text.splitlines())):
        keyword, value = line.split(maxsplit=1)
        stage += keyword == "FROM"
        read.append(Instruction(stage, keyword, value))
    return read


def final(keyword):
    """Return the instructions of this keyword in the stage that becomes the image."""
    last = max(one.stage for one in dockerfile())
    return [one for one in dockerfile() if (one.stage, one.keyword) == (last, keyword)]


def environment():
    """Return what the image sets besides PATH."""
    pairs = re.findall(r'(\w+)=("[^"]*"|\S*)', " ".join(one.value for one in final("ENV")))
    return {name: value.strip('"') for name, value in pairs if name != "PATH"}


def copies():
    """Return each COPY: its stage, where from (None for the context), sources and destination."""
    for one in (one for one in dockerfile() if one.keyword == "COPY"):
        options = [word for word in one.words if word.startswith("--")]
        *sources, destination = (word for word in one.words if not word.startswith("--"))
        origin = next((option.removeprefix("--from=") for option in options if option.startswith("--from=")), None)
        yield one.stage, origin, sources, destination


def is_ignored(name):
    """Tell whether `.dockerignore` keeps a file of the checkout from the engine: the last pattern that fits decides."""
    path = PurePosixPath(name)
    places = [str(path), *(str(parent) for parent in path.parents if str(parent) != ".")]
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#") and any(_pattern(pattern).fullmatch(place) for place in places):
            ignored = not pattern.startswith("!")
    return ignored


def _pattern(text):
    pieces = re.split(r"(\*\*/|\*)", text.lstrip("!"))
    return re.compile("".join({"**/": "(.*/)?", "*": "[^/]*"}.get(piece, re.escape(piece)) for piece in pieces))


def context():
    """Return the names of all files that an engine would be sent."""
    names = []
    for place in (entry for entry in ROOT.iterdir() if entry.name not in NOT_LOOKED_INTO):
        files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
        names += [str(path.relative_to(ROOT)) for path in files]
    return sorted(name for name in names if not is_ignored(name))
