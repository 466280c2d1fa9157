package event

// winlogbeat6 reads what winlogbeat 5 and 6 wrote: no winlog object, the header
// at the top beside event_data, the provider as source_name and the channel as
// log_name. beat.hostname is the forwarder's.
func (r *record) winlogbeat6(root jsonRef) {
	r.shape = ShapeWinlogbeat6
	r.provider = root.member("source_name").value()
	r.channel = root.member("log_name").value()
	r.eventID = scalar(root.member("event_id"))
	r.recordID = root.member("record_number").value()
	r.host = root.member("computer_name").value()
	r.times[0] = root.member("@timestamp").value()
	r.message = root.member("message").value()
	r.eventData(root.member("event_data"))
}
