package intake

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/spf13/afero"

	"sightline/internal/fault"
	"sightline/internal/picture"
)

// folder is what one camera sees: no file system is behind it. Every directory
// exists and is empty, a file can be written and is gone when it is whole.
type folder struct {
	server *FTPServer
	camera string

	mu   sync.Mutex
	sent []string // names of files stored on this connection, the last few: cameras look and rename afterwards
}

const sentMost = 32

var (
	_ afero.Fs = (*folder)(nil)

	errWriteOnly = errors.New("this folder only takes files")
)

func (f *folder) Name() string { return "intake" }

// Create begins a picture.
func (f *folder) Create(name string) (afero.File, error) {
	return f.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0)
}

// OpenFile begins a picture; nothing can be read, appended to or resumed.
func (f *folder) OpenFile(name string, flag int, _ os.FileMode) (afero.File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 || flag&os.O_APPEND != 0 {
		return nil, errWriteOnly
	}
	if err := f.server.intake.room.enter(); err != nil {
		return nil, answerFTP(err)
	}
	return &upload{folder: f, path: name}, nil
}

// Open of a directory is an empty one; files cannot be read.
func (f *folder) Open(name string) (afero.File, error) {
	if looksLikeFile(name) {
		return nil, errWriteOnly
	}
	return &nothing{name: name}, nil
}

// Stat: every directory exists, and of files those that were just sent.
func (f *folder) Stat(name string) (os.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.Contains(f.sent, path.Clean(name)) {
		return fileInfo(path.Base(name)), nil
	}
	if looksLikeFile(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return dirInfo(path.Base(name)), nil
}

// looksLikeFile: cameras make directories of dates and files with endings.
func looksLikeFile(name string) bool { return strings.Contains(path.Base(name), ".") }

// Rename gives a file that was sent its final name, as many cameras do.
func (f *folder) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.Index(f.sent, path.Clean(from))
	if i < 0 {
		return fs.ErrNotExist
	}
	f.sent[i] = path.Clean(to)
	return nil
}

func (f *folder) stored(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, path.Clean(name))
	f.sent = f.sent[max(0, len(f.sent)-sentMost):]
}

// Directories can be made and times set: there is nothing to do for either.
func (f *folder) Mkdir(string, os.FileMode) error            { return nil }
func (f *folder) MkdirAll(string, os.FileMode) error         { return nil }
func (f *folder) Chmod(string, os.FileMode) error            { return nil }
func (f *folder) Chown(string, int, int) error               { return nil }
func (f *folder) Chtimes(string, time.Time, time.Time) error { return nil }
func (f *folder) Remove(string) error                        { return errWriteOnly }
func (f *folder) RemoveAll(string) error                     { return errWriteOnly }
func (f *folder) ReadDir(string) ([]os.FileInfo, error)      { return nil, nil }
func (f *folder) GetAvailableSpace(string) (int64, error)    { return picture.MaxBytes, nil }
func (f *folder) RemoveDir(string) error                     { return nil }
func (f *folder) AllocateSpace(size int) error {
	if size > picture.MaxBytes {
		return answerFTP(errLarge())
	}
	return nil
}

// upload is one picture on its way in. It is used by one connection.
type upload struct {
	nothing
	folder *folder
	path   string
	data   bytes.Buffer
	failed error
	closed bool
}

// Write keeps the bytes; over the limit the transfer ends at once.
func (u *upload) Write(p []byte) (int, error) {
	if u.failed == nil && u.data.Len()+len(p) > picture.MaxBytes {
		u.failed = answerFTP(errLarge())
	}
	if u.failed != nil {
		u.data = bytes.Buffer{}
		return 0, u.failed
	}
	return u.data.Write(p)
}

// TransferError says that the data connection broke: nothing is kept.
func (u *upload) TransferError(err error) {
	if u.failed == nil {
		u.failed = err
	}
}

// Close hands the picture on; its error is what the camera is told.
func (u *upload) Close() error {
	if u.closed {
		return nil
	}
	u.closed = true
	i := u.folder.server.intake
	defer i.room.leave()
	if u.failed != nil {
		return u.failed
	}
	ctx, cancel := context.WithTimeout(u.folder.server.ctx, 30*time.Second)
	defer cancel()
	_, err := i.metrics.accept(ctx, i.cfg.To, Arrival{Camera: u.folder.camera, Data: u.data.Bytes(), Via: ViaFTP})
	if err == nil {
		u.folder.stored(u.path)
	}
	return answerFTP(err)
}

// answerFTP turns a refusal into what the library answers: 552 for no room and
// too large, 550 with the sentence for the rest (RFC 959, 4.2).
func answerFTP(err error) error {
	var f *fault.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &f):
		return errors.New("the server could not store it, send it again")
	case f.Code == "quota_full" || f.Code == fault.CodeDiskFull || f.Kind == fault.TooLarge:
		return sentence{ftpserver.ErrStorageExceeded, f.Msg}
	case f.Msg == "" || f.Kind == fault.Internal:
		return errors.New("the server could not store it, send it again")
	}
	return errors.New(f.Msg)
}

// sentence is an error of the library's with our words.
type sentence struct {
	kind error
	text string
}

func (s sentence) Error() string { return s.text }
func (s sentence) Unwrap() error { return s.kind }

// nothing is an empty directory, and what an upload cannot do.
type nothing struct{ name string }

func (n *nothing) Name() string                     { return n.name }
func (*nothing) Close() error                       { return nil }
func (*nothing) Read([]byte) (int, error)           { return 0, errWriteOnly }
func (*nothing) ReadAt([]byte, int64) (int, error)  { return 0, errWriteOnly }
func (*nothing) Write([]byte) (int, error)          { return 0, errWriteOnly }
func (*nothing) WriteAt([]byte, int64) (int, error) { return 0, errWriteOnly }
func (*nothing) WriteString(string) (int, error)    { return 0, errWriteOnly }
func (*nothing) Seek(offset int64, _ int) (int64, error) {
	if offset != 0 {
		return 0, errors.New("a transfer cannot be resumed, send the whole file")
	}
	return 0, nil
}
func (*nothing) Readdir(int) ([]os.FileInfo, error) { return nil, nil }
func (*nothing) Readdirnames(int) ([]string, error) { return nil, nil }
func (n *nothing) Stat() (os.FileInfo, error)       { return dirInfo(path.Base(n.name)), nil }
func (*nothing) Sync() error                        { return nil }
func (*nothing) Truncate(int64) error               { return nil }

// dirInfo is a directory that is always there.
type dirInfo string

func (d dirInfo) Name() string     { return string(d) }
func (dirInfo) Size() int64        { return 0 }
func (dirInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o200 }
func (dirInfo) ModTime() time.Time { return time.Time{} }
func (dirInfo) IsDir() bool        { return true }
func (dirInfo) Sys() any           { return nil }

// fileInfo is a file that was stored. It has no size: what is kept of it is not
// the FTP client's to ask.
type fileInfo string

func (f fileInfo) Name() string     { return string(f) }
func (fileInfo) Size() int64        { return 0 }
func (fileInfo) Mode() fs.FileMode  { return 0o200 }
func (fileInfo) ModTime() time.Time { return time.Time{} }
func (fileInfo) IsDir() bool        { return false }
func (fileInfo) Sys() any           { return nil }
