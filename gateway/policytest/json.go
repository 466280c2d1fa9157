package policytest

import (
	"encoding/json"
	"fmt"
	"io"
)

// WriteJSON writes the report as one JSON object; durations are in ns.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
