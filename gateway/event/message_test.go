package event

import (
	"strings"
	"testing"
)

func TestMessageFieldIsTheFirstLineOfThatName(t *testing.T) {
	long := strings.Repeat("Filler: x\r\n", 60)
	for _, test := range []struct{ message, name, want string }{
		{"Process Create:\r\nProcessId: 6612\r\nProcessId: 4\r\n", "ProcessId", "6612"},
		{"ParentProcessId: 4\nProcessId: 6612", "ProcessId", "6612"},
		{"\tCreator Process ID:\t0x14c8\r\n", "Creator Process ID", "0x14c8"},
		{"\tNew Process ID:\t0x19d4\r\n\tProcess ID:\t0x1\r\n", "Process ID", "0x1"},
		{"ProcessIdentity: 4\nProcessId: 6612", "ProcessId", "6612"},
		{long + "ProcessId: 6612", "ProcessId", "6612"},
		{"ProcessId:\nImage: x", "ProcessId", ""},
		{"Processus: 6612", "ProcessId", ""},
		{"", "ProcessId", ""},
	} {
		if got := messageField(textValue(test.message), test.name).string(); got != test.want {
			t.Errorf("%.40q, %s: %q, want %q", test.message, test.name, got, test.want)
		}
	}
}

// The head of a long message ends anywhere, also inside the number.
func TestMessageFieldIsNeverCutShort(t *testing.T) {
	for filler := range 2 * messageHead {
		message := strings.Repeat("x", filler) + "\nProcessId: 6612\nImage: " + strings.Repeat("y", messageHead)
		if got := messageField(textValue(message), "ProcessId").string(); got != "6612" {
			t.Fatalf("after %d bytes: %q", filler, got)
		}
		escaped := value{raw: []byte(strings.ReplaceAll(message, "\n", `\u000a`)), form: formEscaped}
		if got := messageField(escaped, "ProcessId").string(); got != "6612" {
			t.Fatalf("escaped, after %d bytes: %q", filler, got)
		}
	}
}
