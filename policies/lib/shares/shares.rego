# METADATA
# title: Shares
# description: |
#   What a package on another machine lies on, by the name that the command line or the
#   record gives. A drive letter that somebody mapped to a share shows none of this.
package lib.shares

# METADATA
# title: The package lies on a web server that Windows shows as a share
# description: |
#   The WebDAV redirector takes \\server@port\, \\server@SSL\ and \\server\DavWWWRoot\
#   (learn.microsoft.com, "Using the WebDAV Redirector"). What is opened so is downloaded
#   from the web, also from outside, and bears no mark of it.
# scope: document
webdav(named) if {
	named.kind == "unc"
	contains(split(named.name, "\\")[2], "@")
}

webdav(named) if {
	named.kind == "unc"
	split(named.name, "\\")[3] == "davwwwroot"
}

# METADATA
# title: What is named is fetched from a web server
# scope: document
from_web(named) if named.kind == "url"

from_web(named) if webdav(named)

# METADATA
# title: The share is one of the host's own
# description: Such a name stands for a local folder and hides which one.
# scope: document
own(named) if {
	named.kind == "unc"
	split(named.name, "\\")[2] in {"localhost", "127.0.0.1", "::1", "0--1.ipv6-literal.net", "."}
}

own(named) if {
	named.kind == "unc"
	split(split(named.name, "\\")[2], ".")[0] == split(input.host.name, ".")[0]
}
