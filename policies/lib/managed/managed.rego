# METADATA
# title: Managed custom actions
# description: |
#   WiX runs a managed custom action in rundll32, which it tells to call one fixed
#   export of the extracted MSIxxxx.tmp. Correlation gives the role to the exact form
#   alone: this rundll32 of Windows, below a custom-action server, with every argument
#   in its place. Any WiX package emits it, so it proves nothing; and what only names
#   the export is something else.
package lib.managed

import data.lib.installer

# METADATA
# title: The export that WiX calls
export := "zzzzinvokemanagedcustomactionoutofproc"

# METADATA
# title: The command line names the export
# description: Quotes and carets, which rundll32 and a shell drop, do not hide it.
named(process) if contains(replace(replace(process.command_line, "\"", ""), "^", ""), export)

# METADATA
# title: A process is a managed custom action in the exact form
exact(process) if {
	process.role == "managed_custom_action"
	object.get(process, "original_file_name", "rundll32.exe") in {"rundll32.exe", "rundll32.exe.mui"}
}

# METADATA
# title: The start of a managed custom action, as Windows Installer makes it
# description: |
#   Windows' own rundll32 by its full path, below a custom-action server of Windows' own
#   msiexec, with a module on a drive. What the module does is not judged by that: its
#   load and what it starts are judged by their own facts.
# scope: document
action if {
	input.event.kind == "process_start"
	exact(input.process)
	input.process.image in rundll32_images
	input.parent.role == "custom_action_server"
	installer.genuine(input.parent)
	regex.match(`^"?(?:[a-z]:\\windows\\(?:system32|syswow64)\\)?rundll32(?:\.exe)?"?\s+"?[a-z]:\\`, input.process.command_line)
}

# METADATA
# title: The two places rundll32 runs from
rundll32_images := {"c:\\windows\\system32\\rundll32.exe", "c:\\windows\\syswow64\\rundll32.exe"}
