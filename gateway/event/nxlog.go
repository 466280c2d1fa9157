package event

// nxlog reads NXLog's to_json() of im_msvistalog and its kin: header and facts
// lie side by side at the top.
//
// NXLog's field names ignore case, so its header overwrites facts of the same
// name: ProcessID (the process that wrote the record) the event's ProcessId,
// EventType (INFO) Sysmon's. Those are read from the rendered message, where
// it is there, and never from the header. A configuration can rename the
// header to ExecutionProcessID, and then ProcessId is the event's own.
//
// EventTime is the collector's local time, usually without a zone.
func (r *record) nxlog(root jsonRef) {
	r.shape, r.clobbered = ShapeNXLog, true
	r.provider = root.member("SourceName").value()
	r.channel = root.member("Channel").value()
	r.eventID = scalar(root.member("EventID"))
	r.recordID = root.member("RecordNumber").value()
	r.host = root.member("Hostname").value()
	r.times[0] = root.member("TimeCreated").value()
	r.times[1] = root.member("EventTime").value()
	r.times[2] = root.member("@timestamp").value()
	r.message = root.member("Message").value()
	root.each(func(member jsonRef) { r.add(member.name(), member.value()) })
}
