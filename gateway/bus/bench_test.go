package bus

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// fill publishes n events of 1.6 KB, about what a Sysmon record takes.
func fill(b *testing.B, c *Conn, n int) {
	b.Helper()
	fillWith(b, c, n, 1600)
}

// fillWith publishes n events of a size, of 50 hosts.
func fillWith(b testing.TB, c *Conn, n, size int) {
	b.Helper()
	data := make([]byte, size)
	for i := range data {
		data[i] = byte('a' + i%26)
	}
	var last jetstream.PubAckFuture
	for i := range n {
		f, err := c.js.PublishAsync(EventSubject(fmt.Sprintf("ws%02d", i%50)), data, jetstream.WithStallWait(10*time.Second))
		if err != nil {
			b.Fatal(err)
		}
		last = f
	}
	select {
	case <-last.Ok():
	case err := <-last.Err():
		b.Fatal(err)
	}
	<-c.js.PublishAsyncComplete()
}

// BenchmarkConsumeAndAck is the limit of what can be read: nothing is done with
// a message.
func BenchmarkConsumeAndAck(b *testing.B) {
	_, c := ready(b, EmbeddedOptions{})
	fill(b, c, b.N)
	var left sync.WaitGroup
	left.Add(b.N)
	b.ReportAllocs()
	b.SetBytes(1600)
	b.ResetTimer()
	r, err := Consume(context.Background(), c, ConsumeOptions{}, func(m *Message) {
		if err := m.Ack(); err != nil {
			b.Error(err)
		}
		left.Done()
	})
	if err != nil {
		b.Fatal(err)
	}
	left.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	if err := r.Drain(patient(b)); err != nil {
		b.Error(err)
	}
}

// BenchmarkClientConsumeAndAck is the same through the client alone, to compare
// with in one run.
func BenchmarkClientConsumeAndAck(b *testing.B) {
	_, c := ready(b, EmbeddedOptions{})
	fill(b, c, b.N)
	consumer, err := c.js.Consumer(patient(b), StreamEvents, ConsumerName)
	if err != nil {
		b.Fatal(err)
	}
	var left sync.WaitGroup
	left.Add(b.N)
	b.ReportAllocs()
	b.SetBytes(1600)
	b.ResetTimer()
	sub, err := consumer.Consume(func(m jetstream.Msg) {
		if err := m.Ack(); err != nil {
			b.Error(err)
		}
		left.Done()
	}, jetstream.PullMaxMessages(1000))
	if err != nil {
		b.Fatal(err)
	}
	left.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	sub.Stop()
	<-sub.Closed()
}

// BenchmarkPublish stores a Decision a message, for as many hosts at a time as
// named.
func BenchmarkPublish(b *testing.B) {
	for _, hosts := range []int{1, 50, 1000} {
		for _, always := range []bool{false, true} {
			b.Run(fmt.Sprintf("hosts=%d/sync_always=%v", hosts, always), func(b *testing.B) {
				_, c := ready(b, EmbeddedOptions{SyncAlways: always})
				p := publisher(b, c, PublisherOptions{})
				data := make([]byte, 2000)
				names := make([]string, hosts)
				for i := range names {
					names[i] = fmt.Sprintf("ws%04d", i)
				}
				seq := uint64(0)
				b.ReportAllocs()
				for b.Loop() {
					seq++
					o := decision(names[seq%uint64(hosts)], seq, 0, func(error) {})
					o.Triggers[0].Decision.Data = data
					if err := p.Publish(context.Background(), o); err != nil {
						b.Fatal(err)
					}
				}
				if err := p.Drain(patient(b)); err != nil {
					b.Error(err)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
			})
		}
	}
}

func BenchmarkHostToken(b *testing.B) {
	for _, host := range []string{"ws01", "WS01.corp.example"} {
		b.Run(host, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = HostToken(host)
			}
		})
	}
}

// BenchmarkRead reads a range of 100,000 events of 1.6 KB.
func BenchmarkRead(b *testing.B) {
	_, c := ready(b, EmbeddedOptions{})
	const n = 100_000
	fill(b, c, n)
	for name, o := range map[string]ReadOptions{
		"all": {}, "headers": {HeadersOnly: true}, "one_host_of_50": {Subjects: []string{EventSubject("ws07")}},
	} {
		b.Run(name, func(b *testing.B) {
			o.Stream = StreamEvents
			got := 0
			b.ReportAllocs()
			for b.Loop() {
				if err := Read(context.Background(), c, o, func(*Message) bool { got++; return true }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(got)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}

// BenchmarkGet fetches one message.
func BenchmarkGet(b *testing.B) {
	_, c := ready(b, EmbeddedOptions{})
	fill(b, c, 1000)
	for b.Loop() {
		if _, err := Get(context.Background(), c, StreamEvents, 500); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStatePut writes 100,000 entries of 2 KB at once, first new, then
// over what is there, and loads them.
func BenchmarkStatePut(b *testing.B) {
	for _, always := range []bool{false, true} {
		for _, batches := range []bool{true, false} {
			b.Run(fmt.Sprintf("sync_always=%v/batches=%v", always, batches), func(b *testing.B) {
				_, c := ready(b, EmbeddedOptions{SyncAlways: always})
				s := openState(b, c)
				s.atomic = batches
				n := 100_000
				if always && !batches {
					n = 10_000
				}
				ks, value := keys(n), make([]byte, 2000)
				for b.Loop() {
					start := time.Now()
					revisions := putMany(b, s, ks, value, nil)
					created := time.Since(start)
					putMany(b, s, ks, value, revisions)
					updated := time.Since(start) - created
					start = time.Now()
					got := 0
					if err := s.Load(context.Background(), func(StateEntry) error { got++; return nil }); err != nil || got != n {
						b.Fatal(got, err)
					}
					b.ReportMetric(float64(n)/created.Seconds(), "creates/s")
					b.ReportMetric(float64(n)/updated.Seconds(), "updates/s")
					b.ReportMetric(float64(n)/time.Since(start).Seconds(), "loads/s")
				}
			})
		}
	}
}

// BenchmarkReadOutputs reads 50,000 Decisions of 2 KB and as many verdicts.
func BenchmarkReadOutputs(b *testing.B) {
	_, c := ready(b, EmbeddedOptions{})
	p := publisher(b, c, PublisherOptions{})
	const n = 50_000
	data := make([]byte, 2000)
	for seq := range uint64(n) {
		o := decision(fmt.Sprintf("ws%03d", seq%500), seq, 1, func(error) {})
		o.Triggers[0].Decision.Data, o.Triggers[0].Verdicts[0].Data = data, data
		if err := p.Publish(context.Background(), o); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Drain(patient(b)); err != nil {
		b.Fatal(err)
	}
	got := 0
	b.ReportAllocs()
	for b.Loop() {
		err := ReadOutputs(context.Background(), c, ReadOutputsOptions{From: map[string]uint64{StreamDecisions: 0, StreamVerdicts: 0}},
			func(StoredOutput) bool { got++; return true })
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(got)/b.Elapsed().Seconds(), "outputs/s")
}
