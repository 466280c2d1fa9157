package gateway

import "msigate/gateway/policy"

// deployments are the outcomes of installs as they really come: each tool's own
// chain, wanted and abused. What is wanted is approved, or expected, or where no
// approval can soundly exist a review; what is abused is an alert, whichever tool
// delivered it.
var deployments = []outcome{
	{"deployment-sccm-application", "ws501", policy.Approved, []toldOf{{"→ msiexec.exe /i", "approved", ""}, {"→ meetctl.exe", "review approved", "unexpected_child"}}},
	{"deployment-sccm-application", "ws502", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}, {"→ sc.exe", "alert", "system_tool_child"}}},
	{"deployment-sccm-application", "ws503", policy.Alert, []toldOf{{"→ msiexec.exe /i", "review", ""}, {"→ agent.exe", "alert", "dropped_then_run"}}},
	{"deployment-sccm-task-sequence", "ws511", policy.Approved, []toldOf{{"→ msiexec.exe /i", "approved", ""}, {"→ helper.exe", "review approved", "unexpected_child"}}},
	{"deployment-sccm-task-sequence", "ws512", policy.Alert, []toldOf{{"→ helper.exe", "alert", "unexpected_child"}}},
	{"deployment-sccm-task-sequence", "ws513", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "shell_child"}, {"→ net.exe", "alert", "system_tool_child"}}},
	{"deployment-intune-lob", "ws521", policy.Approved, []toldOf{{"→ teamshelper.exe", "review approved", "unexpected_child"}}},
	{"deployment-intune-lob", "ws522", policy.Alert, []toldOf{{"→ syncd.exe", "review alert", "dropped_then_run"}, {"→ schtasks.exe", "alert", "system_tool_child"}}},
	{"deployment-intune-lob", "ws523", policy.Alert, []toldOf{{"→ msiexec.exe /quiet", "review", "package_user_folder"}, {"→ powershell.exe", "alert", "shell_child"}}},
	{"deployment-intune-win32-psadt", "ws531", policy.Approved, []toldOf{{"→ msiexec.exe /i", "approved", ""}, {"zzzz", "approved", "unexplained"}}},
	{"deployment-intune-win32-psadt", "ws532", policy.Alert, []toldOf{{"→ msiexec.exe /i", "approved", ""}, {"→ cmd.exe", "alert", "shell_child"}}},
	{"deployment-intune-win32-psadt", "ws533", policy.Alert, []toldOf{{"→ msiexec.exe /i", "review", "package_user_folder"}, {"→ notesd.exe", "alert", "unexpected_child"}}},
	{"deployment-group-policy", "ws541", policy.Review, []toldOf{{"1040", "review", "package_share"}, {"zzzz", "review", "unexplained"}}},
	{"deployment-group-policy", "ws542", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}}},
	{"deployment-group-policy", "ws543", policy.Alert, []toldOf{{"1040", "alert", "clientless_install"}, {"→ notesd.exe", "alert", "unexpected_child"}}},
	{"deployment-burn-bundle", "ws551", policy.Review, []toldOf{{"1040", notTold, ""}, {"zzzz", "review", "unexplained"}}},
	{"deployment-burn-bundle", "ws552", policy.Alert, []toldOf{{"→ rundll32.exe", "alert", "system_tool_child"}, {"→ cmd.exe", "alert", "shell_child"}}},
	{"deployment-burn-bundle", "ws553", policy.Alert, []toldOf{{"→ prep.exe", "review", "unexpected_child"}, {"→ powershell.exe", "alert", "shell_child"}}},
	{"deployment-per-user-msi", "ws561", policy.Approved, []toldOf{{"→ msiexec.exe /i", "approved", ""}, {"→ canvas.exe", "review approved", "child_image_path"}}},
	{"deployment-per-user-msi", "ws562", policy.Review, []toldOf{{"→ msiexec.exe /i", "review", "package_user_folder"}}},
	{"deployment-per-user-msi", "ws563", policy.Alert, []toldOf{{"→ canvas.exe", "alert", "child_image_path"}, {"→ reg.exe", "alert", "system_tool_child"}}},
	{"deployment-self-updater", "ws571", policy.Review, []toldOf{{"→ msiexec.exe /p", "review", "package_user_folder"}}},
	{"deployment-self-updater", "ws572", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "unusual_verb"}}},
	{"deployment-self-updater", "ws573", policy.Alert, []toldOf{{"→ msiexec.exe /i", "review", "wrapper_dropped_package"}, {"→ readerd.exe", "alert", "dropped_then_run"}}},
	{"deployment-rmm-agent", "ws581", policy.Approved, []toldOf{{"→ meetctl.exe", "review approved", "unexpected_child"}}},
	{"deployment-rmm-agent", "ws582", policy.Alert, []toldOf{{"→ msiexec.exe /i", "alert", "package_url"}, {"→ powershell.exe", "alert", "shell_child"}}},
	{"deployment-rmm-agent", "ws583", policy.Alert, []toldOf{{"→ msiexec.exe /i", "review", "wrapper_dropped_package"}, {"→ host.exe", "alert", "dropped_then_run"}}},
	{"deployment-wmi", "ws591", policy.Review, []toldOf{{"1040", "review", "clientless_install"}}},
	{"deployment-wmi", "ws592", policy.Alert, []toldOf{{"1040", "alert", "clientless_install"}, {"→ reg.exe", "alert", "system_tool_child"}}},
}
