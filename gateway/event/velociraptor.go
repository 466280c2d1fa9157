package event

// velociraptor reads the JSON of Velociraptor and of the Go evtx library behind
// it: the XML's structure with attributes as plain members, EventID as an
// object ({"Value": 1}), SystemTime as seconds since 1970 with a fraction,
// binary data in base64. Some artifacts put System and EventData at the top.
func (r *record) velociraptor(system, data jsonRef) {
	r.shape = ShapeVelociraptor
	r.windowsEvent(system, data)
}

// isVelociraptor tells this shape from evtx_dump's: plain members where the
// other sets attributes apart.
func isVelociraptor(system jsonRef) bool {
	return system.at("EventID", "Value").kind() != jsonNone || system.at("Provider", "Name").kind() != jsonNone
}
