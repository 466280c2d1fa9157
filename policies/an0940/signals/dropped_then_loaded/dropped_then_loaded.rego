# METADATA
# title: Module that an installer wrote, loaded soon after
# description: |
#   A process of an installer's tree wrote the DLL that is loaded, within
#   ExecutionTimeWindow before, to a folder that ordinary users can write, and its
#   signature does not hold or is not known. Loaded into one of Windows' own programs or
#   into the installer itself, an unsigned one is an alert: that is a DLL brought along
#   for a program that everybody trusts. A program of the product that loads its own is
#   a review, and so are the assemblies of a managed custom action.
#
#   A DLL that goes by the name of one of Windows' own (system_libraries), in the folder
#   of the signed program that loads it, is side-loaded: the program asks for Windows' own
#   and gets the one beside it. Such a load is looked at before it is known who wrote the
#   file, as the record of the write can come later. Unsigned it is an alert in whichever folder, and a review
#   where the signature of either is not known.
#
#   What is signed is not told, nor is any other DLL in a folder that ordinary users cannot
#   write, but for an unsigned one put into the Windows folder and loaded by something
#   outside the tree, as a driver is by the kernel. MSIxxxx.tmp has signals of its own.
# custom:
#   id: dropped_then_loaded
#   severity: high
#   disposition: alert
#   attack: AN0940
#   sources:
#     - {name: Sysmon 7, official: false}
#     - {name: Sysmon 11, official: true}
#     - {name: Sysmon 29, official: false}
#   needs:
#     - [image_load]
#     - [file_create, file_executable]
#   weaker_without: [module.signer]
#   trigger:
#     - {kind: image_load, written: true}
#     - kind: image_load
#       names: [
#         amsi.dll, apphelp.dll, authz.dll, bcrypt.dll, cabinet.dll, cfgmgr32.dll, credui.dll,
#         cryptbase.dll, cryptnet.dll, cryptsp.dll, cscapi.dll, devobj.dll, dhcpcsvc.dll, dnsapi.dll,
#         dui70.dll, duser.dll, dwmapi.dll, dwrite.dll, edputil.dll, faultrep.dll, fltlib.dll,
#         gpapi.dll, hid.dll, iertutil.dll, iphlpapi.dll, ktmw32.dll, linkinfo.dll, logoncli.dll,
#         mpr.dll, msasn1.dll, mscms.dll, msi.dll, msimg32.dll, mstracer.dll, mswsock.dll, ncrypt.dll,
#         netapi32.dll, netutils.dll, ntmarta.dll, ntshrui.dll, oleacc.dll, pdh.dll, policymanager.dll,
#         powrprof.dll, profapi.dll, propsys.dll, rasapi32.dll, rtutils.dll, samcli.dll, samlib.dll,
#         secur32.dll, slc.dll, spp.dll, srvcli.dll, sspicli.dll, sxs.dll, tapi32.dll, textshaping.dll,
#         tsmsisrv.dll, umpdc.dll, urlmon.dll, userenv.dll, usp10.dll, uxtheme.dll, version.dll,
#         wbemcomn.dll, wer.dll, windowscodecs.dll, winhttp.dll, wininet.dll, winmm.dll, winsta.dll,
#         wkscli.dll, wlanapi.dll, wlbsctrl.dll, wldp.dll, wsock32.dll, wtsapi32.dll, xmllite.dll
#       ]
#       outside: ['c:\windows\']
#       roles: [descendant, extracted, wrapper]
#   excusable: true
#   excused_by: [sha256, sha1, signer, deployment_tool, source]
package an0940.signals.dropped_then_loaded

import data.lib.drops
import data.lib.evidence
import data.lib.installer
import data.lib.paths
import data.lib.programs
import data.lib.signing

# METADATA
# title: The signal, where it holds
held := {
	"id": "dropped_then_loaded",
	"title": "Module that an installer wrote, loaded soon after",
	"severity": judged.severity,
	"disposition": judged.disposition,
	"excusable": true,
	"evidence": object.union(evidence.module, drops.evidence(input.module.written)),
	"missing": judged.missing,
} if {
	input.event.kind == "image_load"
	drops.by_tree(input.module.written)
	not installer.temporary(input.module.name)
	not own_image
	not signing.trusted(input.module)
}

# METADATA
# title: A process's first load is its own program, which its start was judged by
own_image if input.module.path == input.process.image

# METADATA
# title: How it is told, and how bad it is
# description: |
#   Undefined in a folder that ordinary users cannot write, but for a plant in the Windows
#   folder and for what is side-loaded.
# scope: document
judged := {"disposition": "review", "severity": "medium", "missing": []} if {
	protected
	"c:\\windows" in input.module.folders
	signing.untrusted(input.module)
	not in_tree
}

else := {"disposition": "alert", "severity": "high", "missing": []} if {
	not protected
	signing.untrusted(input.module)
	trusted_loader
}

else := {"disposition": "alert", "severity": "high", "missing": []} if {
	shadows
	signing.untrusted(input.module)
	signing.trusted(input.process)
}

else := {"disposition": "review", "severity": "high", "missing": ["module.signer"]} if {
	shadows
	signing.trusted(input.process)
}

else := {"disposition": "review", "severity": "medium", "missing": ["process.signer"]} if {
	shadows
	signing.untrusted(input.module)
	not input.process.signer
}

else := {"disposition": "review", "severity": "medium", "missing": []} if {
	not protected
	signing.untrusted(input.module)
}

else := {"disposition": "review", "severity": "medium", "missing": ["module.signer"]} if {
	not protected
	trusted_loader
}

else := {"disposition": "review", "severity": "low", "missing": ["module.signer"]} if {
	not protected
}

else := {"disposition": "review", "severity": "low", "missing": ["module.signer"]} if {
	shadows
	not input.module.signer
}

# METADATA
# title: What loads it belongs to an installer's tree
# description: Not so of a driver, which the kernel loads and no process.
in_tree if input.process.role in drops.tree_roles

# METADATA
# title: It is found before the library of Windows that has its name
# description: |
#   Windows looks in the program's own folder first (Microsoft, "Dynamic-link library
#   search order"). A program in a system folder has Windows' own there.
shadows if {
	data.an0940.tuning.system_libraries[input.module.name]
	input.module.folders[0] == input.process.folders[0]
	not input.module.folders[0] in paths.system_folders
}

# METADATA
# title: Ordinary users cannot write the module's folder
protected if {
	paths.protected(input.module.folders)
	not contains(input.module.name, ":")
}

# METADATA
# title: What loads it is Windows' own, anybody's tool, or the installer
# description: Not a managed custom action, whose assemblies come out of a module that was judged.
# scope: document
trusted_loader if {
	input.process.role in installer.own_roles
	input.process.role != "managed_custom_action"
}

trusted_loader if {
	input.process.role != "managed_custom_action"
	programs.driven_by_arguments
}

trusted_loader if {
	input.process.role != "managed_custom_action"
	"c:\\windows" in input.process.folders
}
