package web

import (
	"sightline/controlroom/archive"
	"sightline/controlroom/gallery"
)

// storageView is where this server keeps what takes room. Nobody's camera is in it:
// an administrator of the instance is not told what others have.
type storageView struct {
	archive.Storage
	Server string       `json:"server"` // this one's name
	Images gallery.Room `json:"images"`
}

func storageRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/instance/storage", who: instance, out: storageView{}, handle: getStorage,
			summary: "Where footage and images lie on this server: disks and bucket, how full they are, what is wrong with them, what goes next, and how many cameras are recorded."},
	}
}

func getStorage(r *request) error {
	return r.ok(storageView{Storage: r.s.cfg.Recordings.Storage(), Server: r.s.cfg.Node, Images: r.s.cfg.Gallery.Room(r.ctx)})
}
