package install

import (
	"cmp"
	"slices"
	"strings"

	"msigate/gateway/event"
)

// installRecord is what is kept of one MsiInstaller record.
type installRecord struct {
	at       int64
	id       int
	recordID uint64
	pid      uint32
	pkg      string // 1040, 1042
	product  Product
	client   *process // of a 1040 or 1042: who had the PID, once that is known
}

const (
	idInstalled    = 1033
	idRemoved      = 1034
	idReconfigured = 1035
	idUpdated      = 1036
	idBegins       = 1040
	idEnds         = 1042
	idSuccess      = 11707
	idFailure      = 11708
	idRemoval      = 11724
)

// Longer texts are nobody's package or product, but a way to fill memory.
const (
	recordedPackage = 1 << 10
	recordedProduct = 256
)

func newInstallRecord(e *event.Event) *installRecord {
	i := &e.Installer
	r := &installRecord{
		at:       stamp(e.Time),
		id:       e.EventID,
		recordID: e.RecordID,
		pid:      i.ClientPID,
		pkg:      clip(i.Package, recordedPackage),
		product: Product{
			Name:         clip(i.Product, recordedProduct),
			Version:      clip(i.Version, recordedProduct),
			Manufacturer: clip(i.Manufacturer, recordedProduct),
			Code:         i.ProductCode,
			Status:       clip(i.Status, recordedProduct),
		},
	}
	switch r.id {
	case idInstalled, idSuccess, idFailure:
		r.product.Action = ActionInstalled
	case idRemoved, idRemoval:
		r.product.Action = ActionRemoved
	case idReconfigured:
		r.product.Action = ActionReconfigured
	case idUpdated:
		r.product.Action = ActionUpdated
	}
	switch r.id {
	case idSuccess, idRemoval:
		r.product.Status = "0"
	case idFailure:
		r.product.Status = "1603" // fatal error during installation: what 11708 stands for
	}
	return r
}

func (r *installRecord) transacts() bool { return r.id == idBegins || r.id == idEnds }

// compareRecords puts records into the order in which they happened: those of
// one instant as the channel numbers them, a begin before its own end.
func compareRecords(a, b *installRecord) int {
	return cmp.Or(
		cmp.Compare(a.at, b.at),
		cmp.Compare(a.recordID, b.recordID),
		cmp.Compare(a.id, b.id),
		cmp.Compare(a.pid, b.pid),
		strings.Compare(a.pkg, b.pkg),
		strings.Compare(a.product.Name, b.product.Name),
		strings.Compare(a.product.Version, b.product.Version),
		strings.Compare(a.product.Manufacturer, b.product.Manufacturer),
		strings.Compare(a.product.Code, b.product.Code),
		strings.Compare(a.product.Status, b.product.Status),
	)
}

// record keeps a MsiInstaller record in its place; one that came before is
// found again.
func (h *host) record(r *installRecord) *installRecord {
	at, found := slices.BinarySearchFunc(h.records, r, compareRecords)
	if found {
		return h.records[at]
	}
	h.records = slices.Insert(h.records, at, r)
	h.wantClient(r)
	h.stirSessions()
	return r
}

// transaction is what a 1040 and its 1042 tell: somebody with that PID had
// that package processed from begin to end.
type transaction struct {
	pkg        string
	pid        uint32
	begin, end int64 // 0: that record was not seen
	// from and until is when it can have had the installer to itself, of which
	// there is one: where its end was not told, the next one's begin is it.
	// until 0: it has not ended.
	from, until int64
	first       *installRecord
	records     []*installRecord
	client      *process
}

// at is when the transaction is known to have been running.
func (x *transaction) at() int64 { return x.first.at }

// transactions pairs what is kept, in the order of begin.
func (h *host) transactions() []*transaction {
	var all []*transaction
	for _, r := range h.records {
		if !r.transacts() {
			continue
		}
		if r.id == idEnds {
			if x := openedBefore(all, r); x != nil {
				x.end, x.records = r.at, append(x.records, r)
				continue
			}
			all = append(all, &transaction{pkg: r.pkg, pid: r.pid, end: r.at, first: r, records: []*installRecord{r}})
			continue
		}
		all = append(all, &transaction{pkg: r.pkg, pid: r.pid, begin: r.at, first: r, records: []*installRecord{r}})
	}
	for i, x := range all {
		x.client = h.clientOf(x.first)
		x.from, x.until = x.begin, x.end
		if x.begin == 0 {
			x.from = x.end - h.silence()
			if x.client != nil {
				x.from = max(x.from, x.client.start)
			}
			if i > 0 {
				x.from = max(x.from, all[i-1].at())
			}
		}
		if x.end == 0 && i+1 < len(all) {
			x.until = all[i+1].at()
		}
	}
	return all
}

// openedBefore is the transaction that the 1042 r ends: the last one of that
// client and package that no other has ended.
func openedBefore(all []*transaction, r *installRecord) *transaction {
	for _, x := range slices.Backward(all) {
		if x.end == 0 && x.pid == r.pid && event.EqualFoldASCII(x.pkg, r.pkg) {
			return x
		}
	}
	return nil
}

// clientOf is the process that had the record's PID. Once it is known it stays
// so when the host forgets the process, unless another turns up that fits.
func (h *host) clientOf(r *installRecord) *process {
	if p := h.find(identity{}, r.pid, "", r.at); p != nil {
		r.client = p
	}
	return r.client
}
