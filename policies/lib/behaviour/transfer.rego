# METADATA
# title: What a system tool is told to do
# description: |
#   Judged by the arguments: the same tool stops a service for an honest package
#   and adds an administrator for another. "alarming" has no place in an
#   installation that nobody vouches for; "doubtful" has, now and then.
package lib.behaviour

import data.lib.arguments
import data.lib.programs

# METADATA
# title: Behaviour that has no place in an installation
# scope: document
alarming contains "fetches or decodes a file with certutil" if {
	programs.tools.certutil
	arguments.any_of({"urlcache", "verifyctl", "url", "decode", "decodehex", "encode"})
}

alarming contains "transfers a file with bitsadmin" if {
	programs.tools.bitsadmin
	arguments.any_of({"transfer", "addfile", "setnotifycmdline"})
}

alarming contains "transfers a file with curl or wget" if {
	some tool in {"curl", "wget"}
	programs.tools[tool]
}

alarming contains "sends or fetches with certreq" if {
	programs.tools.certreq
	"post" in arguments.words
}

alarming contains "runs a script of ftp commands" if {
	programs.tools.ftp
	arguments.mentions(["-s:"])
}

# METADATA
# title: Behaviour that an honest installation has now and then
# scope: document
doubtful contains "transfers a file with ftp" if programs.tools.ftp

doubtful contains "connects to a share" if {
	programs.tools.net
	"use" in arguments.words
}
