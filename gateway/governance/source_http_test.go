package governance

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// webServer is a real server that gives an archive with an ETag, and notes what it
// was asked.
type webServer struct {
	mu    sync.Mutex
	body  []byte
	etag  string
	asked []string // If-None-Match of each request
	token []string // Authorization of each
	serve http.HandlerFunc
}

func (w *webServer) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, r.Header.Get("If-None-Match"))
	w.token = append(w.token, r.Header.Get("Authorization"))
	switch {
	case w.serve != nil:
		w.serve(to, r)
	case r.Header.Get("If-None-Match") == w.etag:
		to.WriteHeader(http.StatusNotModified)
	default:
		to.Header().Set("ETag", w.etag)
		_, _ = to.Write(w.body) // a client that goes away is its own matter
	}
}

// gzipped is an archive as far as a source can tell.
func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := packFiles(&b, []file{{path: "data.json", content: []byte(text)}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// taken notes what a source yields.
type taken struct {
	got    [][]byte
	failed []error
	refuse error
}

func (k *taken) taker() Taker {
	return Taker{
		Take:   func(raw []byte) error { k.got = append(k.got, raw); return k.refuse },
		Failed: func(err error) { k.failed = append(k.failed, err) },
	}
}

func (k *taken) last() error { return k.failed[len(k.failed)-1] }

func pollOf(t *testing.T, source HTTPSource) *httpPoll {
	t.Helper()
	p, err := newHTTPPoll(source)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTagIsRememberedOnlyOfWhatBecameActive(t *testing.T) {
	web := &webServer{body: gzipped(t, "{}"), etag: `"one"`}
	server := httptest.NewServer(web)
	defer server.Close()
	p, k := pollOf(t, HTTPSource{URL: server.URL + "/bundles/governance.tar.gz?channel=main"}), &taken{}
	for range 2 {
		p.once(t.Context(), k.taker())
	}
	if len(k.got) != 1 || !bytes.Equal(k.got[0], web.body) {
		t.Fatalf("an unchanged bundle was given %d times", len(k.got))
	}
	web.body, web.etag = gzipped(t, "[]"), `"two"`
	k.refuse = errors.New("refused")
	for range 2 {
		p.once(t.Context(), k.taker())
	}
	k.refuse = nil
	for range 2 {
		p.once(t.Context(), k.taker())
	}
	// The third and fourth were refused: after a refusal nothing is named that an
	// answer could be the same as.
	if want := []string{"", `"one"`, `"one"`, "", "", `"two"`}; !slices.Equal(web.asked, want) {
		t.Errorf("asked with %q, want %q", web.asked, want)
	}
	if len(k.got) != 4 || k.last() != nil {
		t.Errorf("given %d times, last %v", len(k.got), k.last())
	}
}

// A server, or a cache before it, that says "not modified" of what was refused
// must not make it pass for what is active.
func TestNotModifiedAfterARefusalIsNoAnswer(t *testing.T) {
	web := &webServer{body: gzipped(t, "{}"), etag: `"one"`}
	server := httptest.NewServer(web)
	defer server.Close()
	p, k := pollOf(t, HTTPSource{URL: server.URL}), &taken{refuse: errors.New("refused")}
	p.once(t.Context(), k.taker())
	web.serve = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }
	p.once(t.Context(), k.taker())
	if web.asked[1] != "" {
		t.Errorf("asked with the tag %s of what was refused", web.asked[1])
	}
	if err := k.last(); !errors.Is(err, ErrStatus) || !strings.Contains(err.Error(), "304 to a request that named nothing it could be the same as") {
		t.Errorf("got %v", err)
	}
}

func TestAnswerThatIsNoBundleIsNamed(t *testing.T) {
	whole := gzipped(t, strings.Repeat(`{"a": 1}`, 5000)+rubbish)
	tests := []struct {
		name  string
		serve http.HandlerFunc
		is    error
		want  string
	}{
		{"200 with HTML", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, "<!doctype html><title>Sign in</title>")
		}, ErrNotBundle, "it is a web page, which a login or a proxy shows in its place"},
		{"200 with JSON", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"error": "none"}`) }, ErrNotBundle, "its 17 bytes are not those of a .tar.gz"},
		{"200 with nothing", func(http.ResponseWriter, *http.Request) {}, ErrNotBundle, "its 0 bytes"},
		{"half a download of a known length", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
			_, _ = w.Write(whole[:len(whole)/2])
		}, ErrHalf, "bytes came of"},
		{"half a download in chunks", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(whole[:len(whole)/2])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, ErrHalf, "bytes came of"},
		{"404", http.NotFound, ErrStatus, "404 Not Found"},
		{"401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, ErrStatus, "hint: bearer_token_file or tls"},
		{"more than a bundle may have", func(w http.ResponseWriter, _ *http.Request) {
			block := append([]byte{0x1f, 0x8b}, make([]byte, 1<<20)...)
			for range 66 {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}, errPacked, "larger than allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(test.serve)
			defer server.Close()
			p, k := pollOf(t, HTTPSource{URL: server.URL + "/g.tar.gz?key=secret"}), &taken{}
			p.once(t.Context(), k.taker())
			if len(k.got) != 0 {
				t.Fatal("it was given on")
			}
			if err := k.last(); !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), server.URL+"/g.tar.gz") || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// rubbish does not compress, so that half of it is many bytes.
var rubbish = func() string {
	raw := make([]byte, 1<<16)
	_, _ = rand.Read(raw)
	return string(raw)
}()

func TestBearerTokenIsReadForEachRequest(t *testing.T) {
	web := &webServer{body: gzipped(t, "{}"), etag: `"one"`}
	server := httptest.NewServer(web)
	defer server.Close()
	token := filepath.Join(t.TempDir(), "token")
	p, k := pollOf(t, HTTPSource{URL: server.URL, BearerTokenFile: token}), &taken{}
	p.once(t.Context(), k.taker())
	if err := k.last(); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("without the file: %v", err)
	}
	for _, text := range []string{"first\n", "second"} {
		if err := os.WriteFile(token, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p.once(t.Context(), k.taker())
	}
	if want := []string{"Bearer first", "Bearer second"}; !slices.Equal(web.token, want) {
		t.Errorf("shown: %q", web.token)
	}
}

func TestClientCertificateIsShownAndTheServerIsChecked(t *testing.T) {
	web := &webServer{body: gzipped(t, "{}"), etag: `"one"`}
	server := httptest.NewUnstartedServer(web)
	folder := t.TempDir()
	cert, key, certificate := clientCertificate(t, folder)
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	ca := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	with, k := pollOf(t, HTTPSource{URL: server.URL, CAFile: ca, CertFile: cert, KeyFile: key}), &taken{}
	with.once(t.Context(), k.taker())
	if len(k.got) != 1 {
		t.Fatalf("with a certificate: %v", k.last())
	}
	for name, source := range map[string]HTTPSource{
		"no certificate":     {URL: server.URL, CAFile: ca},
		"a server of others": {URL: server.URL, CertFile: cert, KeyFile: key},
	} {
		k := &taken{}
		pollOf(t, source).once(t.Context(), k.taker())
		if len(k.got) != 0 || k.last() == nil {
			t.Errorf("%s: it was given", name)
		}
	}
}

func clientCertificate(t *testing.T, folder string) (certFile, keyFile string, certificate *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "msigate"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err = x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(folder, "client.pem"), filepath.Join(folder, "client.key")
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile, certificate
}

func TestServerIsAskedEveryInterval(t *testing.T) {
	web := &webServer{body: gzipped(t, "{}"), etag: `"one"`}
	server := httptest.NewServer(web)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{}, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		FollowURL(ctx, HTTPSource{URL: server.URL, Interval: 10 * time.Millisecond}, Taker{Take: func([]byte) error { return nil }, Failed: func(error) { asked <- struct{}{} }})
	}()
	for range 3 {
		<-asked
	}
	cancel()
	<-done
}
