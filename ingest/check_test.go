package ingest

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/internal/ffmpeg"
	"sightline/sfu"
)

// unpack turns a frame's payloads back into NAL units, as a receiver does, and
// fails on anything a receiver would not take.
func unpack(t *testing.T, c sfu.Codec, f sfu.Frame) (nals [][]byte) {
	t.Helper()
	d := newDepacketizer(c)
	for i, p := range f.Payloads {
		if len(p) == 0 || len(p) > sfu.MaxPayload {
			t.Fatalf("payload of %d bytes", len(p))
		}
		k := packet{Seq: uint16(i + 1), TS: f.TS, Payload: p}
		d.order(k.Seq)
		d.push(k, func(nal []byte) { nals = append(nals, bytes.Clone(nal)) })
	}
	if d.broken > 0 || d.inFrag {
		t.Fatalf("payloads cannot be read: %d broken", d.broken)
	}
	return nals
}

func types264(nals [][]byte) string {
	var b strings.Builder
	for _, n := range nals {
		switch n[0] & 31 {
		case 7:
			b.WriteString("S")
		case 8:
			b.WriteString("P")
		case 5:
			b.WriteString("I")
		case 1:
			b.WriteString("p")
		case 6:
			b.WriteString("e")
		default:
			b.WriteString("?")
		}
	}
	return b.String()
}

// checkFrames holds what every run of frames must be: the first is a key frame,
// key frames carry exactly one set of parameters in front, timestamps grow.
func checkFrames(t *testing.T, c sfu.Codec, frames []sfu.Frame) {
	t.Helper()
	if len(frames) == 0 {
		t.Fatal("no frames")
	}
	for i, f := range frames {
		if i > 0 {
			if d := int32(f.TS - frames[i-1].TS); d <= 0 {
				t.Fatalf("frame %d: timestamp steps by %d", i, d)
			}
		}
		nals := unpack(t, c, f)
		if c != sfu.H264 {
			continue
		}
		got := types264(nals)
		if f.Key && !strings.HasPrefix(strings.ReplaceAll(got, "e", ""), "SPI") || f.Key && strings.Count(got, "S") != 1 {
			t.Fatalf("key frame %d is %q", i, got)
		}
		if !f.Key && strings.ContainsAny(got, "SPI?") {
			t.Fatalf("frame %d is %q", i, got)
		}
	}
}

// found is ffmpeg, looked for once.
var found = sync.OnceValues(func() (*ffmpeg.Tool, error) { return ffmpeg.Find(context.Background()) })

func ffmpegTool(t *testing.T) *ffmpeg.Tool {
	t.Helper()
	tool, err := found()
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

// decodes runs frames through ffmpeg and fails unless every one decodes.
func decodes(t *testing.T, c sfu.Codec, frames []sfu.Frame) {
	t.Helper()
	for len(frames) > 0 && !frames[0].Key {
		frames = frames[1:]
	}
	var es, out bytes.Buffer
	for _, f := range frames {
		for _, n := range unpack(t, c, f) {
			es.Write([]byte{0, 0, 0, 1})
			es.Write(n)
		}
	}
	tool := ffmpegTool(t)
	name := map[sfu.Codec]string{sfu.H264: "h264", sfu.H265: "hevc"}[c]
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	err := tool.Run(ctx, ffmpeg.Job{In: &es, Out: &out, Args: []string{"-loglevel", "error", "-xerror", "-err_detect", "explode",
		"-f", name, "-i", "-", "-fps_mode", "passthrough", "-f", "framecrc", "-"}})
	if err != nil {
		t.Fatalf("frames do not decode: %v", err)
	}
	n := 0
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	if n != len(frames) {
		t.Fatalf("%d of %d frames decode", n, len(frames))
	}
}
