<?php
// php-amqplib, as its demo of connection recovery has it.
require_once 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPExceptionInterface;

$bootId = bin2hex(random_bytes(8));
$count = 0;
$hash = str_repeat("\0", 32);

function fold(string $id): void {
    global $count, $hash;
    usleep(5000);
    $count++;
    $hash = hash('sha256', $hash . $id, true);
}

function tell(string $id): void {
    global $bootId, $count, $hash;
    $line = json_encode(['id' => $id, 'at' => microtime(true), 'muted' => false, 'pod' => trim(file_get_contents('/etc/hostname')),
        'boot_id' => $bootId, 'count' => $count, 'hash' => bin2hex($hash)]);
    $socket = stream_socket_client('udp://' . getenv('EFFECT_SINK'));
    fwrite($socket, $line);
    fclose($socket);
}

function consume(): void {
    $url = parse_url(getenv('RABBITMQ_URL'));
    $queue = getenv('QUEUE_NAME');
    $connection = new AMQPStreamConnection($url['host'], $url['port'] ?? 5672, urldecode($url['user']), urldecode($url['pass']));
    $channel = $connection->channel();
    $channel->queue_declare($queue, false, true, false, false);
    $channel->basic_qos(null, 20, null);
    $channel->basic_consume($queue, '', false, false, false, false, function ($message) {
        $id = $message->get('message_id');
        fold($id);
        $message->ack();
        tell($id);
    });
    while ($channel->is_consuming()) {
        $channel->wait();
    }
}

while (true) {
    try {
        consume();
    } catch (AMQPExceptionInterface | RuntimeException | ErrorException $error) {
        echo 'lost: ', $error->getMessage(), "\n";
        sleep(1);
    }
}
