"""Two more nodes beside the lab's broker, in its namespaces: a cluster of three, for as long as one fault is tried."""

import contextlib
import time

import driver
import lab
from faults.scene import lab_command

FIRST, SECOND, THIRD = "rabbit@localhost", "rabbit2@localhost", "rabbit3@localhost"
PORTS = {SECOND: 5673, THIRD: 5674}  # of clients: nobody connects to them; that of their cluster is 20000 above
SERVER = """
dir=$1/$2; mkdir -p "$dir" && echo "[rabbitmq_management_agent]." >"$dir/plugins" && chown -R rabbitmq:rabbitmq "$dir" && cd "$dir" || exit 1
exec setpriv --reuid rabbitmq --regid rabbitmq --init-groups -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$1" LANG=C.UTF-8 \
  RABBITMQ_NODENAME="$2" RABBITMQ_NODE_PORT="$3" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 ERL_EPMD_ADDRESS=127.0.0.1 \
  RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE="$dir/none" RABBITMQ_ENABLED_PLUGINS_FILE="$dir/plugins" \
  RABBITMQ_MNESIA_BASE="$dir/mnesia" RABBITMQ_LOG_BASE="$dir/log" RABBITMQ_PID_FILE="$dir/pid" \
  RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none" \
  /usr/lib/rabbitmq/bin/rabbitmq-server -detached >"$dir/out" 2>&1
"""


def ctl(node, *arguments):
    return lab_command("rabbitmqctl", "-n", node, *arguments, seconds=180)


def start(node):
    lab_command("enter", "broker", "sh", "-c", SERVER, "sh", f"{lab.LAB}/broker", node, str(PORTS[node]))
    deadline = time.monotonic() + 180
    while True:
        try:
            return ctl(node, "await_startup", "--timeout", "60")
        except lab.Failure:  # it is not known to epmd yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


@contextlib.contextmanager
def three_brokers():
    with contextlib.ExitStack() as back:
        for node in PORTS:
            back.callback(remove, node)
            start(node)
            ctl(node, "stop_app")
            ctl(node, "join_cluster", FIRST)
            ctl(node, "start_app")
        back.callback(driver.traffic, "clean")  # queues that lie on three of them go before two of them do
        yield


def remove(node):
    with contextlib.suppress(lab.Failure):
        ctl(node, "stop")
    with contextlib.suppress(lab.Failure):  # it had not joined
        ctl(FIRST, "forget_cluster_node", node)
    lab_command("enter", "broker", "rm", "-rf", f"{lab.LAB}/broker/{node}")


def of_queue(queue, then):
    return ctl(FIRST, "eval", f'{{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"{queue}">>)), {then}.').strip()


def lead(queue, node):
    """It becomes the leader of that quorum queue."""
    of_queue(queue, f"rabbit_quorum_queue:transfer_leadership(Q, '{node}')")
    deadline = time.monotonic() + 30
    while leader(queue) != node:
        if time.monotonic() > deadline:
            raise lab.Failure(f"{node} did not become the leader of {queue}, but {leader(queue)} is")
        time.sleep(0.2)


def leader(queue):
    return of_queue(queue, 'element(2, amqqueue:get_pid(Q))').strip("'")


class Killing:
    """Of a node, at once: rabbitmqctl would take a second. Found out beforehand which process that is."""

    def __init__(self, node):
        self._node = node
        self._pid = ctl(node, "eval", "os:getpid().").strip().strip('"')

    def now(self):
        lab_command("enter", "broker", "kill", "-9", self._pid)

    def and_start_again(self):
        start(self._node)
