// Is a workload twice over, at a real appliance: asks the SPIFFE Workload API with grpc-go, believes only what Go's own crypto/x509 and crypto/tls believe, and shares no code with the appliance; the
// messages are taken apart here by their field numbers, as the standard has them.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run ./workload -socket PATH -id spiffe://… [-revoke]
//
// Says on standard output what it has seen, a line each: "svid SERIAL", "mtls ok", "jwt ok", then with -revoke "waiting", and after the agent was revoked "denied". Exit code 0: everything stands.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// raw hands messages through as octets.
type raw struct{}

func (raw) Marshal(v interface{}) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v interface{}) error { *v.(*[]byte) = append([]byte(nil), data...); return nil }
func (raw) Name() string                               { return "proto" }
func (raw) String() string                             { return "proto" }

// message is a protobuf message: its length-delimited fields by number.
type message map[protowire.Number][][]byte

func parse(data []byte) message {
	m := message{}
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		check(protowire.ParseError(n), "a message")
		data = data[n:]
		if kind != protowire.BytesType {
			n = protowire.ConsumeFieldValue(number, kind, data)
			check(protowire.ParseError(n), "a message")
			data = data[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(data)
		check(protowire.ParseError(n), "a message")
		m[number] = append(m[number], value)
		data = data[n:]
	}
	return m
}

func (m message) one(number protowire.Number) []byte {
	if len(m[number]) != 1 {
		fail("field %d is there %d times", number, len(m[number]))
	}
	return m[number][0]
}

func field(number protowire.Number, value string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), value)
}

type svid struct {
	certificate tls.Certificate
	leaf        *x509.Certificate
	roots       *x509.CertPool
}

func main() {
	socket := flag.String("socket", "", "the Workload API's socket")
	id := flag.String("id", "", "the SPIFFE ID that this process is to get")
	revoke := flag.Bool("revoke", false, "wait until it is taken away")
	flag.Parse()

	connection, err := grpc.Dial("passthrough:///"+*socket, grpc.WithInsecure(), grpc.WithAuthority("localhost"), grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{})), grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", address)
	}))
	check(err, "the socket")
	ctx := metadata.AppendToOutgoingContext(context.Background(), "workload.spiffe.io", "true")

	// Without the header nothing is given.
	_, err = receive(open(connection, context.Background(), "FetchX509SVID"))
	if status.Code(err) != codes.InvalidArgument {
		fail("without the header: %v", err)
	}

	stream := open(connection, ctx, "FetchX509SVID")
	response, err := receive(stream)
	check(err, "FetchX509SVID")
	mine := read(response, *id)
	fmt.Printf("svid %x\n", mine.leaf.SerialNumber)

	// A second workload of its own, on a stream of its own.
	response, err = receive(open(connection, ctx, "FetchX509SVID"))
	check(err, "a second FetchX509SVID")
	handshake(mine, read(response, *id), *id)
	fmt.Println("mtls ok")

	jwt(connection, ctx, *id)
	fmt.Println("jwt ok")
	if !*revoke {
		return
	}

	fmt.Println("waiting")
	for {
		response, err = receive(stream)
		if status.Code(err) == codes.PermissionDenied {
			fmt.Println("denied")
			return
		}
		check(err, "the stream")
		mine = read(response, *id)
		fmt.Printf("svid %x\n", mine.leaf.SerialNumber)
	}
}

func open(connection *grpc.ClientConn, ctx context.Context, method string) grpc.ClientStream {
	stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/SpiffeWorkloadAPI/"+method)
	check(err, method)
	empty := []byte{}
	check(stream.SendMsg(&empty), method)
	check(stream.CloseSend(), method)
	return stream
}

func receive(stream grpc.ClientStream) (message, error) {
	var data []byte
	if err := stream.RecvMsg(&data); err != nil {
		return nil, err
	}
	return parse(data), nil
}

// read takes an X509SVIDResponse, and believes what Go believes.
func read(response message, id string) svid {
	if len(response[2]) == 0 {
		fail("no CRL")
	}
	all := parse(response.one(1)) // X509SVID
	if string(all.one(1)) != id {
		fail("it is %s", all.one(1))
	}
	chain, err := x509.ParseCertificates(all.one(2))
	check(err, "x509_svid")
	key, err := x509.ParsePKCS8PrivateKey(all.one(3))
	check(err, "x509_svid_key")
	bundle, err := x509.ParseCertificates(all.one(4))
	check(err, "bundle")
	s := svid{leaf: chain[0], roots: x509.NewCertPool(), certificate: tls.Certificate{PrivateKey: key, Leaf: chain[0]}}
	intermediates := x509.NewCertPool()
	for i, c := range chain {
		s.certificate.Certificate = append(s.certificate.Certificate, c.Raw)
		if i > 0 {
			intermediates.AddCert(c)
		}
	}
	for _, root := range bundle {
		s.roots.AddCert(root)
	}
	if !key.(*ecdsa.PrivateKey).PublicKey.Equal(chain[0].PublicKey) {
		fail("the key is another's")
	}
	if chain[0].IsCA || chain[0].KeyUsage&x509.KeyUsageDigitalSignature == 0 || len(chain[0].URIs) != 1 || chain[0].URIs[0].String() != id {
		fail("the leaf is no X.509-SVID of %s", id)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{Roots: s.roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}})
	check(err, "the chain")
	for _, der := range response[2] {
		list, err := x509.ParseCRL(der)
		check(err, "a CRL")
		for _, entry := range list.TBSCertList.RevokedCertificates {
			if entry.SerialNumber.Cmp(chain[0].SerialNumber) == 0 && list.TBSCertList.Issuer.String() == chain[0].Issuer.ToRDNSequence().String() {
				fail("what was given is revoked already")
			}
		}
	}
	return s
}

// handshake: two workloads prove to each other who they are.
func handshake(server, client svid, id string) {
	verify := func(own svid) func([][]byte, [][]*x509.Certificate) error {
		return func(shown [][]byte, _ [][]*x509.Certificate) error {
			leaf, err := x509.ParseCertificate(shown[0])
			if err != nil {
				return err
			}
			intermediates := x509.NewCertPool()
			for _, der := range shown[1:] {
				if c, err := x509.ParseCertificate(der); err == nil {
					intermediates.AddCert(c)
				}
			}
			if _, err = leaf.Verify(x509.VerifyOptions{Roots: own.roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
				return err
			}
			if want, _ := url.Parse(id); len(leaf.URIs) != 1 || leaf.URIs[0].String() != want.String() {
				return errors.New("another SPIFFE ID")
			}
			return nil
		}
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{server.certificate}, ClientAuth: tls.RequireAnyClientCert, VerifyPeerCertificate: verify(server), MinVersion: tls.VersionTLS13})
	check(err, "a listener")
	defer listener.Close()
	go func() {
		if accepted, err := listener.Accept(); err == nil {
			_, _ = io.Copy(accepted, io.LimitReader(accepted, 4))
			accepted.Close()
		}
	}()
	dialer := &net.Dialer{Timeout: 30 * time.Second}
	connection, err := tls.DialWithDialer(dialer, "tcp", listener.Addr().String(), &tls.Config{Certificates: []tls.Certificate{client.certificate}, InsecureSkipVerify: true, VerifyPeerCertificate: verify(client), MinVersion: tls.VersionTLS13})
	check(err, "the handshake")
	defer connection.Close()
	_, err = connection.Write([]byte("ping"))
	check(err, "the connection")
	answer := make([]byte, 4)
	_, err = io.ReadFull(connection, answer)
	check(err, "the other workload")
	if string(answer) != "ping" {
		fail("the other workload said %q", answer)
	}
}

// jwt: a token, verified with the key that the bundle has of it.
func jwt(connection *grpc.ClientConn, ctx context.Context, id string) {
	const audience = "https://tools.example"
	token := string(parse(parse(call(connection, ctx, "FetchJWTSVID", field(1, audience))).one(1)).one(2))
	response, err := receive(open(connection, ctx, "FetchJWTBundles"))
	check(err, "FetchJWTBundles")
	entry := parse(response.one(1))
	if !strings.HasPrefix(id, string(entry.one(1))+"/") {
		fail("the bundle is of %s", entry.one(1))
	}
	var set struct {
		Keys []struct{ Kty, Crv, Kid, Use, X, Y string }
	}
	check(json.Unmarshal(entry.one(2), &set), "the JWK set")
	parts := strings.Split(token, ".")
	var header struct{ Alg, Kid, Typ string }
	check(json.Unmarshal(decode(parts[0]), &header), "the token's header")
	var claims struct {
		Sub string
		Aud []string
		Exp int64
	}
	check(json.Unmarshal(decode(parts[1]), &claims), "the token's claims")
	if header.Alg != "ES256" || claims.Sub != id || len(claims.Aud) != 1 || claims.Aud[0] != audience || time.Until(time.Unix(claims.Exp, 0)) > 10*time.Minute || time.Until(time.Unix(claims.Exp, 0)) < 0 {
		fail("the token says %s", decode(parts[1]))
	}
	digest, signature := sha256.Sum256([]byte(parts[0]+"."+parts[1])), decode(parts[2])
	good := false
	for _, key := range set.Keys {
		if key.Kid == header.Kid && key.Crv == "P-256" {
			public := ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(decode(key.X)), Y: new(big.Int).SetBytes(decode(key.Y))}
			good = ecdsa.Verify(&public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
		}
	}
	if !good {
		fail("no key of the bundle has signed the token")
	}
	validated := parse(call(connection, ctx, "ValidateJWTSVID", append(field(1, audience), field(2, token)...)))
	if string(validated.one(1)) != id || len(validated[2]) != 1 {
		fail("ValidateJWTSVID says %s", validated.one(1))
	}
	request, answer := append(field(1, "https://other.example"), field(2, token)...), []byte(nil)
	if err := connection.Invoke(ctx, "/SpiffeWorkloadAPI/ValidateJWTSVID", &request, &answer); status.Code(err) != codes.InvalidArgument {
		fail("for another audience: %v", err)
	}
}

func call(connection *grpc.ClientConn, ctx context.Context, method string, request []byte) []byte {
	var answer []byte
	check(connection.Invoke(ctx, "/SpiffeWorkloadAPI/"+method, &request, &answer), method)
	return answer
}

func decode(text string) []byte {
	data, err := base64.RawURLEncoding.DecodeString(text)
	check(err, "base64url")
	return data
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
