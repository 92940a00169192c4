package web

import (
	"net/http"
	"strconv"
	"time"

	"sightline/authz"
	"sightline/controlroom/archive"
)

type ticketInput struct {
	From  string `json:"from"`         // RFC 3339
	To    string `json:"to,omitempty"` // at most 25 hours later; absent or in the future: the playlist grows
	Layer string `json:"layer,omitempty"`
}

type ticketView struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
	Layer   string    `json:"layer"`
}

func makeTicket(r *request) error {
	if _, err := r.footage(); err != nil {
		return err
	}
	var in ticketInput
	if err := r.decode(&in); err != nil {
		return err
	}
	var from, to time.Time
	var err error
	for _, f := range []struct {
		name, text string
		to         *time.Time
	}{{"from", in.From, &from}, {"to", in.To, &to}} {
		if f.text != "" {
			if *f.to, err = parseMoment(f.name, f.text); err != nil {
				return err
			}
		}
	}
	span, err := checkSpan(from, to, playlistMost)
	if err != nil {
		return err
	}
	asked, err := parseLayer(in.Layer)
	if err != nil {
		return err
	}
	s, err := r.show(span, asked, false)
	if err != nil {
		return err
	}
	a, now := r.s.cfg.Archive, r.now()
	camera := r.param("id")
	text := a.Make(archive.Ticket{Subject: r.subject, Generation: r.account.LoginGeneration, Camera: camera, Layer: s.layer,
		From: span.From, To: span.To, Issued: now})
	return r.json(http.StatusCreated, ticketView{URL: r.base() + "/api/v1/cameras/" + camera + "/archive/play/" + text + "/playlist.m3u8",
		Expires: now.Add(a.Life()).UTC(), Layer: string(s.layer)})
}

// readingCookie carries what a ticket's reading goes on with. Its path is the
// ticket's own, so no other address sees it.
const readingCookie = "sightline-reading"

// ticketed finds who made the ticket in the path, and whether what he made it with
// still stands. A ticket that does not hold is like one that never was.
func (r *request) ticketed() error {
	a, camera, text, now := r.s.cfg.Archive, r.param("id"), r.param("ticket"), r.now()
	if a == nil {
		return errInvisible
	}
	t, fresh, ok := a.Open(camera, text, now)
	if !ok {
		return errInvisible
	}
	left, goes := a.Goes(camera, text, r.cookie(readingCookie).Reveal(), now)
	if !fresh && !goes {
		return errInvisible
	}
	acc, err := r.s.cfg.Authority.Account(r.ctx, t.Subject)
	if err != nil {
		return err
	}
	if acc.LoginGeneration != t.Generation {
		return authz.Decision{Reason: authz.ReasonLoginEnded}.Fault()
	}
	r.subject, r.account, r.ticket = t.Subject, &acc, &t
	if left < a.Life()*3/4 {
		c := readingCookie + "=" + a.Key(camera, text, now) + "; Path=/api/v1/cameras/" + camera + "/archive/play/" + text + "/; Max-Age=" +
			strconv.Itoa(max(1, int(a.Life()/time.Second))) + "; HttpOnly; SameSite=Strict"
		if r.secure { // players, unlike browsers, send Secure cookies to nobody on plain HTTP
			c += "; Secure"
		}
		r.c.Response().Header.Add("Set-Cookie", c)
	}
	return nil
}

func ticketPlaylist(r *request) error {
	s, err := r.show(archive.Span{From: r.ticket.From, To: r.ticket.To}, r.ticket.Layer, true)
	if err != nil {
		return err
	}
	return r.sendPlaylist(s, r.ticket.From)
}
