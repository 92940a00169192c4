package testcam

import (
	"crypto/rand"
	"encoding/binary"
	mrand "math/rand/v2"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"
)

// player plays one clip into one stream, for ever: timestamps run on over the
// end of the loop, and the wall clock keeps the pace.
type player struct {
	srv    *server
	clip   *Clip
	stream *gortsplib.ServerStream
	video  *description.Media
	audio  *description.Media

	encodeVideo func(nals [][]byte) ([]*rtp.Packet, error)
	encodeAudio func(packet []byte) ([]*rtp.Packet, error)
	videoBase   uint32 // random first timestamps, as RFC 3550 asks
	audioBase   uint32

	rng      *mrand.Rand // of what the network does
	late     []latePacket
	reported time.Time // when the last sender report went out

	quit, done chan struct{}
}

func newPlayer(s *server, clip *Clip) (*player, error) {
	p := &player{srv: s, clip: clip, videoBase: random32(), audioBase: random32(), quit: make(chan struct{}), done: make(chan struct{})}
	if err := p.makeVideo(); err != nil {
		return nil, err
	}
	desc := &description.Session{Medias: []*description.Media{p.video}}
	if clip.Audio != nil {
		if err := p.makeAudio(); err != nil {
			return nil, err
		}
		desc.Medias = append(desc.Medias, p.audio)
	}
	p.stream = &gortsplib.ServerStream{Server: s.rtp, Desc: desc}
	return p, p.stream.Initialize()
}

func (p *player) makeVideo() error {
	var f format.Format
	switch p.clip.Codec {
	case JPEG:
		j := &format.MJPEG{}
		enc, err := j.CreateEncoder()
		if err != nil {
			return err
		}
		f, p.encodeVideo = j, whole(enc.Encode)
	case MPG4:
		m := &format.MPEG4Video{PayloadTyp: 96, ProfileLevelID: 1, Config: p.clip.SPS}
		enc, err := m.CreateEncoder()
		if err != nil {
			return err
		}
		f, p.encodeVideo = m, whole(enc.Encode)
	case H265:
		h := &format.H265{PayloadTyp: 96}
		if !p.srv.cfg.InBand {
			h.VPS, h.SPS, h.PPS = p.clip.VPS, p.clip.SPS, p.clip.PPS
		}
		enc, err := h.CreateEncoder()
		if err != nil {
			return err
		}
		f, p.encodeVideo = h, enc.Encode
	default:
		h := &format.H264{PayloadTyp: 96, PacketizationMode: 1}
		if !p.srv.cfg.InBand {
			h.SPS, h.PPS = p.clip.SPS, p.clip.PPS
		}
		enc, err := h.CreateEncoder()
		if err != nil {
			return err
		}
		f, p.encodeVideo = h, enc.Encode
	}
	p.video = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{f}}
	return nil
}

// whole encodes pictures that are in one piece.
func whole(encode func([]byte) ([]*rtp.Packet, error)) func([][]byte) ([]*rtp.Packet, error) {
	return func(b [][]byte) ([]*rtp.Packet, error) { return encode(b[0]) }
}

func (p *player) makeAudio() error {
	a := p.clip.Audio
	var f format.Format
	if a.Codec == AAC {
		m := &format.MPEG4Audio{
			PayloadTyp: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3,
			Config: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: a.Rate, ChannelCount: 1},
		}
		enc, err := m.CreateEncoder()
		if err != nil {
			return err
		}
		f, p.encodeAudio = m, func(b []byte) ([]*rtp.Packet, error) { return enc.Encode([][]byte{b}) }
	} else {
		g := &format.G711{PayloadTyp: 0, MULaw: true, SampleRate: a.Rate, ChannelCount: 1}
		enc, err := g.CreateEncoder()
		if err != nil {
			return err
		}
		f, p.encodeAudio = g, enc.Encode
	}
	p.audio = &description.Media{Type: description.MediaTypeAudio, Formats: []format.Format{f}}
	return nil
}

func (p *player) start() { go p.run() }

func (p *player) stop() {
	close(p.quit)
	<-p.done
}

func (p *player) run() {
	defer close(p.done)
	unit, packet := p.clip.at(p.srv.cfg.Start) // counted over all loops
	begin := time.Now().Add(-p.srv.cfg.Start)
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for {
		dueV := p.unitTime(unit)
		due, video := dueV, true
		if a := p.clip.Audio; a != nil {
			if dueA := time.Duration(packet) * a.Packet; dueA < dueV {
				due, video = dueA, false
			}
		}
		if wait := time.Until(begin.Add(due)); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-p.quit:
				return
			}
		} else {
			select {
			case <-p.quit:
				return
			default:
			}
		}
		if video {
			p.sendUnit(unit)
			unit++
		} else {
			p.sendPacket(packet)
			packet++
		}
	}
}

// unitTime is when the n-th picture since the start is due.
func (p *player) unitTime(n int) time.Duration {
	loop, i := n/len(p.clip.Units), n%len(p.clip.Units)
	return time.Duration(loop)*p.clip.Length + p.clip.Units[i].DTS
}

func (p *player) sendUnit(n int) {
	if p.srv.cam.hang.Load() {
		return
	}
	u := &p.clip.Units[n%len(p.clip.Units)]
	nals := u.NALs
	if c := p.clip.Codec; (c == H264 || c == H265) && u.Key && !p.srv.cfg.SDPOnly {
		nals = nil
		for _, set := range [][]byte{p.clip.VPS, p.clip.SPS, p.clip.PPS} {
			if set != nil {
				nals = append(nals, set)
			}
		}
		nals = append(nals, u.NALs...)
	}
	if p.srv.cfg.Stamp {
		nals = append([][]byte{stamp(p.clip.Codec, Uptime())}, nals...)
	}
	pkts, err := p.encodeVideo(nals)
	if err != nil {
		return // the clip is ours: cannot happen
	}
	at := p.unitTime(n) - u.DTS + u.PTS
	ts := p.videoBase + ticks(at, 90000)
	for _, pkt := range pkts {
		pkt.Timestamp = ts
		p.impaired(p.video, pkt)
	}
	p.report(pkts, ts)
}

func (p *player) sendPacket(n int) {
	if p.srv.cam.hang.Load() {
		return
	}
	a := p.clip.Audio
	pkts, err := p.encodeAudio(a.Packets[n%len(a.Packets)])
	if err != nil {
		return
	}
	ts := p.audioBase + ticks(time.Duration(n)*a.Packet, a.Rate)
	for _, pkt := range pkts {
		pkt.Timestamp = ts
		p.stream.WritePacketRTP(p.audio, pkt)
	}
}

// ticks converts without overflow for years of run time.
func ticks(d time.Duration, rate int) uint32 {
	sec, rest := d/time.Second, d%time.Second
	return uint32(int64(sec)*int64(rate) + (int64(rest)*int64(rate)+5e8)/1e9)
}

func random32() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])
}
