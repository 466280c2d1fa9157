package coverage

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"msigate/gateway/event"
)

// Options say what a Report is made of.
type Options struct {
	Signals []Signal
	Now     time.Time     // zero: of files, which nobody is silent in
	Since   time.Time     // what came last before counts as not arriving; zero: all counts
	Gap     time.Duration // the shortest silence that is told; 0: DefaultGap
	Hosts   []string      // only these; nil: all
	// Expected are hosts that must be there, whether or not anything was heard.
	Expected []string
}

// DefaultGap is the shortest silence that is told where no other is asked for.
const DefaultGap = 6 * time.Hour

// Report tells what arrives, what does not, and what that blinds.
type Report struct {
	Made      time.Time   `json:"made,omitzero"` // absent: of files
	Since     *time.Time  `json:"since"`         // null: everything that is remembered
	Live      bool        `json:"live"`          // false: of files
	Nothing   bool        `json:"nothing"`
	Fleet     FleetReport `json:"fleet"`
	Hosts     []Host      `json:"hosts"` // the blindest first
	Retention []Retention `json:"retention,omitempty"`
}

// FleetReport adds the hosts up.
type FleetReport struct {
	Hosts     int             `json:"hosts"`
	Silent    int             `json:"silent"`     // live: nothing came for a day, or never
	Blind     int             `json:"blind"`      // hosts on which some signal is blind
	HalfBlind int             `json:"half_blind"` // on which some is half-blind, and none is blind
	Sources   []FleetSource   `json:"sources"`    // AN0940's own first
	Signals   []FleetSignal   `json:"signals"`    // those that are blind or half-blind somewhere
	SwitchOn  []FleetSwitchOn `json:"switch_on"`
}

// FleetSource is on how many hosts a source arrives.
type FleetSource struct {
	Source
	Arrives int `json:"arrives"` // hosts
	Never   int `json:"never"`   // hosts
}

// FleetSignal is on how many hosts a signal does not see all.
type FleetSignal struct {
	Signal    string `json:"signal"`
	Title     string `json:"title"`
	Blind     int    `json:"blind"`      // hosts
	HalfBlind int    `json:"half_blind"` // hosts
}

// FleetSwitchOn is what would have to be switched on, and on how many hosts.
type FleetSwitchOn struct {
	Advice
	Hosts   int `json:"hosts"`
	Signals int `json:"signals"` // that would see more
}

// Host is the coverage of one host.
type Host struct {
	Host     string     `json:"host"`
	First    *time.Time `json:"first"` // null: never heard of
	Last     *time.Time `json:"last"`
	Silent   bool       `json:"silent"` // live: nothing came for a day, or never
	Records  uint64     `json:"records"`
	Sampled  bool       `json:"sampled"` // some counts rest on event ids read off the bytes
	Refused  uint64     `json:"refused"` // quarantined
	Over     uint64     `json:"over"`    // records of kinds beyond what is kept apart
	Arrives  []Arriving `json:"arrives"` // the kinds that msigate reads
	Foreign  []Foreign  `json:"foreign"` // those it does not
	Never    []Never    `json:"never"`   // the sources that never came, or came last before since
	Signals  []Sight    `json:"signals"` // blind, then half-blind; the others see all they need
	SwitchOn []SwitchOn `json:"switch_on"`
	Gaps     []Gap      `json:"gaps"`
	Clock    Clock      `json:"clock"`
	Sensor   *Sensor    `json:"sensor"` // null: Sysmon said nothing of itself
	Numbers  []Numbers  `json:"numbers"`
}

// Arriving is one kind of record that came.
type Arriving struct {
	Name     string      `json:"name"`
	Kind     event.Kind  `json:"kind"`
	Channel  string      `json:"channel"`
	Provider string      `json:"provider"`
	EventID  int         `json:"event_id"` // 0: the sensor has none
	Shape    event.Shape `json:"shape"`
	Official bool        `json:"official"`
	First    time.Time   `json:"first"`
	Last     time.Time   `json:"last"`
	Count    uint64      `json:"count"`
	Decoded  uint32      `json:"decoded"` // of the latest; what Missing is a share of
	Missing  []Fact      `json:"missing"` // the most often absent first
}

// Fact is in which share of a kind's records a fact is absent, 0 to 1.
type Fact struct {
	Fact  string  `json:"fact"`
	Share float64 `json:"share"`
}

// Foreign is a kind of record that msigate does not read.
type Foreign struct {
	Name  string    `json:"name"`
	Count uint64    `json:"count"`
	Last  time.Time `json:"last"`
}

// Never is a source that does not come.
type Never struct {
	Source
	Ended     *time.Time `json:"ended"`      // when it came last; null: never
	CoveredBy string     `json:"covered_by"` // another source that tells the same; "": none does
}

// SwitchOn is what would open this host's eyes.
type SwitchOn struct {
	Advice
	Blind     []string `json:"blind"`      // signals that are blind without it
	HalfBlind []string `json:"half_blind"` // that see less
}

// Gap is a time in which nothing came, hour by hour.
type Gap struct {
	Of    string    `json:"of"` // all, or process_start
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	Hours int       `json:"hours"`
}

// Clock is how far the host's clock stands from the bus's.
type Clock struct {
	Known   bool   `json:"known"` // false: of files, and where no record tells a time
	Least   int64  `json:"least"` // seconds from the event to the bus's stamp; below 0: the host's clock is ahead
	Most    int64  `json:"most"`
	Skewed  uint64 `json:"skewed"`  // records more than ten minutes away
	Records uint64 `json:"records"` // of today and the day before
	Back    int64  `json:"back"`    // most seconds that it went back from one record of a channel to the next
	Backs   uint64 `json:"backs"`
	Text    string `json:"text"` // "": nothing is wrong
}

// Sensor is Sysmon's word on itself.
type Sensor struct {
	State         string     `json:"state"`
	StateAt       *time.Time `json:"state_at"`
	Configuration string     `json:"configuration"`
	ConfiguredAt  *time.Time `json:"configured_at"`
	Changes       uint64     `json:"changes"`
	Error         string     `json:"error"`
	ErrorAt       *time.Time `json:"error_at"`
	Errors        uint64     `json:"errors"`
}

// Numbers compares how many records a channel numbered with how many came.
type Numbers struct {
	Channel  string  `json:"channel"`
	Numbered uint64  `json:"numbered"`
	Arrived  uint64  `json:"arrived"`
	Lost     float64 `json:"lost"` // share that did not come, 0 to 1: filtered, sampled or dropped on the way
	Restarts uint64  `json:"restarts"`
}

// Of tells what the Recorders know together.
func Of(o Options, recorders ...*Recorder) Report {
	if o.Gap <= 0 {
		o.Gap = DefaultGap
	}
	r := Report{Made: o.Now.UTC(), Live: !o.Now.IsZero(), Hosts: []Host{}}
	if !o.Since.IsZero() {
		since := o.Since.UTC()
		r.Since = &since
	}
	seen := map[string]bool{}
	wanted := func(name string) bool { return o.Hosts == nil || slices.Contains(o.Hosts, name) }
	for _, one := range recorders {
		one.mu.Lock()
		for _, h := range one.hosts {
			if wanted(h.Name) && !seen[h.Name] {
				seen[h.Name] = true
				r.Hosts = append(r.Hosts, h.report(&o))
			}
		}
		one.mu.Unlock()
	}
	r.Nothing = len(r.Hosts) == 0
	for _, name := range slices.Concat(o.Expected, o.Hosts) {
		if wanted(name) && !seen[name] {
			seen[name] = true
			h := host{Name: name}
			r.Hosts = append(r.Hosts, h.report(&o))
		}
	}
	slices.SortFunc(r.Hosts, func(a, b Host) int {
		return cmp.Or(-cmp.Compare(a.blind(), b.blind()), -cmp.Compare(len(a.Signals), len(b.Signals)), cmp.Compare(a.Host, b.Host))
	})
	r.Fleet = fleetOf(r.Hosts)
	return r
}

// blind is how many signals are blind on the host.
func (h *Host) blind() int {
	n := 0
	for _, s := range h.Signals {
		if s.Sight == Blind {
			n++
		}
	}
	return n
}

func timeOf(seconds int64) *time.Time {
	if seconds == 0 {
		return nil
	}
	at := time.Unix(seconds, 0).UTC()
	return &at
}

func (h *host) report(o *Options) Host {
	since := int64(math.MinInt64)
	if !o.Since.IsZero() {
		since = o.Since.Unix()
	}
	v := Host{
		Host: h.Name, First: timeOf(h.First), Last: timeOf(h.Last), Sampled: h.Sampled, Refused: h.Refused, Over: h.Over,
		Records: h.Over, Arrives: []Arriving{}, Foreign: []Foreign{}, Signals: []Sight{}, Gaps: []Gap{}, Numbers: []Numbers{},
	}
	v.Silent = !o.Now.IsZero() && h.Last < o.Now.Add(-24*time.Hour).Unix()
	for i := range h.Kinds {
		v.Records += h.Kinds[i].Count
		h.Kinds[i].tell(&v)
	}
	slices.SortFunc(v.Arrives, func(a, b Arriving) int {
		return cmp.Or(compareBool(b.Official, a.Official), -cmp.Compare(a.Count, b.Count), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Shape, b.Shape))
	})
	slices.SortFunc(v.Foreign, func(a, b Foreign) int { return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Name, b.Name)) })
	v.Never = h.never(since)
	for i := range o.Signals {
		if s := h.sight(&o.Signals[i], since); s.Sight != Sees {
			v.Signals = append(v.Signals, s)
		}
	}
	slices.SortStableFunc(v.Signals, func(a, b Sight) int { return cmp.Or(cmp.Compare(a.Sight, b.Sight), cmp.Compare(a.Signal, b.Signal)) })
	v.SwitchOn = switchOn(v.Signals)
	v.Gaps = h.gaps(o)
	v.Clock = h.clock()
	if s := h.Sensor; s != (sensor{}) {
		v.Sensor = &Sensor{
			State: s.State, StateAt: timeOf(s.StateAt), Configuration: s.Configuration, ConfiguredAt: timeOf(s.ConfigurationAt), Changes: s.Changes,
			Error: s.Error, ErrorAt: timeOf(s.ErrorAt), Errors: s.Errors,
		}
	}
	for i := range h.Channels {
		c := &h.Channels[i]
		if numbered, arrived := c.total(); numbered > 0 {
			v.Numbers = append(v.Numbers, Numbers{
				Channel: c.Name, Numbered: numbered, Arrived: arrived, Lost: float64(numbered-arrived) / float64(numbered), Restarts: c.Restarts,
			})
		}
	}
	return v
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// tell adds a kind to what is told of its host.
func (k *kindCount) tell(v *Host) {
	if k.foreign() {
		v.Foreign = append(v.Foreign, Foreign{Name: k.name(), Count: k.Count, Last: time.Unix(k.Last, 0).UTC()})
		return
	}
	a := Arriving{
		Name: k.name(), Kind: k.Kind, Channel: k.Channel, Provider: k.Provider, EventID: k.EventID, Shape: k.Shape, Official: official(k.RecordKind),
		First: time.Unix(k.First, 0).UTC(), Last: time.Unix(k.Last, 0).UTC(), Count: k.Count, Decoded: k.Decoded, Missing: []Fact{},
	}
	for i, name := range factNames[k.Kind] {
		if i < len(k.Lacks) && k.Lacks[i] > 0 {
			a.Missing = append(a.Missing, Fact{name, k.share(name)})
		}
	}
	slices.SortFunc(a.Missing, func(x, y Fact) int { return cmp.Or(-cmp.Compare(x.Share, y.Share), cmp.Compare(x.Fact, y.Fact)) })
	v.Arrives = append(v.Arrives, a)
}

// never are the sources of which nothing came since a time.
func (h *host) never(since int64) []Never {
	all := []Never{}
	for i := range sources {
		s := &sources[i]
		last, came, instead := int64(0), false, ""
		for j := range h.Kinds {
			k := &h.Kinds[j]
			if s.is(k.RecordKind) {
				last, came = max(last, k.Last), came || k.Last >= since
			} else if k.Kind == s.Kind && k.Last >= since && k.Provider != s.provider && instead == "" {
				instead = k.name()
			}
		}
		if !came {
			all = append(all, Never{Source: *s, Ended: timeOf(last), CoveredBy: instead})
		}
	}
	return all
}

// switchOn gathers what blind signals lack: of a group the first item, which
// gives it best.
func switchOn(sights []Sight) []SwitchOn {
	byItem := map[string]*SwitchOn{}
	for _, s := range sights {
		for _, l := range s.Lacking {
			advice, ok := adviceFor(l.Items[0])
			if !ok {
				advice = Advice{Item: l.Items[0], Title: l.Items[0], How: []string{"let the sensor write it and the shipper pass it on"}}
			}
			one := byItem[advice.Item]
			if one == nil {
				one = &SwitchOn{Advice: advice, Blind: []string{}, HalfBlind: []string{}}
				byItem[advice.Item] = one
			}
			list := &one.HalfBlind
			if l.Share >= absentAt && !l.weaker {
				list = &one.Blind
			}
			if !slices.Contains(*list, s.Signal) {
				*list = append(*list, s.Signal)
			}
		}
	}
	all := make([]SwitchOn, 0, len(byItem))
	for _, one := range byItem {
		one.HalfBlind = slices.DeleteFunc(one.HalfBlind, func(id string) bool { return slices.Contains(one.Blind, id) })
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b SwitchOn) int {
		return cmp.Or(compareBool(b.Official, a.Official), -cmp.Compare(len(a.Blind), len(b.Blind)), -cmp.Compare(len(a.HalfBlind), len(b.HalfBlind)), cmp.Compare(a.Item, b.Item))
	})
	return all
}

func (h *host) gaps(o *Options) []Gap {
	all := []Gap{}
	least := max(1, int64(o.Gap/time.Hour))
	add := func(of string, list []silence) {
		for _, s := range list {
			all = append(all, Gap{Of: of, From: time.Unix(s.from*3600, 0).UTC(), Until: time.Unix((s.until+1)*3600, 0).UTC(), Hours: int(s.until - s.from + 1)})
		}
	}
	whole := h.Heard.silences(least)
	add("all", whole)
	// Process starts alone: where the host was heard meanwhile.
	add(string(event.KindProcessStart), slices.DeleteFunc(h.Starts.silences(least), func(s silence) bool {
		for hour := s.from; hour <= s.until; hour++ {
			if h.Heard.has(hour) {
				return false
			}
		}
		return true
	}))
	slices.SortFunc(all, func(a, b Gap) int { return cmp.Or(-cmp.Compare(a.Hours, b.Hours), a.From.Compare(b.From)) })
	return all[:min(len(all), 10)]
}

func (h *host) clock() Clock {
	l := h.Lag.both()
	c := Clock{Known: l.Records > 0, Least: l.Least, Most: l.Most, Skewed: l.Late, Records: l.Records}
	for i := range h.Channels {
		c.Back, c.Backs = max(c.Back, h.Channels[i].Back), c.Backs+h.Channels[i].Backs
	}
	limit := int64(maxSkew / time.Second)
	var said []string
	switch {
	case !c.Known:
	case c.Least < -limit:
		said = append(said, "the host's clock is ahead of the bus's by up to "+seconds(-c.Least))
	case c.Least > limit:
		said = append(said, "every record comes at least "+seconds(c.Least)+" after it happened: the host's clock is behind, or its shipper is")
	case c.Skewed > 0:
		said = append(said, percent(float64(c.Skewed)/float64(c.Records))+" of its records come more than ten minutes late, up to "+seconds(c.Most))
	}
	if c.Backs > 0 {
		said = append(said, "its clock went back between two records, by up to "+seconds(c.Back))
	}
	c.Text = strings.Join(said, "; ")
	return c
}

func seconds(n int64) string { return (time.Duration(n) * time.Second).String() }

func fleetOf(hosts []Host) FleetReport {
	f := FleetReport{Hosts: len(hosts), Sources: make([]FleetSource, len(sources)), Signals: []FleetSignal{}, SwitchOn: []FleetSwitchOn{}}
	for i := range sources {
		f.Sources[i] = FleetSource{Source: sources[i]}
	}
	signals, advices := map[string]*FleetSignal{}, map[string]*FleetSwitchOn{}
	serves := map[string]map[string]bool{}
	for i := range hosts {
		h := &hosts[i]
		if h.Silent {
			f.Silent++
		}
		switch {
		case h.blind() > 0:
			f.Blind++
		case len(h.Signals) > 0:
			f.HalfBlind++
		}
		for j := range f.Sources {
			if slices.ContainsFunc(h.Never, func(n Never) bool { return n.Name == f.Sources[j].Name }) {
				f.Sources[j].Never++
			} else {
				f.Sources[j].Arrives++
			}
		}
		for _, s := range h.Signals {
			one := signals[s.Signal]
			if one == nil {
				one = &FleetSignal{Signal: s.Signal, Title: s.Title}
				signals[s.Signal] = one
			}
			if s.Sight == Blind {
				one.Blind++
			} else {
				one.HalfBlind++
			}
		}
		for _, s := range h.SwitchOn {
			one := advices[s.Item]
			if one == nil {
				one = &FleetSwitchOn{Advice: s.Advice}
				advices[s.Item], serves[s.Item] = one, map[string]bool{}
			}
			one.Hosts++
			for _, id := range slices.Concat(s.Blind, s.HalfBlind) {
				serves[s.Item][id] = true
			}
			one.Signals = len(serves[s.Item])
		}
	}
	for _, one := range signals {
		f.Signals = append(f.Signals, *one)
	}
	for _, one := range advices {
		f.SwitchOn = append(f.SwitchOn, *one)
	}
	slices.SortFunc(f.Signals, func(a, b FleetSignal) int {
		return cmp.Or(-cmp.Compare(a.Blind, b.Blind), -cmp.Compare(a.HalfBlind, b.HalfBlind), cmp.Compare(a.Signal, b.Signal))
	})
	slices.SortFunc(f.SwitchOn, func(a, b FleetSwitchOn) int {
		return cmp.Or(compareBool(b.Official, a.Official), -cmp.Compare(a.Hosts, b.Hosts), -cmp.Compare(a.Signals, b.Signals), cmp.Compare(a.Item, b.Item))
	})
	return f
}
