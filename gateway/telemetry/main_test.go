package telemetry

import (
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestMain runs without the OTEL_* variables of whoever runs the tests.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "OTEL_") {
			os.Unsetenv(name)
		}
	}
	goleak.VerifyTestMain(m)
}
