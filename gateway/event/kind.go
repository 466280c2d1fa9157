package event

// Kinds lists every kind, in the order a process lives: what a policy's
// triggers may name.
func Kinds() []Kind {
	return []Kind{
		KindProcessStart, KindProcessEnd, KindImageLoad,
		KindFileCreate, KindFileStream, KindFileExecutable, KindFileDelete,
		KindNetwork, KindDNS, KindRegistry,
		KindInstall, KindSensor, KindOther,
	}
}

// Shapes lists every shape that is read, as Decode tries them; ShapeEvtx, which
// only files have, is last.
func Shapes() []Shape {
	return []Shape{
		ShapeWinlogbeat, ShapeWinlogbeatECS, ShapeWinlogbeat6, ShapeNXLog,
		ShapeEvtxDump, ShapeVelociraptor, ShapeEventXML, ShapeEvtx,
	}
}
