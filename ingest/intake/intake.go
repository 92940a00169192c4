// Package intake takes images from still cameras: by e-mail, by FTP, and from
// whoever else hands them to the same Accepter. It proves for which camera a
// sender speaks, bounds what he sends, and stores nothing itself.
package intake

import (
	"context"
	"time"

	"sightline/internal/secret"
)

// Via is the way an image came in.
type Via string

// The ways.
const (
	ViaHTTP     Via = "http"
	ViaMail     Via = "mail"
	ViaFTP      Via = "ftp"
	ViaLive     Via = "live"     // cut from a live stream on schedule
	ViaDemand   Via = "demand"   // cut because a person asked
	ViaNotice   Via = "notice"   // cut because something happened
	ViaSnapshot Via = "snapshot" // fetched from the camera's own address
)

// Arrival is one image as a sender handed it in.
type Arrival struct {
	Camera string    // id; the sender proved that he speaks for it
	Data   []byte    // one whole JPEG file; the caller's until Accept returns, not changed
	Taken  time.Time // the sender's word; zero: what EXIF says, else unknown
	Via    Via
	Once   string // two arrivals of a camera with one Once are one image; "" = its content
}

// Receipt says what became of an Arrival.
type Receipt struct {
	Image string // id
	New   bool   // false: it was there already
}

// Accepter stores images. When Accept returns without error the image survives a
// crash; with one, nothing of it is kept. Errors are *fault.Error: bad_image,
// too_large, quota_full, rate_limited, camera_gone, camera_off,
// account_suspended, disk_full, authz_unavailable. Safe for concurrent use.
type Accepter interface {
	Accept(ctx context.Context, a Arrival) (Receipt, error)
}

// Directory says for which camera a sender may speak. Every refusal is the same
// fault.Unauthenticated after the same work.
type Directory interface {
	ByKey(ctx context.Context, camera string, key secret.String) error
	ByAddress(ctx context.Context, local string) (camera string, err error)
	ByLogin(ctx context.Context, user string, password secret.String) (camera string, err error)
}
