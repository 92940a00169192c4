//go:build !linux

package testpeer

import (
	"errors"
	"net"
)

// Drain is there on Linux only.
type Drain struct{}

// NewDrain fails: there is no such receiver here.
func NewDrain() (*Drain, error) { return nil, errors.New("testpeer: light viewers need Linux") }

// Close does nothing.
func (d *Drain) Close() error { return nil }

func (d *Drain) listen(*net.UDPAddr, *Peer) (net.PacketConn, error) {
	return nil, errors.New("testpeer: light viewers need Linux")
}
