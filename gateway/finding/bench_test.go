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
	// A redelivered Decision is rendered again and not folded, so that the
	// number of evidences stays what it is.
	for _, evidences := range []int{1, 8, MaxEvidences} {
		b.Run(fmt.Sprintf("evidences=%d", evidences), func(b *testing.B) {
			f := newFindings()
			for i := range evidences {
				f.Apply(plain(moreOf(shellChild(), fmt.Sprint(i))), trace)
			}
			last := plain(moreOf(shellChild(), fmt.Sprint(evidences-1)))
			b.ReportAllocs()
			for b.Loop() {
				f.Apply(last, trace)
			}
		})
	}
	b.Run("new", func(b *testing.B) {
		f := newFindings()
		d := plain(shellChild())
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			d.decision.Context.Root.GUID = fmt.Sprint(i)
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
