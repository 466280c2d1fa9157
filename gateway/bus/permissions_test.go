package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// deployed is a server under deploy/nats-server.conf, set up by its administrator.
type deployed struct {
	t     testing.TB
	url   string
	admin *Conn
}

func deploy(t *testing.T) *deployed {
	t.Helper()
	for _, name := range []string{"ADMIN", "GATEWAY", "SHIPPER", "GOVERNANCE", "READER"} {
		t.Setenv("MSIGATE_"+name+"_PASSWORD", strings.ToLower(name)+"-secret")
	}
	options, err := server.ProcessConfigFile("../../deploy/nats-server.conf")
	if err != nil {
		t.Fatal(err)
	}
	options.Port, options.StoreDir, options.NoSigs, options.NoLog = server.RANDOM_PORT, t.TempDir(), true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	d := &deployed{t: t, url: s.ClientURL()}
	d.admin = d.as("admin", "admin", "")
	if _, err := Setup(patient(t), d.admin, TopologyOptions{}); err != nil {
		t.Fatal(err)
	}
	return d
}

// as connects a user.
func (d *deployed) as(user, role, inbox string) *Conn {
	d.t.Helper()
	domain := ""
	if role == "governance" || role == "reader" {
		domain = "msigate" // as their accounts import it
	}
	c, err := Connect(patient(d.t), Options{JetStreamDomain: domain, URL: strings.Replace(d.url, "://", "://"+user+":"+role+"-secret@", 1), InboxPrefix: inbox})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = c.Close(patient(d.t)) })
	return c
}

// roles are the users that are not the administrator.
func (d *deployed) roles() map[string]*Conn {
	return map[string]*Conn{
		"gateway":    d.as("gateway", "gateway", "_INBOX_gateway"),
		"shipper":    d.as("ws03", "shipper", ""),
		"collector":  d.as("wef", "shipper", ""),
		"governance": d.as("governance", "governance", ""),
		"reader":     d.as("reader", "reader", ""),
	}
}

// denied publishes, and tells whether the server refused it.
func denied(t testing.TB, c *Conn, subject string, data []byte) bool {
	t.Helper()
	start := time.Now()
	if err := c.nc.Publish(subject, data); err != nil {
		t.Fatal(err)
	}
	if err := c.nc.FlushTimeout(5 * time.Second); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if c.refusedSince(subject, start) != nil {
			return true
		}
	}
	return false
}

// Each role, and what it must not do. All that alters a stream is tried for each.
func TestEachRoleIsRefusedWhatItMustNotDo(t *testing.T) {
	d := deploy(t)
	roles := d.roles()
	outputs := []string{"decisions.ws03", "verdicts.alert.ws03", "quarantine.syntax"}
	changes := []string{"$KV.msigate-changes.chg-1", "$KV.msigate-hosts.ws03"}
	objects := []string{"$O.msigate-policy.M.cA", "$O.msigate-policy.C.x.y"}
	governing := []string{"$O.msigate-governance.M.cA"}
	people := []string{"audit.change_opened.chg-1", "audit.change_approved.chg-1", "audit.change_closed.chg-1", "audit.hosts_imported"}
	machine := []string{"audit.activation", "audit.refusal", "audit.change_counts.chg-1"}
	events := []string{"events.host.ws04", "events.host.>", "events.collector.other", "events.host.msigate-selftest.invalid"}
	selftest := []string{EventSubject(SelftestHost)}
	state := []string{"$KV.msigate-state.watermark", "$KV.msigate-approvals.entry"}
	must := map[string][][]string{
		"shipper":    {events, selftest, {"events.host.ws033", "events.collector.wef"}, outputs, changes, objects, governing, people, machine, state, {"$JS.API.STREAM.INFO.EVENTS", "$JS.API.CONSUMER.CREATE.EVENTS.x"}},
		"collector":  {events, selftest, {"events.host.ws03"}, outputs, changes, objects, governing, people, machine, state, {"$JS.API.STREAM.INFO.EVENTS"}},
		"gateway":    {events, {"events.host.ws03", "events.collector.wef"}, changes, objects, governing, people},
		"governance": {events, selftest, {"events.host.ws03"}, outputs, objects, machine, state, {"$JS.API.STREAM.MSG.GET.EVENTS", "$JS.API.CONSUMER.CREATE.EVENTS.x", "$JS.API.STREAM.MSG.GET.KV_msigate-state", "$JS.API.CONSUMER.CREATE.DECISIONS.x"}},
		"reader":     {events, selftest, {"events.host.ws03"}, outputs, changes, objects, governing, people, machine, state, {"$JS.API.STREAM.MSG.GET.KV_msigate-state", "$JS.API.CONSUMER.CREATE.KV_msigate-state.x", "$JS.API.CONSUMER.CREATE.KV_msigate-state.x.$KV.msigate-state.>", "$JS.API.CONSUMER.CREATE.KV_msigate-state.x.$KV.msigate-state.host.>", "$JS.API.CONSUMER.DURABLE.CREATE.KV_msigate-state.x", "$JS.API.CONSUMER.MSG.NEXT.EVENTS.msigate"}},
	}
	names := []string{"AUDIT", "EVENTS", "DECISIONS", "VERDICTS", "QUARANTINE", "KV_msigate-state", "KV_msigate-changes", "KV_msigate-hosts", "OBJ_msigate-policy", "OBJ_msigate-governance"}
	var alter []string
	for _, name := range names {
		for _, operation := range []string{"DELETE", "PURGE", "UPDATE", "CREATE", "MSG.DELETE", "SNAPSHOT", "RESTORE"} {
			alter = append(alter, "$JS.API.STREAM."+operation+"."+name)
		}
		alter = append(alter, "$JS.API.DIRECT.GET."+name)
	}
	alter = append(alter, "$JS.API.CONSUMER.DELETE.EVENTS.msigate", "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.msigate", "$JS.API.CONSUMER.CREATE.EVENTS.msigate", "$JS.ACK.EVENTS.x.1.1.1.1.1")
	before := d.shape(names)
	var running sync.WaitGroup
	for role, c := range roles {
		running.Go(func() {
			for _, subjects := range append(must[role], alter) {
				for _, subject := range subjects {
					if role == "governance" && subject == "$JS.API.STREAM.PURGE.OBJ_msigate-governance" {
						continue // a new bundle replaces the one before
					}
					subject = strings.ReplaceAll(subject, ">", "x")
					tried := []string{subject}
					if strings.HasPrefix(subject, "$JS.API.") {
						tried = append(tried, "$JS.msigate.API."+strings.TrimPrefix(subject, "$JS.API."))
					} else if subject[0] == '$' {
						tried = append(tried, "$JS.msigate.API."+subject)
					}
					for _, subject := range tried {
						if !denied(t, c, subject, []byte("{}")) {
							t.Errorf("%s may publish to %s", role, subject)
						}
					}
				}
			}
		})
	}
	running.Wait()
	if after := d.shape(names); after != before {
		t.Errorf("the streams were altered:\n%s\nbefore:\n%s", after, before)
	}
}

// shape is how the streams are, and how much they hold.
func (d *deployed) shape(names []string) string {
	d.t.Helper()
	var all strings.Builder
	for _, name := range names {
		s, err := d.admin.js.Stream(patient(d.t), name)
		if err != nil {
			d.t.Fatal(err)
		}
		config, err := json.Marshal(s.CachedInfo().Config)
		if err != nil {
			d.t.Fatal(err)
		}
		fmt.Fprintln(&all, name, s.CachedInfo().State.Msgs, s.CachedInfo().State.LastSeq, string(config))
	}
	return all.String()
}

// Nobody hears what is answered to others.
func TestEachRoleHearsItsOwnAnswersOnly(t *testing.T) {
	d := deploy(t)
	for role, c := range d.roles() {
		for _, subject := range []string{"_INBOX_gateway.>", "_INBOX.>", ">", "events.>", "decisions.>", "$JS.API.>", "$KV.>", "audit.>"} {
			own := subject == "_INBOX_gateway.>" && role == "gateway" || subject == "_INBOX.>" && role != "gateway"
			start := time.Now()
			sub, err := c.nc.SubscribeSync(subject)
			if err == nil {
				err = c.nc.FlushTimeout(5 * time.Second)
			}
			if err != nil {
				t.Fatal(err)
			}
			refused, wait := false, 10*time.Second
			if own { // nothing comes
				wait = 300 * time.Millisecond
			}
			for until := time.Now().Add(wait); !refused && time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
				refused = c.refusedSince(subject, start) != nil
			}
			if refused == own {
				t.Errorf("%s on %s: refused is %v", role, subject, refused)
			}
			_ = sub.Unsubscribe() // refused ones are gone already
		}
	}
	// What comes to the gateway's inbox comes to nobody else's.
	reader, gateway := d.as("reader", "reader", ""), d.as("gateway", "gateway", "_INBOX_gateway")
	heard, err := reader.nc.SubscribeSync("_INBOX.>")
	if err == nil {
		err = reader.nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LastSequence(patient(t), gateway, StreamEvents); err != nil {
		t.Fatal(err)
	}
	if _, err := LastSequence(patient(t), d.admin, StreamEvents); err != nil { // its inbox is _INBOX, in another account
		t.Fatal(err)
	}
	if m, err := heard.NextMsg(300 * time.Millisecond); err == nil {
		t.Errorf("a reader hears what is answered to others: %s %s", m.Subject, m.Data)
	}
}

// The server sends an answer wherever the question says, whatever its asker may
// publish: in an account of its own that is nowhere.
func TestNobodyWritesByTheSubjectOfAnAnswer(t *testing.T) {
	d := deploy(t)
	roles := d.roles()
	ship(t, d.admin, "ws03", 1)
	if _, err := d.admin.Ship(patient(t), "events.host.ws03", "", nil, nil); err != nil { // empty: as a request that deletes a stream is
		t.Fatal(err)
	}
	if err := d.admin.nc.Publish("$JS.API.CONSUMER.CREATE.EVENTS.probe", []byte(`{"stream_name":"EVENTS","config":{"name":"probe","ack_policy":"none"}}`)); err != nil {
		t.Fatal(err)
	}
	if err := d.admin.nc.Publish("$JS.API.CONSUMER.CREATE.EVENTS.probe2", []byte(`{"stream_name":"EVENTS","config":{"name":"probe2","ack_policy":"none"}}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.admin.Ship(patient(t), "verdicts.alert.ws03", "", []byte("{}"), nil); err != nil {
		t.Fatal(err)
	}
	names := []string{"AUDIT", "DECISIONS", "VERDICTS", "QUARANTINE", "KV_msigate-changes", "KV_msigate-hosts"}
	before := d.shape(names)
	targets := []string{
		"decisions.ws99", "verdicts.alert.ws99", "audit.activation", "$KV.msigate-changes.chg-1", "$KV.msigate-state.watermark",
		"$JS.API.STREAM.PURGE.VERDICTS", "$JS.API.STREAM.DELETE.AUDIT", "$JS.API.STREAM.PURGE.EVENTS",
	}
	questions := map[string][][2]string{
		"shipper": {{"events.host.ws03", "{}"}, {"events.host.ws03", ""}},
		"reader": {
			{"$JS.API.STREAM.INFO.EVENTS", ""},
			{"$JS.API.STREAM.MSG.GET.EVENTS", `{"seq":1}`},
			{"$JS.API.CONSUMER.MSG.NEXT.EVENTS.probe", "2"},
			{"$JS.API.DIRECT.GET.EVENTS", `{"seq":1}`},
			{"$JS.API.DIRECT.GET.EVENTS", `{"seq":2}`},
		},
		"governance": {{"$JS.API.STREAM.INFO.AUDIT", ""}, {"$JS.API.STREAM.MSG.GET.AUDIT", `{"seq":1}`}, {"$KV.msigate-hosts.x", "{}"}},
		// A gateway is in the account of the streams, and can copy to other subjects
		// there. What it is kept from is JetStream's own interface.
		"gateway": {
			{"$JS.API.DIRECT.GET.EVENTS", `{"seq":1}`},
			{"$JS.API.DIRECT.GET.EVENTS", `{"seq":2}`},
			{"$JS.API.STREAM.MSG.GET.EVENTS", `{"seq":2}`},
			{"$JS.API.CONSUMER.MSG.NEXT.EVENTS.probe2", "2"},
			{"$JS.API.STREAM.INFO.EVENTS", ""},
			{"$KV.msigate-state.watermark", ""},
		},
	}
	for role, asked := range questions {
		for _, question := range asked {
			for _, target := range targets {
				if role == "gateway" && !strings.HasPrefix(target, "$JS.API.") {
					continue
				}
				subject := question[0]
				if c := roles[role]; c.domain != "" {
					subject = c.api("") + strings.TrimPrefix(subject, "$JS.API.")
				}
				m := &nats.Msg{Subject: subject, Reply: target, Data: []byte(question[1])}
				if err := roles[role].nc.PublishMsg(m); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := roles[role].nc.FlushTimeout(5 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(500 * time.Millisecond)
	after := d.shape(names)
	clean := func(shape string) string { // governance wrote its own entry
		var kept []string
		for line := range strings.Lines(shape) {
			if !strings.HasPrefix(line, "KV_msigate-hosts ") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	if clean(after) != clean(before) {
		t.Errorf("somebody wrote by the subject of an answer:\n%s\nbefore:\n%s", clean(after), clean(before))
	}
}

// No stream answers direct gets: with a reply to JetStream's own interface one of
// an empty message would delete a stream, and it took a right to read alone.
func TestNoMessageIsReadDirectly(t *testing.T) {
	d := deploy(t)
	if _, err := d.admin.Ship(patient(t), "events.host.ws03", "", nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []string{"EVENTS", "DECISIONS", "VERDICTS", "QUARANTINE", "AUDIT", "KV_msigate-state", "KV_msigate-changes", "KV_msigate-hosts", "OBJ_msigate-policy", "OBJ_msigate-governance"} {
		m := &nats.Msg{Subject: "$JS.API.DIRECT.GET." + stream, Reply: "$JS.API.STREAM.DELETE.AUDIT", Data: []byte(`{"seq":1}`)}
		if err := d.admin.nc.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond)
	if _, err := d.admin.js.Stream(patient(t), StreamAudit); err != nil {
		t.Errorf("AUDIT after direct gets: %v", err)
	}
}

// AUDIT is beyond those who write it: not by permissions alone, but by the stream.
func TestAuditCannotBeAlteredByWhoeverWritesIt(t *testing.T) {
	d := deploy(t)
	if _, err := d.admin.Ship(patient(t), "audit.activation", "", []byte("{}"), nil); err != nil {
		t.Fatal(err)
	}
	s, err := d.admin.js.Stream(patient(t), StreamAudit)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(patient(t)); err == nil {
		t.Error("an administrator purges it")
	}
	if err := s.DeleteMsg(patient(t), 1); err == nil {
		t.Error("an administrator deletes an event of it")
	}
	config := s.CachedInfo().Config
	config.DenyDelete, config.DenyPurge = false, false
	if _, err := d.admin.js.UpdateStream(patient(t), config); err == nil {
		t.Error("an administrator takes that back")
	}
	gateway := d.as("gateway", "gateway", "_INBOX_gateway")
	for _, header := range []nats.Header{{"Nats-Rollup": {"all"}}, {"Nats-Rollup": {"sub"}}} {
		_, err := gateway.js.PublishMsg(patient(t), &nats.Msg{Subject: "audit.activation", Data: []byte("{}"), Header: header})
		if err == nil {
			t.Errorf("a gateway rolls it up: %v", header)
		}
	}
	if n := stored(t, d.admin, StreamAudit); n != 1 {
		t.Errorf("AUDIT holds %d events, want 1", n)
	}
}

// What each role is there for works under its rights.
// A reader reads of the state what arrives of hosts, and nothing else, whatever
// filter he writes into his request beside the one in its subject.
func TestAReaderReadsCoverageAndNoOtherState(t *testing.T) {
	d := deploy(t)
	states, err := OpenState(patient(t), d.as("gateway", "gateway", "_INBOX_gateway"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{StateKey("ws03"), CoverageKey("ws03"), StateWatermark} {
		if _, err := states.Put(patient(t), key, []byte("value of "+key), 0); err != nil {
			t.Fatal(err)
		}
	}
	reader := d.as("reader", "reader", "")
	own, err := OpenState(patient(t), reader)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	if err := own.LoadPrefix(patient(t), StateCoverage, func(e StateEntry) error { keys = append(keys, e.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 1 || keys[0] != CoverageKey("ws03") {
		t.Errorf("a reader reads %v", keys)
	}
	if _, err := KeptBy(patient(t), reader, StreamEvents); err != nil {
		t.Error(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := own.Load(short, func(e StateEntry) error { t.Errorf("a reader reads %s", e.Key); return nil }); err == nil {
		t.Error("a reader may read all of the state")
	}
	const subject = "$JS.msigate.API.CONSUMER.CREATE.KV_msigate-state.sly.$KV.msigate-state.coverage.>"
	for _, config := range []string{
		`{"filter_subject":"$KV.msigate-state.>"`, `{"filter_subject":"$KV.msigate-state.host.>"`, `{"filter_subjects":["$KV.msigate-state.host.>"]`, `{"name":"sly"`,
	} {
		body := fmt.Sprintf(`{"stream_name":"KV_msigate-state","config":%s,"ack_policy":"none","deliver_policy":"all","mem_storage":true,"inactive_threshold":5000000000}}`, config)
		answer, err := reader.nc.Request(subject, []byte(body), 3*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(answer.Data), `"error"`) {
			t.Errorf("%s is taken: %s", config, answer.Data)
		}
	}
}

func TestEachRoleCanDoItsWork(t *testing.T) {
	d := deploy(t)
	roles := d.roles()
	for role, subject := range map[string]string{"shipper": "events.host.ws03", "collector": "events.collector.wef", "gateway": "decisions.ws03"} {
		if _, err := roles[role].Ship(patient(t), subject, "id-"+role, []byte("{}"), nil); err != nil {
			t.Errorf("%s publishes to %s: %v", role, subject, err)
		}
	}
	if mismatches, err := Check(patient(t), roles["gateway"], TopologyOptions{}); err != nil || len(mismatches) > 0 {
		t.Errorf("a gateway checks the streams: %v, %v", mismatches, err)
	}
	for _, name := range []string{BucketChanges, BucketHosts} {
		writing, err := OpenBucket(patient(t), roles["governance"], name)
		if err != nil {
			t.Fatal(err)
		}
		revision, err := writing.Put(patient(t), "key", []byte("{}"), 0)
		if err == nil {
			_, err = writing.Put(patient(t), "key", []byte(`{"a":1}`), revision)
		}
		if err != nil {
			t.Errorf("governance writes %s: %v", name, err)
		}
		if all, err := writing.All(patient(t)); err != nil || len(all) != 1 {
			t.Errorf("governance reads %s: %v, %v", name, all, err)
		}
		if e, err := writing.Latest(patient(t), "key"); err != nil || string(e.Value) != `{"a":1}` {
			t.Errorf("governance reads %s: %v, %v", name, e, err)
		}
		followBucket(t, roles["gateway"], name, 2)
	}
	if noting, err := OpenBucket(patient(t), roles["gateway"], BucketApprovals); err != nil {
		t.Error(err)
	} else if _, err := noting.Put(patient(t), "entry", []byte("{}"), 0); err != nil {
		t.Errorf("the gateway writes %s: %v", BucketApprovals, err)
	}
	for _, role := range []string{"governance", "reader"} {
		noted, err := OpenBucket(patient(t), roles[role], BucketApprovals)
		if err != nil {
			t.Fatal(err)
		}
		all, err := noted.All(patient(t))
		created, failed := noted.Created(patient(t))
		if err != nil || failed != nil || len(all) != 1 || created.IsZero() {
			t.Errorf("%s reads %s: %v, %v, %v", role, BucketApprovals, all, err, failed)
		}
	}
	store, err := roles["governance"].js.ObjectStore(patient(t), BucketGovernance)
	for range 2 { // the second replaces the first
		if err == nil {
			_, err = store.PutBytes(patient(t), "bundle.tar.gz", []byte("content"))
		}
	}
	if err != nil {
		t.Errorf("governance pushes a bundle: %v", err)
	}
	if o := follow(t, roles["gateway"], "bundle.tar.gz", 1<<20).object(t); string(o.Data) != "content" {
		t.Errorf("the gateway reads %q of a bundle", o.Data)
	}
	if _, err := roles["governance"].Ship(patient(t), AuditSubjectAbout("change_opened", "CHG-1"), "", []byte("{}"), nil); err != nil {
		t.Errorf("governance adds to the audit trail: %v", err)
	}
	for _, role := range []string{"governance", "reader"} {
		read(t, roles[role], StreamAudit, 1)
		n := 0
		if err := Read(patient(t), roles[role], ReadOptions{Stream: StreamAudit}, func(*Message) bool { n++; return true }); err != nil || n != 1 {
			t.Errorf("%s reads %d of the audit trail, %v", role, n, err)
		}
	}
	live, err := roles["reader"].nc.SubscribeSync("verdicts.>")
	if err == nil {
		err = roles["reader"].nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := roles["gateway"].Ship(patient(t), "verdicts.alert.ws03", "", []byte("{}"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := live.NextMsg(5 * time.Second); err != nil {
		t.Errorf("a reader hears of a verdict: %v", err)
	}
	read(t, roles["reader"], StreamVerdicts, 1)
	if _, err := Get(patient(t), roles["reader"], StreamEvents, 1); err != nil {
		t.Errorf("a reader reads an event: %v", err)
	}
}

// followBucket reads n revisions of a bucket as a gateway does.
func followBucket(t testing.TB, c *Conn, name string, n int) {
	t.Helper()
	b, err := OpenBucket(patient(t), c, name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(patient(t))
	got := 0
	err = b.Follow(ctx, cancel, func(BucketEntry) { got++ }, func(err error) { t.Error(err) })
	if err != nil || got != n {
		t.Errorf("following %s gave %d revisions, %v; want %d", name, got, err, n)
	}
}
