package web

import (
	"net/http"

	"sightline/controlroom"
)

type viewsView struct {
	Views []controlroom.View `json:"views"`
}

func viewRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/views", who: account, summary: "Saved views.", out: viewsView{}, handle: listViews},
		{method: "POST", path: "/api/v1/views", who: account, body: jsonBody, status: created, summary: "Save a new view.",
			in: controlroom.View{}, out: controlroom.View{}, handle: createView},
		{method: "PUT", path: "/api/v1/views/:view", who: account, body: jsonBody, summary: "Replace a view; version must be the stored one.",
			in: controlroom.View{}, out: controlroom.View{}, handle: putView},
		{method: "DELETE", path: "/api/v1/views/:view", who: account, status: empty, summary: "Remove a view.",
			handle: func(r *request) error { return r.then(r.s.cfg.Room.DeleteView(r.ctx, r.subject, r.param("view"))) }},
	}
}

func listViews(r *request) error {
	list, err := r.s.cfg.Room.Views(r.ctx, r.subject)
	if err != nil {
		return err
	}
	if list == nil {
		list = []controlroom.View{}
	}
	return r.ok(viewsView{list})
}

func createView(r *request) error {
	var in controlroom.View
	if err := r.decode(&in); err != nil {
		return err
	}
	v, err := r.s.cfg.Room.CreateView(r.ctx, r.subject, in)
	if err != nil {
		return err
	}
	return r.json(http.StatusCreated, v)
}

func putView(r *request) error {
	var in controlroom.View
	if err := r.decode(&in); err != nil {
		return err
	}
	in.ID = r.param("view")
	v, err := r.s.cfg.Room.UpdateView(r.ctx, r.subject, in)
	if err != nil {
		return err
	}
	return r.ok(v)
}
