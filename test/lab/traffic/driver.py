"""Runs ms2m and `lab traffic` for the bench: subprocesses, the environment, tolerant reading of ms2m's JSON."""

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time

import lab
import processes

LAB_COMMAND = os.path.join(lab.SOURCE_DIR, "scripts", "lab")


def ms2m_binary():
    return os.environ.get("MS2M") or os.path.join(lab.SOURCE_DIR, "build", "release", "src", "ms2m")


def ms2m_env(state_home):
    """XDG_STATE_HOME is the run's own: whatever is in it belongs to this run's migration."""
    return dict(os.environ, KUBECONFIG=os.environ.get("MS2M_BENCH_KUBECONFIG", os.path.join(lab.LAB, "kubeconfig")),
                MS2M_SSH_CONFIG=os.path.join(lab.LAB, "ssh", "config"), MS2M_BROKER=lab.broker_uri(),
                MS2M_BROKER_CA=os.path.join(lab.LAB, "pki", "ca.crt"), MS2M_REGISTRY=lab.REGISTRY,
                MS2M_REGISTRY_CA=os.path.join(lab.LAB, "pki", "ca.crt"),
                REGISTRY_AUTH_FILE=os.path.join(lab.LAB, "registry", "auth.json"), XDG_STATE_HOME=state_home)


def traffic(*arguments, check=True):
    result = subprocess.run([LAB_COMMAND, "traffic", *arguments], capture_output=True, text=True, check=False)
    if check and result.returncode:
        raise lab.Failure(f"lab traffic {' '.join(arguments)}: {result.stderr.strip()}")
    return result


def verdict(timeout):
    result = traffic("verdict", "-o", "json", "--timeout", f"{timeout:g}", check=False)
    try:
        return json.loads(result.stdout)
    except ValueError:
        raise lab.Failure(f"no verdict: {result.stderr.strip()}") from None


class Migration:
    """A running ms2m; `env`: instead of the lab's."""

    def __init__(self, arguments, state_home, env=None):
        self._state_home = state_home
        self.begun = time.time()
        self._process = subprocess.Popen([ms2m_binary(), *arguments], env=env or ms2m_env(state_home), text=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, start_new_session=True)
        self.peak_rss_mib = None
        threading.Thread(target=self._watch_memory, daemon=True).start()

    def _watch_memory(self):
        """A peak only grows, so what is missed is what the last look did not see."""
        with contextlib.suppress(OSError, StopIteration):  # it has ended
            while True:
                self.peak_rss_mib = round(processes.peak_mib(self._process.pid), 1)
                time.sleep(0.02)

    @property
    def pid(self):
        return self._process.pid

    def running(self):
        return self._process.poll() is None

    def kill(self):
        """SIGKILL to ms2m alone: what it started must end by itself."""
        self._process.send_signal(signal.SIGKILL)

    def wait(self, seconds, to_undo=0):
        """(exit status, its JSON or {}, stderr); a run that does not end counts as status 'hung'. It is killed, with `to_undo` only
        when it has not undone everything in so many seconds more; then it is asked to undo also when we are interrupted."""
        try:
            out, err = self._process.communicate(timeout=seconds)
            status = self._process.returncode
        except subprocess.TimeoutExpired:
            out, err = self._end(to_undo)
            status = "hung"
        except BaseException:
            if to_undo:
                self._end(to_undo)
            raise
        self.ended = time.time()
        return status, parse_report(out), err

    def _end(self, to_undo):
        if to_undo:
            self._process.send_signal(signal.SIGINT)
            try:
                return self._process.communicate(timeout=to_undo)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        return self._process.communicate()

    def id(self):
        """The migration's id: the name of its journal. None when it had not begun one."""
        try:
            names = os.listdir(os.path.join(self._state_home, "ms2m"))
        except OSError:
            return None
        journals = [name for name in names
                    if name[0] != "." and os.path.isdir(os.path.join(self._state_home, "ms2m", name))]
        return sorted(journals)[-1] if journals else None


def parse_report(text):
    """The whole output as one JSON object, or else its last line that is one."""
    for candidate in [text, *reversed(text.splitlines())]:
        try:
            report = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(report, dict):
            return report
    return {}


def find(report, *names):
    """The first of these keys, at the top or one level below."""
    for name in names:
        if name in report:
            return report[name]
    for value in report.values():
        if isinstance(value, dict):
            for name in names:
                if name in value:
                    return value[name]
    return None


def ports_of(pid):
    """Local ports of a process's connections to the broker."""
    table = subprocess.run(["ss", "-Htnp", "dport = 5672 or dport = 5671"], capture_output=True, text=True,
                           check=False).stdout
    return [line.split()[3].rpartition(":")[2] for line in table.splitlines() if re.search(rf"pid={pid}\b", line)]


def cut_connections(pid):
    """The broker closes what it has from these ports. Its management API learns of connections 5 s late."""
    ports = ports_of(pid)
    if not ports:
        return 0
    expression = ('[rabbit_networking:close_connection(P, "cut by the bench") || '
                  "P <- rabbit_networking:connections(), "
                  "[{peer_port, Port}] <- [rabbit_networking:connection_info(P, [peer_port])], "
                  f"lists:member(Port, [{','.join(ports)}])].")
    subprocess.run([LAB_COMMAND, "rabbitmqctl", "eval", expression], check=False, capture_output=True)
    return len(ports)
