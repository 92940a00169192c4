package event

// GalleryFull says that an image found no room in an account's gallery, the
// first since there was some.
type GalleryFull struct {
	Account string `json:"account"`
	At      int64  `json:"at"` // Unix ms of that image: the same however often it is said
}

func (GalleryFull) Type() string { return "gallery_full" }
