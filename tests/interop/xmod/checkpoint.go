package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// openCheckpoint verifies a signed note and reads its text after C2SP tlog-checkpoint, and no more leniently.
// Lines of other keys, cosignatures and ML-DSA among them, are ignored.
func openCheckpoint(message []byte, origin string, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(message, note.VerifierList(verifier))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified), errors.As(err, &invalid):
		return tlog.Tree{}, refuse("signature", "checkpoint: %v", err)
	case err != nil:
		return tlog.Tree{}, refuse("note-format", "checkpoint: %v", err)
	}
	return parseCheckpoint(opened.Text, origin)
}

// tlog.ParseTree is for the Go checksum database alone: its origin is fixed, and it takes anything after the root.
func parseCheckpoint(text, origin string) (tlog.Tree, error) {
	bad := func(what string) (tlog.Tree, error) {
		return tlog.Tree{}, refuse("checkpoint-format", "checkpoint: %s", what)
	}
	body, ended := strings.CutSuffix(text, "\n")
	lines := strings.Split(body, "\n")
	if !ended || len(lines) < 3 {
		return bad("fewer than three lines")
	}
	if lines[0] != origin {
		return tlog.Tree{}, refuse("origin", "checkpoint: origin %q, not %q", lines[0], origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return bad("the size is not a plain decimal number")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return bad("the root is not the base64 of 32 bytes")
	}
	for _, line := range lines[3:] {
		if line == "" {
			return bad("an empty line")
		}
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	if size == 0 && !bytes.Equal(root, emptyRoot[:]) {
		return tlog.Tree{}, refuse("root-mismatch", "checkpoint: not the root of an empty tree")
	}
	return tree, nil
}
