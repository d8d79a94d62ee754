"""A case: a set that is made sick, or is not, and what the doctor has to say about it. README.md has the format."""

import copy
import dataclasses
import pathlib
import re

import yaml

HOME = pathlib.Path(__file__).resolve().parent.parent
OF_SETUP = ("objects", "service", "set", "spec", "pod", "container", "claim", "then")
OF_A_CASE = ("about", "source", "expect", "heal", "within", "strict", "near", *OF_SETUP)
OF_EXPECT = ("id", "cause", "text", "never", "note", "under-way", "notes")
OF_HEAL = ("fill", "files", "way", "editor", "by-hand", "leaves", "none", "within")


class WrongCase(Exception):
    """A case that cannot be played as it is written."""


@dataclasses.dataclass(frozen=True)
class Expect:
    """What a right diagnosis holds. Each word may be several, parted by |, of which one is enough."""

    ids: tuple = ()  # one of which the first finding has; empty: whatever it is called
    cause: tuple = ()  # words of its cause
    text: tuple = ()  # words that stand anywhere in it
    some: tuple = ()  # words of a person, of which the cause has one at least
    never: tuple = ()  # words that no cause may have
    note: bool | None = False  # a whole set with a danger: a note, and exit code 0; None: either
    healthy: bool = False  # nothing is to be found
    under_way: tuple = ()  # words of what is told of a healthy set that is not whole yet
    notes: tuple = ()  # ids of notes that a healthy set may have


@dataclasses.dataclass(frozen=True)
class Heal:
    """How the reader of the remedy acts."""

    fill: dict = dataclasses.field(default_factory=dict)  # what he knows himself, for the parts in angle brackets
    files: dict = dataclasses.field(default_factory=dict)  # that lie where he works
    way: str = ""  # of several ways, the one with this word
    editor: str = ""  # a script of sed, for kubectl edit
    by_hand: str = ""  # what no command could do for him; before the commands
    leaves: str = ""  # id of a finding with a remedy of its own, which is there afterwards
    none: str = ""  # why nothing is healed
    within: int = 180  # seconds: controllers that were refused try again ever more rarely


@dataclasses.dataclass(frozen=True)
class Case:
    name: str  # "scheduling/host-port"
    about: str
    expect: Expect
    heal: Heal
    setup: dict  # of OF_SETUP
    within: int = 45  # seconds after which the doctor has to know
    strict: bool = False  # whether he is asked to be
    folder: pathlib.Path | None = None  # of a case with a setup script
    near_miss: bool = False

    @property
    def kind(self):
        return self.name.split("/")[0] if "/" in self.name else "others"


def merged(target, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def filled(value, words):
    """The value with $NAME replaced in all of its strings, for the names in words and no others."""
    if isinstance(value, str):
        return re.sub(r"\$(%s)\b" % "|".join(words), lambda found: words[found.group(1)], value)
    if isinstance(value, (list, tuple)):
        return type(value)(filled(item, words) for item in value)
    if isinstance(value, dict):
        return {filled(key, words): filled(item, words) for key, item in value.items()}
    return value


def with_words(told, words):
    """An Expect or a Heal with the words filled in."""
    return dataclasses.replace(
        told, **{field.name: filled(getattr(told, field.name), words) for field in dataclasses.fields(told)}
    )


def _words(value):
    return tuple(str(word) for word in (value if isinstance(value, list) else [value])) if value is not None else ()


def _known(keys, known, where):
    for key in keys:
        if key not in known:
            raise WrongCase(f"{where}: there is no {key}; there are {', '.join(known)}")


def expect_of(value, where):
    if value == "healthy":
        return Expect(healthy=True)
    if not isinstance(value, dict):
        raise WrongCase(f"{where}: expect says neither healthy nor what is to be found")
    _known(value, OF_EXPECT, where)
    found = Expect(
        ids=_words(value.get("id")),
        cause=_words(value.get("cause")),
        text=_words(value.get("text")),
        never=_words(value.get("never")),
        note=bool(value.get("note")),
        healthy="under-way" in value or "notes" in value,
        under_way=_words(value.get("under-way")),
        notes=_words(value.get("notes")),
    )
    if not found.healthy and not found.cause:
        raise WrongCase(f"{where}: no word of the cause is expected")
    return found


def heal_of(value, where):
    value = value or {}
    _known(value, OF_HEAL, where)
    return Heal(**{key.replace("-", "_"): item for key, item in value.items()})


def cases_of(path, root):
    """The case of a file, and its near misses."""
    name = str(path.relative_to(root).with_suffix(""))
    document = yaml.safe_load(path.read_text())
    _known(document, OF_A_CASE, name)
    nears = document.pop("near", None) or []
    yield _case(name, document)
    for number, near in enumerate(nears if isinstance(nears, list) else [nears]):
        _known(near, OF_A_CASE, name + "~")
        near = {"expect": "healthy", "heal": None, **near}
        expect = near.pop("expect")
        whole = merged(document, near)
        whole["expect"] = expect
        yield _case(f"{name}~{number + 1 if number else ''}", whole, near_miss=True)


def _case(name, document, near_miss=False):
    return Case(
        name=name,
        about=document.get("about", ""),
        expect=expect_of(document.get("expect"), name),
        heal=heal_of(document.get("heal"), name),
        setup={key: value for key, value in document.items() if key in OF_SETUP},
        within=document.get("within", 45),
        strict=document.get("strict", False),
        near_miss=near_miss,
    )


def objects_of(setup, words):
    """What of a case is applied before the set, and the Service with the set."""
    service, workload = yaml.safe_load_all((HOME / "base.yaml").read_text())
    template = workload["spec"]["template"]["spec"]
    if "claim" in setup:
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
        workload["spec"]["volumeClaimTemplates"] = [
            {"metadata": {"name": "data"}, "spec": merged(claim, setup["claim"] or {})}
        ]
        template["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    template["containers"][0] = merged(template["containers"][0], setup.get("container", {}))
    workload["spec"]["template"]["spec"] = merged(template, setup.get("pod", {}))
    workload["spec"] = merged(workload["spec"], setup.get("spec", {}))
    workload = merged(workload, setup.get("set", {}))
    service = merged(service, setup.get("service", {}))
    before = [manifest for manifest in setup.get("objects", {}).values() if manifest]
    return filled(before, words), filled([service, workload], words)


def case_of_folder(folder):
    """A case whose set a script makes; expect.txt has lines "cause:", "words:" (parted by ;) and "wrong:"."""
    told = dict(
        line.split(": ", 1) for line in (folder / "expect.txt").read_text().splitlines() if ": " in line
    )
    healthy = told.get("cause", "").startswith(("healthy", "under way"))
    words = [word.strip() for word in told.get("words", "").split(";") if word.strip()]
    return Case(
        name=folder.name,
        about=told.get("cause", ""),
        expect=Expect(healthy=True) if healthy else Expect(some=tuple(words), note=None),
        heal=Heal(),
        setup={},
        within=int((folder / "wait").read_text()) if (folder / "wait").exists() else 45,
        folder=folder.resolve(),
    )


def load(root):
    """All cases below a folder, of either format, by name."""
    root = pathlib.Path(root)
    cases = [case for path in sorted(root.rglob("*.yaml")) for case in cases_of(path, root)]
    cases += [case_of_folder(path.parent) for path in sorted(root.glob("*/setup.sh"))]
    if not cases:
        raise WrongCase(f"{root} holds no case: neither KIND/NAME.yaml nor NAME/setup.sh with expect.txt")
    return {case.name: case for case in cases}
