#!/usr/bin/env python3
"""A judge who accepts everything is none: what each verdict takes."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from player import case, figures, judge, play  # noqa: E402


def entry(identity="host-port-taken", cause="Host port 3306 is taken on both nodes.", kind="finding", remedy=()):
    return {"id": identity, "kind": kind, "cause": cause, "evidence": [], "remedy": list(remedy)}


def said(*entries, code=1, healthy=False, text=""):
    return judge.Said(code, {"healthy": healthy, "statefulSets": [{"findings": list(entries)}]}, text)


def step(text, command="", way=1):
    return {"text": text, "command": command, "way": way}


class OfASickSet(unittest.TestCase):
    wanted = case.Expect(cause=("host port", "3306"), text=("db-2|db-3",), never=("claim",))
    told = entry(remedy=[step("scale below db-2")])

    def verdict(self, *entries, **how):
        return judge.judge(self.wanted, said(*entries, **how))

    def test_its_cause_named_first_is_right(self):
        self.assertEqual(self.verdict(self.told).verdict, "right")

    def test_silence_is_a_miss_and_a_lie_where_it_is_called_healthy(self):
        self.assertEqual(self.verdict(code=0, healthy=True), judge.Judgement("missed", "called healthy, exit code 0"))
        self.assertEqual(self.verdict(code=2).verdict, "missed")

    def test_a_word_that_only_the_evidence_has_is_not_enough(self):
        entry_of_port = {**self.told, "cause": "A port is taken.", "evidence": [{"value": "host port 3306"}]}
        self.assertEqual(self.verdict(entry_of_port).verdict, "partly")

    def test_another_cause_is_a_miss(self):
        self.assertEqual(self.verdict(entry("class-missing", "There is no such class.")).verdict, "missed")

    def test_the_right_cause_behind_another_is_partly_right(self):
        self.assertEqual(self.verdict(entry("class-missing", "No such class."), self.told).verdict, "partly")

    def test_a_forbidden_cause_beside_it_is_not_right(self):
        beside = entry("claim-waits", "A claim waits.", kind="note")
        self.assertNotEqual(self.verdict(self.told, beside).verdict, "right")

    def test_an_exit_code_that_calls_no_alarm_is_not_right(self):
        self.assertNotEqual(self.verdict(self.told, code=0).verdict, "right")

    def test_a_note_is_no_finding(self):
        self.assertNotEqual(self.verdict({**self.told, "kind": "note"}).verdict, "right")


    def test_words_of_a_person_are_enough_when_the_cause_has_one(self):
        wanted = case.Expect(some=("3306", "which pod holds it"), note=None)
        self.assertEqual(judge.judge(wanted, said(self.told)).verdict, "right")
        self.assertIn("which pod holds it", judge.judge(wanted, said(self.told)).why)
        self.assertEqual(judge.judge(wanted, said(entry("x", "No such class."))).verdict, "missed")


class OfAHealthySet(unittest.TestCase):
    def test_silence_is_right(self):
        self.assertEqual(judge.judge(case.Expect(healthy=True), said(code=0)).verdict, "silent")

    def test_a_finding_a_note_and_an_exit_code_are_false_alarms(self):
        for false in (said(entry()), said(entry(kind="note"), code=0), said(code=2)):
            self.assertEqual(judge.judge(case.Expect(healthy=True), false).verdict, "false alarm")

    def test_a_note_that_is_allowed_is_none(self):
        wanted = case.Expect(healthy=True, notes=("host-port-taken",))
        self.assertEqual(judge.judge(wanted, said(entry(kind="note"), code=0)).verdict, "silent")

    def test_what_is_under_way_has_to_be_told(self):
        wanted = case.Expect(healthy=True, under_way=("restore",))
        self.assertEqual(judge.judge(wanted, said(code=0, text="waits for restore")).verdict, "silent")
        self.assertEqual(judge.judge(wanted, said(code=0, text="healthy")).verdict, "partly")


class OfARemedy(unittest.TestCase):
    remedy = [step("drop it", "kubectl a"), step("then", "kubectl b"), step("or scale down", "kubectl c", way=2)]

    def test_the_first_way_ends_where_another_begins(self):
        self.assertEqual(judge.chosen(self.remedy, "", {}), ["kubectl a", "kubectl b"])

    def test_a_way_is_chosen_by_a_word(self):
        self.assertEqual(judge.chosen(self.remedy, "scale", {}), ["kubectl c"])

    def test_a_way_without_a_command_is_passed_over(self):
        self.assertEqual(judge.chosen([step("add a node"), self.remedy[2]], "", {}), ["kubectl c"])


    def test_a_way_that_the_reader_cannot_fill_in_is_passed_over(self):
        remedy = [step("ask for less", "kubectl set --cpu=<less>"), step("or scale down", "kubectl c", way=2)]
        self.assertEqual(judge.chosen(remedy, "", {}), ["kubectl c"])
        self.assertEqual(judge.chosen(remedy, "", {"<less>": "1m"}), ["kubectl set --cpu=1m"])

    def test_a_way_that_only_looks_is_passed_over(self):
        looks = {**step("read its log", "kubectl logs x"), "changes": False}
        self.assertEqual(judge.chosen([looks, self.remedy[2]], "", {}), ["kubectl c"])


class OfACase(unittest.TestCase):
    def test_all_cases_can_be_read_and_most_have_a_near_miss(self):
        cases = case.load(case.HOME / "cases")
        sick = [one for one in cases.values() if not one.expect.healthy and not one.near_miss]
        near = {one.name.split("~")[0] for one in cases.values() if one.near_miss}
        self.assertGreaterEqual(len(sick), 60)
        self.assertGreaterEqual(len([one for one in sick if one.name in near]), 60)
        words = {"NS": "ns", "IMAGE": "image", "WORKER0": "a", "WORKER1": "b"}
        for one in cases.values():
            _, (service, workload) = case.objects_of(one.setup, words)
            self.assertEqual((service["kind"], workload["kind"]), ("Service", "StatefulSet"), one.name)

    def test_a_word_that_is_none_of_the_format_is_refused(self):
        with self.assertRaises(case.WrongCase):
            case.expect_of({"cause": ["x"], "exitcode": 1}, "case")

    def test_words_are_filled_in_and_others_left(self):
        self.assertEqual(case.filled(["$NS-a", {"x": "$(hostname) $NSX"}], {"NS": "n"}), ["n-a", {"x": "$(hostname) $NSX"}])


class OfANode(unittest.TestCase):
    def test_its_image_is_found_beside_those_without_a_name(self):
        images = [{"names": None}, {"names": ["stateproof.local/mariadb:11.8"]}, {}]
        self.assertEqual(play.image_on({"status": {"images": images}}), "stateproof.local/mariadb:11.8")
        self.assertEqual(play.image_on({"status": {"images": None}}), "")


class OfAPlay(unittest.TestCase):
    cases = [
        {"name": "volumes/a", "healthy": False, "verdict": "right", "why": "", "healed": "yes", "heal_why": ""},
        {"name": "volumes/a~", "healthy": True, "verdict": "false alarm", "why": "x: y", "healed": "-", "heal_why": ""},
        {"name": "loops/b", "healthy": False, "verdict": "missed", "why": "called healthy, exit code 0", "healed": "no", "heal_why": "z"},
    ]
    result = {"cases": cases, "date": "2026-11-29", "version": "1.0", "kubernetes": "v1.37.2"}

    def test_is_counted(self):
        counted = figures.sums(self.cases)
        self.assertEqual((counted["right"], counted["sick"], counted["called_healthy"]), (1, 2, 1))
        self.assertEqual((counted["healed"], counted["remedies"], counted["false_alarms"]), (1, 2, 1))

    def test_is_written_into_a_document_once(self):
        once = figures.document_with("# Doctor\n\ntext\n\n## After\n\nmore\n", self.result)
        self.assertIn("| volumes | 1 of 1 | 1 of 1 | 1 of 1 |", once)
        self.assertEqual(figures.document_with(once, self.result), once)
        between = once.replace(figures.HEADING, f"## Before\n\nx\n\n{figures.HEADING}") + "\n## Last\n"
        self.assertTrue(figures.document_with(between, self.result).endswith("\n## Last\n"))


if __name__ == "__main__":
    unittest.main()
