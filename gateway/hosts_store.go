package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

// HostStore is the bucket of host groups as people write it.
type HostStore struct {
	conn   *bus.Conn
	bucket *bus.Bucket
}

// OpenHostStore opens the bucket.
func OpenHostStore(ctx context.Context, conn *bus.Conn) (*HostStore, error) {
	bucket, err := bus.OpenBucket(ctx, conn, bus.BucketHosts)
	if err != nil {
		return nil, err
	}
	return &HostStore{conn: conn, bucket: bucket}, nil
}

// HostImport says what an import did.
type HostImport struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"` // hosts_imported
	Source  string    `json:"source"`
	File    string    `json:"file_sha256"`
	By      string    `json:"by"` // as the importer's system names who ran it: a claim, nothing is signed
	Hosts   int       `json:"hosts"`
	Added   int       `json:"added"`
	Altered int       `json:"altered"` // their groups, or who names them
	Same    int       `json:"same"`
	Removed int       `json:"removed"` // named by this source before, and no more
	Taken   int       `json:"taken"`   // of the altered: named by another source before
	Groups  []string  `json:"groups"`
	Detail  string    `json:"detail"`
}

// Import has the hosts of one source be those given, and no others: a host that
// the source named before and does not name now is in no group. The audit trail
// is told first; where that fails nothing is written.
func (s *HostStore) Import(ctx context.Context, hosts []governance.Host, report HostImport) (HostImport, error) {
	before, err := s.bucket.All(ctx)
	if err != nil {
		return report, err
	}
	stored := map[string]bus.BucketEntry{}
	gone := map[string]uint64{}
	known := map[string]*governance.Host{}
	for _, e := range before {
		stored[e.Key] = e
		if h, err := governance.ReadHost(e.Value); err == nil {
			known[e.Key] = h
			if h.Source == report.Source {
				gone[e.Key] = e.Revision
			}
		}
	}
	report.Hosts = len(hosts)
	groups := map[string]bool{}
	for i := range hosts {
		h := &hosts[i]
		key := bus.BucketKey(h.Host)
		delete(gone, key)
		for _, group := range h.Groups {
			groups[group] = true
		}
		switch was := known[key]; {
		case was == nil:
			report.Added++
		case was.Source != report.Source:
			report.Altered++
			report.Taken++
		case !slices.Equal(was.Groups, h.Groups):
			report.Altered++
		default:
			report.Same++
		}
	}
	for group := range groups {
		report.Groups = append(report.Groups, group)
	}
	slices.Sort(report.Groups)
	if len(report.Groups) > 1000 {
		report.Groups = report.Groups[:1000]
	}
	report.Time, report.Event, report.Removed = time.Now().UTC(), "hosts_imported", len(gone)
	report.Detail = fmt.Sprintf("%d hosts from %s by %s: %d added, %d altered, %d removed", report.Hosts, report.Source, report.By, report.Added, report.Altered, report.Removed)
	data, err := json.Marshal(report)
	if err != nil {
		return report, err
	}
	if _, err := s.conn.Ship(ctx, bus.AuditSubject(report.Event), "hosts:"+uuid.NewString(), data, nil); err != nil {
		return report, &AuditError{Err: err}
	}
	if err := s.write(ctx, hosts, stored); err != nil {
		return report, err
	}
	for key, revision := range gone {
		if err := s.bucket.Delete(ctx, key, revision); err != nil {
			return report, fmt.Errorf("removing a host that %s does not name any more: %w", report.Source, err)
		}
	}
	return report, nil
}

// write stores every host, those that stay the same too: their age begins anew.
func (s *HostStore) write(ctx context.Context, hosts []governance.Host, stored map[string]bus.BucketEntry) error {
	var mu sync.Mutex
	var failed []error
	for i := range hosts {
		h := &hosts[i]
		data, err := h.Write()
		if err != nil {
			return err
		}
		key := bus.BucketKey(h.Host)
		err = s.bucket.PutAsync(ctx, key, data, stored[key].Revision, func(_ uint64, err error) {
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				if len(failed) < 10 {
					failed = append(failed, fmt.Errorf("host %s: %w", h.Host, err))
				}
			}
		})
		if err != nil {
			return err
		}
	}
	if err := s.bucket.Flush(ctx); err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	return errors.Join(failed...)
}

// StoredHost is an entry as it stands in the bucket.
type StoredHost struct {
	governance.Host
	Key     string
	Refused error // why its host is in no group; nil: it is good
}

// List gives every entry, by host.
func (s *HostStore) List(ctx context.Context) ([]StoredHost, error) {
	entries, err := s.bucket.All(ctx)
	all := make([]StoredHost, len(entries))
	for i, e := range entries {
		h, err := governance.ReadHost(e.Value)
		if h == nil {
			h = &governance.Host{Host: e.Key}
		}
		all[i] = StoredHost{Host: *h, Key: e.Key, Refused: err}
	}
	slices.SortFunc(all, func(a, b StoredHost) int { return strings.Compare(a.Host.Host, b.Host.Host) })
	return all, err
}
