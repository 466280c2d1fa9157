# METADATA
# title: The subject's command line, read as its program would
# description: |
#   What PowerShell and the command processor read over is dropped, and what they read as
#   one is one: quotes, carets, backticks and joined strings hide no word, tabs and ends
#   of lines are spaces, and every dash that PowerShell takes for one is a hyphen.
package lib.arguments

# METADATA
# title: The command line without what hides words
text := plain(input.process.command_line)

# METADATA
# title: A text without what hides words
plain(given) := strings.replace_n(
	{
		"\"": "", "^": "", "`": "", "'+'": "", "' + '": "",
		"\t": " ", "\n": " ", "\r": " ",
		"–": "-", "—": "-", "―": "-",
	},
	given,
)

# METADATA
# title: Its words in order, the program first
tokens := [token | some token in split(text, " "); token != ""]

# METADATA
# title: Its words without leading dashes and slashes
words contains trim_left(token, "-/") if some token in tokens

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
# description: A share with a port after its name is a web server (\\\\host@8080\\folder).
remote if mentions(["http://", "https://", "ftp://", "http:\\", "https:\\", "@ssl", "@80", "@443", "davwwwroot"])

# METADATA
# title: A word of the command line, or what follows an option's colon or equals sign, is a share
# scope: document
share if {
	some token in tokens
	regex.match(`(?s)^(?:.*[:=,])?(?:\\\\|//)[^\\/?.:]`, token)
}

share if mentions(["\\?\\unc\\", "\\.\\unc\\", "\\??\\unc\\"])

# METADATA
# title: A word of the command line is an alternate stream of a file (readme.txt:x.dll)
stream if {
	some token in tokens
	regex.match(`^[^/-].*\\[^\\]*[^\\]:[^\\/]`, token)
}

# METADATA
# title: The command line names a place where payloads run from
payload if payload_in(text)

# METADATA
# title: A text names a place where payloads run from
# scope: document
payload_in(given) if {
	path := folded(given)
	some place in places
	contains(path, place)
}

payload_in(given) if {
	path := folded(given)
	some folder, _ in data.an0940.parameters.ChildImagePath
	contains(path, concat("", [folder, "\\"]))
}

# METADATA
# title: A text with its paths in one form
# description: |
#   As Windows reads them: either slash, doubled ones and "." elements, and dots and
#   blanks at the end of a folder's name, are no other folder.
folded(given) := replace(replace(replace(replace(given, "/", "\\"), ".\\", "\\"), " \\", "\\"), "\\\\", "\\")

# METADATA
# title: Places where payloads run from, as they stand in a command line
# description: |
#   On every drive, by the variables that name them and by the short names that they have
#   on most hosts; beside the folders of ChildImagePath.
places := [
	"\\temp\\",
	"\\tmp\\",
	"\\appdata\\",
	"\\appdat~1\\",
	"\\systemtemp\\",
	"\\users\\",
	"\\documents and settings\\",
	"\\docume~1\\",
	"\\programdata\\",
	"\\progra~3\\",
	"\\perflogs\\",
	"\\$recycle.bin\\",
	"\\windows\\installer\\",
	"\\windows\\instal~1\\",
	"\\windows\\tasks\\",
	"%temp%",
	"%tmp%",
	"%appdata%",
	"%localappdata%",
	"%programdata%",
	"%allusersprofile%",
	"%userprofile%",
	"%public%",
]

# METADATA
# title: The command line hides, encodes or downloads a script
# scope: document
script if hidden

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
	"'iex'",
	"|iex",
	"net.webclient",
	"net.sockets",
	"reflection.assembly",
	"scriptblock]::create",
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
# title: PowerShell is told to show no window
# description: By any beginning of -WindowStyle and of Hidden, or by its number, 1.
hidden if {
	some at, token in tokens
	startswith("windowstyle", option(token))
	trim(tokens[at + 1], "'") in {"1", "h", "hi", "hid", "hidd", "hidde", "hidden"}
}

# METADATA
# title: The name of an option, without its dash or slash
option(token) := name if {
	name := trim_left(token, "-/")
	name != token
	name != ""
}
