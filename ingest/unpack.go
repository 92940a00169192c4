package ingest

import (
	"bytes"
	"errors"

	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpfragmented"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmjpeg"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"
)

// The codecs browsers do not play are unpacked by the RTSP library, behind
// unpacker: what it keeps of a picture under way is bounded here.

var errUnpack = errors.New("packets make no picture")

// rawOf describes a format for conversion, nil when it is none of those known.
func rawOf(f format.Format) *rawSpec {
	switch f := f.(type) {
	case *format.MJPEG:
		return &rawSpec{mkv: mkvTrack{codec: "V_MJPEG"}, unpack: func() (unpacker, error) {
			d, err := f.CreateDecoder()
			if err != nil {
				return nil, err
			}
			return one(d.Decode, rtpmjpeg.ErrMorePacketsNeeded), nil
		}}
	case *format.MPEG4Video:
		return &rawSpec{mkv: mkvTrack{codec: "V_MPEG4/ISO/ASP", private: f.SafeParams()}, unpack: func() (unpacker, error) {
			d, err := f.CreateDecoder()
			if err != nil {
				return nil, err
			}
			return one(d.Decode, rtpfragmented.ErrMorePacketsNeeded), nil
		}}
	case *format.MPEG4Audio:
		if f.Config == nil {
			return nil
		}
		return aacSpec(f.Config, func() (unpacker, error) {
			d, err := f.CreateDecoder()
			if err != nil {
				return nil, err
			}
			return func(p packet) ([][]byte, error) {
				out, err := d.Decode(rtpPacket(p))
				if errors.Is(err, rtpmpeg4audio.ErrMorePacketsNeeded) {
					return nil, nil
				}
				return out, err
			}, nil
		})
	case *format.MPEG4AudioLATM:
		c := f.StreamMuxConfig
		if f.CPresent || c == nil || len(c.Programs) != 1 || len(c.Programs[0].Layers) != 1 || c.NumSubFrames != 0 {
			return nil // configurations inside the stream: no camera is known to send them
		}
		return aacSpec(c.Programs[0].Layers[0].AudioSpecificConfig, func() (unpacker, error) {
			d, err := f.CreateDecoder()
			if err != nil {
				return nil, err
			}
			whole := one(d.Decode, rtpfragmented.ErrMorePacketsNeeded)
			return func(p packet) ([][]byte, error) {
				els, err := whole(p)
				if err != nil || len(els) == 0 {
					return nil, err
				}
				return latm(els[0])
			}, nil
		})
	}
	return nil
}

func aacSpec(c *mpeg4audio.AudioSpecificConfig, unpack func() (unpacker, error)) *rawSpec {
	private, err := c.Marshal()
	channels := int(c.ChannelConfig)
	if channels == 7 { // 7.1
		channels = 8
	}
	if err != nil || channels < 1 || channels > 8 || c.SampleRate < 7350 || c.SampleRate > 96000 {
		return nil
	}
	return &rawSpec{mkv: mkvTrack{codec: "A_AAC", private: private, audio: true, rate: c.SampleRate, channels: channels}, unpack: unpack}
}

// latm takes the one sound out of an AudioMuxElement (ISO 14496-3, 1.7.3).
func latm(b []byte) ([][]byte, error) {
	n := 0
	for i, v := range b {
		n += int(v)
		if v == 255 {
			continue
		}
		if b = b[i+1:]; n == 0 || n > len(b) {
			return nil, errUnpack
		}
		return [][]byte{b[:n]}, nil
	}
	return nil, errUnpack
}

// one makes an unpacker of a decoder that gives one picture at a time.
func one(decode func(*rtp.Packet) ([]byte, error), more error) unpacker {
	return func(p packet) ([][]byte, error) {
		out, err := decode(rtpPacket(p))
		switch {
		case errors.Is(err, more):
			return nil, nil
		case err != nil:
			return nil, err
		case len(out) == 0:
			return nil, errUnpack
		}
		return [][]byte{out}, nil
	}
}

// rtpPacket is p as the library wants it; the payload is copied, since the
// library keeps it.
func rtpPacket(p packet) *rtp.Packet {
	return &rtp.Packet{
		Header:  rtp.Header{Version: 2, SequenceNumber: p.Seq, Timestamp: p.TS, Marker: p.Marker},
		Payload: bytes.Clone(p.Payload),
	}
}
