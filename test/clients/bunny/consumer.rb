# Ruby's bunny: it recovers by itself. `block: true`, which its tutorial has, returns when the connection is lost, and
# the program would end: the main thread sleeps instead.
require 'bunny'
require 'digest'
require 'json'
require 'securerandom'
require 'socket'

boot_id = SecureRandom.hex(8)
count = 0
hash = ("\0" * 32).b

connection = Bunny.new(ENV['RABBITMQ_URL'])
connection.start
channel = connection.create_channel
channel.prefetch(20)
queue = channel.queue(ENV['QUEUE_NAME'], durable: true)
host, port = ENV['EFFECT_SINK'].split(':')
queue.subscribe(manual_ack: true) do |delivery, properties, _body|
  id = properties.message_id
  sleep 0.005
  count += 1
  hash = Digest::SHA256.digest(hash + id)
  channel.ack(delivery.delivery_tag)
  line = { id: id, at: Time.now.to_f, muted: false, pod: File.read('/etc/hostname').strip, boot_id: boot_id, count: count,
           hash: hash.unpack1('H*') }
  socket = UDPSocket.new
  socket.send(JSON.generate(line), 0, host, port.to_i)
  socket.close
end
sleep
