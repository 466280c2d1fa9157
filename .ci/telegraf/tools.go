//go:build tools

// Package telegraf pins the Telegraf that deploy/telegraf.conf is tried with. It is
// built with the plugins that the file names and no others; tidying the module would
// ask for those of all the others.
package telegraf

import _ "github.com/influxdata/telegraf/cmd/telegraf"
