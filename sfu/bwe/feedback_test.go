package bwe_test

import (
	"testing"

	"github.com/pion/rtcp"

	"sightline/sfu/bwe"
)

// feedback is one packet with all kinds of chunks: a run, one-bit and two-bit
// vectors; 2 of 12 packets are lost, the last delta is negative.
func feedback(t testing.TB, base uint16) []byte {
	t.Helper()
	delta := func(us int64) *rtcp.RecvDelta {
		d := &rtcp.RecvDelta{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: us}
		if us < 0 || us > 63750 {
			d.Type = rtcp.TypeTCCPacketReceivedLargeDelta
		}
		return d
	}
	f := rtcp.TransportLayerCC{
		SenderSSRC: 1, MediaSSRC: 2, BaseSequenceNumber: base, PacketStatusCount: 12, ReferenceTime: 100, FbPktCount: 1,
		PacketChunks: []rtcp.PacketStatusChunk{
			&rtcp.RunLengthChunk{Type: rtcp.TypeTCCRunLengthChunk, PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: 3},
			&rtcp.StatusVectorChunk{Type: rtcp.TypeTCCStatusVectorChunk, SymbolSize: rtcp.TypeTCCSymbolSizeTwoBit, SymbolList: []uint16{1, 0, 2, 1, 1, 0, 1}},
			&rtcp.StatusVectorChunk{Type: rtcp.TypeTCCStatusVectorChunk, SymbolSize: rtcp.TypeTCCSymbolSizeOneBit, SymbolList: []uint16{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
		},
	}
	for _, us := range []int64{0, 250, 500, 1000, 100_000, 250, 250, 250, 250, 250} {
		f.RecvDeltas = append(f.RecvDeltas, delta(us))
	}
	n := f.MarshalSize()
	f.Header = rtcp.Header{Padding: f.Len()%4 != 0, Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: uint16(n/4 - 1)}
	b, err := f.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A feedback tells each packet's arrival once, across the wrap of the numbers.
func TestFeedbackIsRead(t *testing.T) {
	var h bwe.History
	var base uint16
	for i := range 65_530 {
		base = h.Add(int64(i)*ms, 1000+i%7, 0)
	}
	for i := range 12 {
		h.Add(int64(100_000+i)*ms, 500+i, uint8(i%2))
	}
	b := feedback(t, base+1)
	rs, err := h.Read(b, 101_000*ms, nil)
	if err != nil || len(rs) != 12 {
		t.Fatalf("%d results, %v", len(rs), err)
	}
	at := int64(6400e6)
	for i, d := range []int64{0, 250, 500, 1000, -1, 100_000, 250, 250, -1, 250, 250, 250} {
		r := rs[i]
		if r.Lost != (d < 0) || r.Size != 500+i || r.Probe != uint8(i%2) || r.Sent != int64(100_000+i)*ms {
			t.Errorf("packet %d: %+v", i, r)
		}
		if d >= 0 {
			if at += d * 1000; r.Arrived != at {
				t.Errorf("packet %d arrived at %d, want %d", i, r.Arrived, at)
			}
		}
	}
	if rs, err = h.Read(b, 101_000*ms, rs[:0]); err != nil || len(rs) != 0 {
		t.Errorf("told again: %d results, %v", len(rs), err)
	}
}

func TestBadFeedbackIsRefused(t *testing.T) {
	var h bwe.History
	for i := range 100 {
		h.Add(int64(i)*ms, 1000, 0)
	}
	b := feedback(t, 1)
	for n := range len(b) - 4 {
		if _, err := h.Read(b[:n], 200*ms, nil); err == nil {
			t.Errorf("%d of %d bytes were taken", n, len(b))
		}
	}
	if _, err := new(bwe.History).Read(b, 0, nil); err == nil {
		t.Error("feedback on nothing was taken")
	}
}

// The history grows to a second of the packet rate and no further.
func TestHistoryIsBounded(t *testing.T) {
	var h bwe.History
	for i := range 200_000 { // 100,000 packets a second
		h.Add(int64(i)*10_000, 1200, 0)
	}
	if n := testing.AllocsPerRun(1000, func() { h.Add(3e9, 1200, 0) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func FuzzFeedback(f *testing.F) {
	f.Add(feedback(f, 1))
	f.Add([]byte{0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var h bwe.History
		for i := range 300 {
			h.Add(int64(i)*ms, 1000, uint8(i%3))
		}
		e := bwe.New(bwe.Config{})
		rs, _ := h.Read(b, 400*ms, nil)
		if len(rs) > 300 {
			t.Fatalf("%d results of 300 packets", len(rs))
		}
		e.Results(rs, 400*ms)
		if r := e.Rate(); r < 100_000 || r > 200_000_000 {
			t.Fatalf("estimate %d", r)
		}
	})
}

// What a packet costs to note.
func BenchmarkAdd(b *testing.B) {
	var h bwe.History
	b.ReportAllocs()
	now := int64(0)
	for b.Loop() {
		now += 400_000
		h.Add(now, 1200, 0)
	}
}

// What a packet costs to hear of, estimate included.
func BenchmarkFeedback(b *testing.B) {
	var h bwe.History
	e := bwe.New(bwe.Config{})
	var rs []bwe.Result
	raw := feedback(b, 0)
	b.ReportAllocs()
	now := int64(0)
	for b.Loop() {
		var base uint16
		for i := range 12 {
			now += 400_000
			if s := h.Add(now, 1200, 0); i == 0 {
				base = s
			}
		}
		raw[12], raw[13] = byte(base>>8), byte(base)
		var err error
		if rs, err = h.Read(raw, now, rs[:0]); err != nil {
			b.Fatal(err)
		}
		e.Results(rs, now)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/12, "ns/packet")
}

// Packets whose sender was held up are told with that mark, and their delay is
// no queue: the estimate stays.
func TestHeldUpSenderIsNoQueue(t *testing.T) {
	est := bwe.New(bwe.Config{Start: 5_000_000})
	var clear, held []bwe.Result
	for i := range 60 {
		r := bwe.Result{Sent: int64(i) * 30 * ms, Arrived: int64(i) * 30 * ms, Size: 1000}
		clear = append(clear, r)
		r.Sent += 1800 * ms
		r.Arrived, r.Blurred = r.Sent+200*ms, true
		held = append(held, r)
	}
	est.Results(clear, 1800*ms)
	est.Results(held, 3800*ms)
	if r := est.Rate(); r < 5_000_000 || est.Congestions() != 0 {
		t.Errorf("%d bit/s, %d congestions", r, est.Congestions())
	}
	for i := range held {
		held[i].Sent += 1800 * ms
		held[i].Arrived += 1800 * ms
		held[i].Blurred = false
	}
	est.Results(held, 5600*ms)
	if est.Congestions() != 1 {
		t.Errorf("%d congestions by the same delays of packets that left on time", est.Congestions())
	}
	var h bwe.History
	for i := range 12 {
		h.Add(int64(100_000+i)*ms, 500, 0)
	}
	h.Blur(3)
	rs, err := h.Read(feedback(t, 1), 101_000*ms, nil)
	if err != nil || len(rs) != 12 || rs[8].Blurred || !rs[9].Blurred || !rs[11].Blurred {
		t.Errorf("%+v, %v", rs, err)
	}
}
