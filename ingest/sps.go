package ingest

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"sightline/sfu"
)

// picture is what a sequence parameter set says.
type picture struct {
	format  sfu.Format
	profile string // for people: "Main", "High", "Main 10"
	reorder bool   // the set allows pictures to be shown in another order than sent
}

var errSPS = errors.New("sequence parameter set makes no sense")

// parseSPS reads a sequence parameter set of at most maxSet bytes. It never
// panics, whatever the bytes are.
func parseSPS(codec sfu.Codec, b []byte) (p picture, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errSPS, r)
		}
	}()
	if len(b) < 4 || len(b) > maxSet {
		return p, errSPS
	}
	p.format = sfu.Format{Codec: codec, ClockRate: 90000}
	if codec == sfu.H265 {
		var s h265.SPS
		if err := s.Unmarshal(b); err != nil {
			return p, fmt.Errorf("%w: %w", errSPS, err)
		}
		p.format.Width, p.format.Height = s.Width(), s.Height()
		p.profile = h265Profile(s.ProfileTierLevel.GeneralProfileIdc)
		if n := len(s.MaxNumReorderPics); n > 0 {
			p.reorder = s.MaxNumReorderPics[n-1] > 0
		}
	} else {
		var s h264.SPS
		if err := s.Unmarshal(b); err != nil {
			return p, fmt.Errorf("%w: %w", errSPS, err)
		}
		p.format.Width, p.format.Height = s.Width(), s.Height()
		p.format.Profile = hex.EncodeToString(b[1:4])
		p.profile = h264Profile(b[1], b[2])
		p.reorder = b[1] != 66 && s.PicOrderCntType != 2
		if s.VUI != nil && s.VUI.BitstreamRestriction != nil {
			p.reorder = s.VUI.BitstreamRestriction.MaxNumReorderFrames > 0
		}
	}
	if w, h := p.format.Width, p.format.Height; w < 16 || h < 16 || w > maxSide || h > maxSide {
		return p, fmt.Errorf("%w: %d x %d", errSPS, w, h)
	}
	return p, nil
}

func h264Profile(idc, constraints byte) string {
	switch idc {
	case 66:
		if constraints&0x40 != 0 {
			return "Constrained Baseline"
		}
		return "Baseline"
	case 77:
		return "Main"
	case 88:
		return "Extended"
	case 100:
		return "High"
	case 110:
		return "High 10"
	case 122:
		return "High 4:2:2"
	case 244:
		return "High 4:4:4"
	}
	return fmt.Sprintf("profile %d", idc)
}

func h265Profile(idc uint8) string {
	switch idc {
	case 1:
		return "Main"
	case 2:
		return "Main 10"
	case 3:
		return "Main Still Picture"
	}
	return fmt.Sprintf("profile %d", idc)
}

// profileName is a format's profile for people, "" when unknown.
func profileName(f sfu.Format) string {
	b, err := hex.DecodeString(f.Profile)
	if f.Codec != sfu.H264 || err != nil || len(b) != 3 {
		return ""
	}
	return h264Profile(b[0], b[1])
}
