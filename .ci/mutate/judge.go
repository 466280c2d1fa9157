package main

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"msigate/gateway/policytest"
)

// The verdicts on a mutant.
const (
	killed   = "killed"   // a test fails
	refused  = "refused"  // it does not compile: nobody could run it, and no test is needed
	survived = "survived" // nothing tells it from the policy
)

// Judged is a mutant with its verdict.
type Judged struct {
	Mutant
	Verdict string `json:"verdict"`
	By      string `json:"by,omitempty"` // the test that failed
}

// judge judges all that are not known, on every processor, and calls each in
// the order in which they end.
func judge(ctx context.Context, pack *policytest.Pack, mutants []Mutant, each func(Judged) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan Mutant)
	var working sync.WaitGroup
	var one sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		working.Go(func() {
			for m := range work {
				j, err := judgeOne(ctx, pack, m)
				one.Lock()
				if err == nil {
					err = each(j)
				}
				one.Unlock()
				if err != nil {
					stop(err)
				}
			}
		})
	}
	for _, m := range mutants {
		if ctx.Err() != nil {
			break
		}
		work <- m
	}
	close(work)
	working.Wait()
	return context.Cause(ctx)
}

func judgeOne(ctx context.Context, pack *policytest.Pack, m Mutant) (Judged, error) {
	failed, err := pack.FirstFailure(ctx, m.File, m.text)
	switch {
	case ctx.Err() != nil:
		return Judged{}, context.Cause(ctx)
	case errors.Is(err, policytest.ErrCompile):
		return Judged{Mutant: m, Verdict: refused}, nil
	case err != nil:
		return Judged{}, err
	case failed != nil:
		return Judged{Mutant: m, Verdict: killed, By: failed.FullName()}, nil
	default:
		return Judged{Mutant: m, Verdict: survived}, nil
	}
}
