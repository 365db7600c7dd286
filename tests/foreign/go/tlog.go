// Reads a published ledger with Go's own golang.org/x/mod/sumdb (note, tlog), which shares no code with the appliance: the signed note, tiles, entries,
// inclusion and consistency. What sumdb has not (cosignatures of C2SP tlog-cosignature v1, the paths of C2SP tlog-tiles) is written here from the specifications.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run tlog.go -url http://host:port/log/ID/EPOCH -vkey KEY [-old NOTE] [-witness VKEY]...
//
// Exit code 0: everything stands.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func main() {
	var witnesses list
	url := flag.String("url", "", "prefix of the log")
	vkey := flag.String("vkey", "", "the log's verifier key")
	old := flag.String("old", "", "file with an older checkpoint")
	flag.Var(&witnesses, "witness", "a witness's Ed25519 verifier key")
	flag.Parse()

	log, err := note.NewVerifier(*vkey)
	check(err, "the log's key")
	newest := get(*url + "/checkpoint")
	tree := open(newest, log)
	fmt.Printf("the head of %d entries is signed by %s\n", tree.N, log.Name())
	for _, key := range witnesses {
		w, err := newWitness(key)
		check(err, "the witness's key")
		_, err = note.Open(newest, note.VerifierList(w))
		check(err, "the cosignature of "+w.Name())
		fmt.Printf("cosigned by %s\n", w.Name())
	}

	reader := tlog.TileHashReader(tree, tiles{*url})
	root, err := tlog.TreeHash(tree.N, reader)
	check(err, "the tree")
	if root != tree.Hash {
		fail("the tiles give another root than the head's")
	}

	for index, entry := range entries(*url, tree.N) {
		proof, err := tlog.ProveRecord(tree.N, int64(index), reader)
		check(err, "a proof")
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), tlog.RecordHash(entry)), fmt.Sprintf("entry %d", index))
	}

	fmt.Printf("every entry is in the tree\n")
	for _, index := range []int64{0, tree.N / 2, tree.N - 1} {
		checkProof(*url, index, log)
	}

	if *old != "" {
		text, err := os.ReadFile(*old)
		check(err, "the older head")
		before := open(text, log)
		proof, err := tlog.ProveTree(tree.N, before.N, reader)
		check(err, "a proof")
		check(tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash), "consistency")
		fmt.Printf("it begins with the %d entries of the older head\n", before.N)
	}
}

// open verifies a checkpoint (C2SP tlog-checkpoint) and reads it.
func open(text []byte, log note.Verifier) tlog.Tree {
	n, err := note.Open(text, note.VerifierList(log))
	check(err, "the note")
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != log.Name() {
		fail("the note is no checkpoint of that log")
	}

	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "the size")
	hash, err := tlog.ParseHash(lines[2])
	check(err, "the root")
	return tlog.Tree{N: size, Hash: hash}
}

// checkProof reads one entry's proof (C2SP tlog-proof) as the log serves it.
func checkProof(url string, index int64, log note.Verifier) {
	text := string(get(fmt.Sprintf("%s/proof/%d", url, index)))
	end := strings.Index(text, "\n\n")
	if end < 0 {
		fail("a proof without a checkpoint")
	}

	tree := open([]byte(text[end+2:]), log)
	lines := strings.Split(text[:end], "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") || lines[2] != fmt.Sprintf("index %d", index) {
		fail("no tlog-proof")
	}

	leaf, err := base64.StdEncoding.DecodeString(lines[1][len("extra "):])
	check(err, "the extra line")
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		check(err, "a hash")
		proof = append(proof, hash)
	}

	check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(leaf)), "a served proof")
	fmt.Printf("the served proof of entry %d stands\n", index)
}

// tiles fetches tiles of height 8 by the names of C2SP tlog-tiles, which leave the height out.
type tiles struct{ url string }

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		data = append(data, get(t.url+"/"+strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
	}

	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads every bundle: entries behind their length, 16 bits big-endian.
func entries(url string, size int64) [][]byte {
	var all [][]byte
	for n := int64(0); n*256 < size; n++ {
		tile := tlog.Tile{H: 8, L: -1, N: n, W: 256}
		if left := size - n*256; left < 256 {
			tile.W = int(left)
		}

		bundle := get(url + "/" + strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1))
		for len(bundle) >= 2 {
			length := int(binary.BigEndian.Uint16(bundle))
			if len(bundle) < 2+length {
				fail("a bundle that is cut off")
			}

			all, bundle = append(all, bundle[2:2+length]), bundle[2+length:]
		}
	}

	if int64(len(all)) != size {
		fail(fmt.Sprintf("%d entries instead of %d", len(all), size))
	}

	return all
}

// witness verifies Ed25519 cosignatures (C2SP tlog-cosignature v1, signature type 0x04).
type witness struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func newWitness(vkey string) (*witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("no verifier key")
	}

	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 0x04 {
		return nil, fmt.Errorf("not of type 0x04")
	}

	hash := sha256.Sum256(bytes.Join([][]byte{[]byte(parts[0]), {'\n'}, key}, nil))
	w := &witness{parts[0], binary.BigEndian.Uint32(hash[:]), key[1:]}
	if fmt.Sprintf("%08x", w.id) != parts[1] {
		return nil, fmt.Errorf("its id is not its key's")
	}

	return w, nil
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.id }

func (w *witness) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}

	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(w.key, []byte(message), sig[8:])
}

func get(url string) []byte {
	answer, err := http.Get(url)
	check(err, url)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(err, url)
	if answer.StatusCode != http.StatusOK {
		fail(fmt.Sprintf("%s answers %s: %s", url, answer.Status, body))
	}

	return body
}

func check(err error, what string) {
	if err != nil {
		fail(what + ": " + err.Error())
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, why)
	os.Exit(1)
}
