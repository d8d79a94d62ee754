"""The figures of played cases, as a table on the terminal and as a section of a document."""

import collections
import textwrap

HEADING = "## How good"


def _count(played, verdicts):
    return sum(1 for one in played if one["verdict"] in verdicts)


def sums(played):
    """Counts, of sick sets, their remedies and the sets in which nothing was to be found."""
    sick = [one for one in played if not one["healthy"]]
    whole = [one for one in played if one["healthy"]]
    healing = [one for one in sick if one["healed"] != "-"]
    return {
        "sick": len(sick),
        "right": _count(sick, ("right",)),
        "partly": _count(sick, ("partly",)),
        "missed": _count(sick, ("missed",)),
        "called_healthy": sum(1 for one in sick if "called healthy" in one["why"]),
        "remedies": len(healing),
        "healed": sum(1 for one in healing if one["healed"] in ("yes", "by hand")),
        "by_hand": sum(1 for one in healing if one["healed"] == "by hand"),
        "silent_wanted": len(whole),
        "false_alarms": _count(whole, ("false alarm",)),
        "not_played": _count(played, ("not played",)),
    }


def line(one):
    """A case in one line."""
    told = f"{one['first']}: {one['cause']}" if one["first"] else ""
    why = "; ".join(text for text in (one["why"], one["heal_why"]) if text)
    return (
        f"{one['name']:<44} {one['verdict']:<11} heals {one['healed']:<8} {one['seconds']:>5.1f} s  {told}"
        + (f"\n{'':<44} {textwrap.shorten(why, 300)}" if why else "")
    )


def summary(played):
    all_sums = sums(played)
    return (
        "{right} of {sick} sick sets: right cause first ({partly} partly, {missed} missed, {called_healthy} called "
        "healthy); {healed} of {remedies} remedies heal ({by_hand} where only a person can act); "
        "{false_alarms} false alarms in {silent_wanted} healthy ones; {not_played} not played"
    ).format(**all_sums)


def section(result):
    """Markdown, for a document."""
    by_kind = collections.defaultdict(list)
    for one in result["cases"]:
        by_kind[one["name"].split("/")[0] if "/" in one["name"] else "others"].append(one)
    rows = []
    for kind, played in [*sorted(by_kind.items()), ("**all**", result["cases"])]:
        seen = sums(played)
        rows.append(
            f"| {kind} | {seen['right']} of {seen['sick']} | {seen['healed']} of {seen['remedies']} "
            f"| {seen['false_alarms']} of {seen['silent_wanted']} |"
        )
    amiss = [
        f"- `{one['name']}`: {one['verdict']}{', ' + one['why'] if one['why'] else ''}"
        + (f"; remedy: {one['heal_why']}" if one["heal_why"] else "")
        for one in result["cases"]
        if one["verdict"] not in ("right", "silent") or one["healed"] == "no"
    ]
    told = "\n\nWhat is not right yet:\n\n" + "\n".join(amiss) if amiss else ""
    return (
        f"{HEADING}\n\n"
        f"`ci/doctor-cases` plays the cases of `suites/doctor_cases` on a cluster: sets with a fault taken from public reports, and near\n"
        f"misses that must not have the finding. Played on {result['date']} with {result['version']} on Kubernetes {result['kubernetes']}.\n"
        f"A case is right if its first finding names the cause in one sentence, with the right exit code and no other finding; a remedy\n"
        f"heals if its commands, run as printed, make the set complete, and it stays so.\n\n"
        "| kind | right cause first | remedy heals | false alarms |\n|---|---|---|---|\n" + "\n".join(rows) + told + "\n"
    )


def document_with(document, result):
    """The document with its section replaced, or added at its end."""
    before, heading, after = document.partition(HEADING)
    following = after.partition("\n## ")
    rest = f"\n## {following[2]}" if heading and following[1] else ""
    return f"{before.rstrip()}\n\n{section(result)}{rest}"
