package web

import (
	"context"
	"time"

	"sightline/internal/push"
)

// Push keeps the browsers that get notices while no page is open (internal/push).
type Push interface {
	PublicKey(ctx context.Context) (string, error)
	Devices(ctx context.Context, account string) ([]push.Device, error)
	Subscribe(ctx context.Context, account, login, browser string, s push.Subscription) (push.Device, error)
	Remove(ctx context.Context, account, id string) error
}

type pushView struct {
	PublicKey     string           `json:"public_key"` // applicationServerKey of a subscription, base64url
	Subscriptions []pushDeviceView `json:"subscriptions"`
}

type pushDeviceView struct {
	ID        string     `json:"id"`
	Current   bool       `json:"current"` // of the login that asks
	Browser   string     `json:"browser"`
	Service   string     `json:"service"` // host of the browser's push service
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"` // when it was sent something last, to the hour
}

type pushInput struct {
	Endpoint string        `json:"endpoint"`
	Keys     pushInputKeys `json:"keys"`
	// ExpirationTime is what browsers put beside it; it is not used.
	ExpirationTime *float64 `json:"expirationTime,omitempty"`
}

type pushInputKeys struct {
	P256dh string `json:"p256dh"`
	Auth   string `json:"auth"`
}

func pushRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/me/push", who: account, out: pushView{}, handle: getPush,
			summary: "The key browsers subscribe to for notices while no page is open, and one's browsers that did."},
		{method: "POST", path: "/api/v1/me/push/subscriptions", who: signed, body: jsonBody, bytes: 8 << 10, status: created, in: pushInput{}, out: pushDeviceView{}, handle: addPush,
			summary: "Send notices to this browser too: its subscription as PushSubscription.toJSON gives it. It belongs to this login and ends with it."},
		{method: "DELETE", path: "/api/v1/me/push/subscriptions/:id", who: account, status: empty,
			summary: "Send notices to a browser no more.",
			handle:  func(r *request) error { return r.then(r.s.cfg.Push.Remove(r.ctx, r.subject.Account, r.param("id"))) }},
	}
}

func (r *request) viewDevice(d push.Device) pushDeviceView {
	v := pushDeviceView{ID: d.ID, Current: d.Login == r.subject.Login, Browser: d.Browser, Service: d.Service, CreatedAt: d.CreatedAt}
	if !d.UsedAt.IsZero() {
		v.UsedAt = &d.UsedAt
	}
	return v
}

func getPush(r *request) error {
	key, err := r.s.cfg.Push.PublicKey(r.ctx)
	if err != nil {
		return err
	}
	list, err := r.s.cfg.Push.Devices(r.ctx, r.subject.Account)
	if err != nil {
		return err
	}
	return r.ok(pushView{PublicKey: key, Subscriptions: viewAll(list, r.viewDevice)})
}

func addPush(r *request) error {
	var in pushInput
	if err := r.decode(&in); err != nil {
		return err
	}
	d, err := r.s.cfg.Push.Subscribe(r.ctx, r.subject.Account, r.subject.Login, r.clientInfo().Browser,
		push.Subscription{Endpoint: in.Endpoint, P256dh: in.Keys.P256dh, Auth: in.Keys.Auth})
	if err != nil {
		return err
	}
	return r.json(created, r.viewDevice(d))
}
