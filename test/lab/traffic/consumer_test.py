#!/usr/bin/python3
"""The sample consumers against a real RabbitMQ of their own: the control protocol, order, recovery."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

import pika

import oracle
import private_broker

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.join(HERE, "..", "..", "..", "examples")
HOLD = "ms2m.test.hold"
CONTROL = "ms2m.control.pod-a"
QUEUE = "app.events"


def eventually(condition, seconds=60.0, pause=0.01):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            value = condition()
        except OSError:  # not listening yet
            value = None
        if value:
            return value
        time.sleep(pause)
    raise AssertionError("not within %.1f s" % seconds)


def get(path, port=8080):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return json.load(answer)


class Case(unittest.TestCase):
    script = "consumer.py"
    queue_arguments = None

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ms2m-traffic-")
        self.addCleanup(subprocess.run, ["rm", "-rf", self.dir])
        self.log_file = open(f"{self.dir}/log", "ab")
        self.addCleanup(self.log_file.close)
        self.connection = pika.BlockingConnection(pika.URLParameters(private_broker.URL))
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        for queue in (QUEUE, HOLD, CONTROL, "ms2m.control.pod-b"):
            self.channel.queue_delete(queue)
        self.channel.exchange_declare(QUEUE, "fanout", durable=True)
        self.channel.queue_declare(QUEUE, durable=True, arguments=self.queue_arguments)
        self.channel.queue_bind(QUEUE, QUEUE)
        self.channel.queue_declare(CONTROL, durable=True)
        self.channel.queue_declare(HOLD, durable=True)
        self.published = []
        self.name_pod("pod-a")

    def tearDown(self):
        self.connection.close()
        if os.environ.get("TRAFFIC_TEST_LOGS"):
            with open(f"{self.dir}/log", encoding="utf-8") as log:
                print(log.read(), file=sys.stderr)

    def name_pod(self, name):
        with open(f"{self.dir}/hostname", "w", encoding="utf-8") as file:
            file.write(name + "\n")

    def publish(self, count):
        for _ in range(count):
            name = f"p-{len(self.published) + 1}"
            body = json.dumps({"id": name, "seq": len(self.published) + 1})
            self.channel.basic_publish(QUEUE, "", body, pika.BasicProperties(message_id=name, delivery_mode=2))
            self.published.append((name, "c"))

    def tell(self, kind, queue=None, **payload):
        content = {"type": kind}
        if queue:
            content["payload"] = dict({"queue": queue}, **payload)
        self.channel.basic_publish("", CONTROL, json.dumps(content))

    def start(self, **env):
        env = dict(os.environ, RABBITMQ_URL=private_broker.URL, HOSTNAME_FILE=f"{self.dir}/hostname",
                   **{key: str(value) for key, value in env.items()})
        process = subprocess.Popen(["/usr/bin/python3", f"{EXAMPLES}/consumer/{self.script}"], env=env,
                                   stdout=subprocess.DEVNULL, stderr=self.log_file)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def passive(self, queue):
        return self.channel.queue_declare(queue, passive=True).method

    def switched(self, away, to):
        """Seconds until `to` has the consumer and `away` has none, as ms2m sees it."""
        begun = time.monotonic()
        eventually(lambda: self.passive(to).consumer_count == 1
                   and self.passive(away).consumer_count == 0, pause=0.0005)
        return time.monotonic() - begun

    @staticmethod
    def back(times):
        """It has lost its connection so often, and consumes again."""
        eventually(lambda: get("/state")["reconnects"] >= times and get("/state")["ready"])

    def consuming(self, queue=QUEUE):
        eventually(lambda: self.passive(queue).consumer_count == 1)

    def drained(self, seconds=120):
        # A message that was applied twice reaches the count before the last one is applied.
        eventually(lambda: get("/state")["count"] >= len(self.published) and self.verdict().lost == 0, seconds)

    def verdict(self):
        return oracle.judge(self.published, [oracle.Applied.from_report(get("/ids"))])

    def assert_exact(self):
        verdict = self.verdict()
        self.assertTrue(verdict.exact, verdict.line())


class Subscribing(Case):
    def test_quiet_under_saturation(self):
        delay_ms, quiet = 10, []
        self.start(PROCESSING_DELAY_MS=delay_ms)
        self.publish(600)
        self.consuming()
        for _ in range(5):
            time.sleep(0.3)
            self.tell("START_REPLAY", HOLD, migration="m", role="hold")
            quiet.append(self.switched(QUEUE, HOLD))
            count = get("/state")["count"]
            self.assertEqual(self.passive(QUEUE).message_count + count, 600, "nothing is unacknowledged")
            time.sleep(0.1)
            self.assertEqual(get("/state")["count"], count)
            self.assertEqual(get("/state")["role"], "hold")
            self.tell("END_REPLAY")
            self.switched(HOLD, QUEUE)
        print("quiet after ms:", [round(q * 1000, 1) for q in quiet], file=sys.stderr)
        self.assertLess(min(quiet), 0.25, "it works off what it has prefetched")  # of several: the machine does other things, too
        self.drained()
        self.assert_exact()
        self.assertIsNone(get("/state")["role"])

    def test_idle_switch(self):
        self.start()
        self.consuming()
        times = []
        for _ in range(5):
            time.sleep(0.2)
            self.tell("START_REPLAY", HOLD)
            times.append(self.switched(QUEUE, HOLD))
            self.tell("END_REPLAY")
            self.switched(HOLD, QUEUE)
        print("idle switch ms:", [round(t * 1000, 1) for t in times], file=sys.stderr)
        self.assertLess(min(times), 0.25)

    def test_reads_control_before_it_consumes(self):
        self.publish(20)
        self.tell("START_REPLAY", HOLD, migration="m1", role="hold")
        self.start(PROCESSING_DELAY_MS=0)
        self.consuming(HOLD)
        self.assertEqual(self.passive(QUEUE).message_count, 20)
        self.assertEqual(get("/state")["count"], 0)
        self.assertEqual([s["queue"] for s in get("/state")["subscriptions"]], [HOLD])
        self.tell("END_REPLAY")
        self.drained()
        self.assert_exact()

    def test_last_of_several_waiting_controls_holds(self):
        self.publish(5)
        self.tell("START_REPLAY", HOLD)
        self.tell("SOMETHING_NEW", "x")
        self.tell("END_REPLAY")
        self.start(PROCESSING_DELAY_MS=0)
        self.drained()
        self.assert_exact()
        self.assertEqual(self.passive(CONTROL).message_count, 0)

    def test_rubbish_in_the_control_queue(self):
        self.start(PROCESSING_DELAY_MS=0)
        self.consuming()
        for body in (b"\xff\xfe", b"[]", b'{"type":"START_REPLAY"}', b'{"type":"START_REPLAY","payload":7}'):
            self.channel.basic_publish("", CONTROL, body)
        self.publish(10)
        self.drained()
        self.assert_exact()

    def test_term_finishes_the_message_in_hand(self):
        process = self.start(PROCESSING_DELAY_MS=100)
        self.publish(30)
        self.consuming()
        eventually(lambda: get("/state")["count"] >= 5)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        left = eventually(lambda: self.passive(QUEUE).message_count)  # what it had prefetched, too
        self.assertLessEqual(left, 25)
        self.start(PROCESSING_DELAY_MS=0)
        eventually(lambda: get("/state")["count"] == left)
        self.assertEqual(get("/ids")["runs"], [["p", 31 - left, 30]], "nothing twice, nothing missing")

    def test_lost_connection(self):
        consumer = self.start(PROCESSING_DELAY_MS=20)
        self.publish(200)
        self.consuming()
        for times in range(3):
            time.sleep(0.5)
            close_connections(consumer)
            self.back(times + 1)
        self.drained()
        verdict = self.verdict()
        self.assertEqual((verdict.lost, verdict.reordered), (0, 0), verdict.line())
        self.assertLessEqual(verdict.duplicated, 3)  # at most the one whose ack was on its way
        self.assertGreaterEqual(get("/state")["reconnects"], 3)

    def test_lost_connection_stays_where_it_was_told(self):
        consumer = self.start(PROCESSING_DELAY_MS=0)
        self.consuming()
        self.tell("START_REPLAY", HOLD)
        self.consuming(HOLD)
        self.publish(5)
        close_connections(consumer)
        self.back(1)
        time.sleep(0.1)
        self.assertEqual(self.passive(QUEUE).message_count, 5)
        self.assertEqual(self.passive(HOLD).consumer_count, 1)


class Quorum(Case):
    queue_arguments = {"x-queue-type": "quorum"}

    def test_order_is_kept_when_a_saturated_consumer_leaves_and_returns(self):
        self.start(PROCESSING_DELAY_MS=5, QUEUE_TYPE="quorum")
        self.publish(300)
        self.consuming()
        for _ in range(3):
            time.sleep(0.3)
            self.tell("START_REPLAY", HOLD)
            eventually(lambda: self.passive(HOLD).consumer_count == 1)
            self.tell("END_REPLAY")
            eventually(lambda: get("/state")["queue"] == QUEUE)
        self.drained()
        self.assert_exact()


class Restored(Case):
    """A copy wakes up with a closed socket, another name, and its memory."""
    script = "../../test/lab/traffic/restored_consumer.py"

    def test_wakes_up_on_hold(self):
        for delay in (0, 20):
            with self.subTest(delay=delay):
                self.setUp()
                process = self.start(PROCESSING_DELAY_MS=delay)
                self.publish(50)
                self.drained()
                self.tell("START_REPLAY", HOLD)
                self.consuming(HOLD)
                self.publish(10)
                self.name_pod("pod-b")
                begun = time.monotonic()
                process.send_signal(signal.SIGUSR1)
                eventually(lambda: get("/state")["reconnects"] == 1 and get("/state")["ready"])
                back = time.monotonic() - begun
                print(f"back after {back * 1000:.0f} ms", file=sys.stderr)
                self.assertLess(back, 10)
                self.assertEqual(self.passive(QUEUE).message_count, 10)
                self.channel.basic_publish("", "ms2m.control.pod-b", b'{"type":"END_REPLAY"}')
                self.drained()
                self.assert_exact()
                self.assertEqual(get("/state")["hostname"], "pod-b")
                process.kill()
                process.wait()

    def test_inside_a_synchronous_call(self):
        """Tries the instants around a switch, where the copy waits for an answer that never comes."""
        for _ in range(12):
            process = self.start(PROCESSING_DELAY_MS=0)
            self.consuming()
            self.tell("START_REPLAY", HOLD)
            eventually(lambda: self.passive(QUEUE).consumer_count == 0, pause=0)
            process.send_signal(signal.SIGUSR1)
            begun = time.monotonic()
            eventually(lambda: get("/state")["reconnects"] >= 1 and get("/state")["ready"])
            self.assertLess(time.monotonic() - begun, 10)
            self.assertEqual(self.passive(HOLD).consumer_count, 1)
            process.kill()
            process.wait()
            self.channel.queue_purge(CONTROL)

    def test_while_busy_applies_nothing_of_what_is_lost(self):
        process = self.start(PROCESSING_DELAY_MS=30)
        self.publish(100)
        self.consuming()
        for times in range(3):
            time.sleep(0.4)
            process.send_signal(signal.SIGUSR1)
            self.back(times + 1)
        self.drained()
        verdict = self.verdict()
        # Cut between its effect and its acknowledgement, the message in hand comes again: one a cut, not what was prefetched.
        self.assertEqual((verdict.lost, verdict.reordered), (0, 0), verdict.line())
        self.assertLessEqual(verdict.duplicated, 3, verdict.line())
        self.assertEqual(get("/state")["reconnects"], 3)


class Polling(Case):
    script = "polling_consumer.py"

    def test_obeys_between_batches(self):
        self.publish(10)
        consumer = self.start(PROCESSING_DELAY_MS=5, RECONNECT_DELAY=0.5)
        self.drained()
        self.tell("START_REPLAY", HOLD, migration="m", role="hold")
        self.assertLess(self.switched(QUEUE, HOLD), 15)
        self.publish(30)
        time.sleep(0.3)
        self.assertEqual(get("/state")["count"], 10)
        close_connections(consumer)
        eventually(lambda: get("/state")["reconnects"] == 1 and get("/state")["ready"])
        self.assertEqual(self.passive(QUEUE).message_count, 30)
        self.tell("END_REPLAY")
        self.drained()
        self.assert_exact()

    def test_does_not_look_while_saturated(self):
        self.publish(500)
        self.start(PROCESSING_DELAY_MS=10)
        self.consuming()
        self.tell("START_REPLAY", HOLD)
        self.switched(QUEUE, HOLD)
        self.assertEqual(get("/state")["count"], 500)
        self.assert_exact()


class Plain(Case):
    script = "plain_consumer.py"

    def test_ignores_controls(self):
        self.start(PROCESSING_DELAY_MS=0)
        self.consuming()
        self.tell("START_REPLAY", HOLD)
        self.publish(50)
        self.drained()
        self.assert_exact()
        self.assertEqual(self.passive(CONTROL).message_count, 1)


class Producing(Case):
    def produce(self, *arguments):
        self.log = f"{self.dir}/confirmed"
        process = subprocess.Popen(["/usr/bin/python3", f"{EXAMPLES}/producer/producer.py",
                                    "--url", private_broker.URL, "--confirm-log", self.log, *arguments])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def entries(self):
        with open(self.log, encoding="utf-8") as file:
            return oracle.parse_log(file)

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0)
        self.published = self.entries()

    def test_rate_and_backlog(self):
        process = self.produce("--rate", "1000", "--backlog", "500")
        self.start(PROCESSING_DELAY_MS=0)
        eventually(lambda: os.path.exists(self.log) and len(self.entries()) > 500)
        rates = []
        while len(rates) < 10 and not any(850 < rate < 1150 for rate in rates):  # the machine does other things, too
            begun, first = time.monotonic(), len(self.entries())
            time.sleep(2)
            rates.append((len(self.entries()) - first) / (time.monotonic() - begun))
        self.stop(process)
        print("rates", *(f"{rate:.0f}/s" for rate in rates), file=sys.stderr)
        self.assertTrue(850 < rates[-1] < 1150, rates)
        self.assertEqual({mark for _, mark in self.published}, {"c"})
        self.drained()
        self.assert_exact()

    def test_lost_connection_leaves_unknowns(self):
        process = self.produce("--rate", "500", "--backlog", "3000")
        self.start(PROCESSING_DELAY_MS=0)
        time.sleep(0.5)
        for _ in range(3):
            close_connections(process)
            time.sleep(1)
        self.stop(process)
        eventually(lambda: self.passive(QUEUE).message_count == 0)
        eventually(lambda: self.verdict().exact)  # what was delivered is processed
        self.assert_exact()

    def test_two_publishers_and_the_default_exchange(self):
        process = self.produce("--publishers", "2", "--rate", "200", "--exchange", "", "--routing-key", QUEUE)
        self.start(PROCESSING_DELAY_MS=0, EXCHANGE_NAME="")
        eventually(lambda: os.path.exists(self.log) and len(self.entries()) > 50)
        self.stop(process)
        self.drained()
        self.assert_exact()

    def test_unroutable_is_marked(self):
        process = self.produce("--exchange", "", "--routing-key", "nowhere", "--rate", "100")
        eventually(lambda: os.path.exists(self.log) and len(self.entries()) > 5)
        self.stop(process)
        self.assertEqual({mark for _, mark in self.published}, {"r"})


class Stream(Case):
    script = "stream_consumer.py"
    queue_arguments = {"x-queue-type": "stream"}

    def start(self, **env):
        return super().start(QUEUE_TYPE="stream", PROCESSING_DELAY_MS=0, **env)

    def answers(self):
        """What it says of itself, asked as ms2m does."""
        channel, replies = self.connection.channel(), []
        channel.basic_consume("amq.rabbitmq.reply-to", lambda *reply: replies.append(reply), auto_ack=True)
        channel.basic_publish("", CONTROL, json.dumps({"type": "STATUS"}),
                              pika.BasicProperties(reply_to="amq.rabbitmq.reply-to", correlation_id="17", expiration="60000"))
        deadline = time.monotonic() + 60
        while not replies and time.monotonic() < deadline:
            self.connection.process_data_events(0.1)
        channel.close()
        self.assertEqual(len(replies), 1, "no answer")
        _, _, properties, body = replies[0]
        self.assertEqual(properties.correlation_id, "17")
        content = json.loads(body)
        self.assertEqual(content["type"], "STATUS")
        return content["payload"]

    def at(self, offset):
        eventually(lambda: self.answers()["offset"] == offset)

    def test_tells_its_offset_and_stops_where_it_is_told(self):
        self.publish(30)
        self.tell("START_REPLAY", QUEUE, role="target", until=9, **{"from": 0})
        self.start()
        self.at(9)
        self.assertEqual({key: self.answers()[key] for key in ("queue", "role", "first", "offset")},
                         {"queue": QUEUE, "role": "target", "first": 0, "offset": 9})
        self.tell("START_REPLAY", QUEUE, role="target", until=19, **{"from": 0})
        self.at(19)
        state = get("/state")
        self.assertEqual((state["effects_emitted"], state["effects_muted"]), (0, 20))
        self.tell("START_REPLAY", HOLD, role="hold")
        eventually(lambda: self.answers()["queue"] == HOLD)
        self.publish(5)
        time.sleep(0.2)
        held = self.answers()
        self.assertEqual((held["offset"], held["state"]), (19, get("/state")["hash"]))
        self.tell("END_REPLAY")
        self.drained()
        self.assert_exact()
        self.assertEqual((self.answers()["role"], get("/state")["effects_emitted"]), (None, 15))
        self.assertEqual(self.passive(CONTROL).message_count, 0)

    def test_goes_on_after_its_own_offset(self):
        process = self.start()
        self.publish(20)
        self.drained()
        close_connections(process)
        self.publish(20)
        self.drained()
        self.assert_exact()
        self.assertEqual((self.answers()["first"], self.answers()["offset"]), (0, 39))

    def test_begins_in_the_middle_of_a_chunk(self):
        self.publish(50)
        self.tell("START_REPLAY", QUEUE, role="target", until=49, **{"from": 30})
        self.start()
        self.at(49)
        self.assertEqual((self.answers()["first"], get("/state")["count"]), (30, 20))

    def test_one_that_does_not_answer_tells_its_offset_elsewhere(self):
        self.start(ANSWER_STATUS="0")
        eventually(lambda: get("/offset") == -1)
        self.publish(20)
        self.drained()
        self.assertEqual(get("/offset"), 19)
        self.connection.channel().basic_publish("", CONTROL, json.dumps({"type": "STATUS"}),
                                                pika.BasicProperties(reply_to="nowhere", correlation_id="17"))
        self.tell("START_REPLAY", HOLD, role="hold")
        eventually(lambda: self.passive(HOLD).consumer_count == 1)  # and it goes on after that

    def test_a_second_process_finds_the_command_again(self):
        self.publish(10)
        self.tell("START_REPLAY", QUEUE, role="target", until=9, **{"from": 0})
        process = self.start()
        self.at(9)
        process.kill()
        process.wait()
        self.publish(10)
        self.start()
        self.at(9)
        self.assertEqual((self.answers()["role"], get("/state")["effects_emitted"]), ("target", 0))


def close_connections(process):
    """Closed by the broker. Not by the management API: that learns of a connection 5 s late."""
    def of_process():
        table = subprocess.run(["ss", "-Htnp", "state", "established", "dport = 5672"], check=True, capture_output=True, text=True).stdout
        return [line.split()[2].rpartition(":")[2] for line in table.splitlines() if f"pid={process.pid}," in line]

    ports = eventually(of_process)  # it may be about to come back
    broker.eval('[rabbit_networking:close_connection(P, "test") || P <- rabbit_networking:connections(), '
                f'[{{peer_port, Port}}] <- [rabbit_networking:connection_info(P, [peer_port])], '
                f'lists:member(Port, [{",".join(ports)}])].')


if __name__ == "__main__":
    private_broker.enter()
    with private_broker.PrivateBroker() as broker:
        program = unittest.main(exit=False, verbosity=2)
    sys.exit(not program.result.wasSuccessful())
