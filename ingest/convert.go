package ingest

import (
	"context"
	"fmt"
	"time"

	"sightline/internal/ffmpeg"
	"sightline/sfu"
)

// ConvertConfig bounds what converting may cost; zero values take the defaults.
type ConvertConfig struct {
	Videos   int           // layers converted at once; default 4, negative: none
	Sounds   int           // sounds converted at once; default 32
	Side     int           // longest side of a converted picture in pixels, default 1280
	Threads  int           // of one child for encoding, default 1
	KeyEvery time.Duration // between key frames, default 2 s
}

func (c ConvertConfig) withDefaults() ConvertConfig {
	if c.Videos == 0 {
		c.Videos = 4
	}
	if c.Sounds <= 0 {
		c.Sounds = 32
	}
	if c.Side <= 0 {
		c.Side = 1280
	}
	if c.Threads <= 0 {
		c.Threads = 1
	}
	if c.KeyEvery <= 0 {
		c.KeyEvery = 2 * time.Second
	}
	return c
}

// rawSpec says of a track which codec an ffmpeg child would have to read.
type rawSpec struct {
	mkv    mkvTrack
	unpack func() (unpacker, error) // a fresh one for each connection and after each loss
}

// unpacker makes whole pictures or sounds of packets; the payload of a packet
// it was given is kept. Errors mean that something of the camera's is lost.
type unpacker func(p packet) ([][]byte, error)

// kitchen is what a fleet's conversions share. A nil kitchen converts nothing.
type kitchen struct {
	tool   *ffmpeg.Tool
	cfg    ConvertConfig
	videos chan struct{} // a place for each child
	sounds chan struct{}
}

func newKitchen(tool *ffmpeg.Tool, cfg ConvertConfig) *kitchen {
	if tool == nil {
		return nil
	}
	cfg = cfg.withDefaults()
	return &kitchen{tool: tool, cfg: cfg, videos: make(chan struct{}, max(cfg.Videos, 0)), sounds: make(chan struct{}, cfg.Sounds)}
}

// can reports whether a track can be converted here.
func (k *kitchen) can(ctx context.Context, t *track) bool {
	if k == nil || t.Raw == nil || t.Kind == sfu.Video && k.cfg.Videos < 0 {
		return false
	}
	return k.tool.Encodes(ctx, encoderOf(t.Kind))
}

func encoderOf(k sfu.Kind) string {
	if k == sfu.Audio {
		return "libopus"
	}
	return "libx264"
}

func (k *kitchen) places(kind sfu.Kind) chan struct{} {
	if kind == sfu.Audio {
		return k.sounds
	}
	return k.videos
}

// full is the sentence when all places are taken.
func (k *kitchen) full(kind sfu.Kind) string {
	if kind == sfu.Audio {
		return fmt.Sprintf("The server converts the sound of %d cameras already, as many as it may.", cap(k.sounds))
	}
	return fmt.Sprintf("The server converts the pictures of %d cameras already, as many as it may. Set the camera to H.264, or raise cameras.convert_max.", cap(k.videos))
}

// args of a child. Nothing in them comes from a camera or a person.
func (k *kitchen) args(t *track) []string {
	a := []string{
		"-loglevel", "warning", "-fflags", "+nobuffer", "-flags", "low_delay", "-threads", "1", "-max_pixels", "26214400",
		"-probesize", "32", "-analyzeduration", "1", "-f", "matroska", "-i", "pipe:0", "-map", "0:0", "-map_metadata", "-1",
	}
	if t.Kind == sfu.Audio {
		rate := "32k"
		if t.Raw.mkv.channels > 1 {
			rate = "64k"
		}
		return append(a, "-af", "aresample=48000:async=1:first_pts=0", "-ac", fmt.Sprint(min(max(t.Raw.mkv.channels, 1), 2)),
			"-c:a", "libopus", "-b:a", rate, "-application", "lowdelay", "-frame_duration", "20",
			"-flush_packets", "1", "-page_duration", "1", "-f", "ogg", "pipe:1")
	}
	side, every := k.cfg.Side, k.cfg.KeyEvery.Seconds()
	return append(a, "-vf", fmt.Sprintf("scale=w='min(%d,iw)':h='min(%d,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2:out_range=tv,format=yuv420p", side, side),
		"-fps_mode", "passthrough", "-enc_time_base", "1:1000",
		"-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-profile:v", "baseline", "-bf", "0", "-g", "1000", "-sc_threshold", "0",
		"-force_key_frames", fmt.Sprintf("expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+%.3f))", every-.001),
		"-crf", "25", "-maxrate", "2500k", "-bufsize", "2500k", "-threads", fmt.Sprint(k.cfg.Threads),
		"-flush_packets", "1", "-f", "flv", "pipe:1")
}
