package main

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// errFetch is a tile that could not be fetched, which says nothing about the log.
var errFetch = errors.New("not fetched")

// tiles is the tlog.TileReader over a log's files. It keeps what the hash reader has checked.
type tiles struct {
	source source
	lock   sync.Mutex
	kept   map[tlog.Tile][]byte
}

// Height is that of every tile in tlog-tiles.
func (t *tiles) Height() int { return height }

// ReadTiles fetches tiles; each file must be exactly as long as its name says.
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	err := each(len(wanted), func(i int) (err error) {
		data[i], err = t.one(wanted[i])
		return err
	})
	return data, err
}

// SaveTiles takes what has been checked against the root.
func (t *tiles) SaveTiles(checked []tlog.Tile, data [][]byte) {
	t.lock.Lock()
	defer t.lock.Unlock()
	for i, tile := range checked {
		t.kept[tile] = data[i]
	}
}

func (t *tiles) one(tile tlog.Tile) ([]byte, error) {
	t.lock.Lock()
	data, known := t.kept[tile]
	t.lock.Unlock()
	if known {
		return data, nil
	}
	name := pathOf(tile)
	data, full, err := fetch(t.source, name, tile.W, bundleEntries*tlog.HashSize)
	if err != nil {
		return nil, unwrapped(err)
	}
	length := tile.W * tlog.HashSize
	if full {
		length = bundleEntries * tlog.HashSize
	}
	if len(data) != length {
		return nil, refuse("tile-format", "%s has %d bytes and not %d", name, len(data), length)
	}
	return data[:tile.W*tlog.HashSize], nil
}

// pathOf is the path of a tile's full file. x/mod has the height in it, tlog-tiles does not.
func pathOf(tile tlog.Tile) string {
	tile.W = bundleEntries
	return "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
}

// number writes the index of a bundle in the groups of three digits of a tile's path.
func number(n int64) string {
	whole := pathOf(tlog.Tile{H: height, L: 0, N: n, W: bundleEntries})
	return strings.TrimPrefix(path.Clean(whole), "tile/0/")
}

// unwrapped leaves the refusal of a missing file, and marks everything else as not fetched.
func unwrapped(err error) error {
	var why refusal
	if errors.As(err, &why) {
		return why
	}
	return fmt.Errorf("%w: %w", errFetch, err)
}
