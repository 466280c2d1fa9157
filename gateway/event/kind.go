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

// Shapes lists every shape that is read: first those that carry Windows' own
// logs, then the endpoint sensors' own; ShapeEvtx, which only files have, is
// last.
func Shapes() []Shape {
	return []Shape{
		ShapeWinlogbeat, ShapeWinlogbeatECS, ShapeWinlogbeat6, ShapeNXLog,
		ShapeEvtxDump, ShapeVelociraptor, ShapeEventXML,
		ShapeFluentBit, ShapeOTel, ShapeOTelRaw, ShapeWazuh,
		ShapeDefender, ShapeElastic, ShapeOCSF, ShapeEvtx,
	}
}
