package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"msigate/gateway/policy"
)

// outcome is what a story's README says must come of one host, whatever the
// golden files come to say.
type outcome struct {
	story, host string
	// worst is the worst of what stands at the end: of each event its last
	// Decision. expected: nothing is told.
	worst policy.Disposition
	// told are decisions on what a person would look for: a part of what
	// happened, the different dispositions that it was given in turn, and a signal that
	// held at the end ("" where it does not matter).
	told []toldOf
}

type toldOf struct{ what, dispositions, signal string }

// notTold is what is not decided at all.
const notTold = ""

var outcomes = []outcome{
	{"managed-custom-action", "ws111", policy.Alert, []toldOf{
		{"zzzz", "review", "unexplained"}, {"powershell.exe -", "alert", "child_of_managed_action"}, {"→ lsync.exe", "alert", "dropped_then_run"},
	}},
	{"managed-custom-action", "ws112", policy.Alert, []toldOf{{"cmd.exe /c", "alert", "child_of_managed_action"}, {"certutil.exe -", "alert", "system_tool_child"}}},
	{"managed-custom-action", "ws113", policy.Approved, []toldOf{{"zzzz", "approved", "unexplained"}}},
	{"managed-custom-action", "ws114", policy.Approved, []toldOf{{"zzzz", "approved", "unexplained"}}},
	{"hidden-launcher", "ws121", policy.Alert, []toldOf{{"→ MSI81C0.tmp", "alert", "hidden_launch"}, {"→ powershell.exe", "alert", "child_of_extracted"}}},
	{"hidden-launcher", "ws122", policy.Alert, []toldOf{{"→ MSI92D1.tmp", "alert", "hidden_launch"}, {"→ vnt.exe", "alert", "child_of_extracted"}}},
	{"hidden-launcher", "ws123", policy.Approved, []toldOf{{"→ MSI4410.tmp", "review approved", "hidden_launch"}, {"→ register.exe", "review approved", "child_of_extracted"}}},
	{"hidden-launcher", "ws124", policy.Review, []toldOf{{"→ MSI1F09.tmp", "review", "hidden_launch"}, {"→ plan.exe", "review", "child_of_extracted"}}},
	{"dropped-then-run", "ws131", policy.Alert, []toldOf{{"→ keelsvc.exe", "alert", "dropped_then_run"}, {"→ whoami.exe", "review", ""}}},
	{"dropped-then-run", "ws132", policy.Alert, []toldOf{{"→ k7.exe", "alert", "dropped_then_run"}}},
	{"dropped-then-run", "ws133", policy.Approved, []toldOf{{"→ maintenance.exe", "review approved", "dropped_then_run"}}},
	{"dropped-then-run", "ws134", policy.Approved, []toldOf{{"→ meet.exe", "review approved", "dropped_then_run"}}},
	{"stranger-writes-msi-tmp", "ws141", policy.Alert, []toldOf{{"wrote", "alert", "planted_temporary"}, {"→ MSI77AA.tmp", "alert", "planted_temporary"}}},
	{"stranger-writes-msi-tmp", "ws142", policy.Alert, []toldOf{{"wrote", "review", "planted_temporary"}, {"→ MSI51B2.tmp", "alert", "planted_temporary"}}},
	{"stranger-writes-msi-tmp", "ws143", policy.Approved, nil},
	{"stranger-writes-msi-tmp", "ws144", policy.Expected, nil},
	{"wrapper-chain", "ws151", policy.Alert, []toldOf{
		{"wrapper) → msiexec.exe", "review", "wrapper_dropped_package"}, {"→ run.exe", "alert", "unexpected_child"}, {"reg.exe add", "alert", "system_tool_child"},
	}},
	{"wrapper-chain", "ws152", policy.Alert, []toldOf{{"→ mshta.exe", "alert", "script_host_child"}}},
	{"wrapper-chain", "ws153", policy.Approved, []toldOf{{"setup.exe (", "approved", ""}}},
	{"wrapper-chain", "ws154", policy.Review, []toldOf{{"setup.exe (", "review", "package_user_folder"}}},
	{"package-url-without-msi", "ws161", policy.Alert, []toldOf{{"1040", "alert", "recorded_url"}}},
	{"package-url-without-msi", "ws162", policy.Alert, []toldOf{{"cmd.exe →", "alert", "package_url"}, {"1040", "alert", "recorded_url"}}},
	{"package-url-without-msi", "ws163", policy.Approved, []toldOf{{"RestartManager", notTold, ""}}},
	{"package-url-without-msi", "ws164", policy.Expected, nil},
	{"children-by-verb", "ws171", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "unusual_verb"}, {"→ r.exe", "alert", "unusual_verb"}}},
	{"children-by-verb", "ws172", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "unusual_verb"}, {"→ regsvr32.exe", "alert", "unusual_verb"}}},
	{"children-by-verb", "ws173", policy.Approved, []toldOf{{"→ cleanup.exe", "review approved", ""}}},
	{"children-by-verb", "ws174", policy.Expected, nil},
	{"no-client-command-line", "ws181", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "shell_child"}, {"1040", "review", "clientless_install"}}},
	{"no-client-command-line", "ws182", policy.Alert, []toldOf{{"→ pad.exe", "alert", "unexpected_child"}, {"1040", "review", "clientless_install"}}},
	{"no-client-command-line", "ws183", policy.Review, []toldOf{{"1040", "review", "package_share"}}},
	{"no-client-command-line", "ws184", policy.Review, []toldOf{{"1040", "review", "clientless_install"}}},
	{"inventory-burst", "ws191", policy.Expected, nil},
	{"inventory-burst", "ws192", policy.Expected, nil},
	{"inventory-burst", "ws193", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}}},
	{"inventory-burst", "ws194", policy.Alert, []toldOf{{"→ skin.exe", "alert", "unexpected_child"}}},
	{"late-signer", "ws201", policy.Approved, []toldOf{{"→ setup-stub.exe", "review approved", "dropped_then_run"}}},
	{"late-signer", "ws202", policy.Alert, []toldOf{{"→ setup-stub.exe", "review alert", "dropped_then_run"}}},
	{"late-signer", "ws203", policy.Alert, []toldOf{{"→ setup-stub.exe", "review alert", "dropped_then_run"}}},
	{"late-signer", "ws204", policy.Approved, []toldOf{{"→ setup-stub.exe", "review alert approved", "dropped_then_run"}}},
	{"late-1040", "ws211", policy.Review, []toldOf{{"→ register.exe", "review", "unexpected_child"}}},
	{"late-1040", "ws212", policy.Alert, []toldOf{
		{"→ cfg.exe", "approved alert", "unexpected_child"}, {"CcmExec.exe → msiexec", "approved review", "contradicted_package"}, {"1040", "review", "contradicted_package"},
	}},
	{"late-1040", "ws213", policy.Alert, []toldOf{{"→ cfg.exe", "alert", "unexpected_child"}}},
	{"forged-1040", "ws221", policy.Alert, []toldOf{{"→ cards.exe", "alert", "unexpected_child"}, {"explorer.exe → msiexec", "review", "contradicted_package"}}},
	{"forged-1040", "ws222", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "shell_child"}}},
	{"forged-1040", "ws223", policy.Alert, []toldOf{{"→ cards.exe", "alert", "unexpected_child"}}},
	{"child-before-its-parent", "ws231", policy.Alert, []toldOf{{"→ atlas.exe", "alert", "unexpected_child"}, {"→ powershell.exe", "alert", "shell_child"}, {"→ whoami.exe", "review", ""}}},
	{"child-before-its-parent", "ws232", policy.Expected, []toldOf{{"cmd.exe", notTold, ""}}},
	{"task-after-nine-minutes", "ws241", policy.Alert, []toldOf{{"→ tide.exe", "alert", "dropped_then_run"}}},
	{"task-after-nine-minutes", "ws242", policy.Review, []toldOf{{"tide.exe", notTold, ""}}},
	{"wmi-install", "ws251", policy.Review, []toldOf{{"→ agentctl.exe", "review", "unexpected_child"}, {"1040", "review", "clientless_install"}}},
	{"major-upgrade", "ws261", policy.Approved, []toldOf{{"helper.exe /unregister", "review approved", "unexpected_child"}, {"helper.exe /register", "review approved", "unexpected_child"}}},
	{"two-installs-at-once", "ws271", policy.Alert, []toldOf{{"→ register.exe", "review", "unexpected_child"}, {"→ wall.exe", "alert", "unexpected_child"}}},
	{"two-installs-at-once", "ws272", policy.Alert, []toldOf{{"→ wall.exe", "alert", "unexpected_child"}}},
	{"reused-process-ids", "ws281", policy.Expected, []toldOf{{"cmd.exe", notTold, ""}}},
	{"reused-process-ids", "ws282", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "shell_child"}}},
	{"reused-process-ids", "ws283", policy.Expected, []toldOf{{"cmd.exe", notTold, ""}}},
	{"collector-with-many-hosts", "ws291", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}}},
	{"collector-with-many-hosts", "ws292", policy.Approved, []toldOf{{"powershell.exe", notTold, ""}}},
	{"collector-with-many-hosts", "ws293", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}}},
	{"collector-with-many-hosts", "ws294", policy.Approved, []toldOf{{"powershell.exe", notTold, ""}}},
	{"record-for-another-host", "ws301", policy.Alert, []toldOf{{"cannot be decided", "review", ""}, {"→ cmd.exe", "alert", "shell_child"}}},
	{"late-client", "ws311", policy.Approved, []toldOf{{"→ setup-stub.exe", "alert review approved", "dropped_then_run"}}},
	{"late-client", "ws312", policy.Approved, []toldOf{{"→ setup-stub.exe", "alert review alert approved", "dropped_then_run"}}},
	{"claimed-facts", "ws701", policy.Approved, []toldOf{{"→ notes-setup.exe", "review approved", "unexpected_child"}}},
	{"claimed-facts", "ws702", policy.Alert, []toldOf{{"→ upd.exe", "alert", "unexpected_child"}}},
	{"claimed-facts", "ws703", policy.Review, []toldOf{{"→ notes-setup.exe", "review", "unexpected_child"}}},
	{"claimed-facts", "ws704", policy.Alert, []toldOf{{"→ upd.exe", "alert", "unexpected_child"}}},
	{"claimed-facts", "ws705", policy.Alert, []toldOf{{"→ upd.exe", "alert", "unexpected_child"}}},
	{"claimed-facts", "ws706", policy.Alert, []toldOf{{"→ upd.exe", "alert", "unexpected_child"}}},
	{"claimed-facts", "ws707", policy.Alert, []toldOf{{"→ upd.exe", "alert", "unexpected_child"}}},
	{"claimed-facts", "ws708", policy.Alert, []toldOf{{"→ upd.exe", "alert", "unexpected_child"}}},
	{"claimed-facts", "ws709", policy.Alert, []toldOf{{"→ notes-setup.exe", "alert", "unexpected_child"}}},
	{"claimed-facts", "ws710", policy.Review, []toldOf{{"→ notes-setup.exe", "review", "unexpected_child"}}},
	{"package-share", "ws321", policy.Alert, []toldOf{{"1040", "alert", "package_share"}}},
	{"package-share", "ws322", policy.Alert, []toldOf{{"→ msiexec.exe /i", "alert", "package_share"}, {"1040", "alert", "package_share"}}},
	{"package-share", "ws323", policy.Approved, nil},
	{"package-share", "ws324", policy.Review, []toldOf{{"→ msiexec.exe /i", "review", "package_share"}}},
	{"remote-transform", "ws331", policy.Alert, []toldOf{{"→ msiexec.exe /i", "alert", "remote_transform"}}},
	{"remote-transform", "ws332", policy.Alert, []toldOf{{"→ msiexec.exe /i", "alert", "remote_transform"}}},
	{"remote-transform", "ws333", policy.Approved, nil},
	{"remote-transform", "ws334", policy.Expected, nil},
	{"persistence-by-registry", "ws341", policy.Alert, []toldOf{
		{`Run\Sync`, "alert", "persistence"}, {"DisableRealtimeMonitoring", "alert", "security_tooling"}, {"ROOT", "alert", "root_certificate"},
	}},
	{"persistence-by-registry", "ws342", policy.Alert, []toldOf{{`Run\Tray`, "alert", "persistence"}}},
	{"persistence-by-registry", "ws343", policy.Approved, []toldOf{{`Run\Orrery`, notTold, ""}, {"DisableRealtimeMonitoring", notTold, ""}, {"Certificates", notTold, ""}}},
	{"persistence-by-registry", "ws344", policy.Review, []toldOf{{`Run\Tray`, "review", "persistence"}}},
	{"persistence-by-registry", "ws345", policy.Alert, []toldOf{{`Run\Sync`, "alert", "persistence"}, {"sync.pif", "alert", "persistence"}}},
	{"persistence-by-registry", "ws346", policy.Review, []toldOf{
		{`OrreryAgent\ImagePath`, "review", "persistence"}, {`Run\Sync`, "review", "persistence"}, {"sync.jar", "review", "persistence"},
	}},
	{"persistence-by-registry", "ws347", policy.Expected, nil},
	{"rollback-scripts", "ws351", policy.Alert, []toldOf{{"deleted", "review", "rollback_tampering"}, {"wrote", "alert", "rollback_tampering"}}},
	{"rollback-scripts", "ws352", policy.Alert, []toldOf{{"wrote", "alert", "rollback_tampering"}}},
	{"rollback-scripts", "ws353", policy.Approved, []toldOf{{"Config.Msi", notTold, ""}}},
	{"rollback-scripts", "ws354", policy.Expected, []toldOf{{"config.msi", notTold, ""}, {"notes.txt", notTold, ""}}},
	{"remote-management", "ws361", policy.Alert, []toldOf{{"→ AnyDesk.exe", "alert", "remote_management_tool"}}},
	{"remote-management", "ws362", policy.Alert, []toldOf{{"→ view.exe", "alert", "remote_management_tool"}}},
	{"remote-management", "ws363", policy.Review, []toldOf{{"→ AnyDesk.exe", "review", "remote_management_tool"}}},
	{"remote-management", "ws364", policy.Review, []toldOf{{"→ AnyDesk.exe", "review", "remote_management_tool"}}},
	{"nested-packages", "ws371", policy.Alert, []toldOf{{"part.msi", "alert", "nested_package"}}},
	{"nested-packages", "ws372", policy.Review, []toldOf{{"→ msiexec.exe /i C:", "review", "nested_package"}}},
	{"nested-packages", "ws373", policy.Review, []toldOf{{"nothing of the kind", notTold, ""}}},
	{"nested-packages", "ws374", policy.Expected, nil},
	{"network-connections", "ws381", policy.Alert, []toldOf{{"connected", "alert", "network_connection"}}},
	{"network-connections", "ws382", policy.Alert, []toldOf{{"connected", "review", "network_connection"}}},
	{"network-connections", "ws383", policy.Review, []toldOf{{"connected", notTold, ""}}},
	{"network-connections", "ws384", policy.Review, []toldOf{{"connected", notTold, ""}}},
	{"degraded-sources", "ws421", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}, {"→ rundll32.exe", "alert", "system_tool_child"}}},
	{"degraded-sources", "ws422", policy.Review, []toldOf{{"→ powershell.exe", "review", "shell_child"}, {"→ rundll32.exe", "review", "system_tool_child"}}},
	{"degraded-sources", "ws423", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}, {"→ rundll32.exe", "alert", "system_tool_child"}}},
	{"degraded-sources", "ws424", policy.Review, []toldOf{{"→ powershell.exe", "review", "shell_child"}, {"→ rundll32.exe", "review", "system_tool_child"}}},
	{"degraded-sources", "ws425", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}, {"→ rundll32.exe", "alert", "system_tool_child"}}},
	{"degraded-sources", "ws426", policy.Expected, nil},
	{"degraded-sources", "ws427", policy.Review, []toldOf{{"→ msiexec.exe", "review", "unexplained"}}},
	{"degraded-sources", "ws428", policy.Expected, nil},
	{"hidden-words", "ws411", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}, {"C:\\ProgramData.", "alert", "system_tool_child"}, {"readme.txt:", "alert", "system_tool_child"}}},
	{"hidden-words", "ws412", policy.Alert, []toldOf{
		{"→ helper.exe", "alert", "shell_child"},
		{"→ rundll32.exe", "alert", "system_tool_child"},
		{"→ conhost.exe", "alert", "system_tool_child"},
		{"→ explorer.exe", "alert", "system_tool_child"},
	}},
	{"hidden-words", "ws413", policy.Review, []toldOf{{"→ powershell.exe", "review", "unexplained"}, {"→ rundll32.exe", "review", "unexplained"}}},
	{"hidden-words", "ws414", policy.Review, []toldOf{{"→ helper.exe", "review", "unexplained"}, {"→ conhost.exe", notTold, ""}, {"→ explorer.exe", "review", "system_tool_child"}}},
	{"sideloaded-module", "ws401", policy.Alert, []toldOf{{"version.dll", "alert", "dropped_then_loaded"}}},
	{"sideloaded-module", "ws402", policy.Alert, []toldOf{{"version.dll", "alert", "dropped_then_loaded"}}},
	{"sideloaded-module", "ws403", policy.Review, []toldOf{{"orrery.dll", notTold, ""}}},
	{"sideloaded-module", "ws404", policy.Alert, []toldOf{{"version.dll", notTold, ""}}},
	{"sideloaded-module", "ws405", policy.Review, []toldOf{{"orrery.sys", "review", "dropped_then_loaded"}}},
	{"sideloaded-module", "ws406", policy.Expected, nil},
	{"property-abuse", "ws341", policy.Alert, []toldOf{{"→ msiexec.exe /i", "alert", "property_abuse"}}},
	{"property-abuse", "ws342", policy.Alert, []toldOf{{"→ msiexec.exe /i", "alert", "property_abuse"}}},
	{"property-abuse", "ws343", policy.Approved, nil},
	{"property-abuse", "ws344", policy.Expected, nil},
	{"property-abuse", "ws345", policy.Review, []toldOf{{"→ msiexec.exe /i", "review", "property_abuse"}}},
	{"quiet-install", "ws351", policy.Expected, nil},
	{"quiet-install", "ws352", policy.Expected, nil},
	{"quiet-install", "ws353", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "shell_child"}}},
	{"quiet-install", "ws354", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "shell_child"}}},
	{"raised-severity", "ws361", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}}},
	{"raised-severity", "ws362", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}}},
	{"raised-severity", "ws363", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}}},
	{"raised-severity", "ws364", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}}},
	{"raised-severity", "ws365", policy.Alert, []toldOf{{"→ schtasks.exe", "alert", "system_tool_child"}}},
	{"raised-severity", "ws366", policy.Alert, []toldOf{{"→ schtasks.exe", "alert", "system_tool_child"}}},
	{"raised-severity", "ws367", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "shell_child"}}},
	{"raised-severity", "ws368", policy.Alert, []toldOf{{"→ net.exe", "alert", "system_tool_child"}}},
	{"late-client", "ws313", policy.Alert, []toldOf{{"→ setup-stub.exe", "alert review alert", "dropped_then_run"}}},
	{"never-inherit", "ws811", policy.Alert, []toldOf{{"→ MSI4A1F.tmp", "alert", "extracted_program"}, {"→ powershell.exe", "alert", "child_of_extracted"}}},
	{"never-inherit", "ws821", policy.Approved, []toldOf{{"→ MSI4A1F.tmp", "review approved", "extracted_program"}, {"→ helper.exe", "review approved", "child_of_extracted"}}},
	{"never-inherit", "ws812", policy.Alert, []toldOf{{"→ powershell.exe", "alert", "shell_child"}}},
	{"never-inherit", "ws822", policy.Approved, []toldOf{{"→ helper.exe", "review approved", ""}}},
	{"never-inherit", "ws813", policy.Alert, []toldOf{{"→ certutil.exe", "alert", "system_tool_child"}}},
	{"never-inherit", "ws823", policy.Approved, []toldOf{{"→ helper.exe", "review approved", ""}}},
	{"never-inherit", "ws814", policy.Alert, []toldOf{{"→ stub.exe", "alert", "child_image_path"}, {"→ powershell.exe", "alert", "shell_child"}}},
	{"never-inherit", "ws824", policy.Approved, []toldOf{{"→ stub.exe", "review approved", "child_image_path"}, {"→ helper.exe", "review approved", ""}}},
	{"never-inherit", "ws815", policy.Alert, []toldOf{{"→ rundll32.exe", "alert", "forged_managed_action"}}},
	{"never-inherit", "ws825", policy.Approved, []toldOf{{"→ rundll32.exe", "approved", ""}}},
	{"never-inherit", "ws816", policy.Alert, []toldOf{{"→ helper.exe", "alert", "shell_child"}}},
	{"never-inherit", "ws826", policy.Approved, []toldOf{{"→ helper.exe", "review approved", ""}}},
	{"never-inherit", "ws817", policy.Alert, []toldOf{{"→ cmd.exe", "alert", "shell_child"}}},
	{"never-inherit", "ws827", policy.Approved, nil},
}

func TestStoriesEndAsTheirReadmeSays(t *testing.T) {
	p := builtIn(t)
	decisions := map[string][]StoryDecision{}
	seen := map[string]bool{}
	for _, o := range slices.Concat(outcomes, deployments) {
		if decisions[o.story] == nil {
			decisions[o.story] = decisionsOf(t, p, o.story)
			for _, d := range decisions[o.story] {
				seen[o.story+" "+d.Host] = true
			}
		}
		name := o.host + ".corp.example"
		delete(seen, o.story+" "+name)
		t.Run(o.story+"/"+o.host, func(t *testing.T) {
			var own []StoryDecision
			for _, d := range decisions[o.story] {
				if d.Host == name {
					own = append(own, d)
				}
			}
			if got := worstStanding(own); got != o.worst {
				t.Errorf("it ends as %s, not %s", got, o.worst)
			}
			for _, want := range o.told {
				checkTold(t, own, want)
			}
		})
	}
	for host := range seen {
		t.Errorf("%s is decided, and no outcome says what must come of it", host)
	}
}

// worstStanding is the worst of each event's last Decision.
func worstStanding(all []StoryDecision) policy.Disposition {
	last := map[string]policy.Disposition{}
	for _, d := range all {
		last[fmt.Sprint(d.Line, ".", d.Record)] = d.Disposition
	}
	worst := policy.Expected
	for _, disposition := range last {
		if disposition.AtLeast(worst) {
			worst = disposition
		}
	}
	return worst
}

// checkTold looks at the decisions on what happened, in order.
func checkTold(t *testing.T, all []StoryDecision, want toldOf) {
	t.Helper()
	var got []string
	var last StoryDecision
	for _, d := range all {
		if !strings.Contains(d.What, want.what) || d.Disposition == policy.Expected {
			continue
		}
		if last = d; len(got) == 0 || got[len(got)-1] != string(d.Disposition) {
			got = append(got, string(d.Disposition))
		}
	}
	if strings.Join(got, " ") != want.dispositions {
		t.Errorf("%q is decided %v, not %q", want.what, got, want.dispositions)
	}
	if want.signal != "" && !slices.ContainsFunc(last.Signals, func(s policy.Signal) bool { return s.ID == want.signal }) {
		t.Errorf("%q: %s does not hold", want.what, want.signal)
	}
}
