// Command xmod reads a C2SP tlog-tiles log with golang.org/x/mod/sumdb and says in one line of JSON what it found.
//
// It shares no code with Regent, so it tells what a stranger makes of a log that Regent wrote:
// the checkpoint's note, every tile against its root, every entry bundle against the tiles' leaf hashes,
// inclusion of chosen entries, and consistency with an older size or a kept checkpoint.
// Exit code 0: all of it holds. 1: something does not, or could not be read.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// verdict is the line that is printed; a refusal has only `ok`, `code` and `error`.
type verdict struct {
	OK          bool         `json:"ok"`
	Code        string       `json:"code,omitempty"`
	Error       string       `json:"error,omitempty"`
	Origin      string       `json:"origin,omitempty"`
	Size        *int64       `json:"size,omitempty"`
	Root        string       `json:"root,omitempty"`
	Tiles       int          `json:"tiles,omitempty"`
	Bundles     int          `json:"bundles,omitempty"`
	Included    []int64      `json:"included,omitempty"`
	Consistency *consistency `json:"consistency,omitempty"`
}

// refusal is why a log is not accepted: a code for programs, a sentence for people.
type refusal struct{ code, text string }

func (r refusal) Error() string { return r.text }

func refuse(code, format string, values ...any) error {
	return refusal{code, fmt.Sprintf(format, values...)}
}

type options struct {
	vkey, origin, kept string
	indices            []int64
	old                int64
}

func main() {
	opts, place := arguments()
	found, err := check(place, opts)
	if err != nil {
		found = verdict{Code: "unreadable", Error: err.Error()}
		var why refusal
		if errors.As(err, &why) {
			found.Code = why.code
		}
	}
	line, err := json.Marshal(found)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
	if !found.OK {
		os.Exit(1)
	}
}

func arguments() (opts options, place string) {
	flag.StringVar(&opts.vkey, "vkey", "", "verifier key of the log (Ed25519), or a file whose first line it is")
	flag.StringVar(&opts.origin, "origin", "", "first line of the checkpoint, if it is not the key's name")
	flag.StringVar(&opts.kept, "kept", "", "file with an older checkpoint that the log must extend")
	flag.Int64Var(&opts.old, "old", 0, "an older size, at least 1: prove that its tree is a prefix of the log")
	indices := flag.String("indices", "", "entries whose inclusion is proved: `0,17,255`")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: xmod -vkey KEY [options] FOLDER|URL")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 || opts.vkey == "" {
		flag.Usage()
		os.Exit(2)
	}
	for _, word := range strings.FieldsFunc(*indices, func(r rune) bool { return r == ',' }) {
		index, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		opts.indices = append(opts.indices, index)
	}
	return opts, flag.Arg(0)
}

func check(place string, opts options) (verdict, error) {
	verifier, err := key(opts.vkey)
	if err != nil {
		return verdict{}, err
	}
	origin := opts.origin
	if origin == "" {
		origin = verifier.Name()
	}
	source := sourceAt(place)
	message, err := source.read("checkpoint", maxCheckpoint)
	if err != nil {
		return verdict{}, err
	}
	tree, err := openCheckpoint(message, origin, verifier)
	if err != nil {
		return verdict{}, err
	}
	log := newLog(source, tree)
	if err := log.checkAll(); err != nil {
		return verdict{}, err
	}
	if err := log.checkInclusion(opts.indices); err != nil {
		return verdict{}, err
	}
	found := verdict{
		OK: true, Origin: origin, Size: &tree.N, Root: tree.Hash.String(),
		Tiles: len(log.tiles.kept), Bundles: log.bundles, Included: opts.indices,
	}
	switch {
	case opts.kept != "":
		message, err := os.ReadFile(opts.kept)
		if err != nil {
			return verdict{}, err
		}
		old, err := openCheckpoint(message, origin, verifier)
		if err != nil {
			return verdict{}, fmt.Errorf("kept checkpoint: %w", err)
		}
		found.Consistency, err = log.checkExtends(old)
		if err != nil {
			return verdict{}, err
		}
	case opts.old != 0:
		found.Consistency, err = log.checkPrefix(opts.old)
		if err != nil {
			return verdict{}, err
		}
	}
	return found, nil
}

// key takes a verifier key, or the first line of the file that holds it.
func key(given string) (note.Verifier, error) {
	if text, err := os.ReadFile(given); err == nil {
		given, _, _ = strings.Cut(string(text), "\n")
	}
	verifier, err := note.NewVerifier(given)
	if err != nil {
		return nil, refuse("vkey", "verifier key: %v", err)
	}
	return verifier, nil
}
