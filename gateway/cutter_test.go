package gateway

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// cutter stands between a gateway and its NATS server and ends the connection
// for good at one of the gateway's publishes: the server never sees it, or the
// gateway never sees that it was stored.
type cutter struct {
	listener net.Listener
	server   string
	cut      chan struct{} // closed when it has cut

	mu     sync.Mutex
	left   int  // publishes that pass
	stored bool // the last one reaches the server, its acknowledgement nobody
	conns  []net.Conn
	once   sync.Once
	wait   sync.WaitGroup
}

// cutAfter lets left publishes of outputs and state pass.
func cutAfter(t testing.TB, serverURL string, left int, stored bool) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: listener, server: strings.TrimPrefix(serverURL, "nats://"), cut: make(chan struct{}), left: left, stored: stored}
	c.wait.Go(c.accept)
	t.Cleanup(c.close)
	return c
}

func (c *cutter) url() string { return "nats://" + c.listener.Addr().String() }

func (c *cutter) close() {
	c.now()
	c.wait.Wait()
}

// now cuts what there is and lets nobody in any more.
func (c *cutter) now() {
	c.once.Do(func() {
		_ = c.listener.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, conn := range c.conns {
			_ = conn.Close()
		}
		close(c.cut)
	})
}

func (c *cutter) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, client, server)
		c.mu.Unlock()
		select {
		case <-c.cut:
			_ = client.Close()
			_ = server.Close()
		default:
		}
		c.wait.Go(func() { _, _ = io.Copy(client, server) })
		c.wait.Go(func() {
			c.forward(server, client)
			_ = server.Close()
			_ = client.Close()
		})
	}
}

// forward passes on what the gateway sends, command by command (NATS client
// protocol: PUB subject [reply] size, HPUB subject [reply] headers size).
func (c *cutter) forward(server io.Writer, client io.Reader) {
	r := bufio.NewReaderSize(client, 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return
		}
		words := strings.Fields(string(line))
		if len(words) < 3 || words[0] != "PUB" && words[0] != "HPUB" {
			if _, err := server.Write(line); err != nil {
				return
			}
			continue
		}
		size, err := strconv.Atoi(words[len(words)-1])
		if err != nil {
			return
		}
		content := make([]byte, size+2)
		if _, err := io.ReadFull(r, content); err != nil {
			return
		}
		pass, last := c.count(words[1])
		if pass {
			if _, err := server.Write(bytes.Join([][]byte{line, content}, nil)); err != nil {
				return
			}
		}
		if last {
			c.now()
			return
		}
	}
}

func (c *cutter) count(subject string) (pass, last bool) {
	if !strings.HasPrefix(subject, "decisions.") && !strings.HasPrefix(subject, "verdicts.") &&
		!strings.HasPrefix(subject, "quarantine.") && !strings.HasPrefix(subject, "$KV.") {
		return true, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left > 0 {
		c.left--
		return true, false
	}
	return c.stored, true
}

func (c *cutter) String() string {
	if c.stored {
		return fmt.Sprintf("cut after the publish that follows %d others", c.left)
	}
	return fmt.Sprintf("cut before the publish that follows %d others", c.left)
}
