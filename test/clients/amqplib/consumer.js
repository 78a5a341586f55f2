// Node's amqplib, its callback-free tutorial. It has no recovery: 'close' is the application's to see.
const amqp = require('amqplib');
const crypto = require('crypto');
const dgram = require('dgram');
const fs = require('fs');

const queue = process.env.QUEUE_NAME;
const [host, port] = process.env.EFFECT_SINK.split(':');
const bootId = crypto.randomBytes(8).toString('hex');
let count = 0;
let hash = Buffer.alloc(32);

function tell(id) {
  const pod = fs.readFileSync('/etc/hostname', 'utf8').trim();
  const line = {id, at: Date.now() / 1000, muted: false, pod, boot_id: bootId, count, hash: hash.toString('hex')};
  const socket = dgram.createSocket('udp4');
  socket.send(JSON.stringify(line), Number(port), host, () => socket.close());
}

function onMessage(channel, message) {
  if (message === null) return;  // the broker has cancelled us; the channel closes
  const id = message.properties.messageId;
  count += 1;
  hash = crypto.createHash('sha256').update(hash).update(id).digest();
  channel.ack(message);
  tell(id);
}

function lost(error) {
  console.log('lost:', error && error.message);
  setTimeout(connect, 1000);
}

async function connect() {
  try {
    const connection = await amqp.connect(process.env.RABBITMQ_URL);
    connection.on('error', () => {});  // 'close' follows
    connection.on('close', lost);
    const channel = await connection.createChannel();
    await channel.assertQueue(queue, {durable: true});
    await channel.prefetch(20);
    await channel.consume(queue, (message) => onMessage(channel, message));
  } catch (error) {
    lost(error);
  }
}

connect();
