package lib.approvals

# METADATA
# title: Claimed facts that an entry narrows itself by
narrowing(entry) := {fact: entry.narrow[list] |
	some fact, list in {
		"company": "companies",
		"file_name": "file_names",
		"image": "images",
		"original_file_name": "original_file_names",
		"product": "products",
		"product_code": "product_codes",
	}
	count(entry.narrow[list]) > 0
}

# METADATA
# title: A claimed fact of the event is among those wanted
# description: |
#   A fact that nobody reported fits nothing. The package's own are void where the
#   command line changes the package.
# scope: document
narrowed(_, "file_name", wanted) if wanted[subject.name]

narrowed(id, "file_name", wanted) if {
	count(ways) > 0
	every way in ways {
		wanted[way.client.msiexec.package.file]
	}
	not unlisted[id]
}

narrowed(_, "image", wanted) if wanted[subject.image]

narrowed(_, "image", wanted) if wanted[subject.path]

narrowed(_, "original_file_name", wanted) if wanted[subject.original_file_name]

narrowed(_, "company", wanted) if wanted[subject.company]

narrowed(_, "product", wanted) if wanted[subject.product]

narrowed(id, "product_code", wanted) if {
	count(ways) > 0
	every way in ways {
		way.client.msiexec.package.kind == "product_code"
		wanted[way.client.msiexec.package.name]
	}
	not unlisted[id]
}
