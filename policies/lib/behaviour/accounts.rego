package lib.behaviour

import data.lib.arguments
import data.lib.programs

alarming contains "adds or enables an account or a group member" if {
	programs.tools.net
	arguments.any_of({"user", "users", "localgroup", "group"})
	arguments.any_of({"add", "active:yes"})
}

alarming contains "redirects traffic or loads a helper with netsh" if {
	programs.tools.netsh
	arguments.any_of({"portproxy", "helper"})
	"add" in arguments.words
}

alarming contains "switches the firewall off or records traffic" if {
	programs.tools.netsh
	arguments.mentions(["state off", "opmode disable", "opmode mode=disable", "trace start", "key=clear"])
}

doubtful contains "opens the firewall" if {
	programs.tools.netsh
	"firewall" in arguments.words
	arguments.any_of({"add", "set"})
}

doubtful contains "shares a folder" if {
	programs.tools.net
	"share" in arguments.words
}

doubtful contains "stores credentials" if {
	programs.tools.cmdkey
	arguments.mentions(["/add", "-add", "/generic", "-generic"])
}
