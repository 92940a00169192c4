package measure

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// floorBytes is a full packet: 12 bytes of RTP header and 1,176 of payload.
const floorBytes = 1188

// A round of the floor: as many viewers as the bar is set for, and as many
// packets each as the system's usual receive buffer holds, so that every packet
// is really queued. The queues are emptied between rounds, which is not counted.
const (
	floorSockets = 120
	floorEach    = 80
)

// Floor is what a packet costs that does nothing else: sealed with AES-128-GCM
// and given to sendto over loopback into the queue of a socket nobody reads, by
// one thread's own user and system time. It is the median of rounds over d; a
// server's cost is compared with it because absolute times drift from machine
// to machine.
func Floor(ctx context.Context, d time.Duration) (time.Duration, error) {
	type result struct {
		floor time.Duration
		err   error
	}
	out := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // its clock is what is read
		// The thread must live on: one that ends takes with it the programs it
		// has started, which are told to end with their parent.
		defer runtime.UnlockOSThread()
		f, err := floorOf(ctx, d)
		out <- result{f, err}
	}()
	r := <-out
	return r.floor, r.err
}

func floorOf(ctx context.Context, d time.Duration) (time.Duration, error) {
	from, err := loopbackSocket()
	if err != nil {
		return 0, err
	}
	defer unix.Close(from.fd)
	var to []rawSocket
	for range floorSockets {
		s, err := loopbackSocket()
		if err != nil {
			return 0, err
		}
		defer unix.Close(s.fd)
		to = append(to, s)
	}
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		return 0, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return 0, err
	}
	plain, nonce := make([]byte, floorBytes), make([]byte, aead.NonceSize())
	sealed := make([]byte, 0, floorBytes+aead.Overhead())
	seq := uint64(0)
	var rounds Durations
	for end := time.Now().Add(d); time.Now().Before(end) && ctx.Err() == nil; {
		begin := threadCPU()
		for range floorEach {
			for _, s := range to {
				seq++
				binary.BigEndian.PutUint64(nonce[4:], seq)
				sealed = aead.Seal(sealed[:0], nonce, plain[12:], plain[:12])
				if err := unix.Sendto(from.fd, sealed, 0, s.addr); err != nil {
					return 0, fmt.Errorf("floor: %w", err)
				}
			}
		}
		rounds = append(rounds, (threadCPU()-begin)/(floorSockets*floorEach))
		for _, s := range to {
			s.empty(plain)
		}
	}
	return rounds.Percentile(50), ctx.Err()
}

type rawSocket struct {
	fd   int
	addr *unix.SockaddrInet4
}

func loopbackSocket() (rawSocket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return rawSocket{}, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		_ = unix.Close(fd)
		return rawSocket{}, err
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		_ = unix.Close(fd)
		return rawSocket{}, err
	}
	return rawSocket{fd, name.(*unix.SockaddrInet4)}, nil //nolint:forcetypeassert // an IPv4 socket has this name
}

// empty takes everything out of the queue.
func (s rawSocket) empty(b []byte) {
	for {
		if _, _, err := unix.Recvfrom(s.fd, b, unix.MSG_TRUNC); err != nil {
			return
		}
	}
}

// threadCPU is the calling thread's user and system time.
func threadCPU() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
