package finding

import (
	"fmt"
	"strings"
	"testing"

	"msigate/gateway/policy"
)

func BenchmarkMask(b *testing.B) {
	m := shippedMasker(b)
	withSecret := withCommandLine(`msiexec /i C:\a.msi ADMINPASSWORD=Winter2026 /qn`, map[string]string{"ADMINPASSWORD": "Winter2026"})
	for _, c := range []struct {
		name string
		d    policy.Decision
	}{{"nothing", approvedChild()}, {"url", shellChild()}, {"secret", withSecret}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Mask(c.d)
			}
		})
	}
}

func BenchmarkMaskerString(b *testing.B) {
	m := shippedMasker(b)
	long := strings.Repeat(`C:\Program Files\Contoso\Agent\component.dll `, 20)
	for name, s := range map[string]string{"nothing": long, "secret": long + "password=x"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				m.String(s)
			}
		})
	}
}

func BenchmarkApply(b *testing.B) {
	// A finding that goes on: one of its events is decided again and again.
	for _, evidences := range []int{1, 8, MaxEvidences} {
		b.Run(fmt.Sprintf("evidences=%d", evidences), func(b *testing.B) {
			f := newFindings()
			for i := range evidences {
				f.Apply(plain(moreOf(shellChild(), fmt.Sprint(i))), trace)
			}
			again := plain(moreOf(shellChild(), fmt.Sprint(evidences-1)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				again.decision.ID = fmt.Sprint("again", i)
				if len(f.Apply(again, trace)) != 1 {
					b.Fatal("nothing was told")
				}
			}
		})
	}
	b.Run("new", func(b *testing.B) {
		f := newFindings()
		d := plain(shellChild())
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			d.decision.Context.Root.GUID = fmt.Sprint(i)
			d.decision.ID, d.decision.Trigger.Sequence = fmt.Sprint("new", i), uint64(i)
			f.Apply(d, trace)
		}
	})
}

func BenchmarkNewDecisionLog(b *testing.B) {
	for name, d := range map[string]policy.Decision{"alert": shellChild(), "expected": expectedChild()} {
		b.Run(name, func(b *testing.B) {
			m := plain(d)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := NewDecisionLog(m, trace); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
