package sfu_test

import (
	"crypto/aes"
	"crypto/cipher"
	"net"
	"net/netip"
	"testing"
	"time"

	"sightline/sfu"
)

// floor is what one packet costs at the very least when nothing is batched:
// AES-128-GCM over 1,188 bytes and one sendto to a socket that nobody reads.
// Times of machines and days differ; a cost is told as a ratio to the floor of
// the same run.
func floor(b testing.TB, packets int) time.Duration {
	b.Helper()
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		b.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		b.Fatal(err)
	}
	to, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer to.Close()
	from, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer from.Close()
	addr := to.LocalAddr().(*net.UDPAddr).AddrPort()
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	const header = 12
	buf, nonce := make([]byte, header+sfu.MaxPayload+gcm.Overhead()), make([]byte, gcm.NonceSize())
	start := cpu()
	for i := range packets {
		nonce[0], nonce[1], nonce[2] = byte(i), byte(i>>8), byte(i>>16)
		gcm.Seal(buf[header:header], nonce, buf[header:header+sfu.MaxPayload], buf[:header])
		if _, err := from.WriteToUDPAddrPort(buf, addr); err != nil {
			b.Fatal(err)
		}
	}
	return cpu() - start
}

// BenchmarkFloor is the floor by itself.
func BenchmarkFloor(b *testing.B) {
	const packets = 100_000
	for b.Loop() {
		b.ReportMetric(float64(floor(b, packets).Nanoseconds())/packets/1000, "µs/packet")
	}
	b.ReportMetric(0, "ns/op")
}
