// Is a workload by the SPIFFE project's own library, at a real appliance: go-spiffe finds the Workload API, keeps the SVID current, speaks mutual TLS by it, gets and judges JWTs, and reads the bundle
// that is published for others.
//
//	SPIFFE_ENDPOINT_SOCKET=unix:///… workload -id spiffe://… -bundle FILE [-revoke]
//
// Says on standard output what it has seen, a line each: "svid SERIAL", "mtls ok", "jwt ok", "bundle ok", then with -revoke "waiting", "svid SERIAL" of the one that replaces the revoked, and after the
// agent was revoked "denied". Exit code 0: everything stands.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func check(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func fail(format string, a ...any) { check(fmt.Errorf(format, a...), "workload") }

// watcher hears what the Workload API streams; the library tries again by itself for ever, except when it is told not to.
type watcher struct {
	updates chan *workloadapi.X509Context
	errors  chan error
}

func (w watcher) OnX509ContextUpdate(c *workloadapi.X509Context) { w.updates <- c }
func (w watcher) OnX509ContextWatchError(err error) {
	select {
	case w.errors <- err:
	default:
	}
}

func main() {
	id := flag.String("id", "", "the SPIFFE ID that is expected")
	bundle := flag.String("bundle", "", "the bundle that the appliance publishes for others")
	revoke := flag.Bool("revoke", false, "wait for a revoked certificate, then for a revoked agent")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	self, err := spiffeid.FromString(*id)
	check(err, "the id")

	source, err := workloadapi.NewX509Source(ctx)
	check(err, "X509Source")
	defer source.Close()
	svid, err := source.GetX509SVID()
	check(err, "the SVID")
	if svid.ID != self {
		fail("the SVID is %s's", svid.ID)
	}
	fmt.Printf("svid %x\n", svid.Certificates[0].SerialNumber)

	mutualTLS(ctx, source, self)
	fmt.Println("mtls ok")

	tokens, err := workloadapi.NewJWTSource(ctx)
	check(err, "JWTSource")
	defer tokens.Close()
	token, err := tokens.FetchJWTSVID(ctx, jwtsvid.Params{Audience: "spiffe://agents.localhost/service"})
	check(err, "a JWT")
	_, err = jwtsvid.ParseAndValidate(token.Marshal(), tokens, []string{"spiffe://agents.localhost/service"})
	check(err, "the JWT, by the keys of the Workload API")
	if _, err = jwtsvid.ParseAndValidate(token.Marshal(), tokens, []string{"spiffe://agents.localhost/other"}); err == nil {
		fail("a JWT for one audience was good for another")
	}
	_, err = workloadapi.ValidateJWTSVID(ctx, token.Marshal(), "spiffe://agents.localhost/service")
	check(err, "the JWT, by the Workload API")
	fmt.Println("jwt ok")

	published, err := spiffebundle.Load(self.TrustDomain(), *bundle)
	check(err, "the published bundle")
	_, err = jwtsvid.ParseAndValidate(token.Marshal(), published, []string{"spiffe://agents.localhost/service"})
	check(err, "the JWT, by the keys of the published bundle")
	mutualTLSBy(ctx, source, published, self)
	fmt.Println("bundle ok")
	if !*revoke {
		return
	}

	watch := watcher{make(chan *workloadapi.X509Context, 100), make(chan error, 100)}
	go func() { _ = workloadapi.WatchX509Context(ctx, watch) }()
	fmt.Println("waiting")
	for denied := false; !denied; {
		select {
		case update := <-watch.updates:
			if next := update.DefaultSVID(); next.Certificates[0].SerialNumber.Cmp(svid.Certificates[0].SerialNumber) != 0 {
				svid = next
				fmt.Printf("svid %x\n", svid.Certificates[0].SerialNumber)
			}
		case err := <-watch.errors:
			if status.Code(err) != codes.PermissionDenied {
				fail("the watch ended with %v", err)
			}
			denied = true
		case <-ctx.Done():
			fail("nothing was heard in time")
		}
	}
	fmt.Println("denied")
}

func mutualTLS(ctx context.Context, source *workloadapi.X509Source, self spiffeid.ID) {
	exchange(ctx, spiffetls.MTLSServerWithSource(tlsconfig.AuthorizeID(self), source), spiffetls.MTLSClientWithSource(tlsconfig.AuthorizeID(self), source), true)
	other := spiffeid.RequireFromPath(self.TrustDomain(), "/agent/another")
	exchange(ctx, spiffetls.MTLSServerWithSource(tlsconfig.AuthorizeID(self), source), spiffetls.MTLSClientWithSource(tlsconfig.AuthorizeID(other), source), false)
}

func mutualTLSBy(ctx context.Context, source *workloadapi.X509Source, bundle *spiffebundle.Bundle, self spiffeid.ID) {
	exchange(ctx, spiffetls.MTLSServerWithRawConfig(tlsconfig.AuthorizeID(self), source, bundle), spiffetls.MTLSClientWithRawConfig(tlsconfig.AuthorizeID(self), source, bundle), true)
}

// exchange has one side greet the other; works says whether that is to succeed.
func exchange(ctx context.Context, server spiffetls.ListenMode, client spiffetls.DialMode, works bool) {
	listener, err := spiffetls.ListenWithMode(ctx, "tcp", "127.0.0.1:0", server)
	check(err, "a listener")
	defer listener.Close()
	go func() {
		connection, err := listener.Accept()
		if err == nil {
			_, _ = io.WriteString(connection, "hello")
			connection.Close()
		}
	}()
	connection, err := spiffetls.DialWithMode(ctx, "tcp", listener.Addr().String(), client)
	var greeting []byte
	if err == nil {
		greeting, err = io.ReadAll(connection)
		connection.Close()
	}
	if works && (err != nil || string(greeting) != "hello") {
		fail("mutual TLS: %v, %q", err, greeting)
	}
	if !works && err == nil {
		fail("mutual TLS with another than was wanted")
	}
}
