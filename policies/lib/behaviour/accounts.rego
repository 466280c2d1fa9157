package lib.behaviour

import data.lib.arguments

alarming.net contains "adds or enables an account or a group member" if {
	arguments.any_of({"user", "users", "localgroup", "group"})
	arguments.any_of({"add", "active:yes"})
}

alarming.netsh contains "redirects traffic or loads a helper with netsh" if {
	arguments.any_of({"portproxy", "portp", "helper"})
	"add" in arguments.words
}

alarming.netsh contains "switches the firewall off or records traffic" if {
	arguments.mentions(["state off", "opmode disable", "opmode mode=disable", "trace start", "key=clear"])
}

doubtful.netsh contains "opens the firewall" if {
	"firewall" in arguments.words
	arguments.any_of({"add", "set"})
}

doubtful.net contains "shares a folder" if {
	"share" in arguments.words
}

doubtful.cmdkey contains "stores credentials" if {
	arguments.mentions(["/add", "-add", "/generic", "-generic"])
}
