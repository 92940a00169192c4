package ingest

import (
	"encoding/binary"
	"math"
)

// mkvTrack is the one track of a Matroska byte stream for an ffmpeg child.
type mkvTrack struct {
	codec    string // "V_MJPEG", "V_MPEG4/ISO/ASP", "A_AAC"
	private  []byte // decoder configuration, may be empty
	audio    bool
	rate     int // audio only
	channels int
}

// Matroska is written because it carries a time with every picture, whatever the
// codec, and ffmpeg hands a picture on as soon as its cluster is complete:
// raw formats wait for the beginning of the next one.

// mkvHead is everything before the first cluster.
func mkvHead(t mkvTrack) []byte {
	entry := cat(mkvUint(0xd7, 1), mkvUint(0x73c5, 1), mkvElement(0x86, []byte(t.codec)))
	if len(t.private) > 0 {
		entry = append(entry, mkvElement(0x63a2, t.private)...)
	}
	if t.audio {
		var f [8]byte
		binary.BigEndian.PutUint64(f[:], math.Float64bits(float64(t.rate)))
		entry = append(entry, mkvUint(0x83, 2)...)
		entry = append(entry, mkvElement(0xe1, cat(mkvElement(0xb5, f[:]), mkvUint(0x9f, uint64(t.channels))))...)
	} else {
		entry = append(entry, mkvUint(0x83, 1)...)
		entry = append(entry, mkvElement(0xe0, cat(mkvUint(0xb0, 16), mkvUint(0xba, 16)))...) // the decoder finds the size
	}
	return cat(
		mkvElement(0x1a45dfa3, cat(mkvUint(0x4286, 1), mkvUint(0x42f7, 1), mkvUint(0x42f2, 4), mkvUint(0x42f3, 8),
			mkvElement(0x4282, []byte("matroska")), mkvUint(0x4287, 4), mkvUint(0x4285, 2))),
		[]byte{0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, // segment without an end
		mkvElement(0x1549a966, cat(mkvUint(0x2ad7b1, 1_000_000), mkvElement(0x4d80, []byte("Sightline")), mkvElement(0x5741, []byte("Sightline")))),
		mkvElement(0x1654ae6b, mkvElement(0xae, entry)),
	)
}

// mkvCluster is one picture or sound at ms milliseconds since the beginning.
func mkvCluster(b []byte, ms int64, data []byte) []byte {
	at := mkvUint(0xe7, uint64(ms))
	block := 4 + len(data)
	b = append(b, 0x1f, 0x43, 0xb6, 0x75)
	b = mkvSize(b, len(at)+1+8+block)
	b = append(b, at...)
	b = append(b, 0xa3)
	b = mkvSize(b, block)
	b = append(b, 0x81, 0, 0, 0x80) // track 1, 0 ms after the cluster's time, a key frame
	return append(b, data...)
}

func mkvElement(id uint32, body []byte) []byte {
	var b []byte
	for shift := 24; shift >= 0; shift -= 8 {
		if v := byte(id >> shift); v != 0 || len(b) > 0 {
			b = append(b, v)
		}
	}
	return append(mkvSize(b, len(body)), body...)
}

func mkvUint(id uint32, v uint64) []byte {
	return mkvElement(id, binary.BigEndian.AppendUint64(nil, v))
}

// mkvSize appends a size in eight bytes.
func mkvSize(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)|1<<56)
}

func cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
