package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	maxCheckpoint = 1 << 20
	maxBundle     = bundleEntries * (2 + 65535)
	workers       = 4 // requests at once: plain servers have a short backlog
)

// errMissing is a file that the log does not have (HTTP 404), as opposed to one that could not be fetched.
var errMissing = errors.New("missing")

// source is where the files of a log come from.
type source interface {
	// read returns a file whole; one longer than limit bytes is refused.
	read(path string, limit int64) ([]byte, error)
}

func sourceAt(place string) source {
	if strings.HasPrefix(place, "http://") || strings.HasPrefix(place, "https://") {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = workers
		return server{strings.TrimSuffix(place, "/"), &http.Client{Transport: transport, Timeout: 30 * time.Second}}
	}
	return folder(place)
}

type folder string

func (f folder) read(path string, limit int64) ([]byte, error) {
	file, err := os.Open(filepath.Join(string(f), filepath.FromSlash(path)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(path)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return bounded(file, path, limit)
}

type server struct {
	base   string
	client *http.Client
}

func (s server) read(path string, limit int64) ([]byte, error) {
	answer, err := s.client.Get(s.base + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return bounded(answer.Body, path, limit)
	case http.StatusNotFound:
		_, _ = io.CopyN(io.Discard, answer.Body, 1<<16) // so that the connection can be used again
		return nil, missing(path)
	}
	return nil, fmt.Errorf("%s: HTTP %s", path, answer.Status)
}

func missing(path string) error {
	return fmt.Errorf("%w: %w", errMissing, refuse("missing", "%s is missing", path))
}

func bounded(from io.Reader, path string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, refuse("too-long", "%s has more than %d bytes", path, limit)
	}
	return data, nil
}

// fetch reads the file of a tile or bundle of width w, or the full one where the partial one is gone (tlog-tiles).
// full says that the file found is the full one.
func fetch(from source, path string, w int, limit int64) (data []byte, full bool, err error) {
	if w == bundleEntries {
		data, err = from.read(path, limit)
		return data, true, err
	}
	data, err = from.read(fmt.Sprintf("%s.p/%d", path, w), limit)
	if !errors.Is(err, errMissing) {
		return data, false, err
	}
	if whole, wholeErr := from.read(path, limit); !errors.Is(wholeErr, errMissing) {
		return whole, true, wholeErr
	}
	return nil, false, err
}

// each calls do for 0 to n-1, a few at once, and returns the error of the lowest number that failed.
func each(n int, do func(int) error) error {
	errs := make([]error, n)
	var group sync.WaitGroup
	slots := make(chan struct{}, workers)
	for i := range n {
		slots <- struct{}{}
		group.Add(1)
		go func() {
			defer func() { <-slots; group.Done() }()
			errs[i] = do(i)
		}()
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
