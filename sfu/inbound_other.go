//go:build !linux

package sfu

import (
	"net"
	"net/netip"
)

// manyReader does not exist here: packets are read one by one.
type manyReader struct{ n int }

func newManyReader(*net.UDPConn) *manyReader         { return nil }
func (*manyReader) empty() bool                      { return true }
func (*manyReader) full() bool                       { return false }
func (*manyReader) fill() error                      { return net.ErrClosed }
func (*manyReader) pop([]byte) (int, netip.AddrPort) { return 0, netip.AddrPort{} }
