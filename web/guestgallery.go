package web

import (
	"slices"
	"sync"
	"time"

	"sightline/authz"
	"sightline/controlroom/gallery"
	"sightline/internal/fault"
	"sightline/ratelimit"
)

type guestImage struct {
	ID      string    `json:"id"`
	Camera  string    `json:"camera"`
	TakenAt time.Time `json:"taken_at"`
	Width   int       `json:"width"`
	Height  int       `json:"height"`
}

type guestGalleryView struct {
	AsOf      time.Time    `json:"as_of"` // when the list was made
	Images    []guestImage `json:"images"`
	Next      string       `json:"next,omitempty"`      // after of the next page of this list
	Throttled *time.Time   `json:"throttled,omitempty"` // when the gallery can be refreshed again
	Used      int          `json:"used"`                // updates of the link in the window
	Budget    int          `json:"budget"`
}

type recentView struct {
	Images []guestImage `json:"images"`
}

const (
	guestPage  = 100
	recentMost = 6
	recentLife = time.Minute // how often spare cells of a link's walls get new images
	listsMost  = 1024        // links whose last list is kept
)

func guestGalleryRoutes() []route {
	return []route{
		{method: "POST", path: "/g/:link/gallery", who: guest, out: guestGalleryView{}, handle: refreshGallery,
			summary: "Load or refresh a share link's gallery: one gallery update (R78). Past the budget it is the list of the last update, with its time and when it can be refreshed again (R82)."},
		{method: "GET", path: "/g/:link/gallery", who: guest, out: guestGalleryView{}, handle: pageGallery,
			summary: "Further pages of the list of the last update, free. Query: after (an image's id)."},
		{method: "GET", path: "/g/:link/recent", who: guest, out: recentView{}, handle: recentImages,
			summary: "The newest six images for spare cells of the wall (R72); new ones at most once a minute. No gallery update."},
		{method: "GET", path: "/g/:link/images/:id", who: guest, answer: jpegType, handle: guestOriginal,
			summary: "An image with nothing but its picture (R69), while it is among the newest and not too old (R66, R67)."},
		{method: "GET", path: "/g/:link/images/:id/thumbnail", who: guest, answer: jpegType, handle: guestThumbnail, summary: "The image at 480 pixels."},
	}
}

// lists are the last lists of links' galleries, so that pages and throttled
// guests see what was loaded. The zero value is ready.
type lists struct {
	mu sync.Mutex
	by map[string]*linkLists
}

type linkLists struct {
	asOf   time.Time
	images []gallery.GuestImage
	recent []gallery.GuestImage
	fresh  time.Time // of recent
}

func (l *lists) of(link string) linkLists {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.by[link]; k != nil {
		return *k
	}
	return linkLists{}
}

func (l *lists) change(link string, fn func(*linkLists)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil || len(l.by) >= listsMost {
		l.by = map[string]*linkLists{}
	}
	k := l.by[link]
	if k == nil {
		k = &linkLists{}
		l.by[link] = k
	}
	fn(k)
}

// gallery decides that the guest may look at images of the link, and of which cameras.
func (r *request) galleryCameras() (owner string, cameras []string, err error) {
	if r.visit.Kind != authz.LinkShare {
		return "", nil, fault.New(fault.Forbidden, string(authz.ReasonLimitedMode), "This link is for live video only.")
	}
	for _, c := range r.visit.Cameras {
		d, err := r.s.cfg.Authority.Check(r.ctx, r.subject, authz.ActImages, authz.Object{Camera: c.ID})
		if err != nil {
			return "", nil, err
		}
		if d.Allowed {
			cameras = append(cameras, c.ID)
		} else if !d.Invisible && d.Reason != authz.ReasonCameraOff {
			return "", nil, d.Fault()
		}
	}
	return r.visit.OwnerID, cameras, nil
}

func refreshGallery(r *request) error {
	owner, cameras, err := r.galleryCameras()
	if err != nil {
		return err
	}
	link := r.param("link")
	a := ratelimit.UpdateAnswer{Allowed: true}
	if !r.visit.Owner { // the owner's own visits are free (R86)
		if a, err = r.s.cfg.Updates.Update(r.ctx, ratelimit.UpdateRequest{Link: link, Visit: r.subject.Visit}); err != nil {
			return err
		}
	}
	if !a.Allowed {
		if have := r.s.galleries.of(link); have.asOf.IsZero() { // another node, or a restart: the list of now takes its place, once
			a.Allowed = true
		}
	}
	throttled := !a.Allowed
	if a.Allowed {
		r.s.cfg.Room.UseGallery(r.ctx, r.subject, r.viewer(), a.Counted)
		list, err := r.s.cfg.Gallery.Guest(r.ctx, owner, cameras)
		if err != nil {
			return err
		}
		r.s.galleries.change(link, func(k *linkLists) { k.asOf, k.images = r.s.cfg.Clock.Now(), list })
	}
	out, err := r.galleryPage(owner, cameras, "")
	if err != nil {
		return err
	}
	out.Used, out.Budget = a.Used, a.Budget
	if throttled {
		out.Throttled = optional(a.Free)
	}
	return r.ok(out)
}

func pageGallery(r *request) error {
	owner, cameras, err := r.galleryCameras()
	if err != nil {
		return err
	}
	after := string(r.c.Request().URI().QueryArgs().Peek("after"))
	if !authz.ValidID(after) {
		return fault.Field("after", fault.CodeBadValue, "That is no place in the list.")
	}
	out, err := r.galleryPage(owner, cameras, after)
	if err != nil {
		return err
	}
	return r.ok(out)
}

// galleryPage is a page of the kept list, filtered by what may be seen now: a
// cached list never shows what has left its limits meanwhile (ruling 7).
func (r *request) galleryPage(owner string, cameras []string, after string) (guestGalleryView, error) {
	have := r.s.galleries.of(r.param("link"))
	out := guestGalleryView{AsOf: have.asOf.UTC(), Images: []guestImage{}}
	now, err := r.s.cfg.Gallery.Guest(r.ctx, owner, cameras)
	if err != nil {
		return out, err
	}
	may := make(map[string]bool, len(now))
	for _, i := range now {
		may[i.ID] = true
	}
	kept := have.images
	if have.asOf.IsZero() && may[after] {
		// Another node made the list. What is behind an image of it came before it
		// was made; only who was shown that image knows its id.
		kept, out.AsOf = now, r.s.cfg.Clock.Now().UTC()
	}
	for _, i := range kept {
		if after != "" && i.ID >= after || !may[i.ID] {
			continue
		}
		if len(out.Images) == guestPage {
			out.Next = out.Images[guestPage-1].ID
			break
		}
		out.Images = append(out.Images, viewGuestImage(i))
	}
	return out, nil
}

func recentImages(r *request) error {
	owner, cameras, err := r.galleryCameras()
	if err != nil {
		return err
	}
	link, now := r.param("link"), r.s.cfg.Clock.Now()
	list, err := r.s.cfg.Gallery.Guest(r.ctx, owner, cameras)
	if err != nil {
		return err
	}
	have := r.s.galleries.of(link)
	if now.Sub(have.fresh).Abs() >= recentLife {
		have.recent = slices.Clone(list[:min(len(list), recentMost)])
		r.s.galleries.change(link, func(k *linkLists) { k.recent, k.fresh = have.recent, now })
	}
	out := recentView{Images: []guestImage{}}
	for _, i := range have.recent {
		if slices.ContainsFunc(list, func(l gallery.GuestImage) bool { return l.ID == i.ID }) {
			out.Images = append(out.Images, viewGuestImage(i))
		}
	}
	return r.ok(out)
}

func viewGuestImage(i gallery.GuestImage) guestImage {
	return guestImage{ID: i.ID, Camera: i.Camera, TakenAt: i.Taken, Width: i.Width, Height: i.Height}
}

func guestOriginal(r *request) error  { return r.guestPicture(false) }
func guestThumbnail(r *request) error { return r.guestPicture(true) }

func (r *request) guestPicture(thumbnail bool) error {
	owner, cameras, err := r.galleryCameras()
	if err != nil {
		return err
	}
	data, err := r.s.cfg.Gallery.GuestBytes(r.ctx, r.subject, owner, cameras, r.param("id"), thumbnail)
	if err != nil {
		return err
	}
	return r.picture(data)
}
