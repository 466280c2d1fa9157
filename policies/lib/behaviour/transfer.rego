package lib.behaviour

import data.lib.arguments

alarming.certutil contains "fetches or decodes a file with certutil" if {
	arguments.any_of({"urlcache", "verifyctl", "url", "decode", "decodehex", "encode"})
}

alarming.bitsadmin contains "transfers a file with bitsadmin" if {
	arguments.any_of({"transfer", "addfile", "setnotifycmdline"})
}

alarming.curl contains "transfers a file with curl or wget"

alarming.wget contains "transfers a file with curl or wget"

alarming.certreq contains "sends or fetches with certreq" if {
	"post" in arguments.words
}

alarming.ftp contains "runs a script of ftp commands" if {
	arguments.mentions(["-s:"])
}

doubtful.ftp contains "transfers a file with ftp"

doubtful.net contains "connects to a share" if {
	"use" in arguments.words
}
