package install

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"msigate/gateway/event"
)

// tell writes the session down as it is known by now.
func (h *host) tell(s *session) *Session {
	if s.told != nil {
		return s.told
	}
	v := &Session{OpenedBy: s.opener, ID: h.sessionID(s), Inventory: s.inventory}
	s.told = v
	if s.client != nil {
		h.tellClient(s, v)
	}
	h.tellTime(s, v)
	h.tellPackages(s, v)
	v.tellProducts(s.products)
	h.tellPackageFile(s, v)
	slices.Sort(v.Claimed)
	return v
}

func (v *Session) claim(facts ...string) { v.Claimed = append(v.Claimed, facts...) }

func (h *host) tellClient(s *session, v *Session) {
	client := s.client.describe()
	line := h.ancestors(s.client)
	v.Client, v.User, v.Via = &client, client.User, viaOf(&client.Process)
	if len(line) > 0 {
		v.Launcher = make([]Process, len(line))
		for i, ancestor := range line {
			ancestor.launcher = true
			v.Launcher[i] = ancestor.describe()
		}
		switch b := h.belongs(line[0], line[1:], began(s.client)-1); {
		case b.settled != nil:
			v.Within = b.settled.ID
		case b.session != nil && b.session != s && b.how != AttributionWrapper:
			v.Within = h.sessionID(b.session)
		}
	}
	if s.opener != OpenedByClient {
		v.claim("client", "launcher", "user", "via")
		return
	}
	if m := client.Msiexec; m != nil {
		v.Verb, v.Package, v.Properties, v.Transforms, v.Patches, v.Quiet = m.Verb, m.Package, m.Properties, m.Transforms, m.Patches, m.Quiet
	}
}

// tellTime sets begin and end. That something ended is MsiInstaller's word
// unless its client, as the sensor saw it, is gone.
func (h *host) tellTime(s *session, v *Session) {
	v.Begin = moment(s.begin())
	last := lastTransaction(s)
	switch {
	case s.opener == OpenedByClient:
		v.End = moment(s.client.end)
	case s.service != nil:
		v.End = moment(s.service.end)
	case last == nil && len(s.products) > 0:
		v.End = moment(s.products[len(s.products)-1].at)
	}
	if s.opener == OpenedByMsiInstaller {
		v.claim("begin")
	}
	if v.End.IsZero() && last != nil && last.end != 0 {
		v.End = moment(last.end)
	}
	if !v.End.IsZero() && s.service == nil && (s.opener != OpenedByClient || s.client.end == 0) {
		v.claim("end")
	}
}

// tellPackages puts the client's own word on its package first.
func (h *host) tellPackages(s *session, v *Session) {
	own := v.Package
	for _, x := range s.transactions {
		if x.pkg == "" || own != nil && samePackage(*own, x.pkg) {
			continue
		}
		named := ParsePackage(x.pkg, "")
		switch {
		case v.Package == nil:
			v.Package = &named
			v.claim("package")
		case own == nil && samePackage(*v.Package, x.pkg), slices.Contains(v.Named, named):
		default:
			v.Named = append(v.Named, named)
		}
	}
	if len(v.Named) > 0 {
		v.claim("named")
		v.Ambiguous, v.Doubts = true, []string{DoubtPackage}
	}
}

// samePackage reports whether the name in a record can be that package: it is
// the same but for case, completes a relative path, or differs only where one
// of the two has a short (8.3) name.
func samePackage(p Package, name string) bool {
	other := ParsePackage(name, "")
	if p.Kind != other.Kind {
		return false
	}
	if p.Kind == PackageURL || p.Kind == PackageProductCode {
		return event.EqualFoldASCII(p.Name, other.Name)
	}
	ours, theirs := strings.Split(p.Name, `\`), strings.Split(other.Name, `\`)
	if volume(p.Name) == "" && p.Name != "" && p.Name[0] != '\\' && len(theirs) > len(ours) {
		theirs = theirs[len(theirs)-len(ours):]
	}
	return slices.EqualFunc(ours, theirs, sameElement)
}

func sameElement(a, b string) bool {
	return event.EqualFoldASCII(a, b) || shortens(a, b) || shortens(b, a)
}

// shortens reports whether short can be the 8.3 name of long: up to six of its
// characters, a tilde and a number, and an extension of up to three. Blanks and
// dots vanish from a short name, and what it cannot hold becomes an underscore.
func shortens(short, long string) bool {
	base, extension, _ := strings.Cut(short, ".")
	head, number, found := strings.Cut(base, "~")
	if !found || len(head) > 6 || len(base) > 8 || len(extension) > 3 || number == "" || strings.Trim(number, "0123456789") != "" {
		return false
	}
	long = strings.ReplaceAll(long, " ", "")
	if dot := strings.LastIndexByte(long, '.'); dot > 0 {
		if !strings.HasPrefix(event.LowerASCII(long[dot+1:]), event.LowerASCII(extension)) {
			return false
		}
		long = strings.ReplaceAll(long[:dot], ".", "")
	} else if extension != "" {
		return false
	}
	if len(long) < len(head) {
		return false
	}
	for i := range len(head) {
		if head[i] != '_' && !event.EqualFoldASCII(head[i:i+1], long[i:i+1]) {
			return false
		}
	}
	return true
}

// tellProducts puts the records about one product together: 11707 and 1033
// tell of the same thing.
func (v *Session) tellProducts(records []*installRecord) {
	for _, r := range records {
		p := r.product
		at := slices.IndexFunc(v.Products, func(known Product) bool {
			return known.Action == p.Action && event.EqualFoldASCII(known.Name, p.Name)
		})
		if at < 0 {
			if len(v.Products) < MaxProducts {
				v.Products = append(v.Products, p)
			}
			continue
		}
		known := &v.Products[at]
		for _, f := range [...]struct {
			into *string
			from string
		}{{&known.Version, p.Version}, {&known.Manufacturer, p.Manufacturer}, {&known.Code, p.Code}} {
			if *f.into == "" {
				*f.into = f.from
			}
		}
		if known.Status == "" || r.id < idSuccess && p.Status != "" { // 1033's code is exact, 11708's is not
			known.Status = p.Status
		}
	}
	v.Outcome = OutcomeUnknown
	for i := range v.Products {
		if o := outcomeOf(v.Products[i].Status); worse(o, v.Outcome) {
			v.Outcome, v.Status = o, v.Products[i].Status
		}
	}
	if len(v.Products) > 0 {
		v.claim("products", "outcome")
	}
}

// outcomeOf reads an installer's code (Microsoft, "MsiExec.exe and InstMsi.exe
// Error Messages"): 1641 and 3010 are success that wants a restart.
func outcomeOf(status string) Outcome {
	switch status {
	case "":
		return OutcomeUnknown
	case "0", "1641", "3010":
		return OutcomeSuccess
	case "1602":
		return OutcomeUserExit
	}
	return OutcomeFailure
}

func worse(a, b Outcome) bool {
	rank := map[Outcome]int{OutcomeUnknown: 0, OutcomeSuccess: 1, OutcomeUserExit: 2, OutcomeFailure: 3}
	return rank[a] > rank[b]
}

// sessionID names a session by what opened it.
func (h *host) sessionID(s *session) string {
	parts := []string{"msigate session 1", h.name, string(s.opener)}
	process := func(p *process) {
		if p.guid != (identity{}) {
			parts = append(parts, "guid", p.guid.String())
			return
		}
		parts = append(parts, "pid", strconv.FormatUint(uint64(p.pid), 10))
		if p.sequence != 0 {
			parts = append(parts, strconv.FormatInt(p.start, 10))
		}
	}
	switch {
	case s.opener == OpenedByClient:
		process(s.client)
	case s.service != nil:
		process(s.service)
	case len(s.transactions) > 0:
		x := s.transactions[0]
		parts = append(parts, "transaction", strconv.FormatUint(uint64(x.pid), 10), event.LowerASCII(x.pkg), strconv.FormatInt(x.at(), 10))
	case len(s.products) > 0:
		r := s.products[0]
		parts = append(parts, "record", strconv.Itoa(r.id), event.LowerASCII(r.product.Name), strconv.FormatInt(r.at, 10))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// moment is a host's time as the other packages write it; zero for 0.
func moment(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(0, at).UTC()
}
