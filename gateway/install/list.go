package install

// processList is a list of processes through their own fields, so that moving
// one to the end allocates nothing.
type processList struct {
	first, last *process
	n           int
}

func (l *processList) push(p *process) {
	p.before, p.after, p.listed = l.last, nil, true
	if l.last == nil {
		l.first = p
	} else {
		l.last.after = p
	}
	l.last = p
	l.n++
}

// pushFront puts p where it goes first.
func (l *processList) pushFront(p *process) {
	p.before, p.after, p.listed = nil, l.first, true
	if l.first == nil {
		l.last = p
	} else {
		l.first.before = p
	}
	l.first = p
	l.n++
}

func (l *processList) remove(p *process) {
	if p.before == nil {
		l.first = p.after
	} else {
		p.before.after = p.after
	}
	if p.after == nil {
		l.last = p.before
	} else {
		p.after.before = p.before
	}
	p.before, p.after, p.listed = nil, nil, false
	l.n--
}

// hostList is the same for hosts.
type hostList struct{ first, last *host }

func (l *hostList) push(h *host) {
	h.before, h.after = l.last, nil
	if l.last == nil {
		l.first = h
	} else {
		l.last.after = h
	}
	l.last = h
}

func (l *hostList) remove(h *host) {
	if h.before == nil {
		l.first = h.after
	} else {
		h.before.after = h.after
	}
	if h.after == nil {
		l.last = h.before
	} else {
		h.after.before = h.before
	}
}
