#!/usr/bin/python3
"""What `ms2m agent manifest` prints, against the fields that Kubernetes 1.36 knows, each with its type: nothing unknown, nothing
missing, and the keys in it are what they are to be. MS2M names the program."""

import base64
import os
import re
import subprocess
import tempfile
import unittest

import yaml

MS2M = os.environ["MS2M"]
IMAGE = "registry.example:5000/tools/ms2m-agent:0.1.0"

TEXT, WHOLE, YES = str, int, bool
TEXTS = {"*": TEXT}  # a map with any keys


class Must(dict):
    """Fields that have to be there; others are in `may`."""

    def __init__(self, must, **may):
        super().__init__(must)
        self.may = may


META = Must({"name": TEXT}, namespace=TEXT, labels=TEXTS, annotations=TEXTS)
SECURITY = {"privileged": YES, "readOnlyRootFilesystem": YES, "allowPrivilegeEscalation": YES, "runAsUser": WHOLE}
ENV = [Must({"name": TEXT}, value=TEXT, valueFrom={"fieldRef": Must({"fieldPath": TEXT}, apiVersion=TEXT)})]
PROBE = {"httpGet": Must({"port": (TEXT, WHOLE)}, path=TEXT, scheme=TEXT, host=TEXT), "periodSeconds": WHOLE, "timeoutSeconds": WHOLE,
         "failureThreshold": WHOLE, "initialDelaySeconds": WHOLE, "successThreshold": WHOLE}
CONTAINER = Must({"name": TEXT, "image": TEXT}, command=[TEXT], args=[TEXT], env=ENV, imagePullPolicy=TEXT, securityContext=SECURITY,
                 ports=[Must({"containerPort": WHOLE}, name=TEXT, protocol=TEXT, hostPort=WHOLE)], readinessProbe=PROBE,
                 livenessProbe=PROBE, resources={"requests": TEXTS, "limits": TEXTS},
                 volumeMounts=[Must({"name": TEXT, "mountPath": TEXT}, readOnly=YES, subPath=TEXT)])
ITEMS = [Must({"key": TEXT, "path": TEXT}, mode=WHOLE)]
VOLUME = Must({"name": TEXT}, projected=Must({"sources": [{"secret": Must({"name": TEXT}, items=ITEMS, optional=YES)}]},
                                             defaultMode=WHOLE))
TOLERATION = {"key": TEXT, "operator": TEXT, "value": TEXT, "effect": TEXT}
POD = Must({"containers": [CONTAINER]}, initContainers=[CONTAINER], volumes=[VOLUME], serviceAccountName=TEXT,
           automountServiceAccountToken=YES, enableServiceLinks=YES, hostPID=YES, nodeSelector=TEXTS, tolerations=[TOLERATION],
           terminationGracePeriodSeconds=WHOLE, priorityClassName=TEXT)
SET = Must({"selector": {"matchLabels": TEXTS}, "template": {"metadata": {"labels": TEXTS, "annotations": TEXTS}, "spec": POD}},
           updateStrategy={"type": TEXT, "rollingUpdate": {"maxUnavailable": (TEXT, WHOLE), "maxSurge": (TEXT, WHOLE)}})
KINDS = {
    ("v1", "Namespace"): Must({"metadata": META}),
    ("v1", "ServiceAccount"): Must({"metadata": META}, automountServiceAccountToken=YES),
    ("v1", "Secret"): Must({"metadata": META, "type": TEXT, "data": TEXTS}),
    ("node.k8s.io/v1", "RuntimeClass"): Must({"metadata": META, "handler": TEXT}),
    ("rbac.authorization.k8s.io/v1", "Role"): Must(
        {"metadata": META, "rules": [Must({"apiGroups": [TEXT], "resources": [TEXT], "verbs": [TEXT]}, resourceNames=[TEXT])]}),
    ("apps/v1", "DaemonSet"): Must({"metadata": META, "spec": SET}),
}


def problems(value, known, path):
    """Lines for what the API server would refuse, or drop in silence."""
    if isinstance(known, tuple):
        return [] if type(value) in known else [f"{path}: {value!r} is none of {known}"]
    if isinstance(known, type):
        return [] if type(value) is known else [f"{path}: {value!r} is no {known.__name__}"]
    if isinstance(known, list):
        if not isinstance(value, list):
            return [f"{path}: {value!r} is no list"]
        return [line for number, each in enumerate(value) for line in problems(each, known[0], f"{path}[{number}]")]
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no map"]
    if "*" in known:
        return [line for key, each in value.items() for line in problems(each, known["*"], f"{path}.{key}")]
    fields = {**known, **getattr(known, "may", {})}
    lines = [f"{path}.{key} is missing" for key in known if isinstance(known, Must) and key not in value]
    for key, each in value.items():
        lines += problems(each, fields[key], f"{path}.{key}") if key in fields else [f"{path}.{key} is unknown"]
    return lines


def check(document):
    body = dict(document)
    kind = (body.pop("apiVersion", None), body.pop("kind", None))
    return problems(body, KINDS[kind], kind[1]) if kind in KINDS else [f"{kind} is unknown"]


def manifest(*arguments, status=0):
    run = subprocess.run([MS2M, "agent", "manifest", *arguments], capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == status, run.stderr
    return run.stdout if status == 0 else run.stderr


def openssl(*arguments, text=""):
    return subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, timeout=100, check=True).stdout


class Manifest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = manifest("--image", IMAGE, "--node-selector", "pool=workers")
        cls.documents = list(yaml.safe_load_all(cls.text))

    def one(self, kind, name=None):
        found = [d for d in self.documents if d["kind"] == kind and name in (None, d["metadata"]["name"])]
        self.assertEqual(len(found), 1, f"{kind} {name}")
        return found[0]

    def test_only_known_fields(self):
        self.assertEqual([line for document in self.documents for line in check(document)], [])

    def test_the_check_can_fail(self):
        broken = yaml.safe_load(self.text.split("---\n")[-1])
        broken["spec"]["template"]["spec"]["hostPid"] = True
        broken["spec"]["template"]["spec"]["hostPID"] = "true"
        del broken["spec"]["selector"]
        self.assertEqual(sorted(check(broken)), ["DaemonSet.spec.selector is missing",
                                                 "DaemonSet.spec.template.spec.hostPID: 'true' is no bool",
                                                 "DaemonSet.spec.template.spec.hostPid is unknown"])

    def test_what_there_is(self):
        self.assertEqual([(d["kind"], d["metadata"]["name"]) for d in self.documents],
                         [("Namespace", "ms2m-system"), ("ServiceAccount", "ms2m-agent"), ("Secret", "ms2m-agent"),
                          ("Secret", "ms2m-agent-tls"), ("Role", "ms2m-agent-user"), ("RuntimeClass", "ms2m"),
                          ("DaemonSet", "ms2m-agent")])
        for document in self.documents:
            if document["kind"] not in ("Namespace", "RuntimeClass"):
                self.assertEqual(document["metadata"]["namespace"], "ms2m-system")

    def test_no_right_for_the_agents(self):
        self.assertFalse(any(d["kind"] in ("RoleBinding", "ClusterRoleBinding", "ClusterRole") for d in self.documents))
        self.assertIs(self.one("ServiceAccount")["automountServiceAccountToken"], False)
        pod = self.one("DaemonSet")["spec"]["template"]["spec"]
        self.assertIs(pod["automountServiceAccountToken"], False)
        self.assertNotIn("hostNetwork", pod)
        self.assertEqual([list(volume) for volume in pod["volumes"]], [["name", "projected"]])

    def test_each_right_is_said(self):
        """A comment stands before every rule, and before what makes the pods strong."""
        lines = self.text.splitlines()
        for number, line in enumerate(lines):
            if re.search(r"^- apiGroups|hostPID: true|privileged: true|tolerations:|pod-security", line.replace("      ", "")):
                self.assertIn("#", lines[number - 1], f"line {number + 1}: {line}")

    def test_the_keys_are_good(self):
        secret = {k: base64.b64decode(v).decode() for k, v in self.one("Secret", "ms2m-agent")["data"].items()}
        own = {k: base64.b64decode(v).decode() for k, v in self.one("Secret", "ms2m-agent-tls")["data"].items()}
        self.assertRegex(secret["token"], "^[0-9a-f]{64}$")
        with tempfile.TemporaryDirectory() as place:
            for name, text in {**secret, **own}.items():
                with open(os.path.join(place, name), "w", encoding="utf-8") as file:
                    file.write(text)
            at = lambda name: os.path.join(place, name)  # noqa: E731
            self.assertIn("OK", openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "ms2m-agent", "-CAfile",
                                        at("ca.crt"), at("tls.crt")))
            self.assertEqual(openssl("x509", "-in", at("tls.crt"), "-noout", "-pubkey"),
                             openssl("pkey", "-in", at("tls.key"), "-pubout"))
        self.assertNotIn("PRIVATE KEY", secret["ca.crt"])

    def test_made_anew_each_time(self):
        again = list(yaml.safe_load_all(manifest("--image", IMAGE)))
        for mine, other in zip(self.documents, again):
            if mine["kind"] == "Secret":
                for key, value in mine["data"].items():
                    self.assertNotEqual(value, other["data"][key], key)

    def test_options(self):
        pod = self.one("DaemonSet")["spec"]["template"]["spec"]
        self.assertEqual(pod["nodeSelector"], {"kubernetes.io/os": "linux", "pool": "workers"})
        self.assertEqual([c["image"] for c in pod["initContainers"] + pod["containers"]], [IMAGE, IMAGE])
        self.assertNotIn("--restart-runtime", self.text)
        elsewhere = list(yaml.safe_load_all(manifest("--image", IMAGE, "-n", "tools", "--no-setup")))
        self.assertEqual([line for document in elsewhere for line in check(document)], [])
        self.assertNotIn("RuntimeClass", [d["kind"] for d in elsewhere])
        self.assertNotIn("initContainers", elsewhere[-1]["spec"]["template"]["spec"])
        self.assertEqual({d["metadata"].get("namespace", d["metadata"]["name"]) for d in elsewhere}, {"tools"})

    def test_wrong_options(self):
        for arguments in (["--image", "a b"], ["--image", "x\nkind: Pod"], ["--image", IMAGE, "--node-selector", "pool"],
                          ["--image", IMAGE, "--node-selector", "a=b\"c"], ["--image", IMAGE, "-n", "Bad_Name"], []):
            said = manifest(*arguments, status=2)
            self.assertTrue(said.strip().startswith("ms2m: "), said)
            self.assertEqual(len(said.strip().splitlines()), 1, said)


if __name__ == "__main__":
    unittest.main(verbosity=2)
