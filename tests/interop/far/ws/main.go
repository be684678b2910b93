// WebSocket clients and servers of Go: `main NAME URL`, or `main NAME PORT` to send every message back.
//
// A client prints what each check saw, as lines of JSON.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	nhooyr "nhooyr.io/websocket"
)

const longest = 1 << 26

// A client's connection. Errors are `*closed` once the other end has closed.
type conn interface {
	protocol() string
	send(binary bool, data []byte) error
	receive() (binary bool, data []byte, err error)
	close(code int, reason string)
}

type closed struct {
	code   int
	reason string
}

func (end *closed) Error() string {
	return strings.TrimSpace(fmt.Sprint(end.code, " ", end.reason))
}

type gorillaConn struct{ *websocket.Conn }

func (c gorillaConn) protocol() string { return c.Subprotocol() }

func (c gorillaConn) send(binary bool, data []byte) error {
	kind := websocket.TextMessage
	if binary {
		kind = websocket.BinaryMessage
	}
	return c.WriteMessage(kind, data)
}

func (c gorillaConn) receive() (bool, []byte, error) {
	kind, data, err := c.ReadMessage()
	var end *websocket.CloseError
	if errors.As(err, &end) {
		err = &closed{end.Code, end.Text}
	}
	return kind == websocket.BinaryMessage, data, err
}

func (c gorillaConn) close(code int, reason string) {
	c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason))
}

type nhooyrConn struct{ *nhooyr.Conn }

func (c nhooyrConn) protocol() string { return c.Subprotocol() }

func (c nhooyrConn) send(binary bool, data []byte) error {
	kind := nhooyr.MessageText
	if binary {
		kind = nhooyr.MessageBinary
	}
	return c.Write(context.Background(), kind, data)
}

func (c nhooyrConn) receive() (bool, []byte, error) {
	kind, data, err := c.Read(context.Background())
	var end nhooyr.CloseError
	if errors.As(err, &end) {
		err = &closed{int(end.Code), end.Reason}
	}
	return kind == nhooyr.MessageBinary, data, err
}

func (c nhooyrConn) close(code int, reason string) {
	c.Close(nhooyr.StatusCode(code), reason)
}

func open(name, url string, protocols ...string) (conn, *http.Response, error) {
	if name == "gorilla" {
		dialer := websocket.Dialer{Subprotocols: protocols, EnableCompression: true}
		c, response, err := dialer.Dial(url, nil)
		return gorillaConn{c}, response, err
	}
	options := nhooyr.DialOptions{Subprotocols: protocols}
	c, response, err := nhooyr.Dial(context.Background(), url, &options)
	if err == nil {
		c.SetReadLimit(longest)
	}
	return nhooyrConn{c}, response, err
}

func serve(name, port string) error {
	echo := func(c conn) {
		for {
			binary, data, err := c.receive()
			if err != nil || c.send(binary, data) != nil {
				return
			}
		}
	}
	return http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name == "gorilla" {
			upgrader := websocket.Upgrader{EnableCompression: true}
			if c, err := upgrader.Upgrade(w, r, nil); err == nil {
				echo(gorillaConn{c})
				c.Close()
			}
		} else if c, err := nhooyr.Accept(w, r, nil); err == nil {
			c.SetReadLimit(longest)
			echo(nhooyrConn{c})
		}
	}))
}

func say(check, seen string) {
	line, _ := json.Marshal([]string{check, seen})
	fmt.Println(string(line))
}

func echoes(name, url, kind string, fill func(int) []byte) (conn, error) {
	c, _, err := open(name, url+"/ws/echo")
	if err != nil {
		return c, err
	}
	for _, size := range []int{0, 125, 126, 65535, 65536, 1 << 20, 5 << 20} {
		sent := fill(size)
		if err := c.send(kind == "binary", sent); err != nil {
			return c, err
		}
		binary, back, err := c.receive()
		if err != nil {
			return c, err
		}
		seen := fmt.Sprintf("binary: %v, %d bytes", binary, len(back))
		if bytes.Equal(back, sent) && binary == (kind == "binary") {
			seen = "echoed"
		}
		say(fmt.Sprintf("%s of %d bytes", kind, size), seen)
	}
	return c, nil
}

func end(c conn) string {
	for {
		if _, _, err := c.receive(); err != nil {
			return err.Error()
		}
	}
}

// Sends a text in two fragments or more, and a ping between them.
func pieces(c gorillaConn) error {
	c.EnableWriteCompression(false)
	writer, err := c.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	first := strings.Repeat("i", 5000) // more than its buffer holds
	fmt.Fprint(writer, first)
	if err := c.WriteControl(websocket.PingMessage, []byte("p\xFF"), time.Now().Add(time.Second)); err != nil {
		return err
	}
	fmt.Fprint(writer, "pieces")
	if err := writer.Close(); err != nil {
		return err
	}
	seen := "changed"
	if _, back, err := c.receive(); err == nil && string(back) == first+"pieces" {
		seen = "echoed"
	}
	say("its fragments", seen)
	say("its ping", "sent")
	return nil
}

func checks(name, url string) error {
	text := func(size int) []byte { return []byte(strings.Repeat("ä", size/2) + strings.Repeat("a", size%2)) }
	c, err := echoes(name, url, "text", text)
	if err != nil {
		return err
	}
	if g, is := c.(gorillaConn); is {
		if err := pieces(g); err != nil {
			return err
		}
	}
	c.close(4001, "bye")
	seen := end(c)
	if name == "nhooyr" {
		seen = "no code" // Close has waited for it.
	}
	say("close by the client", seen)
	binary := func(size int) []byte { return bytes.Repeat([]byte{0, 255, 127, 128}, size/4+1)[:size] }
	if _, err := echoes(name, url, "binary", binary); err != nil {
		return err
	}
	chat, _, err := open(name, url+"/ws/chat", "chat")
	if err != nil {
		return err
	}
	say("subprotocol", chat.protocol())
	if err := chat.send(false, bytes.Repeat([]byte("x"), 70_000)); err != nil {
		return err
	}
	say("close by the server", strings.Split(end(chat), " ")[0])
	if _, response, err := open(name, url+"/nothing"); err == nil {
		say("refusal", "opened")
	} else {
		say("refusal", fmt.Sprint(response.StatusCode))
	}
	return nil
}

func main() {
	name, where := os.Args[1], os.Args[2]
	if !strings.Contains(where, ":") {
		panic(serve(name, where))
	}
	time.AfterFunc(time.Minute, func() { panic("too slow") })
	if err := checks(name, where); err != nil {
		say("the rest", err.Error())
	}
}
