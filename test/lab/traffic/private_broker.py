"""A RabbitMQ of its own for a test: own network and process namespace, own files.

`enter()` re-executes the calling script inside fresh namespaces, so fixed ports
and Erlang's epmd stay private, and everything dies with the test.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

import pika

URL = "amqp://guest:guest@127.0.0.1:5672/%2F"
MARK = "MS2M_TRAFFIC_TEST_INSIDE"


def enter():
    if os.environ.get(MARK):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    os.environ[MARK] = "1"
    unshare = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--uts"]
    if os.geteuid() != 0:
        unshare.insert(0, "sudo")
    os.execvp(unshare[0], unshare + ["/usr/bin/python3"] + sys.argv)


class PrivateBroker:
    def __enter__(self):
        subprocess.run(["hostname", "traffic-test"], check=True)
        self._dir = tempfile.mkdtemp(prefix="ms2m-traffic-broker-")
        sbin = sorted(glob.glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin"))[-1]
        with open(f"{self._dir}/enabled", "w", encoding="utf-8") as file:
            file.write("[rabbitmq_management].\n")
        self._sbin = sbin
        self._env = env = dict(os.environ, HOME=self._dir, RABBITMQ_NODENAME="rabbit@localhost",
                   RABBITMQ_MNESIA_BASE=f"{self._dir}/db", RABBITMQ_LOG_BASE=f"{self._dir}/log",
                   RABBITMQ_ENABLED_PLUGINS_FILE=f"{self._dir}/enabled",
                   RABBITMQ_CONFIG_FILE=f"{self._dir}/none", RABBITMQ_PID_FILE=f"{self._dir}/pid",
                   RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +S 2:2")
        with open(f"{self._dir}/out", "wb") as out:
            self._process = subprocess.Popen([f"{sbin}/rabbitmq-server"], env=env, stdout=out, stderr=out,
                                             cwd=self._dir, start_new_session=True)
        self._wait()
        return self

    def eval(self, expression):
        subprocess.run([f"{self._sbin}/rabbitmqctl", "eval", expression], env=self._env, check=True,
                       stdout=subprocess.DEVNULL, cwd=self._dir)

    def _wait(self):
        """A finished AMQP handshake is what ready means."""
        deadline = time.monotonic() + 300
        while True:
            try:
                pika.BlockingConnection(pika.URLParameters(URL)).close()
                return
            except (pika.exceptions.AMQPError, OSError):
                if time.monotonic() > deadline or self._process.poll() is not None:
                    with open(f"{self._dir}/out", encoding="utf-8") as out:
                        raise RuntimeError(f"{out.read()}\nno broker on {URL.rpartition('@')[2]}: it ended or took more than 300 s") from None
                time.sleep(0.2)

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._dir, ignore_errors=True)
