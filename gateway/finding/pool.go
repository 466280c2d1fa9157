package finding

import "container/list"

// pool keeps things by uid, bounded over all hosts and for each host. The one
// of which nothing was told for the longest time makes room: first of its own
// host, so that one host cannot push out the others.
type pool[T any] struct {
	limit, perHost int
	byUID          map[string]*slot[T]
	recent         *list.List            // of *slot[T], over all hosts, the last one touched in front
	hosts          map[string]*list.List // likewise, of each host
	evicted        uint64
}

// slot is where a thing of a pool is kept.
type slot[T any] struct {
	uid, host      string
	value          T
	overall, ofOne *list.Element
}

func newPool[T any](limit, perHost int) *pool[T] {
	return &pool[T]{
		limit: limit, perHost: perHost,
		byUID: map[string]*slot[T]{}, recent: list.New(), hosts: map[string]*list.List{},
	}
}

// get finds a thing and leaves its turn as it is.
func (p *pool[T]) get(uid string) (value T, ok bool) {
	if s, found := p.byUID[uid]; found {
		return s.value, true
	}
	return value, false
}

// touch makes a thing the last one that has to make room.
func (p *pool[T]) touch(uid string) {
	if s, ok := p.byUID[uid]; ok {
		p.recent.MoveToFront(s.overall)
		p.hosts[s.host].MoveToFront(s.ofOne)
	}
}

// put adds a thing whose uid is not in the pool, as the last one touched, and
// gives what had to make room for it.
func (p *pool[T]) put(uid, host string, value T) (gone []T) {
	if of := p.hosts[host]; of != nil && of.Len() >= p.perHost {
		gone = append(gone, p.evict(of.Back()))
	} else if len(p.byUID) >= p.limit {
		gone = append(gone, p.evict(p.recent.Back()))
	}
	of := p.hosts[host]
	if of == nil {
		of = list.New()
		p.hosts[host] = of
	}
	s := &slot[T]{uid: uid, host: host, value: value}
	s.overall, s.ofOne = p.recent.PushFront(s), of.PushFront(s)
	p.byUID[uid] = s
	return gone
}

func (p *pool[T]) evict(e *list.Element) T {
	s := e.Value.(*slot[T])
	p.remove(s.uid)
	p.evicted++
	return s.value
}

func (p *pool[T]) remove(uid string) {
	s, ok := p.byUID[uid]
	if !ok {
		return
	}
	delete(p.byUID, uid)
	p.recent.Remove(s.overall)
	of := p.hosts[s.host]
	of.Remove(s.ofOne)
	if of.Len() == 0 {
		delete(p.hosts, s.host)
	}
}

// of lists what a host has, the last one touched first.
func (p *pool[T]) of(host string) []T {
	of := p.hosts[host]
	if of == nil {
		return nil
	}
	all := make([]T, 0, of.Len())
	for e := of.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*slot[T]).value)
	}
	return all
}

func (p *pool[T]) len() int { return len(p.byUID) }
