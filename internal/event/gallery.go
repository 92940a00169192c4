package event

// GalleryFull says that an image found no room in an account's gallery, the
// first since there was some.
type GalleryFull struct {
	Account string `json:"account"`
}

func (GalleryFull) Type() string { return "gallery_full" }
