package ingest

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sightline/internal/ffmpeg"
	"sightline/internal/testcam"
	"sightline/sfu"
)

// converting is a fleet with ffmpeg.
func converting(t *testing.T, tm Timing, cfg ConvertConfig) *Fleet {
	t.Helper()
	tool := ffmpegTool(t)
	f := New(Config{Guard: loopGuard(), Timing: tm, MainLinger: 300 * time.Millisecond, FFmpeg: tool, Convert: cfg})
	t.Cleanup(f.Close)
	return f
}

func TestMJPEGAndMPEG4BecomeH264(t *testing.T) {
	t.Parallel()
	for _, codec := range []string{testcam.JPEG, testcam.MPG4} {
		t.Run(codec, func(t *testing.T) {
			t.Parallel()
			cam := newCam(t, testcam.Config{Main: clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, FPS: 10, GOP: time.Second, Codec: codec})})
			f := converting(t, quick, ConvertConfig{Side: 320})
			f.Set(sourceOf("a", cam))
			release := f.Hold("a", Main)
			defer release()
			st, _ := f.Streams("a")
			k := take(t, st.Video[Main])
			var seen CameraState
			defer func() {
				if t.Failed() {
					t.Logf("%d pictures, %+v, conversion %+v", k.count(), seen.Layers[Main], seen.Layers[Main].Convert)
				}
			}()
			eventually(t, 30*time.Second, "enough frames", func() bool {
				if k.count() >= 60 {
					return true
				}
				seen, _ = f.State("a")
				return false
			})
			frames := k.all()
			checkFrames(t, sfu.H264, frames)
			decodes(t, sfu.H264, frames)
			var key int64 // one each 2 s
			for i, fr := range frames {
				since := time.Duration(fr.Mono - key)
				if i > 0 && (fr.Key && since < 1900*time.Millisecond || !fr.Key && since > 2100*time.Millisecond) {
					t.Errorf("picture %d, %v after a key frame: key frame %v", i, since, fr.Key)
				}
				if fr.Key {
					key = fr.Mono
				}
			}
			last := len(frames) - 1
			steps := make([]int64, last) // the middle one: a busy machine drops pictures
			for i := range steps {
				steps[i] = int64(frames[i+1].TS - frames[i].TS)
			}
			slices.Sort(steps)
			if d := steps[last/2]; d < 8000 || d > 10000 {
				t.Errorf("timestamps step by %d, want about 9000", d)
			}
			s := waitStatus(t, f, "a", Main, Live, time.Second)
			if s.Format.Width != 320 || s.Format.Height != 180 || s.Format.BFrames || !strings.HasPrefix(s.Format.Profile, "42") {
				t.Errorf("format %+v", s.Format)
			}
			if c := s.Convert; c == nil || !c.Running || c.To != "h264" || c.From == "" || c.Restarts != 0 || c.Trouble != "" {
				t.Errorf("conversion %+v", c)
			}
			if k.lateness() > slowStart+hungChild { // later it would have been given up
				t.Errorf("a picture took %v", k.lateness())
			}
			t.Logf("longest way through: %v", k.lateness())
		})
	}
}

func TestAACBecomesOpus(t *testing.T) { // alone: nothing is dropped while the machine keeps up
	cam := newCam(t, testcam.Config{Main: clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond, Sound: testcam.AAC})})
	f := converting(t, quick, ConvertConfig{})
	f.Set(sourceOf("a", cam))
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	eventually(t, 5*time.Second, "sound is known", func() bool { s, _ := f.State("a"); return s.Audio && s.Sound.Convert != nil })
	if s, _ := f.State("a"); s.Sound.Codec != sfu.Opus || s.Sound.Convert.Running {
		t.Fatalf("before anybody listens: %+v, conversion %+v", s.Sound, s.Sound.Convert)
	}
	st, _ := f.Streams("a")
	if got, _ := st.Audio.Format(); got.Codec != sfu.Opus || got.ClockRate != 48000 || got.Channels != 2 {
		t.Errorf("format %+v", got)
	}
	k, still := &taken{}, pauses(t)
	began := time.Now()
	remove := st.Audio.AddSink(k)
	frames := k.wait(t, 200, 20*time.Second) // over the end of the loop
	took := time.Since(began)
	for i := 1; i < len(frames); i++ {
		if d := frames[i].TS - frames[i-1].TS; d != 960 {
			t.Errorf("sound packet %d: timestamp steps by %d", i, d)
		}
	}
	if took < 3*time.Second || took-still.In(began, began.Add(took)) > 4*time.Second+slowStart {
		t.Errorf("4 s of sound came in %v", took)
	}
	if off := time.Duration(frames[199].Mono-frames[0].Mono) - 199*20*time.Millisecond; off < -50*time.Millisecond || off > 50*time.Millisecond {
		t.Errorf("sound is %v off its clock", off)
	}
	if k.lateness() > slowStart+hungChild {
		t.Errorf("sound took %v", k.lateness())
	}
	t.Logf("longest way through: %v", k.lateness())
	heard(t, frames)
	s, _ := f.State("a")
	if c := s.Sound.Convert; c == nil || !c.Running || c.To != "opus" || c.Dropped != 0 || c.Restarts != 0 {
		t.Errorf("conversion %+v", c)
	}
	remove()
	eventually(t, 15*time.Second, "the child rests", func() bool {
		s, _ := f.State("a")
		return !s.Sound.Convert.Running && s.Audio
	})
}

// heard decodes Opus packets and looks for the camera's 440 Hz.
func heard(t *testing.T, frames []sfu.Frame) {
	t.Helper()
	var ogg bytes.Buffer
	page := func(seq, granule int, flags byte, p []byte) {
		h := make([]byte, 27, 300)
		copy(h, "OggS")
		h[5] = flags
		binary.LittleEndian.PutUint64(h[6:], uint64(granule))
		h[14] = 1
		binary.LittleEndian.PutUint32(h[18:], uint32(seq))
		n := len(p)/255 + 1
		h[26] = byte(n)
		for range n - 1 {
			h = append(h, 255)
		}
		h = append(append(h, byte(len(p)%255)), p...)
		binary.LittleEndian.PutUint32(h[22:], oggCRC(h))
		ogg.Write(h)
	}
	page(0, 0, 2, []byte("OpusHead\x01\x01\x00\x00\x80\xbb\x00\x00\x00\x00\x00"))
	page(1, 0, 0, []byte("OpusTags\x00\x00\x00\x00\x00\x00\x00\x00"))
	for i, f := range frames {
		page(i+2, (i+1)*960, 0, f.Payloads[0])
	}
	tool := ffmpegTool(t)
	var pcm bytes.Buffer
	if err := tool.Run(t.Context(), ffmpeg.Job{In: &ogg, Out: &pcm, Args: []string{"-loglevel", "error", "-xerror", "-f", "ogg", "-i", "-", "-ac", "1", "-ar", "8000", "-f", "s16le", "-"}}); err != nil {
		t.Fatalf("sound does not decode: %v", err)
	}
	b := pcm.Bytes()
	b = b[len(b)/4 : len(b)/4+16000] // a second of it
	crossings, prev := 0, int16(0)
	for i := 0; i+1 < len(b); i += 2 {
		v := int16(binary.LittleEndian.Uint16(b[i:]))
		if v >= 0 && prev < 0 {
			crossings++
		}
		prev = v
	}
	if crossings < 430 || crossings > 450 {
		t.Errorf("%d Hz, want 440", crossings)
	}
}

func oggCRC(b []byte) uint32 {
	var crc uint32
	for _, v := range b {
		crc ^= uint32(v) << 24
		for range 8 {
			if crc&0x80000000 != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

func TestWithoutFFmpegTheTileSaysWhy(t *testing.T) {
	t.Parallel()
	for codec, says := range map[string]string{testcam.JPEG: "M-JPEG", testcam.MPG4: "MPEG-4 Video"} {
		cam := newCam(t, testcam.Config{Main: clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, FPS: 10, GOP: time.Second, Codec: codec})})
		f := newFleet(t, quick)
		f.Set(sourceOf("a", cam))
		s := waitOffline(t, f, "a", Main, says, 15*time.Second)
		if s.Reason != sfu.ReasonCodecUnsupported || !strings.Contains(s.Detail, "install ffmpeg") {
			t.Errorf("%s: %s, %q", codec, s.Reason, s.Detail)
		}
		if s.LastError != s.Detail || s.LastErrorAt.IsZero() {
			t.Errorf("last error %q at %v", s.LastError, s.LastErrorAt)
		}
	}
}

// A child costs only while somebody watches, and as many as allowed run at once.
func TestChildrenRestAndAreCounted(t *testing.T) {
	t.Parallel()
	c := clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, FPS: 10, GOP: time.Second, Codec: testcam.JPEG})
	f := converting(t, quick, ConvertConfig{Videos: 1, Side: 320})
	f.Set(sourceOf("a", newCam(t, testcam.Config{Main: c})))
	eventually(t, 20*time.Second, "size and poster without a viewer", func() bool {
		s, _ := f.State("a")
		return s.Layers[Main].Status == Live && s.Layers[Main].Format.Width == 320
	})
	eventually(t, 20*time.Second, "the child rests", func() bool {
		s, _ := f.State("a")
		return s.Layers[Main].Convert != nil && !s.Layers[Main].Convert.Running
	})
	if s := f.status("a", Main); s != Live {
		t.Errorf("resting layer is %s", s)
	}
	release := f.Hold("a", Main)
	st, _ := f.Streams("a")
	k := take(t, st.Video[Main])
	k.wait(t, 3, 10*time.Second)

	f.Set(sourceOf("b", newCam(t, testcam.Config{Main: c})))
	other := f.Hold("b", Main)
	defer other()
	if s := waitOffline(t, f, "b", Main, "as many as it may", 15*time.Second); s.Reason != sfu.ReasonCodecUnsupported {
		t.Errorf("over the limit: %+v", s)
	}
	release()
	waitStatus(t, f, "b", Main, Live, 30*time.Second)
}

// A child that is killed or hangs is started again; who watches is not sent away.
func TestKilledChildComesBack(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcam.Config{Main: clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, FPS: 10, GOP: time.Second, Codec: testcam.MPG4})})
	f := converting(t, quick, ConvertConfig{Side: 320})
	f.Set(sourceOf("a", cam))
	defer f.Hold("a", Main)()
	st, _ := f.Streams("a")
	k := take(t, st.Video[Main])
	k.wait(t, 10, 15*time.Second)
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP} {
		p := f.camera("a").layers()[Main]
		p.mu.Lock()
		conv := p.sess.vconv
		p.mu.Unlock()
		pid, before := 0, 0
		eventually(t, 15*time.Second, "a child", func() bool {
			conv.mu.Lock()
			defer conv.mu.Unlock()
			if conv.child != nil {
				pid, before = conv.child.Pid(), conv.restarts
			}
			return pid != 0
		})
		if got, err := syscall.Getpriority(syscall.PRIO_PROCESS, pid); err != nil || 20-got < 10 {
			t.Errorf("child's niceness %d, %v", 20-got, err)
		}
		if err := syscall.Kill(pid, sig); err != nil {
			t.Fatal(err)
		}
		eventually(t, 15*time.Second, "a new child", func() bool {
			conv.mu.Lock()
			defer conv.mu.Unlock()
			if conv.child != nil && conv.child.Pid() == pid && sig == syscall.SIGSTOP {
				_ = syscall.Kill(pid, sig) // whoever lets it go on, it stays stopped
			}
			return conv.restarts > before && conv.child != nil
		})
		n := k.count()
		k.wait(t, n+20, 15*time.Second)
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("child %d still runs", pid)
		}
	}
	checkFrames(t, sfu.H264, k.all())
	if cam.Connects() != 1 {
		t.Errorf("%d connections to the camera", cam.Connects())
	}
}

func TestProbeTellsWhatWouldBeConverted(t *testing.T) {
	t.Parallel()
	f := converting(t, quick, ConvertConfig{})
	cam := newCam(t, testcam.Config{Main: clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, FPS: 10, GOP: time.Second, Codec: testcam.JPEG})})
	r := f.Probe(t.Context(), Source{Main: cam.Main()}).Main
	if !r.OK || r.Codec != "M-JPEG" || r.Convert != "h264" || r.Width != 640 || r.Height != 360 || r.FPS < 9 || r.FPS > 11 {
		t.Errorf("%+v", r)
	}
	if r := Probe(t.Context(), loopGuard(), Source{Main: cam.Main()}).Main; r.OK || r.Err.Code != CodeCodec {
		t.Errorf("without ffmpeg: %+v", r)
	}
}
