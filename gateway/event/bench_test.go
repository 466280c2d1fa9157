package event

import "testing"

// BenchmarkDecode decodes one Sysmon 1 (about 1.7 KB in winlogbeat's form) in
// each shape: what every process start costs, whoever starts it.
func BenchmarkDecode(b *testing.B) {
	for _, shape := range storyShapes {
		b.Run(string(shape), func(b *testing.B) {
			message := storyLines(b, shape)[storyProcessStart]
			b.SetBytes(int64(len(message)))
			b.ReportAllocs()
			for b.Loop() {
				if records, fault := Decode(message); fault != nil || records[0].Fault != nil {
					b.Fatal(fault, records)
				}
			}
		})
	}
}
