//go:build !linux

package web

import "net"

func setUnsent(net.Conn, int) {}
