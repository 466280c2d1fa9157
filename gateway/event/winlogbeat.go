package event

// winlogbeat reads what winlogbeat 7 and later write: the header under winlog,
// the facts under winlog.event_data with the names the provider gave them. An
// agent that forwards other hosts' logs names itself in host.name, so only
// winlog.computer_name says whose record it is.
func (r *record) winlogbeat(root, winlog jsonRef) {
	r.shape = ShapeWinlogbeat
	event := root.member("event")
	r.provider = firstOf(winlog.member("provider_name"), event.member("provider"))
	r.channel = winlog.member("channel").value()
	r.eventID = firstOf(winlog.member("event_id"), event.member("code"))
	r.recordID = winlog.member("record_id").value()
	r.host = winlog.member("computer_name").value()
	r.times[0] = root.member("@timestamp").value()
	r.times[1] = winlog.member("time_created").value()
	r.message = root.member("message").value()
	r.eventData(winlog.member("event_data"))
	if r.isMovedToECS(root) {
		r.winlogbeatECS(root)
	}
}

// firstOf is the first of the members that holds something.
func firstOf(members ...jsonRef) value {
	for _, m := range members {
		if v := scalar(m); v.present() {
			return v
		}
	}
	return value{}
}
