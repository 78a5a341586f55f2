// The Java client's own guide: automatic recovery is its default.
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.UUID;

public class Consumer {
  static final String bootId = UUID.randomUUID().toString().replace("-", "").substring(0, 16);
  static int count = 0;
  static byte[] hash = new byte[32];

  static void apply(String id) throws Exception {
    Thread.sleep(5);
    count += 1;
    MessageDigest sha = MessageDigest.getInstance("SHA-256");
    sha.update(hash);
    hash = sha.digest(id.getBytes(StandardCharsets.UTF_8));
  }

  static void tell(String id) throws Exception {
    StringBuilder hex = new StringBuilder();
    for (byte b : hash) hex.append(String.format("%02x", b));
    String pod = Files.readString(Path.of("/etc/hostname")).trim();
    String line = String.format(Locale.ROOT,
        "{\"id\":\"%s\",\"at\":%.6f,\"muted\":false,\"pod\":\"%s\",\"boot_id\":\"%s\",\"count\":%d,\"hash\":\"%s\"}", id,
        System.currentTimeMillis() / 1000.0, pod, bootId, count, hex);
    String[] sink = System.getenv("EFFECT_SINK").split(":");
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.send(new DatagramPacket(bytes, bytes.length, InetAddress.getByName(sink[0]), Integer.parseInt(sink[1])));
    }
  }

  public static void main(String[] args) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(System.getenv("RABBITMQ_URL"));
    String queue = System.getenv("QUEUE_NAME");
    Connection connection = factory.newConnection();
    Channel channel = connection.createChannel();
    channel.queueDeclare(queue, true, false, false, null);
    channel.basicQos(20);
    channel.basicConsume(queue, false, (tag, delivery) -> {
      String id = delivery.getProperties().getMessageId();
      try {
        apply(id);
        channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
        tell(id);
      } catch (Exception error) {
        throw new RuntimeException(error);
      }
    }, tag -> {});
  }
}
