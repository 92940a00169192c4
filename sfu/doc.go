// Package sfu takes camera layers in as streams of already packetised frames
// and sends them to WebRTC peers and other sinks. It knows no accounts and no
// cameras: whether a subscription may be served is read from a Gate, how much
// of it from a Budget.
//
// A frame is packetised once. Every peer sends the same payload bytes; only the
// RTP header, its extensions and the encryption differ. The goroutine that
// calls Stream.Write does the fan-out, so no lock is shared between peers on
// the packet path.
package sfu
