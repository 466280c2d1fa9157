# METADATA
# title: What the sensor says of a file's signature
# description: |
#   A file without the word of a sensor is neither trusted nor untrusted: absent is
#   unknown, never unsigned.
package lib.signing

# METADATA
# title: The sensor verified the signature
trusted(file) if {
	file.signer.signed
	file.signer.status in {"valid", "trusted"}
}

# METADATA
# title: The sensor says that the file is not signed, or that its signature does not hold
untrusted(file) if {
	file.signer
	not trusted(file)
}
