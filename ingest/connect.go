package ingest

import (
	"context"
	"net"
)

// DialContext connects to host:port as a camera is connected to: every address
// of the host is judged, and once more in the moment of connecting. For what
// speaks to cameras by other protocols than RTSP.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return g.dialHost(ctx, network, address)
}

// Precise reports whether reasons about a host and port may be told apart: all
// its addresses are in listed networks, or it is denied (which is told anyhow).
func (g *Guard) Precise(ctx context.Context, host string, port uint16) bool {
	_, precise, err := g.vet(ctx, host, port)
	return precise || err != nil && asAttempt(err).class == classDenied
}
