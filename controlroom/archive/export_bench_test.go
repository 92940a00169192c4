package archive

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/sfu"
)

// sparse writes minutes of a camera of 2 Mbit/s with Opus: 25 pictures and 50
// packets of sound a second. Only boxes are written, pictures are holes.
func sparse(b testing.TB, dir string, minutes int, tails bool) Span {
	b.Helper()
	key := initKey{codec: sfu.H264, sound: sfu.Format{Codec: sfu.Opus, ClockRate: 48000, Channels: 2}}
	heads := sets{sps: []byte{0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x01, 0xe0, 0x8f, 0xeb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x62, 0xe4, 0x80}, pps: []byte{0x68, 0xcb, 0x83, 0xcb, 0x20}}
	init, err := makeInit(key, heads)
	if err != nil {
		b.Fatal(err)
	}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(dir, dirCams, "gate", "init"), 0o700))
	must(os.WriteFile(filepath.Join(dir, initPath("gate", hashName(initHash(init)))), init, 0o600))
	begin := time.Now().Add(-48 * time.Hour).Truncate(24 * time.Hour).UnixMicro()
	video, sound, nothing := make([]*fmp4.Sample, 25), make([]*fmp4.Sample, 50), make([]byte, 16<<10)
	index, rows := map[int][]byte{}, map[int][]byte{}
	for m := range minutes {
		from := begin + int64(m)*60e6
		day := dayOf(from)
		r := row{kind: rowSegment, flags: flagSound, name: from, from: from, init: initHash(init), media: uint64(m) * 60 * videoRate, first: uint32(len(rows[day]) / fragSize)}
		if m > 0 {
			r.flags |= flagContinues
		}
		dirDay := filepath.Join(dir, layerDir("gate", Main), dayName(day))
		must(os.MkdirAll(dirDay, 0o700))
		f, err := os.Create(filepath.Join(dirDay, fileName(from)))
		must(err)
		head := appendHead(slices.Clone(init), r.flags, from)
		_, err = f.Write(head)
		must(err)
		r.head, r.bytes = uint32(len(head)), int64(len(head))
		var tail []byte
		for s := range 60 {
			for i := range video {
				video[i] = &fmp4.Sample{Duration: 3600, IsNonSyncSample: i != 0, Payload: nothing[:8000+i*100+s]}
			}
			for i := range sound {
				sound[i] = &fmp4.Sample{Duration: 960, Payload: nothing[:80+(i+s)%40]}
			}
			at := (uint64(m)*60 + uint64(s))
			size := int64(0)
			if tails { // as parseMoof would find it, without making 20 GB of holes first
				v, a := stretch{track: videoTrack, offset: r.bytes + 1400, base: at * videoRate}, stretch{track: soundTrack, base: at * 48000}
				end := v.offset
				for i, p := range video {
					v.units = append(v.units, unit{size: uint32(len(p.Payload)), span: p.Duration, key: i == 0})
					end += int64(len(p.Payload))
				}
				a.offset = end
				for _, p := range sound {
					a.units = append(a.units, unit{size: uint32(len(p.Payload)), span: p.Duration, key: true})
					end += int64(len(p.Payload))
				}
				tail = appendTail(tail, []stretch{v, a})
				size = end - r.bytes
			} else {
				var buf seekablebuffer.Buffer
				must(fmp4.Part{SequenceNumber: uint32(s), Tracks: []*fmp4.PartTrack{{ID: videoTrack, BaseTime: at * videoRate, Samples: video}, {ID: soundTrack, BaseTime: at * 48000, Samples: sound}}}.Marshal(&buf))
				_, err = f.WriteAt(append(appendPrft(nil, from+int64(s)*1e6, at*videoRate), buf.Bytes()[:4096]...), r.bytes)
				must(err)
				size = int64(prftBox + buf.Len())
			}
			rows[day] = fragRow{offset: uint32(r.bytes), bytes: uint32(size), at: uint32(s * 1e6), span: 1e6, flags: flagKey}.append(rows[day])
			r.bytes += size
			r.frags++
		}
		r.span = 60e6
		must(f.Truncate(r.bytes))
		if tails {
			_, err = f.WriteAt(tailBox(tail), r.bytes)
			must(err)
		}
		must(f.Close())
		index[day] = r.append(index[day])
	}
	for day := range index {
		dirDay := filepath.Join(dir, layerDir("gate", Main), dayName(day))
		must(os.WriteFile(filepath.Join(dirDay, fileIndex), index[day], 0o600))
		must(os.WriteFile(filepath.Join(dirDay, fileFrags), rows[day], 0o600))
	}
	return Span{micros(begin), micros(begin + int64(minutes)*60e6)}
}

// BenchmarkExport is the time from the wish to the first byte of the file. The bar
// is 500 ms for hours of footage.
func BenchmarkExport(b *testing.B) {
	for _, c := range []struct {
		name    string
		minutes int
		tails   bool
	}{{"1 h", 60, true}, {"24 h", 1440, true}, {"1 h moof by moof", 60, false}} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			span := sparse(b, dir, c.minutes, c.tails)
			a, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: dir}}})
			if err != nil {
				b.Fatal(err)
			}
			defer a.Close()
			e, err := NewExports(ExportsConfig{Archive: a, Folder: b.TempDir(), DayTime: -1, DayBytes: -1})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			ask := ExportAsk{Account: authz.NewID(), CameraName: "Gate", Zone: time.UTC, ExportWant: ExportWant{Camera: "gate", Layer: Main, Span: span, Open: []Span{span}}}
			var took []int64
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			size, head, spent := int64(0), int64(0), now()
			for b.Loop() {
				began := clock.Mono()
				x, err := e.Create(b.Context(), ask)
				if err != nil {
					b.Fatal(err)
				}
				f, err := e.Open(b.Context(), ask.Account, x.ID)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := f.Reader(0, f.Size).Read(make([]byte, 1024)); n == 0 {
					b.Fatal(err)
				}
				took = append(took, clock.Mono()-began)
				size, head = f.Size, f.l.headSize
				f.Close()
				if err := e.Delete(ask.Account, x.ID); err != nil {
					b.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric((now().cpu-spent.cpu)*1000/float64(len(took)), "ms-processor")
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100])/1e6, "ms-first-byte-p95")
			b.ReportMetric(float64(size)/1e9, "GB")
			b.ReportMetric(float64(head)/1e6, "MB-boxes")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(len(took))/1e6, "MB-allocated")
		})
	}
}
