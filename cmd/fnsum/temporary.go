// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"os/signal"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// temporary is a file that becomes another, or nothing at all, also where a signal
// ends the process.
type temporary struct {
	*os.File
	signals chan os.Signal
	mutex   sync.Mutex
	kept    bool // the file is what it was to become, or gone
}

// ending are the signals that end a process and come from outside.
var ending = [...]os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP}

// createTemporary makes a file beside the one that it is to become.
func createTemporary(path string) (*temporary, error) {
	t := &temporary{signals: make(chan os.Signal, 1)}
	for _, s := range ending {
		if !signal.Ignored(s) { // as nohup(1) does
			signal.Notify(t.signals, s)
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		signal.Stop(t.signals)
		return nil, err
	}
	t.File = f
	go t.await()
	return t, nil
}

// await removes the file when a signal comes, and lets that do what it would have
// done.
func (t *temporary) await() {
	s, ok := <-t.signals
	if !ok {
		return
	}
	t.mutex.Lock() // and nothing becomes of the file any more
	if !t.kept {
		os.Remove(t.Name())
	}
	signal.Reset(s)
	unix.Kill(unix.Getpid(), s.(unix.Signal))
}

// keep makes the file what it was to become.
func (t *temporary) keep(path string) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	err := os.Rename(t.Name(), path)
	t.kept = err == nil
	return err
}

// done removes the file unless it was kept.
func (t *temporary) done() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if !t.kept {
		t.Close()
		os.Remove(t.Name())
		t.kept = true
	}
	signal.Stop(t.signals)
	close(t.signals)
}

// newFileMode is what open(2) would give a new file: a temporary file is made
// for its owner alone.
func newFileMode() os.FileMode {
	mask := unix.Umask(0)
	unix.Umask(mask)
	return os.FileMode(0o666 &^ mask)
}
