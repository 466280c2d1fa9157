# METADATA
# title: Versions, compared number by number
# description: |
#   As Windows does, not as text: 7.10 comes after 7.9. The version of a file has four
#   numbers (Microsoft, "VS_FIXEDFILEINFO"); of a product's, Windows Installer compares
#   the first three ("ProductVersion property": it "ignores the fourth field"). What is
#   no version lies in no range.
package lib.versions

# METADATA
# title: A version lies from min to max, by its first numbers
within(text, wanted, fields) if {
	numbers := array.slice(array.concat(parsed(text), [0, 0, 0, 0]), 0, fields)
	object.get(wanted, "min", numbers) <= numbers
	numbers <= object.get(wanted, "max", numbers)
}

# METADATA
# title: The numbers of a version
# description: |
#   One to four, with dots or, as old resource compilers wrote them, commas between; what
#   follows a blank after them is the build's name, as in "10.0.19041.1 (winbuild)".
parsed(text) := [to_number(digits) |
	some part in split(numeric(text), ".")
	digits := leading(trim_left(part, "0"))
] if {
	regex.match(`^[0-9]{1,9}(\.[0-9]{1,9}){0,3}$`, numeric(text))
}

# METADATA
# title: The part of a version string that holds the numbers
numeric(text) := split(replace(replace(trim_space(text), ", ", "."), ",", "."), " ")[0]

# METADATA
# title: A number without zeros before it
# scope: document
leading("") := "0"

leading(digits) := digits if digits != ""

# METADATA
# title: Every product that a session installed has a version in the range
# description: |
#   By MsiInstaller's records, once they are there. What a major upgrade removes on the
#   way is another product.
installed(session, wanted) if {
	products := [product | some product in session.products; product.action != "removed"]
	count(products) > 0
	every product in products {
		within(product.version, wanted, 3)
	}
}
