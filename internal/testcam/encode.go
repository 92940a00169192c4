package testcam

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sightline/internal/ffmpeg"
)

// track is one encoding of a sequence of pictures.
type track struct {
	codec   string // H264 or H265
	w, h    int
	kbits   int
	preset  string
	profile string
	bframes int
}

// encode draws n pictures of w x h at fps with draw and encodes them once into
// every track. key is the key-frame interval.
func encode(ctx context.Context, w, h, fps, n int, key time.Duration, draw func(c *canvas, i int), tracks []track) ([]*Clip, error) {
	tool, err := ffmpeg.Find(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sightline-clip-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)

	gop := int(key.Seconds()*float64(fps) + .5)
	args := []string{"-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", fmt.Sprintf("%dx%d", w, h), "-r", strconv.Itoa(fps), "-i", "-"}
	files := make([]string, len(tracks))
	for i, t := range tracks {
		files[i] = filepath.Join(dir, strconv.Itoa(i)+".mkv")
		args = append(args, t.args(w, h, gop)...)
		args = append(args, files[i])
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		defer pw.Close()
		drawAll(pw, w, h, n, draw)
	}()
	err = tool.Run(ctx, ffmpeg.Job{Args: args, In: pr, Limit: 15 * time.Minute})
	pr.Close() // a writer still at work fails now
	<-drawn
	if err != nil {
		return nil, err
	}
	clips := make([]*Clip, len(tracks))
	for i, t := range tracks {
		c := &Clip{Codec: t.codec, Width: t.w, Height: t.h, FPS: float64(fps), Key: key, Length: time.Duration(n) * time.Second / time.Duration(fps)}
		if err := readTrack(ctx, tool, files[i], c); err != nil {
			return nil, err
		}
		if len(c.Units) != n {
			return nil, fmt.Errorf("clip has %d pictures instead of %d", len(c.Units), n)
		}
		clips[i] = c
	}
	return clips, nil
}

// drawAll writes n pictures, drawing one while the one before is written. It
// stops at the first error: the encoder has ended, and its own error tells why.
func drawAll(out io.Writer, w, h, n int, draw func(c *canvas, i int)) {
	ready, free := make(chan *canvas), make(chan *canvas, 2)
	free <- newCanvas(w, h)
	free <- newCanvas(w, h)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(ready)
		for i := range n {
			var c *canvas
			select {
			case c = <-free:
			case <-stop:
				return
			}
			draw(c, i)
			select {
			case ready <- c:
			case <-stop:
				return
			}
		}
	}()
	for c := range ready {
		if _, err := out.Write(c.buf); err != nil {
			break
		}
		free <- c
	}
	close(stop)
	<-done
}

func (t track) args(w, h, gop int) []string {
	var a []string
	if t.w != w || t.h != h {
		a = append(a, "-vf", fmt.Sprintf("scale=%d:%d:flags=area", t.w, t.h))
	}
	rate := strconv.Itoa(t.kbits) + "k"
	a = append(a, "-pix_fmt", "yuv420p", "-threads", "2", "-b:v", rate, "-maxrate", rate, "-bufsize", rate)
	g := strconv.Itoa(gop)
	switch t.codec {
	case JPEG: // RFC 2435 knows the standard tables only
		return append(a, "-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-huffman", "default", "-q:v", "8")
	case MPG4:
		return append(a, "-c:v", "mpeg4", "-g", g, "-bf", "0")
	}
	if t.codec == H265 {
		return append(a, "-c:v", "libx265", "-preset", t.preset, "-tag:v", "hvc1", "-x265-params",
			fmt.Sprintf("log-level=none:keyint=%s:min-keyint=%s:scenecut=0:open-gop=0:bframes=%d:info=0:pools=2", g, g, t.bframes))
	}
	return append(a, "-c:v", "libx264", "-preset", t.preset, "-profile:v", t.profile, "-g", g, "-keyint_min", g,
		"-bf", strconv.Itoa(t.bframes), "-x264-params", fmt.Sprintf("scenecut=0:open-gop=0:sliced-threads=0:b-adapt=0:bframes=%d:force-cfr=1:cabac=1:deblock=0,0", t.bframes))
}

// readTrack reads an encoded file: the elementary stream with delimiters, and
// the times ffmpeg reports for it.
func readTrack(ctx context.Context, tool *ffmpeg.Tool, file string, c *Clip) error {
	var es, crc bytes.Buffer
	bsf := map[string]string{H264: "h264_mp4toannexb,h264_metadata=aud=insert", H265: "hevc_mp4toannexb,hevc_metadata=aud=insert", JPEG: "null", MPG4: "dump_extra=freq=keyframe"}[c.Codec]
	raw := map[string]string{H264: "h264", H265: "hevc", JPEG: "mjpeg", MPG4: "m4v"}[c.Codec]
	if err := tool.Run(ctx, ffmpeg.Job{Args: []string{"-loglevel", "error", "-i", file, "-c", "copy", "-bsf:v", bsf, "-f", raw, "-"}, Out: &es}); err != nil {
		return err
	}
	if err := tool.Run(ctx, ffmpeg.Job{Args: []string{"-loglevel", "error", "-i", file, "-c", "copy", "-f", "framecrc", "-"}, Out: &crc}); err != nil {
		return err
	}
	switch c.Codec {
	case JPEG:
		parsePictures(es.Bytes(), c)
	case MPG4:
		parseVisual(es.Bytes(), c)
	default:
		parseUnits(c.Codec, es.Bytes(), c)
	}
	var base time.Duration = time.Second
	var tb time.Duration
	i := 0
	for line := range strings.Lines(crc.String()) {
		if v, ok := strings.CutPrefix(line, "#tb 0: 1/"); ok {
			den, err := strconv.Atoi(strings.TrimSpace(v))
			if err != nil || den <= 0 {
				return fmt.Errorf("time base %q", v)
			}
			tb = time.Duration(den)
		}
		if strings.HasPrefix(line, "#") || tb == 0 || i >= len(c.Units) {
			continue
		}
		f := strings.Split(line, ",")
		pts, err := strconv.ParseInt(strings.TrimSpace(f[2]), 10, 64)
		if err != nil {
			return fmt.Errorf("picture times: %w", err)
		}
		c.Units[i].PTS = time.Duration(pts) * time.Second / tb
		c.Units[i].DTS = time.Duration(i) * c.Length / time.Duration(len(c.Units))
		base = min(base, c.Units[i].PTS)
		i++
	}
	if i != len(c.Units) {
		return fmt.Errorf("%d times for %d pictures", i, len(c.Units))
	}
	for i := range c.Units {
		c.Units[i].PTS -= base
	}
	return nil
}
