package archive

import (
	"encoding/binary"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/flac"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"sightline/sfu"
)

// CodecUnsupported is Status.Sound where a camera's sound cannot be kept (G.722
// has no place in MP4 and no decoder here), and Status.Error of pictures.
const CodecUnsupported = "codec_unsupported"

// soundCodec is how a camera's sound stands in MP4: Opus as it is; G.711, which
// no browser plays from a file, as FLAC of the same samples. nil: it cannot.
func soundCodec(f sfu.Format) codecs.Codec {
	channels := max(f.Channels, 1)
	switch {
	case f.Codec == sfu.Opus && channels <= 2:
		return &codecs.Opus{ChannelCount: channels}
	case (f.Codec == sfu.PCMU || f.Codec == sfu.PCMA) && channels == 1 && f.ClockRate > 0:
		return &codecs.FLAC{StreamInfo: &flac.StreamInfo{MinBlockSize: minBlock, MaxBlockSize: maxBlock,
			SampleRate: uint32(f.ClockRate), ChannelCount: 1, BitDepth: 16}}
	}
	return nil
}

const (
	minBlock = 16
	maxBlock = 4608
)

// soundSample makes a sample of a packet; nil where it has none. at is the
// packet's place in units of its rate.
func soundSample(f sfu.Format, payload []byte, at int64) []byte {
	switch f.Codec {
	case sfu.PCMU:
		var pcm g711.Mulaw
		pcm.Unmarshal(payload)
		return flacFrame(pcm, at)
	case sfu.PCMA:
		var pcm g711.Alaw
		pcm.Unmarshal(payload)
		return flacFrame(pcm, at)
	}
	return payload
}

// flacFrame wraps 16 bit samples, big endian, mono, as they are: a frame of one
// verbatim subframe (RFC 9639 9.1, 9.2.2).
func flacFrame(pcm []byte, at int64) []byte {
	n := len(pcm) / 2
	if n < minBlock || n > maxBlock || at < 0 {
		return nil
	}
	b := make([]byte, 0, len(pcm)+24)
	b = append(b, 0xff, 0xf9, 0x70, 0x08) // variable blocks, 16 bits for their size; rate as the stream; mono, 16 bits
	b = appendCoded(b, uint64(at)&(1<<36-1))
	b = binary.BigEndian.AppendUint16(b, uint16(n-1))
	b = append(b, crc8(b))
	b = append(append(b, 0x02), pcm[:2*n]...)
	return binary.BigEndian.AppendUint16(b, crc16(b))
}

// appendCoded is the coded number of a frame's header: UTF-8 drawn out to 36 bits.
func appendCoded(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	more := 1
	for more < 6 && v >= 1<<(5*more+6) {
		more++
	}
	b = append(b, byte(0xff<<(7-more))|byte(v>>(6*more)))
	for more--; more >= 0; more-- {
		b = append(b, 0x80|byte(v>>(6*more))&0x3f)
	}
	return b
}

func crc8(b []byte) (c byte) {
	for _, x := range b {
		c ^= x
		for range 8 {
			top := c & 0x80
			if c <<= 1; top != 0 {
				c ^= 0x07
			}
		}
	}
	return c
}

func crc16(b []byte) (c uint16) {
	for _, x := range b {
		c ^= uint16(x) << 8
		for range 8 {
			top := c & 0x8000
			if c <<= 1; top != 0 {
				c ^= 0x8005
			}
		}
	}
	return c
}
