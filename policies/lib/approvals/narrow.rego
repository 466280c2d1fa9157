package lib.approvals

import data.lib.versions

# METADATA
# title: What an entry narrows itself by
# description: |
#   Claimed facts; the groups of hosts and the accounts that it is meant for, which the
#   package's author does not choose, but which say nothing of the package either.
narrowing(entry) := object.union(
	{fact: entry.narrow[list] |
		some fact, list in {
			"company": "companies",
			"file_name": "file_names",
			"file_version": "file_version",
			"image": "images",
			"original_file_name": "original_file_names",
			"product": "products",
			"product_code": "product_codes",
			"product_version": "product_version",
		}
		count(entry.narrow[list]) > 0
	},
	{fact: entry[list] |
		some fact, list in {"host_group": "host_groups", "user": "users"}
		count(entry[list]) > 0
	},
)

# METADATA
# title: A fact of the event is among those wanted
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

narrowed(_, "host_group", wanted) if {
	some group in input.host.groups
	wanted[group]
}

narrowed(_, "user", wanted) if {
	count(ways) > 0
	every way in ways {
		wanted[way.client.user]
	}
}

narrowed(_, "file_version", wanted) if versions.within(subject.file_version, wanted, 4)

narrowed(id, "product_version", wanted) if {
	count(ways) > 0
	every way in ways {
		versions.installed(way.session, wanted)
	}
	not unlisted[id]
}
