package eventtest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// Batch is one message that carries every record the shape has a like of, as the
// shape's shipper batches them. of says for each record of the message which of
// records it is.
func Batch(t testing.TB, shape string, records []Record) (message []byte, of []int) {
	t.Helper()
	var parts []any
	for i := range records {
		r := &records[i]
		switch shape {
		case "otel":
			parts = append(parts, otlp(otelBody(r, r.IsClassic() || i%2 == 0)))
		case "otel_raw":
			parts = append(parts, object{"stringValue": r.XML()})
		default:
			line := r.Write(t, shape, plainForm[shape])
			if line == nil {
				continue
			}
			parts = append(parts, json.RawMessage(line))
		}
		of = append(of, i)
	}
	switch shape {
	case "otel", "otel_raw":
		return written(t, otlpBatch(parts...)), of
	case "defender":
		return written(t, object{"records": parts}), of
	case "event_xml":
		var b bytes.Buffer
		b.WriteString("<Events>")
		for _, part := range parts {
			b.Write(part.(json.RawMessage))
		}
		b.WriteString("</Events>")
		return b.Bytes(), of
	}
	return written(t, parts), of
}

// plainForm is the form of a shape that is one record and no batch itself.
var plainForm = map[string]int{"defender": 1}

// Certificate is Defender's row about the signature of the file that a record of
// Sysmon 7 loads: it comes by itself, in a table of its own, and is joined by
// SHA-1. nil where the record has no SHA-1 or the signature was not verified.
func (r *Record) Certificate(t testing.TB) []byte {
	t.Helper()
	sha1 := r.Digest("SHA1")
	if !sensed(r, 7) || sha1 == "" || r.Get("SignatureStatus") == "Unavailable" {
		return nil
	}
	row := object{
		"DeviceId": deviceID, "DeviceName": strings.ToLower(r.Host), "ReportId": r.RecordID, "Timestamp": r.At.Format(sevenDigits), "SHA1": sha1,
		"IsSigned": r.Get("Signed") == "true", "IsTrusted": r.Get("SignatureStatus") == "Valid", "Signer": r.Get("Signature"), "Issuer": "", "SignerHash": "",
	}
	return written(t, object{
		"time": r.At.Format(sevenDigits), "tenantId": tenantID, "operationName": "Publish", "category": "AdvancedHunting-DeviceFileCertificateInfo",
		"properties": row, "Tenant": "DefaultTenant",
	})
}
