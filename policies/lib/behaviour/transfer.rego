package lib.behaviour

import data.lib.arguments

alarming.certutil contains "fetches or decodes a file with certutil" if {
	arguments.any_of({"urlcache", "verifyctl", "url", "decode", "decodehex", "encode"})
}

alarming.certutil contains "fetches or decodes a file with certutil" if arguments.remote

alarming.mpcmdrun contains "fetches a file with Windows Defender" if "downloadfile" in arguments.words

alarming.mpcmdrun contains "fetches a file with Windows Defender" if arguments.remote

alarming.esentutl contains "copies a file with esentutl" if {
	arguments.any_of({"y", "vss", "vssrec"})
}

alarming.finger contains "fetches text from another host"

alarming.scp contains "transfers a file with ssh"

alarming.sftp contains "transfers a file with ssh"

doubtful.ssh contains "connects to another host"

alarming.bitsadmin contains "transfers a file with bitsadmin" if {
	arguments.any_of({"transfer", "addfile", "setnotifycmdline"})
}

alarming.curl contains "transfers a file with curl or wget"

alarming.wget contains "transfers a file with curl or wget"

alarming.certreq contains "sends or fetches with certreq" if {
	"post" in arguments.words
}

alarming.ftp contains "runs a script of ftp commands" if {
	arguments.mentions([" -s:", " /s:"])
}

doubtful.ftp contains "transfers a file with ftp"

doubtful.net contains "connects to a share" if {
	"use" in arguments.words
}
