// Package otlptest tests msigate's telemetry against the OTLP receiver of the
// OpenTelemetry Collector itself, over gRPC and over HTTP. It is a module of
// its own, so that users of msigate do not carry the Collector.
//
// Of msigate it imports gateway/telemetry alone; a test of the whole gateway
// builds cmd/msigate and runs it as a process, with collector.environment as
// its environment (go.mod says why).
//
//	cd .ci/otlptest && go test ./...
package otlptest
