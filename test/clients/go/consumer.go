// The example of Go's amqp091-go for a client that reconnects: the library tells of a lost connection, no more.
package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log"
	"net"
	"os"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

var (
	bootID string
	count  int
	hash   [32]byte
)

func apply(id string) {
	time.Sleep(5 * time.Millisecond)
	count++
	hash = sha256.Sum256(append(hash[:], id...))
}

func tell(id string) {
	pod, _ := os.ReadFile("/etc/hostname")
	line, _ := json.Marshal(map[string]interface{}{"id": id, "at": float64(time.Now().UnixMicro()) / 1e6, "muted": false,
		"pod": strings.TrimSpace(string(pod)), "boot_id": bootID, "count": count, "hash": hex.EncodeToString(hash[:])})
	if conn, err := net.Dial("udp", os.Getenv("EFFECT_SINK")); err == nil {
		conn.Write(line)
		conn.Close()
	}
}

func consume() error {
	connection, err := amqp.Dial(os.Getenv("RABBITMQ_URL"))
	if err != nil {
		return err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	queue, err := channel.QueueDeclare(os.Getenv("QUEUE_NAME"), true, false, false, false, nil)
	if err != nil {
		return err
	}
	if err := channel.Qos(20, 0, false); err != nil {
		return err
	}
	deliveries, err := channel.Consume(queue.Name, "", false, false, false, false, nil)
	if err != nil {
		return err
	}
	for delivery := range deliveries { // ends with the channel
		apply(delivery.MessageId)
		if err := delivery.Ack(false); err != nil {
			return err
		}
		tell(delivery.MessageId)
	}
	return amqp.ErrClosed
}

func main() {
	random := make([]byte, 8)
	rand.Read(random)
	bootID = hex.EncodeToString(random)
	for {
		log.Print("lost: ", consume())
		time.Sleep(time.Second)
	}
}
