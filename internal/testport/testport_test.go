package testport

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
)

// A held port is its holder's through every stop and start, and nobody's else.
func TestAHeldPortIsGivenToNobody(t *testing.T) {
	port, release, err := Hold()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	for range 3 {
		if c, err := net.Dial("tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
			if err == nil {
				c.Close()
			}
			t.Errorf("nobody listens: %v", err)
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		l.Close()
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("somebody who would not share it got it: %v", err)
	}
}

func TestKeepIsOfThatPort(t *testing.T) {
	port, release, err := Hold()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Keep(port); err == nil {
		t.Error("a port somebody listens on was taken")
	}
	l.Close()
	again, err := Keep(port)
	if err != nil {
		t.Fatal(err)
	}
	again()
	again()
}
