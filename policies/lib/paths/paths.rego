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
#   else "elsewhere". The longest folder that either list names decides.
# scope: document
place(folders) := kinds[0] if {
	kinds := [kind | some folder in folders; kind := named(folder)]
}

else := "elsewhere"

# METADATA
# title: The place that a folder itself is named as
# scope: document
named(folder) := "payload" if data.an0940.parameters.ChildImagePath[folder]

else := "protected" if data.an0940.tuning.protected_folders[folder]

# METADATA
# title: The place of the subject's image; undefined where no image is known
process := place(input.process.folders) if input.process.image

# METADATA
# title: The folder that user-written packages lie in
# description: Undefined for a folder that ordinary users cannot write.
user_writable(folders) := writable[0] if {
	writable := [folder | some folder in folders; data.an0940.tuning.package_folders[folder]]
	not protected_profile(folders)
}

# METADATA
# title: A folder inside a system account's profile
protected_profile(folders) if {
	some folder in folders
	data.an0940.tuning.package_folders_protected[folder]
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
