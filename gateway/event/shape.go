package event

// Shape is the way a record's facts are laid out on the wire.
type Shape string

// The shapes that Decode tells apart by their content.
const (
	ShapeWinlogbeat    Shape = "winlogbeat"     // winlog.event_data.*
	ShapeWinlogbeatECS Shape = "winlogbeat_ecs" // the Sysmon module moved the facts to ECS fields
	ShapeWinlogbeat6   Shape = "winlogbeat6"    // event_data.* at the top, no winlog
	ShapeNXLog         Shape = "nxlog"          // every field at the top
	ShapeEvtxDump      Shape = "evtx_dump"      // Event.System with "#attributes"
	ShapeVelociraptor  Shape = "velociraptor"   // Event.System.EventID.Value
	ShapeEventXML      Shape = "event_xml"      // rendered <Event>
	ShapeFluentBit     Shape = "fluent_bit"     // winevtlog: StringInserts by position
	ShapeOTel          Shape = "otel"           // windowseventlog: event_id.id, event_data; plain or OTLP/JSON
	ShapeOTelRaw       Shape = "otel_raw"       // windowseventlog with raw: the <Event> as the body's text
	ShapeWazuh         Shape = "wazuh"          // win.system, win.eventdata in camel case
	ShapeDefender      Shape = "defender"       // Defender XDR's advanced hunting tables
	ShapeElastic       Shape = "elastic"        // Elastic Endpoint's process, library and file events
	ShapeOCSF          Shape = "ocsf"           // Process, Module and File System Activity
	ShapeEvtx          Shape = "evtx"           // a .evtx file's record
)
