"""A second cluster: another API server of the lab's kind, with a state of its own and the same certificates."""

import os
import subprocess

import yaml

import kube
import lab


def _running_api_server():
    """The program and the arguments of the lab's own."""
    pid = lab.read("pids", "apiserver").split()[0]
    with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
        arguments = file.read().split("\0")[:-1]
    return os.readlink(f"/proc/{pid}/exe"), arguments[1:]


class SecondCluster:
    def __init__(self):
        program, arguments = _running_api_server()
        arguments[arguments.index("--listen") + 1] = "127.0.0.1:0"
        self._process = subprocess.Popen([program, *arguments, "--exit-with-parent"], stdout=subprocess.PIPE, text=True)
        self.server = None
        for line in self._process.stdout:
            if line.startswith("listening on "):
                self.server = "https://" + line.split()[-1]
            if line.strip() == "ready":
                return
        raise AssertionError(f"the second API server ended with status {self._process.wait()} before it was ready")

    def end(self):
        self._process.terminate()
        self._process.wait(60)
        self._process.stdout.close()

    def write_kubeconfig(self, path, current, lab_is="lab"):
        """Contexts `lab` and `other`. With lab_is="other" the name `lab` leads to this cluster, as after a mix-up."""
        config = yaml.safe_load(lab.read("kubeconfig"))
        (own,), (user,), (context,) = config["clusters"], config["users"], config["contexts"]
        other = {"name": "other", "cluster": dict(own["cluster"], server=self.server)}
        names = {"lab": own["name"] if lab_is == "lab" else "other", "other": "other"}
        config.update({"clusters": [own, other], "users": [user], "current-context": current, "contexts": [
            {"name": name, "context": dict(context["context"], cluster=cluster)} for name, cluster in names.items()]})
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(config, file)
        return path

    def api(self, path):
        """By a kubeconfig whose only cluster is this one."""
        config = yaml.safe_load(lab.read("kubeconfig"))
        config["clusters"][0]["cluster"]["server"] = self.server
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump(config, file)
        return kube.Api(path)
