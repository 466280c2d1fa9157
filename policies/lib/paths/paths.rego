# METADATA
# title: Where a file lies
# description: |
#   Folders come with the input, longest first, each also in per-user form; a
#   place is found by looking them up, never by comparing strings.
package lib.paths

# METADATA
# title: The place of a file by its folders
# description: |
#   "payload" for ChildImagePath, "protected" where ordinary users cannot write,
#   else "elsewhere". The longest folder that either set names decides.
place(folders) := max(union({
	{[0, "elsewhere"]},
	{[count(folder), "payload"] | some folder, _ in object.filter(data.an0940.parameters.ChildImagePath, folders)},
	{[count(folder), "protected"] | some folder, _ in object.filter(data.an0940.tuning.protected_folders, folders)},
}))[1]

# METADATA
# title: The place of the subject's image; undefined where no image is known
process := place(input.process.folders) if input.process.image

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
	some folder in system_folders
	input.process.image == concat("\\", [folder, input.process.name])
}
