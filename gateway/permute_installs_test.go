package gateway

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// passes has an hour pass with one to three installs, and what they dropped run
// some time after.
//
// The installs are over within five minutes: a process is kept for a quarter of
// an hour after its end, and a record that comes ten minutes late is to find it
// still. What a record says of installs that ended longer ago than that can come
// to nothing, so that it depends on when it comes.
func (h *hour) passes() {
	h.service = h.serviceStarts()
	for range rapid.IntRange(1, 3).Draw(h.T, "installs") {
		h.wait(time.Second, 45*time.Second)
		h.installs(0)
	}
	h.ends(h.service)
	h.at = h.at.Add(time.Minute)
	slices.SortStableFunc(h.dropped, func(a, b drop) int { return a.due.Compare(b.due) })
	for _, one := range h.dropped {
		if one.due.After(h.at) {
			h.at = one.due
		}
		h.run(one)
	}
}

func (h *hour) serviceStarts() program {
	return h.starts(hourMsiexec, hourMsiexec+` /V`, program{guid: serviceControl.guid, image: serviceControl.image, line: serviceControl.line, user: system, pid: serviceControl.pid})
}

// installs is one install, by a client of some kind.
func (h *hour) installs(depth int) {
	h.made++
	pkg := fmt.Sprintf(`pack%d.msi`, h.made)
	var client program
	ends := []program{}
	switch h.pick("client", "tool", "tool", "explorer", "explorer", "setup", "url", "bundle", "wmi", "com", "policy", "service", "repair", "patch", "register") {
	case "tool":
		above := h.starts(ccmExec.image, ccmExec.line, serviceControl)
		ends = append(ends, above)
		pkg = fmt.Sprintf(`C:\Windows\ccmcache\%d\`, h.made) + pkg
		h.writes(above, pkg)
		client = h.starts(hourMsiexec, `"`+hourMsiexec+`" /i "`+pkg+`" /qn`, above)
	case "explorer":
		pkg = aliceFiles + pkg
		h.writes(explorer, pkg)
		if h.chance(2, "downloaded") {
			h.downloaded(pkg)
		}
		client = h.starts(hourMsiexec, `"`+hourMsiexec+`" /i "`+pkg+`"`+h.pick("quiet", "", " /qb", " TRANSFORMS=a.mst"), explorer)
	case "setup":
		above := h.starts(aliceFiles+`setup.exe`, `setup.exe /s`, explorer)
		ends = append(ends, above)
		pkg = `C:\Users\alice\AppData\Local\Temp\` + pkg
		h.writes(above, pkg)
		client = h.starts(hourMsiexec, `msiexec /i "`+pkg+`" /qn`, above)
	case "url":
		pkg = `https://files.example.net/` + pkg
		client = h.starts(hourMsiexec, `msiexec /q /i `+pkg, h.starts(`C:\Windows\System32\cmd.exe`, `cmd`, explorer))
	case "bundle":
		client = h.starts(`C:\ProgramData\Package Cache\{5C0F0A11-2222-3333-4444-555566667777}\bundle.exe`, `bundle.exe -burn.runonce`, explorer)
		pkg = `C:\ProgramData\Package Cache\` + pkg
	case "wmi":
		client = h.starts(wmiHost.image, wmiHost.line, serviceControl)
		pkg = `C:\Windows\Temp\` + pkg
	case "com":
		client = h.starts(`C:\Windows\System32\wscript.exe`, `wscript.exe C:\Users\alice\a.vbs`, explorer)
		pkg = `C:\Users\alice\` + pkg
	case "policy":
		pkg = `\\corp.example\netlogon\` + pkg
		client = program{pid: 1300} // of which nobody tells
	case "service":
		h.actions(depth)
		return
	case "repair":
		pkg = `{11111111-2222-3333-4444-555555555555}`
		client = h.starts(hourMsiexec, `msiexec /f `+pkg, explorer)
	case "patch":
		pkg = `C:\Windows\Temp\fix.msp`
		client = h.starts(hourMsiexec, `msiexec /p `+pkg+` REINSTALL=ALL`, h.starts(`C:\Program Files\Contoso\updater.exe`, `updater`, serviceControl))
	case "register":
		h.ends(h.starts(hourMsiexec, `msiexec /y C:\Users\Public\a.dll`, explorer))
		return
	}
	if h.chance(3, "own image") && client.image != "" {
		h.loads(client, client.image)
	}
	h.record(1040, pkg, fmt.Sprint(client.pid))
	if h.chance(8, "forged") {
		h.record(1040, h.pick("forged", `C:\Windows\ccmcache\9\good.msi`, `https://files.example.net/x`), fmt.Sprint(h.pickInt("as", client.pid, explorer.pid, 4444)))
	}
	if client.image != "" && h.chance(4, "child of the client") {
		h.child(client, 0)
	}
	h.actions(depth)
	if h.chance(4, "major upgrade") {
		h.record(1040, `{99999999-2222-3333-4444-555555555555}`, fmt.Sprint(client.pid))
		h.actions(2)
		h.record(1034, "Old", "1.0", "1033", "0", "Contoso")
		h.record(1042, `{99999999-2222-3333-4444-555555555555}`, fmt.Sprint(client.pid))
	}
	h.record(1033, "Product", "1.0", "1033", h.pick("status", "0", "1603"), "Contoso")
	h.record(11707, "Product: Product -- Installation completed successfully.")
	h.record(1042, pkg, fmt.Sprint(client.pid))
	if client.image != "" {
		h.ends(client)
	}
	for _, one := range ends {
		h.ends(one)
	}
	if h.chance(8, "inventory") {
		for n := range 4 {
			h.record(1035, fmt.Sprintf("Product %d", n), "1.0", "1033", "0", "Contoso")
		}
	}
}

// actions are what the service does for an install.
func (h *hour) actions(depth int) {
	for range rapid.IntRange(0, 2).Draw(h.T, "actions") {
		switch h.pick("action", "server", "server", "extracted", "program", "files") {
		case "server":
			server := h.starts(hourMsiexec, embedding+h.pick("suffix", "", " C", ` E Global\MSI0000`), h.service)
			if h.chance(2, "module") {
				h.made++
				path := fmt.Sprintf(`C:\Windows\Installer\MSI%X.tmp`, h.made)
				h.writes(h.service, path)
				h.loads(server, path)
			}
			h.child(server, 0)
			h.ends(server)
		case "extracted":
			h.made++
			path := fmt.Sprintf(`C:\Windows\Installer\MSI%X.tmp`, h.made)
			by := h.service
			if h.chance(3, "stranger writes") {
				by = explorer
			}
			h.writes(by, path)
			extracted := h.starts(path, `"`+path+`" `+h.pick("arguments", "", `/DontWait /HideWindow "C:\Users\Public\p.exe"`), h.service)
			h.child(extracted, 0)
			h.ends(extracted)
		case "program":
			h.child(h.service, 0)
		case "files":
			h.drops(h.service)
		}
	}
	if depth < 1 && h.chance(5, "at once") {
		h.installs(depth + 1)
	}
}

// child is what a process of a tree starts, and what that does.
func (h *hour) child(by program, depth int) {
	h.made++
	lines := [][2]string{
		{`C:\Windows\System32\cmd.exe`, `cmd.exe /c ver`},
		{`C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, `powershell.exe -enc AAAA`},
		{`C:\Windows\System32\wscript.exe`, `wscript.exe a.vbs`},
		{`C:\Windows\System32\certutil.exe`, `certutil -urlcache -f https://files.example.net/a a`},
		{`C:\Windows\System32\reg.exe`, `reg add HKLM\Software\Contoso`},
		{`C:\Program Files\Contoso\setup helper.exe`, `helper`},
		{fmt.Sprintf(`C:\Users\alice\AppData\Local\Temp\tool%d.exe`, h.made), `tool`},
		{fmt.Sprintf(`C:\ProgramData\tool%d.exe`, h.made), `tool`},
		{`C:\Windows\System32\rundll32.exe`, fmt.Sprintf(`rundll32.exe "C:\Windows\Installer\MSI%X.tmp",zzzzInvokeManagedCustomActionOutOfProc SfxCA_%d 2 Action!Contoso.Actions.Run`, h.made, h.made)},
	}
	one := rapid.SampledFrom(lines).Draw(h.T, "program")
	p := h.starts(one[0], one[1], by)
	if h.chance(2, "own image") {
		h.loads(p, p.image)
	}
	if depth < 2 {
		for range rapid.IntRange(0, 2-depth).Draw(h.T, "children") {
			h.child(p, depth+1)
		}
	}
	if h.chance(3, "drops") {
		h.drops(p)
	}
	if h.chance(4, "network") {
		h.soon()
		h.sysmon(3, p, map[string]string{"Protocol": "tcp", "Initiated": "true", "DestinationIp": "192.0.2.7", "DestinationPort": "443"}, "connects")
	}
	h.ends(p)
}

// drops has a process write a file that is run, or loaded, afterwards: within
// ExecutionTimeWindow (ten minutes, by the host's clock) or not.
func (h *hour) drops(by program) {
	h.made++
	path := fmt.Sprintf(`%s\drop%d`, h.pick("folder", `C:\ProgramData`, `C:\Program Files\Contoso`, `C:\Users\alice\AppData\Roaming`), h.made)
	if h.chance(4, "module") {
		// The file's record comes in time, and the load is by a process of the
		// tree: of a load that nobody knows to matter when it comes nothing is kept.
		h.prompt = !h.bare
		h.writes(by, path+".dll")
		h.loads(by, path+".dll")
		return
	}
	h.writes(by, path+".exe")
	one := drop{path: path + ".exe", by: by}
	switch h.pick("run", "soon", "later", "too late", "never") {
	case "soon":
		h.wait(time.Second, 20*time.Second)
		h.run(one)
	case "later":
		one.due = h.at.Add(8 * time.Minute)
		h.dropped = append(h.dropped, one)
	case "too late":
		one.due = h.at.Add(11 * time.Minute)
		h.dropped = append(h.dropped, one)
	}
}

// run has a file run that a process dropped, by itself, or by others.
func (h *hour) run(one drop) {
	runner := scheduler
	switch by := h.pick("by", "scheduler", "explorer", "tree"); {
	case by == "explorer":
		runner = explorer
	case by == "tree" && slices.Contains(h.running, one.by):
		runner = one.by
	}
	run := h.starts(one.path, `drop`, runner)
	if h.chance(2, "own image") {
		h.loads(run, run.image)
	}
	if h.chance(2, "child") {
		h.ends(h.starts(`C:\Windows\System32\cmd.exe`, `cmd /c whoami`, run))
	}
	h.ends(run)
}
