"""Plays a case on a cluster: sets it up, asks the doctor, does what he says, and takes everything away again."""

import dataclasses
import json
import pathlib
import re
import secrets
import shutil
import subprocess
import threading
import time

import yaml

from . import judge
from .case import HOME, filled, objects_of, with_words

# Kinds of what a case or a remedy creates outside of the namespace, named after it.
OF_THE_CLUSTER = (
    "namespaces,persistentvolumes,storageclasses,priorityclasses,runtimeclasses,nodes,csinodes,"
    "validatingwebhookconfigurations,mutatingwebhookconfigurations,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings"
)

STEADY = 6  # seconds for which health must last


class Trouble(Exception):
    """The case could not be played: nothing is said about the doctor."""


@dataclasses.dataclass
class Played:
    name: str
    about: str = ""
    near_miss: bool = False
    healthy: bool = False  # nothing was to be found
    verdict: str = "not played"
    why: str = ""
    first: str = ""  # id of the first finding
    cause: str = ""
    seconds: float = 0  # from set-up to the look that is judged
    healed: str = "-"  # yes, no, by hand, or - where nothing is to be healed
    heal_why: str = ""


class Cluster:
    """The cluster in KUBECONFIG, and the programs that speak with it."""

    def __init__(self, environment, doctor, image):
        self.environment = environment
        self.doctor = doctor
        self.stop = threading.Event()  # set when nobody wants the results any more
        nodes = json.loads(self.kubectl("get", "nodes", "-l", "!node-role.kubernetes.io/control-plane", "-o", "json"))
        ready = [node for node in nodes["items"] if _is_ready(node)]
        self.workers = [node["metadata"]["name"] for node in ready]
        if len(self.workers) < 2:
            raise Trouble(f"the cases need two workers that are Ready, and the cluster has {len(self.workers)}")
        self.image = image or image_on(ready[0]) or self._published_image()

    def _published_image(self):
        return subprocess.run([self.doctor, "images"], capture_output=True, text=True).stdout.split()[0]

    def kubectl(self, *arguments, given=None, check=True):
        done = subprocess.run(
            ["kubectl", *arguments], env=self.environment, input=given, capture_output=True, text=True
        )
        if check and done.returncode != 0:
            raise Trouble(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def shell(self, script, variables, folder, limit=180):
        """Exit code and all that was printed."""
        try:
            done = subprocess.run(
                ["bash", "-c", script],
                env={**self.environment, **variables},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=limit,
            )
        except subprocess.TimeoutExpired:
            return 124, f"did not end in {limit} s"
        return done.returncode, done.stdout

    def ask(self, ns, strict, output):
        asked = [self.doctor, "doctor", "-n", ns, "--output", output, *(["--strict"] if strict else [])]
        return subprocess.run(asked, env=self.environment, capture_output=True, text=True)


def _is_ready(node):
    return any(seen["type"] == "Ready" and seen["status"] == "True" for seen in node["status"].get("conditions", []))


def image_on(node):
    """Built here, where no registry answers; its tag is the series of MariaDB."""
    # An image that lost its tag to another is told with null for its names.
    names = [name for image in node["status"].get("images") or [] for name in image.get("names") or []]
    return next((name for name in names if re.match(r"stateproof\.local/mariadb:[\d.]+$", name)), "")


class News:
    """Wakes when pods change or events come in a namespace."""

    def __init__(self, cluster, ns):
        self._came = threading.Event()
        self._watches = [
            subprocess.Popen(
                ["kubectl", "-n", ns, "get", resource, "--watch", "-o", "name"],
                env=cluster.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            for resource in ("pods", "events")
        ]
        for watch in self._watches:
            threading.Thread(target=self._listen, args=(watch,), daemon=True).start()

    def _listen(self, watch):
        for _ in watch.stdout:
            self._came.set()

    def wait(self):
        """A while at most: some causes are told by nothing but their age."""
        self._came.wait(3)
        self._came.clear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for watch in self._watches:
            watch.kill()
            watch.wait()


class Play:
    def __init__(self, cluster, case, out):
        self.cluster = cluster
        self.case = case
        self.out = pathlib.Path(out).resolve() / case.name
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        name = re.sub("[^a-z0-9]+", "-", case.name.split("/")[-1].lower()).strip("-")
        self.ns = f"case-{name[:40]}{'-near' if case.near_miss else ''}-{secrets.token_hex(2)}"
        self.words = {
            "NS": self.ns,
            "IMAGE": cluster.image,
            "WORKER0": cluster.workers[0],
            "WORKER1": cluster.workers[1],
        }
        self.expect = with_words(case.expect, self.words)
        self.heal = with_words(case.heal, self.words)
        self.played = Played(case.name, case.about, case.near_miss, case.expect.healthy)

    def run(self):
        try:
            self._set_up()
            began = time.monotonic()
            with News(self.cluster, self.ns) as news:
                said = self._diagnosis(news, began)
                self.played.seconds = round(time.monotonic() - began, 1)
                self._keep(said)
                if not self.expect.healthy and not self.heal.none:
                    self._heal(said, news)
        except Trouble as trouble:
            self.played.verdict, self.played.why = "not played", str(trouble)
        finally:
            self._clean_up()
            self._write("played.json", json.dumps(dataclasses.asdict(self.played), indent=1))
        return self.played

    def _write(self, name, text):
        (self.out / name).write_text(text)

    # --- set-up

    def _set_up(self):
        if self.case.folder is not None:
            self._run(f"exec bash {self.case.folder}/setup.sh", "set-up")
            return
        self.cluster.kubectl("create", "namespace", self.ns)
        before, objects = objects_of(self.case.setup, self.words)
        for manifest in (*before, *objects):
            self._apply(manifest)
        if then := filled(self.case.setup.get("then", ""), self.words):
            self._script(then, "set-up")

    def _apply(self, manifest):
        spaced = [] if "namespace" in manifest["metadata"] else ["-n", self.ns]
        text = yaml.safe_dump(manifest)
        # The account "default" of a new namespace comes a moment after it.
        for attempt in range(20):
            done = subprocess.run(
                ["kubectl", *spaced, "create", "-f", "-"],
                env=self.cluster.environment,
                input=text,
                capture_output=True,
                text=True,
            )
            if done.returncode == 0:
                return
            if "serviceaccount" not in done.stderr or attempt == 19:
                raise Trouble(f"{manifest['kind']} {manifest['metadata']['name']}: {done.stderr.strip()}")
            self.cluster.kubectl("-n", self.ns, "wait", "serviceaccount/default", "--for=create", "--timeout=5s")

    def _script(self, script, name):
        self._run(f"set -euo pipefail\n. {HOME}/prelude.sh\n{script}", name)

    def _run(self, script, name):
        code, printed = self.cluster.shell(script, self.words, self.out)
        self._write(f"{name}.log", printed)
        if code != 0:
            last = printed.strip().splitlines()[-1:] or [""]
            raise Trouble(f"{name} ended with exit code {code}: {last[0]}")

    # --- diagnosis

    def _look(self):
        seen = self.cluster.ask(self.ns, self.case.strict, "json")
        try:
            report = json.loads(seen.stdout)
        except ValueError as error:
            raise Trouble(f"the doctor prints no JSON, exit code {seen.returncode}: {seen.stderr.strip()}") from error
        return judge.Said(seen.returncode, report, "")

    def _diagnosis(self, news, began):
        """The first look that finds anything; of a healthy set, the first when it is whole."""
        if self.case.folder is not None:
            self.cluster.stop.wait(self.case.within)  # the folder does not say what to wait for
            return self._as_text(self._look())
        healthy_and_whole = self.expect.healthy and not self.expect.under_way
        limit = 90 if healthy_and_whole else self.case.within
        while True:
            if self.cluster.stop.is_set():
                raise Trouble("interrupted")
            done = self._is_whole() if healthy_and_whole else None
            said = self._look()
            late = time.monotonic() - began > limit
            if healthy_and_whole and not done and late:
                raise Trouble("the set that should be healthy is not whole in 90 s")
            if done or late or (not healthy_and_whole and self._has_enough(said)):
                return self._as_text(said)
            news.wait()

    def _has_enough(self, said):
        if self.expect.healthy:
            return True  # one that is under way
        return bool(said.entries if self.expect.note else said.findings)

    def _as_text(self, said):
        seen = self.cluster.ask(self.ns, self.case.strict, "text")
        self._write("doctor.txt", seen.stdout + seen.stderr + f"exit code {seen.returncode}\n")
        self._write("doctor.json", json.dumps(said.report, indent=1))
        return judge.Said(said.code, said.report, seen.stdout)

    def _is_whole(self):
        sets = json.loads(self.cluster.kubectl("-n", self.ns, "get", "statefulsets", "-o", "json"))["items"]
        return bool(sets) and all(_whole(one) for one in sets)

    def _keep(self, said):
        judgement = judge.judge(self.expect, said)
        self.played.verdict, self.played.why = judgement.verdict, judgement.why
        if said.first is not None:
            self.played.first, self.played.cause = said.first["id"], said.first["cause"]

    # --- remedy

    def _heal(self, said, news):
        if said.first is None:
            self._not_healed("nothing is found")
            return
        printed = [step["command"] for step in said.first["remedy"]]
        if hidden := [command for command in printed if command not in said.text]:
            self._not_healed(f"the JSON has a command that the text does not print: {hidden[0]}")
            return
        for name, text in self.heal.files.items():
            self._write(name, text)
        if commands := judge.chosen(said.first["remedy"], self.heal.way, self.heal.fill):
            self._apply_remedy(commands)
        elif self.heal.by_hand:
            self._script(self.heal.by_hand, "by-hand")
            self.played.healed = "by hand"
        else:
            self._not_healed("no way with a command that could be run as it is printed")
        if self.played.healed != "no":
            self._await_health(said.first["cause"], news)

    def _apply_remedy(self, commands):
        variables = dict(self.words)
        if self.heal.editor:
            variables["KUBE_EDITOR"] = f"sed -i {self.heal.editor}"
        log = []
        for command in commands:
            if left := judge.unfilled(command):
                self._not_healed(f"the case has no value for {left[0]} in: {command}")
                return
            code, printed = self.cluster.shell(command, variables, self.out)
            log.append(f"$ {command}\n{printed}exit code {code}\n")
            self._write("remedy.log", "".join(log))
            if code != 0:
                self._not_healed(f"{command} ended with exit code {code}: {printed.strip()[-200:]}")
                return

    def _not_healed(self, why):
        self.played.healed, self.played.heal_why = "no", why

    def _await_health(self, former, news):
        """Health that lasts: a container that ends at once is Ready for a moment, too."""
        until = time.monotonic() + self.heal.within
        well_since = None
        while True:
            whole = self._is_whole()
            said = self._look()
            gone = all(entry["cause"] != former for entry in said.entries)
            content = said.code == 0 or [entry["id"] for entry in said.findings] == [self.heal.leaves]
            well = whole and content and gone
            well_since = (well_since or time.monotonic()) if well else None
            if well and time.monotonic() - well_since > STEADY:
                self.played.healed = "by hand" if self.played.healed == "by hand" else "yes"
                return
            if time.monotonic() > until or self.cluster.stop.is_set():
                break
            news.wait()
        seen = self.cluster.ask(self.ns, self.case.strict, "text")
        self._write("after-remedy.txt", seen.stdout + seen.stderr)
        self._not_healed(
            f"after {self.heal.within} s the set is {'whole' if whole else 'not whole'}, "
            f"and the doctor says {said.first['id'] if said.first else 'nothing'}, exit code {said.code}"
        )

    # --- clean-up

    def _clean_up(self):
        quietly = {"check": False}
        kubectl = self.cluster.kubectl
        seen = kubectl("get", OF_THE_CLUSTER, "-o", "name", **quietly).split()
        if own := [name for name in seen if re.search(rf"/{self.ns}(-|$)", name)]:
            kubectl("delete", *own, "--wait=false", **quietly)
        kubectl("delete", "namespace", self.ns, "--wait=false", "--ignore-not-found", **quietly)
        kubectl("-n", self.ns, "delete", "pods", "--all", "--force", "--grace-period=0", "--wait=false", **quietly)
        for resource in ("statefulsets", "pods", "persistentvolumeclaims"):
            for name in kubectl("-n", self.ns, "get", resource, "-o", "name", **quietly).split():
                self._let_go(name)
        kubectl("wait", f"namespace/{self.ns}", "--for=delete", "--timeout=120s", **quietly)
        self._remove_kept_volumes()

    def _let_go(self, name):
        """Finalizers of third parties, who are not here."""
        own = ("kubernetes.io/pvc-protection", "foregroundDeletion", "orphan")
        seen = self.cluster.kubectl("-n", self.ns, "get", name, "-o", "jsonpath={.metadata.finalizers}", check=False)
        if any(finalizer not in own for finalizer in json.loads(seen or "[]")):
            patch = json.dumps({"metadata": {"finalizers": None}})
            self.cluster.kubectl("-n", self.ns, "patch", name, "--type=merge", "-p", patch, check=False)

    def _remove_kept_volumes(self):
        for volume in json.loads(self.cluster.kubectl("get", "persistentvolumes", "-o", "json"))["items"]:
            if volume["spec"].get("claimRef", {}).get("namespace") != self.ns:
                continue
            name = volume["metadata"]["name"]
            if "pv.kubernetes.io/provisioned-by" in volume["metadata"].get("annotations", {}):
                patch = json.dumps({"spec": {"persistentVolumeReclaimPolicy": "Delete"}})  # its files go, too
                self.cluster.kubectl("patch", "persistentvolume", name, "--type=merge", "-p", patch, check=False)
            else:
                self.cluster.kubectl("delete", "persistentvolume", name, "--wait=false", check=False)


def _whole(served):
    spec, status = served["spec"], served.get("status", {})
    wanted = spec.get("replicas", 1)
    if status.get("observedGeneration", 0) < served["metadata"]["generation"]:
        return False
    if status.get("replicas", 0) != wanted or status.get("availableReplicas", 0) != wanted:
        return False
    strategy = spec.get("updateStrategy", {})
    if strategy.get("type") == "OnDelete" or strategy.get("rollingUpdate", {}).get("partition", 0) > 0:
        return True
    return status.get("updateRevision") == status.get("currentRevision") or status.get("updatedReplicas", 0) == wanted
