# METADATA
# title: Where a file lies
# description: |
#   Folders come with the input, longest first, each also in per-user form; a
#   place is found by looking them up, never by comparing strings.
package lib.paths

# METADATA
# title: The place of the subject's image
# description: |
#   "payload" for ChildImagePath, "protected" where ordinary users cannot write,
#   else "elsewhere". Where both name a folder above it, the longer one decides.
#   Undefined where no image is known.
# scope: document
process := "payload" if stream

else := "protected" if {
	guarded
	not payload
}

else := "payload" if {
	payload
	not guarded
}

else := max({[count(folder), place] |
	some place, named in {
		"payload": data.an0940.parameters.ChildImagePath,
		"protected": data.an0940.tuning.protected_folders,
	}
	some folder, _ in object.filter(named, input.process.folders)
})[1] if {
	payload
}

else := "elsewhere" if input.process.image

# METADATA
# title: The subject's image lies below a folder of ChildImagePath
payload if count(object.filter(data.an0940.parameters.ChildImagePath, input.process.folders)) > 0

# METADATA
# title: The subject's image lies in an alternate stream
# description: Of a file or a folder (temp:x.exe). The folder above says nothing of who wrote it.
stream if contains(input.process.name, ":")

# METADATA
# title: The subject's image lies below a protected folder
guarded if kept(input.process.folders)

# METADATA
# title: Ordinary users write to none of the folders
protected(folders) if {
	kept(folders)
	count(object.filter(data.an0940.parameters.ChildImagePath, folders)) == 0
}

# METADATA
# title: A short name stands for a folder below the Windows folder
# description: |
#   INSTAL~1 is the installer's own, which ChildImagePath names, and any other can be one
#   of those that users write to. The name alone does not tell.
shortened(folders) if {
	contains(folders[0], "~")
	"c:\\windows" in folders
}

# METADATA
# title: Something runs from where payloads run from
# description: The longest folder of ChildImagePath or of the protected ones above it decides. An alternate stream is such a place.
# scope: document
payload_place(file) if contains(file.name, ":")

payload_place(file) if {
	count(object.filter(data.an0940.parameters.ChildImagePath, file.folders)) > 0
	count(object.filter(data.an0940.tuning.protected_folders, file.folders)) == 0
}

payload_place(file) if {
	count(object.filter(data.an0940.parameters.ChildImagePath, file.folders)) > 0
	longest(data.an0940.parameters.ChildImagePath, file.folders) >= longest(data.an0940.tuning.protected_folders, file.folders)
}

# METADATA
# title: One of the folders is protected
# description: One of ChildImagePath can lie between, which payload_place knows.
kept(folders) if {
	count(object.filter(data.an0940.tuning.protected_folders, folders)) > 0
	not shortened(folders)
}

# METADATA
# title: A path of its own words, and every folder above it
with_folders(path) := {folder |
	parts := split(trim_suffix(path, "\\"), "\\")
	some length in numbers.range(1, count(parts))
	folder := concat("\\", array.slice(parts, 0, length))
}

# METADATA
# title: Length of the longest of the folders that are named; 0 where none is
longest(named, folders) := max({0} | {count(folder) | some folder, _ in object.filter(named, folders)})

# METADATA
# title: Ordinary users write to one of the folders
user_writable(folders) if {
	count(object.filter(data.an0940.tuning.package_folders, folders)) > 0
	count(object.filter(data.an0940.tuning.package_folders_protected, folders)) == 0
}

# METADATA
# title: The system folders as Windows knows them
system_folders := {"c:\\windows\\system32", "c:\\windows\\syswow64"}

# METADATA
# title: The subject's image lies directly in a system folder
process_in_system_folder if {
	trim_suffix(input.process.image, concat("", ["\\", input.process.name])) in system_folders
}
