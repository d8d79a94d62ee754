"""Judges what the doctor said. Pure: nothing here looks at a cluster."""

import dataclasses
import json
import re


@dataclasses.dataclass(frozen=True)
class Said:
    """One look of the doctor."""

    code: int
    report: dict
    text: str

    @property
    def entries(self):
        """Findings of all sets, before notes."""
        every = [entry for seen in self.report.get("statefulSets", []) for entry in seen.get("findings", [])]
        return sorted(every, key=lambda entry: entry["kind"] == "note")

    @property
    def findings(self):
        return [entry for entry in self.entries if entry["kind"] != "note"]

    @property
    def first(self):
        return self.entries[0] if self.entries else None


@dataclasses.dataclass(frozen=True)
class Judgement:
    verdict: str  # right, partly, missed, false alarm, silent
    why: str = ""  # what is amiss


def lacking(words, text):
    """The words that the text has not, whatever their case."""
    text = text.lower()
    return [word for word in words if not any(way.strip().lower() in text for way in word.split("|"))]


def _forbidden(expect, said):
    return [
        word for word in expect.never for entry in said.entries if not lacking([word], entry["id"] + " " + entry["cause"])
    ]


def _judge_healthy(expect, said):
    alarms = [entry for entry in said.entries if entry["kind"] != "note" or entry["id"] not in expect.notes]
    if alarms:
        return Judgement("false alarm", f"{alarms[0]['id']}: {alarms[0]['cause']}")
    if said.code != 0:
        return Judgement("false alarm", f"exit code {said.code} without a finding")
    if missing := lacking(expect.under_way, said.text):
        return Judgement("partly", "not told: " + ", ".join(missing))
    return Judgement("silent")


def judge(expect, said):
    if expect.healthy:
        return _judge_healthy(expect, said)
    first = said.first
    if first is None:
        lie = "called healthy" if said.code == 0 and said.report.get("healthy") else "nothing found"
        return Judgement("missed", f"{lie}, exit code {said.code}")
    amiss = []
    if expect.ids and first["id"] not in expect.ids:
        amiss.append(f"id {first['id']}")
    if missing := lacking(expect.cause, first["cause"]):
        amiss.append("not in the cause: " + ", ".join(missing))
    if missing := lacking(expect.text, json.dumps(first, ensure_ascii=False)):
        amiss.append("not told: " + ", ".join(missing))
    if wrong := _forbidden(expect, said):
        amiss.append("told wrongly: " + ", ".join(wrong))
    if expect.some and len(lacking(expect.some, first["cause"])) == len(expect.some):
        amiss.append("no word of the cause: " + ", ".join(expect.some))
    is_note = first["kind"] == "note"
    if expect.note is not None and is_note != expect.note:
        amiss.append("a note" if is_note else "no note but a finding")
    if said.code != (0 if is_note else 1):
        amiss.append(f"exit code {said.code}")
    if len(said.findings) > 1:
        amiss.append("other findings: " + ", ".join(entry["id"] for entry in said.findings[1:]))
    everywhere = json.dumps(said.entries, ensure_ascii=False)
    if not amiss:
        unsaid = lacking(expect.some, everywhere)
        return Judgement("right", "for a person to judge: " + ", ".join(unsaid) if unsaid else "")
    near = not lacking(expect.cause, everywhere) and len(lacking(expect.some, everywhere)) < max(len(expect.some), 1)
    return Judgement("partly" if near else "missed", "; ".join(amiss))


def ways(remedy):
    """The steps of a remedy, by the ways that it offers."""
    all_ways = {}
    for step in remedy:
        all_ways.setdefault(step.get("way", 1), []).append(step)
    return list(all_ways.values())


def _acts(step):
    return bool(step["command"]) and step.get("changes", True)


def chosen(remedy, word, fill):
    """Commands of the way with this word, else of the first that changes something and that the reader can fill in."""
    for way in ways(remedy):
        told = " ".join(step["text"] + " " + step["command"] for step in way)
        commands = [with_values(step["command"], fill) for step in way if step["command"]]
        if word and word.lower() in told.lower():
            return commands
        if not word and any(_acts(step) for step in way) and not any(unfilled(command) for command in commands):
            return commands
    return []


def with_values(command, fill):
    for placeholder, value in fill.items():
        command = command.replace(placeholder, value)
    return command


def unfilled(command):
    """Parts in angle brackets that nobody has filled in; here-documents are none."""
    return re.findall(r"<[^<>\s][^<>]*>", re.sub(r"<<-?'?\w+'?", "", command))
