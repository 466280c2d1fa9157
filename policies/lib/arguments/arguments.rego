# METADATA
# title: The subject's command line, read as its program would
# description: |
#   Quotes and carets are dropped and tabs are spaces, so that they hide no word.
package lib.arguments

# METADATA
# title: The command line without quotes, carets and tabs
text := plain(input.process.command_line)

# METADATA
# title: A text without quotes, carets and tabs
plain(given) := replace(replace(replace(given, "\"", ""), "^", ""), "\t", " ")

# METADATA
# title: Its words in order, the program first
tokens := [token | some token in split(text, " "); token != ""]

# METADATA
# title: Its words without leading dashes and slashes
words contains trim_left(token, "-/–—―") if some token in tokens

# METADATA
# title: Every word of the list is there
all_of(wanted) if wanted - words == set()

# METADATA
# title: A word of the list is there
any_of(wanted) if wanted & words != set()

# METADATA
# title: A part of the list is somewhere in the text
mentions(parts) if {
	said := text
	some part in parts
	contains(said, part)
}

# METADATA
# title: The command line names something remote
remote if mentions(["http://", "https://", "ftp://", "http:\\", "https:\\", "@ssl", "davwwwroot"])

# METADATA
# title: A word of the command line, or what follows an option's colon or equals sign, is a share
share if {
	some token in tokens
	regex.match(`(?s)^(?:.*[:=,])?(?:\\\\|//)[^\\/?.:]`, token)
}

# METADATA
# title: The command line names a place where payloads run from
payload if payload_in(text)

# METADATA
# title: A text names a place where payloads run from
payload_in(given) if {
	some place in places
	contains(given, place)
}

# METADATA
# title: Places where payloads run from, as they stand in a command line
places := [
	"\\temp\\",
	"\\appdata\\",
	"\\systemtemp\\",
	"\\users\\",
	"/users/",
	"/temp/",
	"\\programdata\\",
	"/programdata/",
	"\\perflogs\\",
	"\\$recycle.bin\\",
	"\\windows\\installer\\",
	"\\windows\\tasks\\",
	"%temp%",
	"%tmp%",
	"%appdata%",
	"%localappdata%",
	"%programdata%",
	"%public%",
]

# METADATA
# title: The command line hides, encodes or downloads a script
script if mentions([
	" -e ",
	" -en",
	" -ec ",
	" /e ",
	" /en",
	"downloadstring",
	"downloadfile",
	"downloaddata",
	"invoke-webrequest",
	"invoke-restmethod",
	"invoke-expression",
	"start-bitstransfer",
	"frombase64string",
	"iwr ",
	"irm ",
	"iex ",
	"iex(",
	"|iex",
	"net.webclient",
	"net.sockets",
	"reflection.assembly",
	"-w hidden",
	"-windowstyle hid",
	"certutil",
	"bitsadmin",
	"mshta",
	"rundll32",
	"regsvr32",
])

# METADATA
# title: A text holds script that fetches, decodes or runs more
# description: Parts that stand in no address, path or name.
code(given) if {
	some part in [
		"downloadstring",
		"downloadfile",
		"downloaddata",
		"invoke-webrequest",
		"invoke-restmethod",
		"invoke-expression",
		"start-bitstransfer",
		"frombase64string",
		"net.webclient",
		"reflection.assembly",
		"iex(",
		"iex (",
		"|iex",
		"| iex",
		"javascript:",
		"vbscript:",
		"wscript.shell",
	]
	contains(given, part)
}

# METADATA
# title: PowerShell is told to run an encoded command
# description: By any beginning of -EncodedCommand, or by its alias -ec, as PowerShell takes them.
# scope: document
encoded if {
	some token in tokens
	startswith("encodedcommand", option(token))
}

encoded if {
	some token in tokens
	option(token) == "ec"
}

# METADATA
# title: The name of an option, without its dash or slash
option(token) := name if {
	name := trim_left(token, "-/–—―")
	name != token
	name != ""
}
