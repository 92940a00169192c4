package ingest

import (
	"net/netip"

	"sightline/internal/netplace"
)

// addrClass says what kind of place an address is.
type addrClass = netplace.Class

const (
	addrPublic   = netplace.Public
	addrPrivate  = netplace.Private
	addrLoopback = netplace.Loopback
	addrNever    = netplace.Never
)

func classify(a netip.Addr) addrClass { return netplace.Of(a) }

func within(nets []netip.Prefix, a netip.Addr) bool { return netplace.Within(nets, a) }
