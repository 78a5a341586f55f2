#!/usr/bin/python3
"""A pod with every kind of volume and field: restored whole where it can be, refused in one sentence where it cannot."""

import copy

import refusals_test
import scenario
from scenario import kube, lab

API = "/api/v1/namespaces/default"
SLEEP = ["/bin/sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"]
IMAGE = "localhost/ms2m-consumer:latest"

# Everything that a pod may have and that can follow it.
RICH = {
    "metadata": {"labels": {"tier": "back", "team": "queues"},
                 "annotations": {"example.com/owner": "team-queues", "example.com/note": "two\nlines"}},
    "spec": {
        "automountServiceAccountToken": True, "serviceAccountName": "fidelity",
        "hostname": "consumer-host", "subdomain": "consumers", "terminationGracePeriodSeconds": 7,
        "priorityClassName": "fidelity", "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["198.18.0.53"], "searches": ["example.com"], "options": [{"name": "ndots", "value": "2"}]},
        "hostAliases": [{"ip": "198.18.0.99", "hostnames": ["db.example.com", "db"]}],
        "securityContext": {"fsGroup": 2000, "supplementalGroups": [3000]},
        "imagePullSecrets": [{"name": "nowhere"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "queues", "effect": "NoSchedule"}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["worker-1", "worker-2"]}]}]}},
            "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 10, "podAffinityTerm": {
                "topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"tier": "front"}}}}]}},
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
                                       "whenUnsatisfiable": "ScheduleAnyway",
                                       "labelSelector": {"matchLabels": {"tier": "back"}}}],
        "initContainers": [
            {"name": "prepare", "image": IMAGE, "imagePullPolicy": "Never", "command": ["/bin/true"],
             "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]},
            {"name": "proxy", "image": IMAGE, "imagePullPolicy": "Never", "restartPolicy": "Always", "command": SLEEP,
             "resources": {"requests": {"cpu": "10m", "memory": "8Mi"}}}],
        "volumes": [
            {"name": "config", "configMap": {"name": "fidelity", "defaultMode": 0o440,
                                             "items": [{"key": "settings", "path": "deep/settings"}]}},
            {"name": "keys", "secret": {"secretName": "fidelity"}},
            {"name": "about", "downwardAPI": {"items": [
                {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}},
                {"path": "cpu", "resourceFieldRef": {"containerName": "consumer", "resource": "requests.cpu", "divisor": "1m"}}]}},
            {"name": "all", "projected": {"sources": [
                {"configMap": {"name": "fidelity"}}, {"secret": {"name": "fidelity"}},
                {"serviceAccountToken": {"path": "token", "audience": "vault", "expirationSeconds": 600}}]}},
            {"name": "scratch", "emptyDir": {}}, {"name": "fast", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}},
            {"name": "host", "hostPath": {"path": "/srv/fidelity", "type": "DirectoryOrCreate"}},
            {"name": "shared", "persistentVolumeClaim": {"claimName": "fidelity"}}],
    },
    "container": {
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/consumer", "readOnly": True}, {"name": "keys", "mountPath": "/etc/keys"},
            {"name": "config", "mountPath": "/etc/one-setting", "subPath": "deep/settings"},
            {"name": "about", "mountPath": "/etc/about"}, {"name": "all", "mountPath": "/etc/all"},
            {"name": "scratch", "mountPath": "/scratch"}, {"name": "fast", "mountPath": "/fast"},
            {"name": "host", "mountPath": "/host"}, {"name": "shared", "mountPath": "/shared"}],
        "envFrom": [{"configMapRef": {"name": "fidelity"}, "prefix": "CONFIG_"}, {"secretRef": {"name": "fidelity"}}],
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "160Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 2, "failureThreshold": 5},
        "startupProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 30},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["NET_RAW"]}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
    },
    "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "fidelity", "key": "key"}}},
            {"name": "SETTINGS", "valueFrom": {"configMapKeyRef": {"name": "fidelity", "key": "settings"}}},
            {"name": "BOTH", "value": "$(KEY)/$(SETTINGS)"}],
    "containers": [{"name": "beside", "image": IMAGE, "imagePullPolicy": "Never", "command": SLEEP,
                    "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]}],
}

# What cannot follow, all in one pod.
STUCK = {
    "spec": {
        "nodeSelector": {"kubernetes.io/hostname": "worker-1"},
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["worker-1"]}]}]}}},
        "volumes": [{"name": "own", "persistentVolumeClaim": {"claimName": "fidelity-own"}},
                    {"name": "local", "persistentVolumeClaim": {"claimName": "fidelity-local"}},
                    {"name": "host", "hostPath": {"path": "/srv/fidelity", "type": "DirectoryOrCreate"}},
                    {"name": "scratch", "emptyDir": {}}, {"name": "fast", "emptyDir": {"medium": "Memory"}},
                    {"name": "spare", "emptyDir": {}}]},
    "container": {"volumeMounts": [{"name": "own", "mountPath": "/own"}, {"name": "local", "mountPath": "/local"},
                                   {"name": "host", "mountPath": "/host"}, {"name": "scratch", "mountPath": "/scratch"},
                                   {"name": "fast", "mountPath": "/fast"}, {"name": "spare", "mountPath": "/spare"}]},
}


# A service of the node, and a process that has open what CRIU does not carry along.
AGENT = ("import os, socket, time; s = socket.socket(socket.AF_UNIX); s.bind('/srv/agent/agent.sock'); s.listen(); c = s.accept(); "
         "c[0].recv(1)")
OPENER = ("import ctypes, os, socket, time; s = socket.socket(); s.bind((os.environ['POD_IP'], 9999)); s.listen(); "
          "c = ctypes.CDLL(None); c.syscall(425, 8, ctypes.create_string_buffer(120)); "
          "c.inotify_add_watch(c.inotify_init(), b'/app', 2); pair = socket.socketpair(); "
          "gone = open('/tmp/gone', 'wb'); gone.write(bytes(5 << 20)); gone.flush(); os.unlink('/tmp/gone'); "
          "agent = socket.socket(socket.AF_UNIX); agent.connect('/run/agent/agent.sock'); "
          "open('/scratch/listens', 'w').close(); time.sleep(100000)")


def claim(name, mode, **spec):
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "default"},
            "spec": dict({"accessModes": [mode], "resources": {"requests": {"storage": "1Mi"}}}, **spec)}


def local_volume(name):
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["worker-1"]}]}]
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {"capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteMany"],
                     "hostPath": {"path": "/srv/fidelity", "type": "DirectoryOrCreate"},
                     "nodeAffinity": {"required": {"nodeSelectorTerms": terms}}}}


def in_container(pod, container, command):
    """A command on the pod's node; $root is the container's root as its process sees it."""
    (status,) = [status for status in pod["status"]["containerStatuses"] if status["name"] == container]
    found = f"grep -l {status['containerID'].split('//')[1]} /proc/[0-9]*/cgroup | head -n1"
    return scenario.on_node(pod["spec"]["nodeName"], f"f=$({found}); root=${{f%/cgroup}}/root; {command}").strip()


def comparable(pod):
    """The spec without what a migration must change."""
    spec = copy.deepcopy(pod["spec"])
    for key in ("nodeName", "hostname"):
        spec.pop(key, None)
    spec["initContainers"] = [one for one in spec.get("initContainers", []) if one.get("restartPolicy") == "Always"]
    for container in spec["containers"]:
        if container["name"] == "consumer":
            container["image"] = container["imagePullPolicy"] = "restored"
    for one in spec["containers"] + spec["initContainers"]:
        for mount in one.get("volumeMounts", []):
            if mount["name"].startswith("kube-api-access-"):
                mount["name"] = "kube-api-access"
    for volume in spec["volumes"]:
        if volume["name"].startswith("kube-api-access-"):
            volume["name"] = "kube-api-access"
    return spec


class Objects(scenario.Scenario):
    @classmethod
    def make(cls, path, obj):
        """Removed with the class."""
        cls.api.delete(f"{path}/{obj['metadata']['name']}")
        cls.addClassCleanup(cls.api.delete, f"{path}/{obj['metadata']['name']}", 1 if obj["kind"] == "Pod" else None)
        return cls.api.create(path, obj)

    @classmethod
    def make_common(cls):
        meta = {"name": "fidelity", "namespace": "default"}
        cls.make(f"{API}/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta,
                                       "data": {"settings": "colour=blue"}})
        cls.make(f"{API}/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"key": "hidden"}})
        cls.make(f"{API}/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
        cls.make("/apis/scheduling.k8s.io/v1/priorityclasses",
                 {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "fidelity"}, "value": 1000})
        cls.make(f"{API}/persistentvolumeclaims", claim("fidelity", "ReadWriteMany"))

    def pod(self, name):
        return self.api.get(f"{API}/pods/{name}")


class Whole(Objects):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_common()

    def test_everything_that_can_follow(self):
        (source,) = self.start_traffic("--pod-patch", self.patch_file(RICH))
        before = self.pod(source.name)
        report = self.migrate(source.name, "worker-2", "-c", "consumer", "--allow-hostpath", "--strategy", "handoff")
        self.assertIn("only container consumer moves with its state; proxy, beside start afresh on worker-2", self.runs[-1].err)
        after = self.pod(report["target"]["pod"])
        self.assertEqual(self.assert_serving("worker-2", source.state["boot_id"]).name, report["target"]["pod"])
        self.maxDiff = None
        self.assertEqual(comparable(after), comparable(before))
        self.assertEqual(after["metadata"]["labels"], before["metadata"]["labels"])
        annotations = dict(after["metadata"]["annotations"])
        for key in [key for key in annotations if key.startswith("ms2m.io/") and key not in before["metadata"]["annotations"]]:
            annotations.pop(key)
        self.assertEqual(annotations, before["metadata"]["annotations"])
        self.assertEqual(after["status"]["qosClass"], before["status"]["qosClass"])
        self.assert_files(after)
        self.assert_exact()
        self.assert_no_debris()

    def assert_files(self, pod):
        """What the moved process and its neighbours see."""
        read = {name: in_container(pod, "consumer", f"cat $root{name}") for name in
                ("/etc/consumer/deep/settings", "/etc/one-setting", "/etc/keys/key", "/etc/all/settings", "/etc/all/key", "/etc/about/name",
                 "/etc/about/cpu", "/etc/hostname")}
        self.assertEqual(read, {"/etc/consumer/deep/settings": "colour=blue", "/etc/one-setting": "colour=blue", "/etc/keys/key": "hidden",
                                "/etc/all/settings": "colour=blue", "/etc/all/key": "hidden", "/etc/about/cpu": "50",
                                "/etc/about/name": pod["metadata"]["name"], "/etc/hostname": pod["metadata"]["name"]})
        self.assertIn("db.example.com", in_container(pod, "consumer", "cat $root/etc/hosts"))
        self.assertIn("198.18.0.53", in_container(pod, "consumer", "cat $root/etc/resolv.conf"))
        for name in ("/etc/all/token", "/run/secrets/kubernetes.io/serviceaccount/token"):
            self.assertGreater(int(in_container(pod, "consumer", f"wc -c <$root{name}")), 10, name)
        in_container(pod, "consumer", "echo one >$root/scratch/file; echo one >$root/shared/file; echo one >$root/fast/file")
        self.assertEqual(in_container(pod, "beside", "cat $root/scratch/file"), "one", "volumes are shared again")
        states = pod["status"]["containerStatuses"] + pod["status"]["initContainerStatuses"]
        self.assertEqual({one["name"]: "running" in one["state"] for one in states},
                         {"consumer": True, "beside": True, "proxy": True})


class Checks(Objects):
    def findings(self, *arguments, pod="consumer-0", level="refusal"):
        """Each is one sentence, with its cure."""
        run = self.begin("check", f"pod/{pod}", "--to", "worker-2", "--queue", scenario.QUEUE, "-o", "json", *arguments,
                         env={"MS2M_BROKER": lab.broker_uri()}).wait()
        self.assertIn(run.status, (0, 4), run.said())
        found = [finding for finding in run.report["findings"] if finding["level"] == level]
        self.assertEqual(run.status == 4, any(one["level"] == "refusal" for one in run.report["findings"]))
        for finding in found:
            self.assertNotIn("\n", finding["reason"])
            self.assertLess(len(finding["reason"]), 300)
            if level == "refusal":
                self.assertTrue(finding["cure"], finding)
        return [finding["reason"] for finding in found]

    def assert_found(self, found, *sentences):
        for sentence in sentences:
            self.assertEqual(len([text for text in found if sentence in text]), 1, f"{sentence!r} in {found}")

    def run_pod(self, name, node, metadata=None, spec=None, container=None):
        """Beside the consumer; gone with the test."""
        self.make(f"{API}/pods", {
            "apiVersion": "v1", "kind": "Pod", "metadata": dict({"name": name, "namespace": "default"}, **(metadata or {})),
            "spec": dict({"nodeName": node, "containers": [dict(
                {"name": "c", "image": IMAGE, "imagePullPolicy": "Never", "command": SLEEP}, **(container or {}))]}, **(spec or {}))})
        self.addCleanup(self.remove_pod, name)
        self.eventually(lambda: kube.is_ready(self.pod(name)), f"pod {name} runs")

    def remove_pod(self, name):
        """Returns when it takes no room on its node any more."""
        self.api.delete(f"{API}/pods/{name}", 1)
        self.eventually(lambda: name not in [pod["metadata"]["name"] for pod in self.api.get(f"{API}/pods")["items"]],
                        f"pod {name} is gone")


class Refused(Checks, refusals_test.RefusalCase):
    """One running pod with all that cannot follow; `check` names each."""

    @classmethod
    def setUpClass(cls):
        scenario.Scenario.setUpClass.__func__(cls)
        cls.make(f"{API}/persistentvolumeclaims", claim("fidelity-own", "ReadWriteOnce"))
        cls.make("/api/v1/persistentvolumes", local_volume("fidelity-local"))
        cls.make(f"{API}/persistentvolumeclaims", claim("fidelity-local", "ReadWriteMany", volumeName="fidelity-local"))
        scenario.driver.traffic("start", "--rate", "5", "--pod-patch", cls.patch_file(STUCK))

    def test_what_the_pod_has(self):
        pod = self.pod("consumer-0")
        in_container(pod, "consumer", "touch $root/scratch/a $root/fast/b $root/dev/shm/c")
        found = self.findings()
        expected = ["nodeSelector kubernetes.io/hostname=worker-1 does not match node worker-2",
                    "required node affinity does not match node worker-2",
                    "claim fidelity-own is ReadWriteOnce: source and target cannot both have it",
                    "volume fidelity-local of claim fidelity-local cannot be had on node worker-2",
                    "hostPath volume host (/srv/fidelity) is another directory",
                    "emptyDir volume scratch has files in it", "emptyDir volume fast has files in it",
                    "/dev/shm has files in it"]
        self.assert_found(found, *expected)
        self.assertEqual(len(found), len(expected), found)
        self.assert_found(self.findings(level="ok"), "emptyDir volume spare is empty")
        accepted = self.findings("--allow-hostpath", "--accept-volume-loss")
        self.assert_found(accepted, *expected[:4])
        self.assertEqual(len(accepted), 4, accepted)
        in_container(pod, "consumer", "rm $root/scratch/a $root/fast/b $root/dev/shm/c")
        self.assertEqual([text for text in self.findings() if "emptyDir" in text or "shm" in text], [])
        self.refused(refusals_test.REFUSED, "nodeSelector")

    def test_what_the_process_has_open(self):
        self.make(f"{API}/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "open", "namespace": "default"},
                                        "data": {"settings": "colour=blue"}})
        scenario.on_node("worker-1", f"mkdir -p /srv/agent; setsid python3 -c \"{AGENT}\" >/dev/null 2>&1 </dev/null & "
                                     "until [ -S /srv/agent/agent.sock ]; do sleep 0.05; done")
        self.addCleanup(scenario.on_node, "worker-1", "rm -r /srv/agent")
        self.run_pod("open", "worker-1",
                     spec={"volumes": [{"name": "config", "configMap": {"name": "open"}}, {"name": "scratch", "emptyDir": {}},
                                       {"name": "agent", "hostPath": {"path": "/srv/agent"}}]},
                     container={"command": ["/bin/sh", "-c", f'exec 3</etc/c/settings 4>/scratch/journal; exec python3 -c "{OPENER}"'],
                                "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                                "volumeMounts": [{"name": "config", "mountPath": "/etc/c"}, {"name": "scratch", "mountPath": "/scratch"},
                                             {"name": "agent", "mountPath": "/run/agent"}]})
        self.eventually(lambda: in_container(self.pod("open"), "c", "ls $root/scratch/listens 2>/dev/null || :"), "it listens")
        found = self.findings("--accept-volume-loss", "--allow-hostpath", pod="open")
        self.assert_found(found, "container c listens on the pod's own address", "/settings of configMap volume config is open",
                          "file /scratch/journal of emptyDir volume scratch is open",
                          "container c has an io_uring open", "container c watches files of its image by inotify",
                          "file /tmp/gone is deleted and still open in container c: CRIU carries 1.0 MiB of one along, it has 5.0 MiB",
                          "container c is connected to /srv/agent/agent.sock by a unix socket")

    def test_what_the_node_is(self):
        taint = [{"key": "dedicated", "value": "gpu", "effect": "NoExecute"}]
        self.addCleanup(self.api.merge, "/api/v1/nodes/worker-2", {"spec": {"unschedulable": None, "taints": None}})
        self.api.merge("/api/v1/nodes/worker-2", {"spec": {"unschedulable": True, "taints": taint}})
        self.assert_found(self.findings(), "node worker-2 is cordoned", "has the taint dedicated:NoExecute")

    def test_what_the_node_has_left(self):
        """Two pods ask for nearly all of it; ours asks for less than it has and more than is left."""
        allocatable = self.api.get("/api/v1/nodes/worker-2")["status"]["allocatable"]["cpu"]
        milli = int(allocatable[:-1]) if allocatable.endswith("m") else int(allocatable) * 1000
        self.run_pod("filler", "worker-2", container={"resources": {"requests": {"cpu": f"{milli - 20}m"}}})
        self.assert_found(self.findings(), "node worker-2 has too little free cpu")

    def test_what_the_processor_lacks(self):
        flags = scenario.on_node("worker-2", "grep -E -m1 '^(flags|Features)' /proc/cpuinfo").split()
        flag = next(flag for flag in ("sse4_2", "asimd") if flag in flags)
        self.addCleanup(scenario.lab_command, "enter", "worker-2", "umount", "/proc/cpuinfo")
        scenario.lab_command("enter", "worker-2", "sh", "-c",
                             f"sed 's/ {flag} / /' /proc/cpuinfo >/run/cpuinfo; mount --bind /run/cpuinfo /proc/cpuinfo")
        self.assert_found(self.findings(), f"the processor of worker-2 lacks features of worker-1 that the process may be using: {flag}")

    def test_another_architecture(self):
        before = self.api.get("/api/v1/nodes/worker-2")["status"]["nodeInfo"]["architecture"]
        path = "/api/v1/nodes/worker-2/status"
        self.addCleanup(self.api.merge, path, {"status": {"nodeInfo": {"architecture": before}}})
        self.api.merge(path, {"status": {"nodeInfo": {"architecture": "riscv64"}}})
        self.assert_found(self.findings(), "the target node is riscv64")

    def test_disruption_budget(self):
        path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
        self.make(path, {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "fidelity", "namespace": "default"},
                         "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "consumer"}}}})
        self.addCleanup(self.api.delete, f"{path}/fidelity")
        self.eventually(lambda: "disruptionsAllowed" in self.api.get(f"{path}/fidelity").get("status", {}), "the budget is counted")
        sentence = "PodDisruptionBudget fidelity allows no disruption now"
        for strategy in ("shadow", "handoff"):
            self.assert_found(self.findings("--strategy", strategy, level="warning"), sentence)
            self.assertEqual([text for text in self.findings("--strategy", strategy) if sentence in text], [])
        self.assert_found(self.findings("--strategy", "sequential"), f"{sentence}, and sequential takes the pod away before its copy comes")

    def test_who_owns_the_pod(self):
        container = {"name": "c", "image": IMAGE, "imagePullPolicy": "Never", "command": SLEEP}
        template = {"metadata": {"labels": {"app": "other"}}, "spec": {"restartPolicy": "Never", "containers": [container]}}
        job = self.make_owner("Job", "batch", "jobs", {"template": template})
        self.run_pod("of-job", "worker-1", metadata={"ownerReferences": [job]})
        self.assert_found(self.findings(pod="of-job"), "a pod of a Job (fidelity) cannot be moved")
        # This one makes its pods itself, and they go with it.
        self.addCleanup(lambda: [self.remove_pod(pod["metadata"]["name"]) for pod in self.api.pods("app=other")])
        template = copy.deepcopy(template)
        template["spec"].update(restartPolicy="Always", nodeSelector={"kubernetes.io/hostname": "worker-1"})
        self.make_owner("DaemonSet", "apps", "daemonsets", {"template": template, "selector": {"matchLabels": {"app": "other"}}})
        pods = self.api.wait_pods("app=other", lambda pods: pods and all(map(kube.is_ready, pods.values())), 60)
        self.assertEqual(len(pods or []), 1, pods)
        self.assert_found(self.findings(pod=next(iter(pods))), "a pod of a DaemonSet (fidelity) cannot be moved")

    def make_owner(self, kind, group, plural, spec):
        """Returns how its pods name it."""
        owner = self.make(f"/apis/{group}/v1/namespaces/default/{plural}",
                          {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "fidelity", "namespace": "default"}, "spec": spec})
        return {"apiVersion": f"{group}/v1", "kind": kind, "name": "fidelity", "uid": owner["metadata"]["uid"], "controller": True}

    def test_host_namespaces(self):
        self.run_pod("in-the-host", "worker-1", spec={"hostNetwork": True})
        self.assert_found(self.findings(pod="in-the-host"), "uses the host's network")


class Rollout(Checks):
    def test_rollout(self):
        (source,) = self.start_traffic("--workload", "deployment")
        path = "/apis/apps/v1/namespaces/default/deployments/consumer"
        self.api.merge(path, {"spec": {"template": {"spec": {"nodeSelector": {"nowhere": "at-all"}}}}})
        self.eventually(lambda: len(self.api.pods("app=consumer")) == 2, "the new revision's pod waits")
        self.assert_found(self.findings(pod=source.name), "a rollout of deployment consumer is under way")


if __name__ == "__main__":
    scenario.main()
