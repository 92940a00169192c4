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

// Floor is what a packet costs that does nothing else: sealed with AES-128-GCM
// and given to sendto over loopback to a socket nobody reads, by one thread's
// own user and system time. It is the median of slices over d; a server's cost
// is compared with it because absolute times drift from machine to machine.
func Floor(ctx context.Context, d time.Duration) (time.Duration, error) {
	type result struct {
		floor time.Duration
		err   error
	}
	out := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // its clock is what is read; the thread ends with the goroutine
		f, err := floorOf(ctx, d)
		out <- result{f, err}
	}()
	r := <-out
	return r.floor, r.err
}

// sockets nobody reads: as many as a stream of a busy camera has viewers.
const floorSockets = 20

func floorOf(ctx context.Context, d time.Duration) (time.Duration, error) {
	from, err := loopbackSocket()
	if err != nil {
		return 0, err
	}
	defer unix.Close(from.fd)
	var to []*unix.SockaddrInet4
	for range floorSockets {
		s, err := loopbackSocket()
		if err != nil {
			return 0, err
		}
		defer unix.Close(s.fd)
		to = append(to, s.addr)
	}
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		return 0, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return 0, err
	}
	const slice, batch = 100 * time.Millisecond, 200
	plain, nonce := make([]byte, floorBytes), make([]byte, aead.NonceSize())
	sealed := make([]byte, 0, floorBytes+aead.Overhead())
	var took Durations
	seq := uint64(0)
	for end := time.Now().Add(d); time.Now().Before(end) && ctx.Err() == nil; {
		begin, n := threadCPU(), 0
		for until := time.Now().Add(slice); time.Now().Before(until); {
			for range batch {
				seq++
				binary.BigEndian.PutUint64(nonce[4:], seq)
				sealed = aead.Seal(sealed[:0], nonce, plain[12:], plain[:12])
				if err := unix.Sendto(from.fd, sealed, 0, to[seq%floorSockets]); err != nil {
					return 0, fmt.Errorf("floor: %w", err)
				}
			}
			n += batch
		}
		took = append(took, (threadCPU()-begin)/time.Duration(n))
	}
	return took.Percentile(50), ctx.Err()
}

type rawSocket struct {
	fd   int
	addr *unix.SockaddrInet4
}

func loopbackSocket() (rawSocket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
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

// threadCPU is the calling thread's user and system time.
func threadCPU() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
