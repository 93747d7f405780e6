package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height        = 8 // of a tile, fixed by tlog-tiles
	bundleEntries = 1 << height
	stride        = 64 // tiles of leaf hashes that are read together
)

var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// log is a log as its checkpoint tells it: nothing is believed that the root does not cover.
type log struct {
	source  source
	tree    tlog.Tree
	tiles   *tiles
	hashes  tlog.HashReader // each hash it returns is checked against the root
	bundles int
}

func newLog(from source, tree tlog.Tree) *log {
	reader := &tiles{source: from, kept: map[tlog.Tile][]byte{}}
	return &log{source: from, tree: tree, tiles: reader, hashes: tlog.TileHashReader(tree, reader)}
}

// checkAll reads every tile and every bundle. All leaf hashes need all tiles: those above are the way to the root.
func (l *log) checkAll() error {
	for first := int64(0); first < l.tree.N; first += stride * bundleEntries {
		leaves, err := l.leaves(first, min(first+stride*bundleEntries, l.tree.N))
		if err != nil {
			return err
		}
		if err := l.checkBundles(first/bundleEntries, leaves); err != nil {
			return err
		}
	}
	return nil
}

func (l *log) leaves(first, end int64) ([]tlog.Hash, error) {
	indexes := make([]int64, 0, end-first)
	for i := first; i < end; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	return l.read(indexes)
}

func (l *log) read(indexes []int64) ([]tlog.Hash, error) {
	hashes, err := l.hashes.ReadHashes(indexes)
	var why refusal
	if err != nil && !errors.As(err, &why) && !errors.Is(err, errFetch) {
		err = refuse("tile-mismatch", "tiles: %v", err)
	}
	return hashes, err
}

func (l *log) checkBundles(first int64, leaves []tlog.Hash) error {
	count := (len(leaves) + bundleEntries - 1) / bundleEntries
	var checked atomic.Int64
	err := each(count, func(i int) error {
		expected := leaves[i*bundleEntries : min((i+1)*bundleEntries, len(leaves))]
		entries, err := l.bundle(first+int64(i), len(expected))
		if err != nil {
			return err
		}
		for j, entry := range entries {
			if tlog.RecordHash(entry) != expected[j] {
				return refuse("entry-mismatch", "entry %d does not have the hash in its tile", (first+int64(i))*bundleEntries+int64(j))
			}
		}
		checked.Add(1)
		return nil
	})
	l.bundles += int(checked.Load())
	return err
}

// bundle returns the first w entries of bundle n; the file must hold exactly what its name says.
func (l *log) bundle(n int64, w int) ([][]byte, error) {
	path := "tile/entries/" + number(n)
	data, full, err := fetch(l.source, path, w, maxBundle)
	if err != nil {
		return nil, unwrapped(err)
	}
	count := w
	if full {
		count = bundleEntries
	}
	entries := make([][]byte, 0, count)
	for range count {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, refuse("bundle-format", "%s ends before its %d entries", path, count)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries, data = append(entries, data[2:end]), data[end:]
	}
	if len(data) != 0 {
		return nil, refuse("bundle-format", "%s goes on after its %d entries", path, count)
	}
	return entries[:w], nil
}

// checkInclusion proves that the entries stand in the tree, from the bytes in their bundles.
func (l *log) checkInclusion(indices []int64) error {
	for _, index := range indices {
		if index < 0 || index >= l.tree.N {
			return refuse("inclusion", "there is no entry %d in a log of %d", index, l.tree.N)
		}
		proof, err := tlog.ProveRecord(l.tree.N, index, l.hashes)
		if err != nil {
			return refuse("inclusion", "entry %d: %v", index, err)
		}
		start := index - index%bundleEntries
		entries, err := l.bundle(index/bundleEntries, int(min(l.tree.N-start, bundleEntries)))
		if err != nil {
			return err
		}
		leaf := tlog.RecordHash(entries[index-start])
		if err := tlog.CheckRecord(proof, l.tree.N, l.tree.Hash, index, leaf); err != nil {
			return refuse("inclusion", "entry %d: %v", index, err)
		}
	}
	return nil
}

type consistency struct {
	Size int64  `json:"size"`
	Root string `json:"root"`
}

// checkPrefix proves the consistency of the log with its own first entries; their root is for the caller to compare.
func (l *log) checkPrefix(size int64) (*consistency, error) {
	if size < 1 || size > l.tree.N {
		return nil, refuse("consistency", "there is no tree of %d in a log of %d", size, l.tree.N)
	}
	root, err := tlog.TreeHash(size, l.hashes)
	if err != nil {
		return nil, refuse("consistency", "root at %d: %v", size, err)
	}
	return l.checkExtends(tlog.Tree{N: size, Hash: root})
}

// checkExtends proves that an older tree is a prefix of the log.
func (l *log) checkExtends(old tlog.Tree) (*consistency, error) {
	agreed := &consistency{old.N, old.Hash.String()}
	switch {
	case old.N > l.tree.N:
		return nil, refuse("rollback", "the log of %d is shorter than one of %d seen before", l.tree.N, old.N)
	case old.N == 0: // any log extends the empty one, and there is no proof of it
		return agreed, nil
	}
	proof, err := tlog.ProveTree(l.tree.N, old.N, l.hashes)
	if err != nil {
		return nil, refuse("consistency", "from %d to %d: %v", old.N, l.tree.N, err)
	}
	if err := tlog.CheckTree(proof, l.tree.N, l.tree.Hash, old.N, old.Hash); err != nil {
		return nil, refuse("fork", "the log is no continuation of the one of %d seen before: %v", old.N, err)
	}
	return agreed, nil
}
