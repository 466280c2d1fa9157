package eventtest

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// otelBody is what the receiver makes of an event, with its facts in one of both
// forms.
func otelBody(r *Record, list bool) object {
	data := object{}
	var entries []any
	for i, name := range r.Names {
		if name == "Binary" {
			data["binary"] = r.Values[i]
			continue
		}
		if r.IsClassic() {
			name = ""
		}
		entries = append(entries, object{name: r.Values[i]})
		if !list {
			data[name] = r.Values[i]
		}
	}
	if list {
		data["data"], data["name"] = entries, ""
	}
	return object{
		"channel": r.Channel, "computer": r.Host, "event_id": object{"id": r.ID, "qualifiers": 0}, "keywords": []any{"Classic"}, "level": "Information",
		"message": r.Message, "opcode": "Info", "task": "", "record_id": r.RecordID, "system_time": r.At.Format(time.RFC3339Nano),
		"provider": object{"name": r.Provider, "guid": "", "event_source": ""}, "event_data": data,
	}
}

// otlp is the typed form of a value.
func otlp(v any) object {
	switch v := v.(type) {
	case object:
		var names []string
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		values := []any{}
		for _, name := range names {
			values = append(values, object{"key": name, "value": otlp(v[name])})
		}
		return object{"kvlistValue": object{"values": values}}
	case []any:
		values := []any{}
		for _, element := range v {
			values = append(values, otlp(element))
		}
		return object{"arrayValue": object{"values": values}}
	case int, uint64:
		return object{"intValue": fmt.Sprint(v)} // 64-bit numbers are texts in OTLP/JSON
	}
	return object{"stringValue": v}
}

// otlpBatch is a request of OTLP/JSON with the records of one host.
func otlpBatch(bodies ...any) object {
	records := []any{}
	for _, body := range bodies {
		records = append(records, object{"timeUnixNano": "1772442845000000000", "severityText": "INFO", "body": body, "attributes": []any{}})
	}
	return object{"resourceLogs": []any{object{
		"resource":  object{"attributes": []any{object{"key": "host.name", "value": object{"stringValue": "collector01"}}}},
		"scopeLogs": []any{object{"scope": object{"name": "windowseventlog"}, "logRecords": records}},
	}}}
}

func encodeOTel(t testing.TB, r *Record, form int) []byte {
	body := otelBody(r, r.IsClassic() || form%2 == 1)
	switch form % 3 {
	case 0:
		return written(t, body)
	case 1:
		return written(t, object{"timestamp": r.At.Format(time.RFC3339Nano), "severity": 9, "body": body})
	}
	return written(t, otlpBatch(otlp(body)))
}

func encodeOTelRaw(t testing.TB, r *Record, form int) []byte {
	text := r.XML() + "\n"
	if form%2 == 1 {
		return written(t, otlpBatch(object{"stringValue": text}))
	}
	return written(t, object{"body": text})
}
