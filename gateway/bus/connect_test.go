package bus

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// runServer runs a server with options of its own: users, TLS.
func runServer(t *testing.T, o *server.Options) string {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	if o.JetStream {
		o.StoreDir = t.TempDir()
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server is not ready")
	}
	return s.Addr().String()
}

// freeAddress is one that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestConnectSaysThatNoServerIsThere(t *testing.T) {
	url := "nats://" + freeAddress(t)
	_, err := Connect(patient(t), Options{URL: url})
	want := "connecting to NATS at " + url + ": connection refused — is a nats-server running there? " +
		"Start one with `nats-server -js`, correct the URL, or leave it out and msigate runs its own"
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}

func TestConnectNeverTellsASecret(t *testing.T) {
	addr := runServer(t, &server.Options{Username: "gw", Password: "right"})
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	context := filepath.Join(t.TempDir(), "lab.json")
	writeFile(t, context, `{"url":"nats://gw:hunter2@`+addr+`"}`)
	for name, o := range map[string]Options{
		"refused user":     {URL: "nats://gw:hunter2@" + addr},
		"refused token":    {URL: "nats://hunter2@" + addr},
		"nobody there":     {URL: "nats://gw:hunter2@" + freeAddress(t)},
		"list":             {URL: "nats://gw:hunter2@" + freeAddress(t) + ",nats://gw:hunter2@" + freeAddress(t)},
		"unreadable":       {URL: "nats://gw:hunter2%zz@" + addr},
		"unreadable port":  {URL: "nats://gw:hunter2@127.0.0.1:no"},
		"other scheme":     {URL: "https://gw:hunter2@" + addr},
		"no host":          {URL: "nats://gw:hunter2@"},
		"without a scheme": {URL: "gw:hunter2@" + freeAddress(t)},
		"context":          {Context: context},
	} {
		_, err := Connect(patient(t), o)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
}

func TestScrubTakesUserinfoOutOfEveryURL(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"dial nats://a:b@h:1 failed", "dial nats://h:1 failed"},
		{`parse "nats://a:p@ss@h": x, tls://t@k`, `parse "nats://h": x, tls://k`},
		{"no url a@b", "no url a@b"},
		{"nats://h:1", "nats://h:1"},
		{"", ""},
	} {
		if got := scrub(c.in); got != c.want {
			t.Errorf("scrub(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestConnectRefusesOptionsThatContradict(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{URL: "nats://h", Context: "lab"}, "both a URL and a context"},
		{Options{Credentials: "a", NKeySeed: "b"}, "both a credentials file and an nkey seed"},
		{Options{Certificate: "a"}, "go together"},
		{Options{URL: "http://h"}, `scheme "http" is none of`},
		{Options{Credentials: none}, "credentials file: open " + none},
		{Options{NKeySeed: none}, "nkey seed file: open " + none},
		{Options{CA: none}, "CA file: open " + none},
		{Options{Context: "nonesuch"}, "`nats context ls`"},
	} {
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
		_, err := Connect(patient(t), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.o, err, c.want)
		}
	}
}

func TestConnectSaysWhatIsWrongWithCredentialsAndTLS(t *testing.T) {
	addr := runServer(t, &server.Options{Username: "gw", Password: "right"})
	garbage := filepath.Join(t.TempDir(), "gw.creds")
	writeFile(t, garbage, "not a seed: hunter2")
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{URL: "nats://" + addr, Credentials: garbage}, "no nkey seed found"},
		{Options{URL: "nats://" + addr, NKeySeed: garbage}, "nkey seed file " + garbage},
		{Options{URL: "nats://" + addr}, "does not accept these credentials"},
		{Options{URL: "tls://gw:right@" + addr}, "the server does not offer TLS: use nats://"},
	} {
		_, err := Connect(patient(t), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: error %v, want one with %q", c.o, err, c.want)
		}
	}
}

func TestConnectUsesUserContextAndNKey(t *testing.T) {
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	public, err := user.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	addr := runServer(t, &server.Options{
		Users: []*server.User{{Username: "gw", Password: "right"}},
		Nkeys: []*server.NkeyUser{{Nkey: public}},
	})
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	settings, err := json.Marshal(map[string]string{"url": "nats://" + addr, "user": "gw", "password": "right", "jetstream_domain": "hub"})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(config, "nats", "context", "lab.json"), string(settings))
	seedFile := filepath.Join(config, "gw.nk")
	writeFile(t, seedFile, string(seed))
	for name, o := range map[string]Options{
		"user":    {URL: "nats://gw:right@" + addr},
		"context": {Context: "lab"},
		"nkey":    {URL: "nats://" + addr, NKeySeed: seedFile},
	} {
		c, err := Connect(patient(t), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := c.State(); !s.Connected || s.Server != "nats://"+addr {
			t.Errorf("%s: state %+v", name, s)
		}
		if want := ""; name == "context" {
			if want = "hub"; c.domain != want {
				t.Errorf("domain %q, want %q", c.domain, want)
			}
		}
		_ = c.Close(patient(t)) // nothing is buffered
	}
	_, err = Connect(patient(t), Options{URL: "nats://gw:wrong@" + addr})
	if err == nil || !strings.Contains(err.Error(), "does not accept these credentials") {
		t.Errorf("wrong password: error %v", err)
	}
}

func TestConnectChecksTheServersCertificate(t *testing.T) {
	ca, config := authority(t)
	addr := runServer(t, &server.Options{TLSConfig: config, TLSTimeout: 5})
	c, err := Connect(patient(t), Options{URL: "tls://" + addr, CA: ca})
	if err != nil {
		t.Fatalf("with its CA: %v", err)
	}
	_ = c.Close(patient(t)) // nothing is buffered
	_, err = Connect(patient(t), Options{URL: "tls://" + addr})
	if err == nil || !strings.Contains(err.Error(), "name its CA file") {
		t.Errorf("without its CA: error %v", err)
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	writeFile(t, empty, "")
	if _, err = Connect(patient(t), Options{URL: "tls://" + addr, CA: empty}); err == nil {
		t.Error("an empty CA file was accepted")
	}
}

func TestOnStateTellsOfAnOutageAndItsEnd(t *testing.T) {
	dir := t.TempDir()
	e := serve(t, EmbeddedOptions{StoreDir: dir})
	var mu sync.Mutex
	var seen []bool
	c, err := Connect(patient(t), Options{URL: e.URL(), OnState: func(s State) {
		mu.Lock()
		defer mu.Unlock()
		if n := len(seen); n == 0 || seen[n-1] != s.Connected {
			seen = append(seen, s.Connected)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	port := e.Port()
	e.Shutdown()
	eventually(t, "disconnected", func() bool { return !c.State().Connected })
	serve(t, EmbeddedOptions{StoreDir: dir, Port: port})
	eventually(t, "connected again", func() bool { return c.State().Connected })
	if s := c.State(); s.Reconnect != 1 {
		t.Errorf("state %+v, want one reconnect", s)
	}
	if err := c.Close(patient(t)); err != nil {
		t.Error(err)
	}
	eventually(t, "closed", func() bool { return c.State().Closed })
	if err := c.awaitConnected(context.Background()); err == nil {
		t.Error("waiting on a closed connection gave no error")
	}
	mu.Lock()
	defer mu.Unlock()
	want := []bool{true, false, true, false}
	if len(seen) != len(want) {
		t.Fatalf("OnState saw %v, want %v", seen, want)
	}
	for i := range want {
		if seen[i] != want[i] {
			t.Fatalf("OnState saw %v, want %v", seen, want)
		}
	}
}

func TestEmbeddedRefusesATakenPortAndATakenStore(t *testing.T) {
	e := serve(t, EmbeddedOptions{StoreDir: t.TempDir()})
	_, err := StartEmbedded(patient(t), EmbeddedOptions{StoreDir: t.TempDir(), Port: e.Port()})
	if err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("a taken port: error %v", err)
	}
	dir := t.TempDir()
	first := serve(t, EmbeddedOptions{StoreDir: dir})
	_, err = StartEmbedded(patient(t), EmbeddedOptions{StoreDir: dir})
	if err == nil || !strings.Contains(err.Error(), "is another msigate running on it?") {
		t.Errorf("a taken store: error %v", err)
	}
	first.Shutdown()
	serve(t, EmbeddedOptions{StoreDir: dir, SyncAlways: true, MaxPayload: 2 << 20})
	if _, err := StartEmbedded(patient(t), EmbeddedOptions{}); err == nil {
		t.Error("no folder: no error")
	}
}

func TestEmbeddedListensOnLoopbackOnly(t *testing.T) {
	e := serve(t, EmbeddedOptions{})
	if addr := e.srv.Addr().(*net.TCPAddr); !addr.IP.IsLoopback() {
		t.Errorf("it listens on %s", addr)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// authority makes a certificate authority and a server's TLS configuration.
func authority(t *testing.T) (caFile string, config *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, caFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return caFile, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

func TestConnectEndsWithItsContextWhereNothingEverAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	var accepted []net.Conn
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted = append(accepted, conn)
		}
	}()
	url := "nats://" + l.Addr().String()
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	writeFile(t, filepath.Join(config, "nats", "context", "lab.json"), `{"url":"`+url+`"}`)
	for name, o := range map[string]Options{
		"URL":     {URL: strings.Replace(url, "nats://", "nats://gw:hunter2@", 1)},
		"list":    {URL: url + "," + url},
		"context": {Context: "lab"},
	} {
		o.OnState = func(s State) { t.Errorf("%s: it was told of %+v", name, s) }
		cancelled, cancel := context.WithCancel(context.Background())
		time.AfterFunc(50*time.Millisecond, cancel)
		start := time.Now()
		_, err := Connect(cancelled, o)
		if took := time.Since(start); !errors.Is(err, context.Canceled) || took > time.Second || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: cancelled after %s with %v", name, took, err)
		}
		short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		start = time.Now()
		_, err = Connect(short, o)
		if took := time.Since(start); err == nil || took > time.Second || !strings.Contains(err.Error(), "nothing answered in time") {
			t.Errorf("%s: ended after %s with %v", name, took, err)
		}
	}
	_ = l.Close() // it was open
	<-closed
	for _, conn := range accepted {
		_ = conn.Close() // so that what was left behind ends now
	}
}
