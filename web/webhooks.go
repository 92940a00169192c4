package web

import (
	"context"
	"time"

	"sightline/internal/secret"
	"sightline/internal/webhook"
)

// Webhooks keeps the addresses that get notices as signed requests (internal/webhook).
type Webhooks interface {
	List(ctx context.Context, account string) (hooks []webhook.Hook, most int, err error)
	Create(ctx context.Context, account, name, url string) (webhook.Hook, secret.String, error)
	Update(ctx context.Context, account, id string, p webhook.Patch) (webhook.Hook, error)
	Rotate(ctx context.Context, account, id string) (webhook.Hook, secret.String, error)
	Delete(ctx context.Context, account, id string) error
	Deliveries(ctx context.Context, account, id string) ([]webhook.Delivery, error)
	Test(ctx context.Context, account, id, language string) (webhook.Delivery, error)
}

type webhooksView struct {
	Webhooks []webhookView `json:"webhooks"`
	Most     int           `json:"most"` // how many one may have
}

type webhookView struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	URL            string     `json:"url"`
	On             bool       `json:"on"`
	OffReason      string     `json:"off_reason,omitempty"` // failing or gone, when the server switched it off
	CreatedAt      time.Time  `json:"created_at"`
	FailingSince   *time.Time `json:"failing_since,omitempty"`
	OldSecretUntil *time.Time `json:"old_secret_until,omitempty"` // until then deliveries carry the former secret's signature too
}

// webhookSecret is a webhook with its secret, shown this once.
type webhookSecret struct {
	webhookView
	Secret string `json:"secret"`
}

type webhookInput struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type webhookPatch struct {
	Name *string `json:"name,omitempty"`
	URL  *string `json:"url,omitempty"`
	On   *bool   `json:"on,omitempty"`
}

type deliveriesView struct {
	Deliveries []deliveryView `json:"deliveries"` // newest first, at most 20
}

type deliveryView struct {
	ID      string    `json:"id"` // of the notice
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome"`          // ok, status, redirect, tls, denied, unreachable
	Status  int       `json:"status,omitempty"` // of the answer
	TookMS  int64     `json:"took_ms"`
}

// webhookWait is a request to a receiver that never answers, and the store around it.
const webhookWait = 15 * time.Second

func webhookRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/me/webhooks", who: account, out: webhooksView{}, handle: listWebhooks,
			summary: "One's webhooks: addresses that get notices as signed requests, see docs/ref/webhooks.md."},
		{method: "POST", path: "/api/v1/me/webhooks", who: signed, body: jsonBody, status: created, in: webhookInput{}, out: webhookSecret{}, handle: addWebhook,
			summary: "Make a webhook; its secret is shown this once."},
		{method: "PATCH", path: "/api/v1/me/webhooks/:id", who: signed, body: jsonBody, in: webhookPatch{}, out: webhookView{}, handle: patchWebhook,
			summary: "Change a webhook, or switch it on or off."},
		{method: "DELETE", path: "/api/v1/me/webhooks/:id", who: account, status: empty,
			summary: "Remove a webhook; what waits for it is not sent any more.",
			handle: func(r *request) error {
				return r.then(r.s.cfg.Webhooks.Delete(r.ctx, r.subject.Account, r.param("id")))
			}},
		{method: "POST", path: "/api/v1/me/webhooks/:id/secret", who: signed, out: webhookSecret{}, handle: rotateWebhook,
			summary: "Give a webhook a new secret, shown this once. For 24 hours deliveries carry the former one's signature too."},
		{method: "POST", path: "/api/v1/me/webhooks/:id/test", who: signed, limit: tests, wait: webhookWait, out: deliveryView{}, handle: testWebhook,
			summary: "Send a webhook a message of kind test at once, and say how it went."},
		{method: "GET", path: "/api/v1/me/webhooks/:id/deliveries", who: account, out: deliveriesView{}, handle: listDeliveries,
			summary: "The last 20 tries of deliveries to a webhook, newest first."},
	}
}

func viewWebhook(h webhook.Hook) webhookView {
	v := webhookView{ID: h.ID, Name: h.Name, URL: h.URL, On: h.On, OffReason: h.Off, CreatedAt: h.CreatedAt}
	if !h.FailingSince.IsZero() {
		v.FailingSince = &h.FailingSince
	}
	if !h.OldSecret.IsZero() {
		v.OldSecretUntil = &h.OldSecret
	}
	return v
}

func viewDelivery(d webhook.Delivery) deliveryView {
	return deliveryView{ID: d.ID, Kind: d.Kind, At: d.At, Outcome: d.Outcome, Status: d.Status, TookMS: d.Took.Milliseconds()}
}

func listWebhooks(r *request) error {
	hooks, most, err := r.s.cfg.Webhooks.List(r.ctx, r.subject.Account)
	if err != nil {
		return err
	}
	out := webhooksView{Webhooks: []webhookView{}, Most: most}
	for _, h := range hooks {
		out.Webhooks = append(out.Webhooks, viewWebhook(h))
	}
	return r.ok(out)
}

func addWebhook(r *request) error {
	var in webhookInput
	if err := r.decode(&in); err != nil {
		return err
	}
	h, key, err := r.s.cfg.Webhooks.Create(r.ctx, r.subject.Account, in.Name, in.URL)
	if err != nil {
		return err
	}
	return r.json(created, webhookSecret{viewWebhook(h), key.Reveal()})
}

func patchWebhook(r *request) error {
	var in webhookPatch
	if err := r.decode(&in); err != nil {
		return err
	}
	h, err := r.s.cfg.Webhooks.Update(r.ctx, r.subject.Account, r.param("id"), webhook.Patch(in))
	if err != nil {
		return err
	}
	return r.ok(viewWebhook(h))
}

func rotateWebhook(r *request) error {
	h, key, err := r.s.cfg.Webhooks.Rotate(r.ctx, r.subject.Account, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(webhookSecret{viewWebhook(h), key.Reveal()})
}

func testWebhook(r *request) error {
	d, err := r.s.cfg.Webhooks.Test(r.ctx, r.subject.Account, r.param("id"), r.account.Language)
	if err != nil {
		return err
	}
	return r.ok(viewDelivery(d))
}

func listDeliveries(r *request) error {
	list, err := r.s.cfg.Webhooks.Deliveries(r.ctx, r.subject.Account, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(deliveriesView{Deliveries: viewAll(list, viewDelivery)})
}
