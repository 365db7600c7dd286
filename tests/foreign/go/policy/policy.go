// A relying party in Go meets an agent's certificate that carries an agentPolicy extension (docs/asn1/AgentPolicy.asn1): crypto/x509 parses and verifies it, crypto/tls does mutual TLS with it, and
// encoding/asn1 reads the policy by the published module and compares it with what `agentpki inspect --json` said. It shares no code with the appliance.
//
//	GO111MODULE=off go run ./policy -certificate agent.pem -key agent.key -chain chain.pem -roots root.pem -name DNS-NAME -policy inspected.json [-critical]
//
// With -critical it is demanded that the extension is critical: Go lists it as unhandled and refuses the certificate, until a relying party that knows it says so.
// Exit code 0: everything stands.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"time"
)

var oid = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 32473, 7, 1}

type scope struct {
	Actions   string `asn1:"ia5"`
	Resources string `asn1:"ia5"`
}

type window struct{ Start, End int }

type network struct {
	Address []byte
	Prefix  int
}

type allowance struct {
	Unit   string `asn1:"ia5"`
	Amount int64
}

type parent struct {
	Agent string `asn1:"ia5"`
	Grant []byte
}

type policy struct {
	Version         int
	Scopes          []scope
	NotBefore       asn1.RawValue   `asn1:"optional,tag:0"` // encoding/asn1 reads times with a tag of their own as UTCTime
	NotAfter        asn1.RawValue   `asn1:"optional,tag:1"`
	Weekly          []window        `asn1:"optional,tag:2"`
	Networks        []network       `asn1:"optional,tag:3"`
	Environments    []asn1.RawValue `asn1:"optional,tag:4"`
	DataClasses     []asn1.RawValue `asn1:"optional,tag:5"`
	Obligations     []asn1.RawValue `asn1:"optional,tag:6"`
	DelegationDepth int             `asn1:"optional,tag:7"`
	MaximumLifetime int             `asn1:"optional,tag:8"`
	Budget          []allowance     `asn1:"optional,tag:9"`
	Parent          parent          `asn1:"optional,tag:10"`
}

// What inspect says; a member that is not known here is an error.
type inspected struct {
	Scopes          []string         `json:"scopes"`
	NotBefore       *time.Time       `json:"not_before"`
	NotAfter        *time.Time       `json:"not_after"`
	Weekly          []string         `json:"weekly"`
	Networks        []string         `json:"networks"`
	Environments    []string         `json:"environments"`
	DataClasses     []string         `json:"data_classes"`
	Obligations     []string         `json:"obligations"`
	DelegationDepth int              `json:"delegation_depth"`
	MaximumLifetime int              `json:"maximum_lifetime"`
	Budget          map[string]int64 `json:"budget"`
	Parent          *struct {
		Agent string `json:"agent"`
		Grant string `json:"grant"`
	} `json:"parent"`
}

func main() {
	certificateFile := flag.String("certificate", "", "PEM")
	keyFile := flag.String("key", "", "PEM")
	chainFile := flag.String("chain", "", "PEM with the issuing CA")
	rootsFile := flag.String("roots", "", "PEM")
	name := flag.String("name", "", "a DNS name of the certificate")
	policyFile := flag.String("policy", "", "what agentpki inspect --json said")
	critical := flag.Bool("critical", false, "the extension must be critical")
	flag.Parse()

	leaf, roots, intermediates := certificates(*certificateFile)[0], x509.NewCertPool(), x509.NewCertPool()
	for _, root := range certificates(*rootsFile) {
		roots.AddCert(root)
	}
	pair, err := tls.LoadX509KeyPair(*certificateFile, *keyFile)
	check(err, "certificate and key")
	for _, issuer := range certificates(*chainFile) {
		if !bytes.Equal(issuer.RawSubject, issuer.RawIssuer) {
			intermediates.AddCert(issuer)
			pair.Certificate = append(pair.Certificate, issuer.Raw)
		}
	}

	compare(read(leaf, *critical), *policyFile)
	options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: *name, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	_, err = leaf.Verify(options)
	if !*critical {
		if len(leaf.UnhandledCriticalExtensions) != 0 {
			fail("Go does not handle %v", leaf.UnhandledCriticalExtensions)
		}
		check(err, "the chain")
		check(meet(pair, roots, *name, nil), "mutual TLS")
		return
	}

	// RFC 5280 section 4.2: who does not know it refuses; who does, says so.
	if len(leaf.UnhandledCriticalExtensions) != 1 || !leaf.UnhandledCriticalExtensions[0].Equal(oid) || !errors.As(err, &x509.UnhandledCriticalExtension{}) {
		fail("a critical policy that nobody knows: unhandled %v, %v", leaf.UnhandledCriticalExtensions, err)
	}
	if err = meet(pair, roots, *name, nil); err == nil || !strings.Contains(err.Error(), "unhandled critical extension") {
		fail("TLS that does not know the policy: %v", err)
	}
	check(meet(pair, roots, *name, func(shown *x509.Certificate) { shown.UnhandledCriticalExtensions = nil }), "mutual TLS that knows the policy")
}

// read finds the one extension, and takes it apart; what it is put together to again must be the same octets, so that it is DER and nothing was passed over.
func read(leaf *x509.Certificate, critical bool) policy {
	var found [][]byte
	for _, extension := range leaf.Extensions {
		if extension.Id.Equal(oid) {
			found = append(found, extension.Value)
			if extension.Critical != critical {
				fail("the policy is critical: %v", extension.Critical)
			}
		}
	}
	if len(found) != 1 {
		fail("%d policies", len(found))
	}
	var p policy
	rest, err := asn1.Unmarshal(found[0], &p)
	check(err, "the policy")
	again, err := asn1.Marshal(p)
	check(err, "the policy again")
	if len(rest) != 0 || p.Version != 1 || !bytes.Equal(again, found[0]) {
		fail("the policy is not what the module says:\n%x\n%x", found[0], again)
	}
	return p
}

func compare(p policy, file string) {
	data, err := os.ReadFile(file)
	check(err, "what inspect said")
	var said inspected
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	check(decoder.Decode(&said), "what inspect said")

	var scopes, networks []string
	for _, s := range p.Scopes {
		scopes = append(scopes, s.Actions+":"+s.Resources)
	}
	for _, n := range p.Networks {
		networks = append(networks, fmt.Sprintf("%s/%d", net.IP(n.Address), n.Prefix))
	}
	budget := map[string]int64{}
	for _, a := range p.Budget {
		budget[a.Unit] = a.Amount
	}
	same("scopes", scopes, said.Scopes)
	same("networks", networks, said.Networks)
	same("environments", names(p.Environments), said.Environments)
	same("data classes", names(p.DataClasses), said.DataClasses)
	same("obligations", names(p.Obligations), said.Obligations)
	same("depth", p.DelegationDepth, said.DelegationDepth)
	same("lifetime", p.MaximumLifetime, said.MaximumLifetime)
	if said.Budget == nil {
		said.Budget = map[string]int64{}
	}
	same("budget", budget, said.Budget)
	moment("from", p.NotBefore, said.NotBefore)
	moment("until", p.NotAfter, said.NotAfter)
	same("hours", minutesOf(p.Weekly), minutesOfTexts(said.Weekly))
	if said.Parent == nil {
		same("parent", p.Parent.Agent, "")
	} else {
		same("parent", p.Parent.Agent+" "+hex.EncodeToString(p.Parent.Grant), said.Parent.Agent+" "+said.Parent.Grant)
	}
}

func names(values []asn1.RawValue) []string {
	var texts []string
	for _, value := range values {
		if value.Class != asn1.ClassUniversal || value.Tag != asn1.TagIA5String {
			fail("a name is no IA5String")
		}
		texts = append(texts, string(value.Bytes))
	}
	return texts
}

func moment(what string, der asn1.RawValue, said *time.Time) {
	if said == nil {
		same(what, len(der.FullBytes), 0)
		return
	}
	read, err := time.Parse("20060102150405Z", string(der.Bytes))
	check(err, what)
	if !read.Equal(*said) {
		fail("%s: %s in the certificate, %s by inspect", what, read, said)
	}
}

func minutesOf(windows []window) map[int]bool {
	minutes := map[int]bool{}
	for _, w := range windows {
		for m := w.Start; m < w.End; m++ {
			minutes[m] = true
		}
	}
	return minutes
}

// minutesOfTexts reads "mon-fri 08:00-18:00", "daily 06:00-07:30", "fri 22:00-sat 06:00" (docs/agent-policy.md).
func minutesOfTexts(texts []string) map[int]bool {
	const week = 7 * 24 * 60
	minutes := map[int]bool{}
	add := func(from, to int) {
		for m := from; m != to; m = (m + 1) % week {
			minutes[m] = true
		}
	}
	for _, text := range texts {
		words := strings.Split(text, " ")
		if len(words) == 3 {
			middle := strings.Split(words[1], "-")
			add(day(words[0])*1440+clock(middle[0]), day(middle[1])*1440+clock(words[2]))
			continue
		}
		days, hours := words[0], strings.Split(words[1], "-")
		first, last := 0, 6
		if days != "daily" {
			ends := strings.Split(days, "-")
			first, last = day(ends[0]), day(ends[len(ends)-1])
		}
		for d := first; ; d = (d + 1) % 7 {
			add(d*1440+clock(hours[0]), (d*1440+clock(hours[1]))%week)
			if d == last {
				break
			}
		}
	}
	return minutes
}

func day(text string) int {
	for i, d := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		if d == text {
			return i
		}
	}
	fail("no day: %s", text)
	return 0
}

func clock(text string) int {
	var hour, minute int
	_, err := fmt.Sscanf(text, "%d:%d", &hour, &minute)
	check(err, "a time of day")
	return hour*60 + minute
}

// meet: mutual TLS with the one certificate on both sides; handle may speak for a relying party that knows an extension. Without it, everything is as the platform has it.
func meet(pair tls.Certificate, roots *x509.CertPool, name string, handle func(*x509.Certificate)) error {
	server := &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, MinVersion: tls.VersionTLS13}
	client := &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS13}
	if handle != nil {
		server.ClientAuth, server.VerifyConnection = tls.RequireAnyClientCert, known(roots, "", x509.ExtKeyUsageClientAuth, handle)
		client.InsecureSkipVerify, client.VerifyConnection = true, known(roots, name, x509.ExtKeyUsageServerAuth, handle)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
	check(err, "a listener")
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		accepted, err := listener.Accept()
		if err == nil {
			defer accepted.Close()
			_, err = io.CopyN(accepted, accepted, 4)
		}
		served <- err
	}()
	connection, err := tls.DialWithDialer(&net.Dialer{Timeout: 30 * time.Second}, "tcp", listener.Addr().String(), client)
	if err != nil {
		return err
	}
	defer connection.Close()
	if _, err = connection.Write([]byte("ping")); err != nil {
		return err
	}
	if _, err = io.ReadFull(connection, make([]byte, 4)); err != nil {
		return err
	}
	return <-served
}

func known(roots *x509.CertPool, name string, usage x509.ExtKeyUsage, handle func(*x509.Certificate)) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		leaf, intermediates := state.PeerCertificates[0], x509.NewCertPool()
		for _, c := range state.PeerCertificates[1:] {
			intermediates.AddCert(c)
		}
		handle(leaf)
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, DNSName: name, KeyUsages: []x509.ExtKeyUsage{usage}})
		return err
	}
}

func certificates(file string) []*x509.Certificate {
	data, err := os.ReadFile(file)
	check(err, file)
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			c, err := x509.ParseCertificate(block.Bytes)
			check(err, file)
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		fail("%s has no certificate", file)
	}
	return all
}

func same(what string, der, said interface{}) {
	if !reflect.DeepEqual(der, said) {
		fail("%s: %v in the certificate, %v by inspect", what, der, said)
	}
}

func check(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, arguments ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}
