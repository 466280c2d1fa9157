package install

import (
	"iter"
	"slices"

	"msigate/gateway/event"
)

// assignProducts gives each record about a product to the session that it must
// belong to. What no session can have done is one of its own: a product, or an
// inventory.
func (h *host) assignProducts(k *installs) {
	var loose []*installRecord
	for _, r := range h.records {
		if r.transacts() {
			continue
		}
		switch open := openAt(k.sessions, r.at); {
		case len(open) == 1:
			open[0].products = append(open[0].products, r)
			k.owners[r] = open[0]
		case len(open) == 0:
			loose = append(loose, r)
		}
	}
	bursts := loose[:0:0]
	for _, r := range loose {
		if r.id == idReconfigured {
			bursts = append(bursts, r)
		}
	}
	taken := map[*installRecord]bool{}
	for burst := range chains(bursts) {
		n := distinctProducts(burst)
		alive, _ := h.candidates(burst[0].at)
		if n >= inventoryBurst || n > 1 && len(alive) == 0 {
			h.adoptRecords(k, burst, true)
			for _, r := range burst {
				taken[r] = true
			}
		}
	}
	rest := map[string][]*installRecord{}
	var names []string
	for _, r := range loose {
		if taken[r] {
			continue
		}
		if alive, _ := h.candidates(r.at); len(alive) == 1 {
			alive[0].products = append(alive[0].products, r)
			k.owners[r] = alive[0]
		} else if len(alive) == 0 {
			name := event.LowerASCII(r.product.Name)
			if rest[name] == nil {
				names = append(names, name)
			}
			rest[name] = append(rest[name], r)
		}
	}
	for _, name := range names {
		for one := range chains(rest[name]) {
			h.adoptRecords(k, one, false)
		}
	}
	for _, s := range k.sessions {
		slices.SortFunc(s.products, compareRecords)
	}
}

// adoptRecords makes a session of records that no other can have caused. It is
// over at once, so it is nobody's candidate.
func (h *host) adoptRecords(k *installs, records []*installRecord, inventory bool) {
	s := &session{opener: OpenedByMsiInstaller, products: records, inventory: inventory}
	for _, r := range records {
		k.owners[r] = s
	}
}

// openAt are the sessions with a transaction at the time; give or take where
// there is none exactly then.
func openAt(sessions []*session, at int64) []*session {
	for _, give := range [...]int64{0, slack} {
		var all []*session
		for _, s := range sessions {
			if s.open(at, give) {
				all = append(all, s)
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

// chains cuts records wherever the gap between two is too long.
func chains(records []*installRecord) iter.Seq[[]*installRecord] {
	return func(yield func([]*installRecord) bool) {
		for begin := 0; begin < len(records); {
			end := begin + 1
			for end < len(records) && records[end].at-records[end-1].at <= inventoryGap {
				end++
			}
			if !yield(records[begin:end:end]) {
				return
			}
			begin = end
		}
	}
}

func distinctProducts(records []*installRecord) int {
	names := map[string]bool{}
	for _, r := range records {
		names[event.LowerASCII(r.product.Name)] = true
	}
	return len(names)
}
