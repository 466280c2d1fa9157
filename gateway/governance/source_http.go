package governance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/logging"
	"github.com/open-policy-agent/opa/v1/plugins/rest"
)

// HTTPSource is a bundle that a web server gives.
type HTTPSource struct {
	URL      string        // http:// or https://; the file
	Interval time.Duration // between two requests; 0: DefaultPollInterval

	// BearerTokenFile holds a token; it is read again for every request.
	// CertFile and KeyFile are a client certificate. OPA's client takes one or the
	// other.
	BearerTokenFile   string
	CertFile, KeyFile string
	CAFile            string // authorities to trust instead of the system's
}

// DefaultPollInterval is between two requests to a web server.
const DefaultPollInterval = 30 * time.Second

// fetchDeadline bounds one request with its download.
const fetchDeadline = 5 * time.Minute

// How a server's answer is no bundle.
var (
	ErrNotBundle = errors.New("the answer is no bundle")
	ErrHalf      = errors.New("the download ended before its end")
	ErrStatus    = errors.New("the server answered")
)

// httpPoll is a source with what its server said last.
type httpPoll struct {
	client rest.Client
	path   string
	shown  string // the URL without a password or a query, which may hold a secret

	// etag is of the answer that is active. It is forgotten with a refusal: else a
	// server that says "not modified" of what was refused would hide that.
	etag string
}

func newHTTPPoll(s HTTPSource) (*httpPoll, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no URL of a web server", s.URL)
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	config := map[string]any{"url": u.Scheme + "://" + u.Host, "response_header_timeout_seconds": 30}
	credentials := map[string]any{}
	if s.BearerTokenFile != "" {
		credentials["bearer"] = map[string]any{"token_path": s.BearerTokenFile}
	}
	if s.CertFile != "" {
		credentials["client_tls"] = map[string]any{"cert": s.CertFile, "private_key": s.KeyFile, "cert_reread_interval_seconds": 60}
	}
	config["credentials"] = credentials
	if s.CAFile != "" {
		config["tls"] = map[string]any{"ca_cert": s.CAFile}
	}
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	client, err := rest.New(raw, nil, rest.Name(u.Host), rest.Logger(logging.NewNoOpLogger()))
	if err != nil {
		return nil, fmt.Errorf("make a client for %s: %w", shown.String(), err)
	}
	return &httpPoll{client: client, path: strings.TrimPrefix(u.RequestURI(), "/"), shown: shown.String()}, nil
}

// ask makes one request. changed is false where the server says that it has
// what is active.
func (p *httpPoll) ask(ctx context.Context) (raw []byte, etag string, changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchDeadline)
	defer cancel()
	client := p.client
	conditional := p.etag != ""
	if conditional {
		client = client.WithHeader("If-None-Match", p.etag)
	}
	response, err := client.Do(ctx, http.MethodGet, p.path)
	if err != nil {
		return nil, "", false, fmt.Errorf("ask %s: %w", p.shown, withoutURL(err))
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && conditional:
		return nil, "", false, nil
	case response.StatusCode == http.StatusNotModified:
		return nil, "", false, fmt.Errorf("ask %s: %w 304 to a request that named nothing it could be the same as; a cache between may hold on to an answer", p.shown, ErrStatus)
	case response.StatusCode != http.StatusOK:
		hint := ""
		if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden {
			hint = "; hint: bearer_token_file or tls names what msigate shows it"
		}
		return nil, "", false, fmt.Errorf("ask %s: %w %s%s", p.shown, ErrStatus, response.Status, hint)
	}
	raw, err = ReadCapped(response.Body)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, "", false, fmt.Errorf("download %s: %w: %d bytes came of %d", p.shown, ErrHalf, len(raw), response.ContentLength)
	case err != nil:
		return nil, "", false, fmt.Errorf("download %s: %w", p.shown, withoutURL(err))
	}
	if why := notArchive(raw, response.Header.Get("Content-Type")); why != "" {
		return nil, "", false, fmt.Errorf("download %s: %w: %s", p.shown, ErrNotBundle, why)
	}
	return raw, response.Header.Get("ETag"), true, nil
}

// withoutURL drops the URL from the client's error: its query may hold a secret,
// and it is named already.
func withoutURL(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// notArchive says why an answer of status 200 is no .tar.gz.
func notArchive(raw []byte, contentType string) string {
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return ""
	}
	if kind, _, _ := mime.ParseMediaType(contentType); kind == "text/html" || bytes.HasPrefix(bytes.TrimSpace(raw), []byte("<")) {
		return "it is a web page, which a login or a proxy shows in its place"
	}
	return fmt.Sprintf("its %d bytes are not those of a .tar.gz", len(raw))
}

// FollowURL asks a web server now and every Interval until ctx ends. Of an answer
// that Take refuses no ETag is remembered, so that it is asked for anew.
func FollowURL(ctx context.Context, s HTTPSource, to Taker) {
	p, err := newHTTPPoll(s)
	if err != nil {
		to.Failed(err)
		return
	}
	interval := s.Interval
	if interval <= 0 {
		interval = DefaultPollInterval
	}
	for ctx.Err() == nil {
		p.once(ctx, to)
		// A tenth more or less, so that a fleet does not ask at once.
		wait := interval + time.Duration((rand.Float64()-0.5)*0.2*float64(interval))
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

func (p *httpPoll) once(ctx context.Context, to Taker) {
	raw, etag, changed, err := p.ask(ctx)
	if ctx.Err() != nil {
		return
	}
	to.Failed(err)
	if err != nil || !changed {
		return
	}
	p.etag = ""
	if to.Take(raw) == nil {
		p.etag = etag
	}
}
