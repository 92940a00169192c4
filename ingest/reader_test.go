package ingest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// An unannounced read answers as a read of the library does: bytes, the end, a
// deadline, a reset and a closed connection.
func TestUnannouncedReads(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pair := func() (far *net.TCPConn, near net.Conn) {
		t.Helper()
		near, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { near.Close(); c.Close() })
		return c.(*net.TCPConn), near
	}
	if _, near := pair(); runtime.GOOS == "linux" && unannounced(near) == near {
		t.Fatal("the library's own reads are used")
	}
	if p, _ := net.Pipe(); unannounced(p) != p {
		t.Fatal("a pipe has no socket")
	}
	cases := map[string]struct {
		act  func(far *net.TCPConn, near net.Conn)
		into int
		text string
		is   error
	}{
		"bytes":    {func(far *net.TCPConn, _ net.Conn) { far.Write([]byte("yard")) }, 8, "yard", nil},
		"nothing":  {func(far *net.TCPConn, _ net.Conn) { far.Write([]byte("yard")) }, 0, "", nil},
		"the end":  {func(far *net.TCPConn, _ net.Conn) { far.Close() }, 8, "", io.EOF},
		"deadline": {func(_ *net.TCPConn, near net.Conn) { near.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) }, 8, "", os.ErrDeadlineExceeded},
		"reset":    {func(far *net.TCPConn, _ net.Conn) { far.SetLinger(0); far.Close() }, 8, "", syscall.ECONNRESET},
		"closed":   {func(_ *net.TCPConn, near net.Conn) { near.Close() }, 8, "", net.ErrClosed},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var kinds [2]string
			for i, wrap := range []func(net.Conn) net.Conn{unannounced, func(c net.Conn) net.Conn { return c }} {
				far, near := pair()
				r := wrap(near)
				c.act(far, r)
				b := make([]byte, c.into)
				n, err := r.Read(b)
				if string(b[:n]) != c.text || !errors.Is(err, c.is) || (err == nil) != (c.is == nil) {
					t.Errorf("%q %v", b[:n], err)
				}
				var op *net.OpError
				if errors.As(err, &op) {
					op.Source, op.Addr = nil, nil
				}
				kinds[i] = fmt.Sprintf("%T %v %t", err, err, isTimeout(err))
			}
			if kinds[0] != kinds[1] {
				t.Errorf("%s, of the library %s", kinds[0], kinds[1])
			}
		})
	}
	t.Run("while it waits", func(t *testing.T) {
		far, near := pair()
		r := unannounced(near)
		time.AfterFunc(20*time.Millisecond, func() { far.Write([]byte("late")) })
		b := make([]byte, 8)
		if n, err := r.Read(b); string(b[:n]) != "late" || err != nil {
			t.Errorf("%q %v", b[:n], err)
		}
		time.AfterFunc(20*time.Millisecond, func() { near.Close() })
		if _, err := r.Read(b); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}
