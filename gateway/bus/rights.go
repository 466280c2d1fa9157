package bus

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Right is something that a NATS user may do or not.
type Right struct {
	What    string // e.g. "publish to events.host.*"
	Why     string // of one it must not have: what somebody could do with it; of one it needs: what it is for
	Allowed bool
	Needed  bool // the gateway needs it; else it must not have it
}

// tried is a right, and the message that finds out whether it is there.
type tried struct {
	Right
	subject   string
	subscribe bool
	body      string
	nowhere   bool // a stream is named that it is not to be stored in: no stream takes it
}

// GatewayRights tries what the gateway's user needs and what it must not have
// (deploy/nats-server.conf), and alters nothing: what would be stored names
// another stream as the one it is for, so that JetStream refuses it; what would
// alter a stream names one that does not exist; what is asked of a stream that
// does is no question at all. What is refused is in the server's log.
//
// A right to alter one stream by its name alone is not found: to try it would be
// to alter that stream.
func GatewayRights(ctx context.Context, c *Conn) ([]Right, error) {
	trials := c.gatewayTrials("msigate-doctor-" + uuid.NewString())
	rights := make([]Right, 0, len(trials))
	for _, t := range trials {
		allowed, err := c.try(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("trying whether this user may %s: %w", t.What, err)
		}
		t.Allowed = allowed
		rights = append(rights, t.Right)
	}
	return rights, nil
}

// gatewayTrials are the trials, with a name that nothing has.
func (c *Conn) gatewayTrials(name string) []tried {
	var all []tried
	mustNot := func(what, why, subject string, stored bool) {
		all = append(all, tried{Right: Right{What: what, Why: why}, subject: subject, nowhere: stored})
	}
	mustNot("publish to "+subjectEventsHost+">", "it could invent events of any host", subjectEventsHost+name, true)
	mustNot("publish to "+subjectEventsCollector+">", "it could invent events of any host", subjectEventsCollector+name, true)
	mustNot("write the bucket "+BucketChanges, "it could open a change window", "$KV."+BucketChanges+"."+name, true)
	mustNot("write the bucket "+BucketHosts, "it could put hosts into groups that are excused", "$KV."+BucketHosts+"."+name, true)
	mustNot("write the bucket "+BucketPolicy, "it could replace the policy that it is held to", "$O."+BucketPolicy+".M."+name, true)
	mustNot("write the bucket "+BucketGovernance, "it could excuse what it pleases", "$O."+BucketGovernance+".M."+name, true)
	mustNot("publish to "+subjectAudit+"change_opened.>", "it could speak for people in the audit trail", subjectAudit+"change_opened."+name, true)
	for _, operation := range []string{"CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"} {
		mustNot("ask JetStream to "+strings.ToLower(operation)+" a stream", "it could make, alter or destroy what is recorded", c.api("STREAM."+operation+"."+name), false)
	}
	mustNot("read messages directly ("+c.api("DIRECT.GET.>")+")", directWhy, c.api("DIRECT.GET."+name), false)
	all = append(all, tried{
		Right:   Right{What: "subscribe to any subject", Why: "it could hear what is answered to others"},
		subject: name, subscribe: true,
	})
	need := func(what, why, subject, body string, stored bool) {
		all = append(all, tried{Right: Right{What: what, Why: why, Needed: true}, subject: subject, body: body, nowhere: stored})
	}
	need("write the bucket "+BucketState, "what is known of hosts is lost at a restart", "$KV."+BucketState+"."+name, "", true)
	need("write the bucket "+BucketApprovals, "an entry that nobody needs any more is not told from one that is in use", "$KV."+BucketApprovals+"."+name, "", true)
	need("read a message ("+c.api("STREAM.MSG.GET.*")+")", "it cannot look at what it wrote before", c.api("STREAM.MSG.GET."+StreamDecisions), "no JSON", false)
	need("make a consumer ("+c.api("CONSUMER.CREATE.*.>")+")", "it cannot read the state, bundles and change windows", c.api("CONSUMER.CREATE."+StreamDecisions+"."+name), "no JSON", false)
	need("remove its own consumers ("+c.api("CONSUMER.DELETE.*.*")+")", "short-lived consumers pile up until the server drops them", c.api("CONSUMER.DELETE."+StreamDecisions+"."+name), "no JSON", false)
	return all
}

// try sends one trial. The server refuses what it does not let through before it
// answers the ping that follows.
func (c *Conn) try(ctx context.Context, t tried) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if t.subscribe {
		sub, err := c.nc.SubscribeSync(t.subject)
		if err != nil {
			return false, err
		}
		defer func() { _ = sub.Unsubscribe() }() // a refused one is gone already
	} else {
		m := &nats.Msg{Subject: t.subject, Data: []byte(t.body)}
		if t.nowhere {
			m.Header = nats.Header{jetstream.ExpectedStreamHeader: []string{"msigate-doctor-stores-nothing"}}
		}
		if err := c.nc.PublishMsg(m); err != nil {
			return false, err
		}
	}
	if err := c.nc.FlushWithContext(ctx); err != nil {
		return false, err
	}
	refused := c.nc.LastError()
	if refused == nil {
		return true, nil
	}
	what, ok := violation(scrub(refused.Error()))
	return !ok || !strings.HasSuffix(what, " to "+t.subject), nil
}
