package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"

	"msigate/gateway/bus"
	"msigate/gateway/governance"
)

// BundlesFolder is where the active bundles are kept.
func (c Config) BundlesFolder() string { return filepath.Join(c.DataDir, "bundles") }

// auditFolder is where audit events wait that the stream does not take.
func (c Config) auditFolder() string { return filepath.Join(c.DataDir, "audit") }

// bucket is the object bucket of a bundle's owner.
func (b BundleConfig) bucket() string { return ObjectBucket(b.Name) }

// ObjectBucket is the object bucket of a bundle's owner; "" where it has none.
func ObjectBucket(name string) string {
	switch name {
	case governance.NamePolicy:
		return bus.BucketPolicy
	case governance.NameGovernance:
		return bus.BucketGovernance
	default:
		return ""
	}
}

// withoutSecrets leaves out of a URL what may be one.
func withoutSecrets(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "the URL in the configuration"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// follow has every source of the configuration yield, until ctx ends.
func (a *activation) follow(ctx context.Context, conn *bus.Conn) *sync.WaitGroup {
	var following sync.WaitGroup
	for _, source := range a.config.Bundles {
		to := governance.Taker{
			Take:   func(raw []byte) error { return a.offer(ctx, offer{source, raw}) },
			Failed: func(err error) { a.reach(ctx, source, err) },
		}
		switch {
		case source.URL != "":
			following.Go(func() {
				governance.FollowURL(ctx, governance.HTTPSource{
					URL: source.URL, Interval: source.PollInterval, BearerTokenFile: source.BearerTokenFile,
					CertFile: source.TLS.CertFile, KeyFile: source.TLS.KeyFile, CAFile: source.TLS.CAFile,
				}, to)
			})
		case source.Object != "":
			following.Go(func() {
				bus.FollowObject(ctx, conn, source.bucket(), source.Object, uint64(governance.DefaultLimits.Packed),
					func(o bus.Object) { _ = to.Take(o.Data) }, to.Failed)
			})
		case source.Watch:
			following.Go(func() { governance.FollowFile(ctx, source.Path, source.Name, to) })
		}
	}
	return &following
}

// reach notes whether a source could be asked. A folder that does not build is a
// refusal: there is something, and it is no bundle.
func (a *activation) reach(ctx context.Context, source BundleConfig, err error) {
	switch {
	case ctx.Err() != nil:
	case err == nil:
		a.health.clear(reasonSource, source.Name)
	case source.Path != "":
		a.one.Lock()
		defer a.one.Unlock()
		span := a.tel.Activate(ctx, a.now())
		span.End(err)
		a.refuse(span, []offer{{source: source}}, nil, err)
	case errors.Is(err, bus.ErrNoObject) && a.isBuiltIn(source.Name):
		a.health.clear(reasonSource, source.Name)
		a.health.set(reasonBuiltIn, source.Name, err.Error())
	default:
		a.health.set(reasonSource, source.Name, fmt.Sprintf("%v; what is active decides", err))
	}
}

func (a *activation) isBuiltIn(name string) bool {
	a.one.Lock()
	defer a.one.Unlock()
	b := a.bundles[name]
	return b == nil || b == a.builtIn[name]
}
