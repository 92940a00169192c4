package measure

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"sightline/internal/testpeer"
)

// Switches are the times from asking for another layer to the last packet of
// the key frame that begins it.
type Switches struct{ Up, Down Durations }

// SwitchLayers lets one tile of every camera with a key frame every 2 s grow to
// full screen and shrink again n times, all cameras at once. The main layers
// are warm. The moments are spread over the key-frame interval by chance.
func SwitchLayers(ctx context.Context, d Demo, n int) (Switches, error) {
	var out Switches
	var mu sync.Mutex
	var wg sync.WaitGroup
	var first error
	ctx, cancel := context.WithTimeout(ctx, 100*time.Second)
	defer cancel()
	for _, cam := range d.Cameras {
		if cam.KeyInterval != 2 {
			continue
		}
		wg.Go(func() {
			got, err := switchOne(ctx, d, cam, n)
			mu.Lock()
			defer mu.Unlock()
			out.Up, out.Down = append(out.Up, got.Up...), append(out.Down, got.Down...)
			if err != nil && first == nil {
				first = fmt.Errorf("%s: %w", cam.Name, err)
				cancel()
			}
		})
	}
	wg.Wait()
	return out, first
}

// dwell is how long a layer is watched: at least until it is settled, and for
// one key-frame interval more or less.
func dwell() time.Duration { return 500*time.Millisecond + rand.N(2*time.Second) }

func switchOne(ctx context.Context, d Demo, cam DemoCamera, n int) (out Switches, err error) {
	warm, err := watch(ctx, NewClient(d.BaseURL, "").HTTP, d, cam.ID, "main")
	if err != nil {
		return out, err
	}
	defer warm.Close()
	l := &layerWatch{changed: make(chan time.Time, 8)}
	w, err := OpenWall(ctx, NewClient(d.BaseURL, d.Accounts[0].Token), "/api/v1", []string{cam.ID}, 320, testpeer.Config{NACK: true, TWCC: true, OnPacket: l.packet})
	if err != nil {
		return out, err
	}
	defer w.Close()
	if err := until(ctx, 15*time.Second, "pictures of both layers", func() bool { return w.Playing() && warm.Playing() }); err != nil {
		return out, err
	}
	if err := pause(ctx, dwell()); err != nil {
		return out, err
	}
	for i := range 2 * n {
		up := i%2 == 0
		px := 320
		if up {
			px = 1280
		}
		l.forget()
		asked := time.Now()
		if err := w.Say(map[string]any{"type": "tiles", "version": i + 2, "tiles": []tile{{Camera: cam.ID, Px: px, Focus: up}}}); err != nil {
			return out, err
		}
		select {
		case at := <-l.changed:
			if up {
				out.Up = append(out.Up, at.Sub(asked))
			} else {
				out.Down = append(out.Down, at.Sub(asked))
			}
		case <-time.After(15 * time.Second):
			return out, fmt.Errorf("no other layer 15 s after asking for a tile of %d pixels", px)
		case <-ctx.Done():
			return out, ctx.Err()
		}
		if err := pause(ctx, dwell()); err != nil {
			return out, err
		}
	}
	return out, nil
}

// layerWatch sees when a key frame with other parameters than before is whole.
type layerWatch struct {
	changed chan time.Time

	mu  sync.Mutex
	set []byte // the sequence parameter set of the newest key frame
	ts  uint32 // of the key frame that began the newest layer
	in  bool   // which is not whole yet
}

func (l *layerWatch) forget() {
	for {
		select {
		case <-l.changed:
		default:
			return
		}
	}
}

func (l *layerWatch) packet(p *testpeer.Packet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := sps(p.Payload); s != nil && !bytes.Equal(s, l.set) {
		l.in, l.ts = l.set != nil, p.TS
		l.set = bytes.Clone(s)
	}
	if l.in && p.Marker && p.TS == l.ts {
		l.in = false
		select {
		case l.changed <- p.At:
		default:
		}
	}
}

// sps finds the sequence parameter set in an H264 payload: alone or aggregated.
func sps(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	switch b[0] & 31 {
	case 7:
		return b
	case 24:
		for b = b[1:]; len(b) > 2; {
			n := int(binary.BigEndian.Uint16(b))
			if n == 0 || n+2 > len(b) {
				return nil
			}
			if b[2]&31 == 7 {
				return b[2 : 2+n]
			}
			b = b[2+n:]
		}
	}
	return nil
}
