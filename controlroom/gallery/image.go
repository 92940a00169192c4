package gallery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sightline/authz"
	"sightline/ingest/intake"
	"sightline/internal/kv"
	"sightline/internal/picture"
)

// Image is one stored image of an account.
type Image struct {
	ID         string
	Camera     string // id; the camera may be gone
	CameraName string // as it was called when the image came
	Sender     string // account it was received from; "" = of an own camera
	Taken      time.Time
	Received   time.Time
	Width      int
	Height     int
	Bytes      int64
	Favourite  bool
	Tags       []string
	Via        intake.Via
	Details    picture.Details
}

// row is the stored form of an Image.
type row struct {
	V        int             `json:"v"`
	Camera   string          `json:"camera"`
	Name     string          `json:"name"`
	Sender   string          `json:"sender,omitempty"`
	Hash     string          `json:"hash"`            // SHA-256 of the bytes, hex
	At       int64           `json:"at"`              // received, Unix ms
	Taken    int64           `json:"taken,omitempty"` // Unix ms
	W        int             `json:"w"`
	H        int             `json:"h"`
	Bytes    int64           `json:"bytes"`
	Day      string          `json:"day"` // received, in the account's zone: what it is counted under
	Via      intake.Via      `json:"via"`
	Once     string          `json:"once,omitempty"` // own images: the mark under pOnce
	Favoured bool            `json:"fav,omitempty"`
	Tags     []string        `json:"tags,omitempty"`
	Details  picture.Details `json:"details,omitzero"`
}

// Keys of an account's space. Ids sort by time of arrival.
const (
	rowVersion = 1
	pRow       = "im/"  // + id: row
	pByCamera  = "imc/" // + camera/id
	pBySender  = "ims/" // + sender/id
	pByTag     = "imt/" // + tag in hex/id
	pFavourite = "imf/" // + id
	pByHash    = "imh/" // + hash/id: rows that need the blob
	pOnce      = "imo/" // + hash of camera and Once: id
	pTrash     = "imx/" // + id: deleted, can be restored for a while
	pDay       = "imd/" // + yyyy-mm-dd: how many images
	pOutbox    = "imb/" // + id/part: to be handed to others
	kSums      = "imsum"
	pTurn      = "imv/" // + first byte of a hash in hex, see turnKey
)

// turnKey is moved whenever a reference to one of the account's blobs is about
// to be dropped: a row is committed on the condition that it is as it was before
// the row's own reference was made sure of. Blobs share 256 of them.
func turnKey(hash string) string { return pTurn + hash[:2] }

var errRow = errors.New("gallery: a stored image is of an unknown version or damaged")

func parseRow(v kv.Value) (row, error) {
	var r row
	if err := json.Unmarshal(v.Data, &r); err != nil || r.V != rowVersion {
		return row{}, fmt.Errorf("%w: %s", errRow, v.Key)
	}
	return r, nil
}

func (r row) image(id string) Image {
	i := Image{ID: id, Camera: r.Camera, CameraName: r.Name, Sender: r.Sender, Received: time.UnixMilli(r.At).UTC(),
		Width: r.W, Height: r.H, Bytes: r.Bytes, Favourite: r.Favoured, Tags: r.Tags, Via: r.Via, Details: r.Details}
	if r.Taken != 0 {
		i.Taken = time.UnixMilli(r.Taken).UTC()
	}
	return i
}

// marks are the index entries of a row.
func (r row) marks(id string) []string {
	sender := r.Sender
	if sender == "" {
		sender = ownSender
	}
	keys := []string{pByCamera + r.Camera + "/" + id, pBySender + sender + "/" + id, pByHash + r.Hash + "/" + id}
	if r.Favoured {
		keys = append(keys, pFavourite+id)
	}
	for _, t := range r.Tags {
		keys = append(keys, tagKey(t)+id)
	}
	return keys
}

func tagKey(tag string) string { return pByTag + hex.EncodeToString([]byte(tag)) + "/" }

// imageID is the same for the same cause at the same time.
func imageID(at time.Time, once string) string {
	sum := sha256.Sum256([]byte("image\x00" + once))
	return authz.TimedID(at, [10]byte(sum[:10]))
}

// firstID sorts before every image that came at or after t.
func firstID(t time.Time) string { return authz.TimedID(t, [10]byte{}) }

// onceMark is the key of an arrival that must be stored once.
func onceMark(camera, once string) string {
	sum := sha256.Sum256([]byte(camera + "\x00" + once))
	return hex.EncodeToString(sum[:])
}
